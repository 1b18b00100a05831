"""The real Claude Code client, run against a loopback provider with a fake key and a home of its own.

The client is the binary that the claude-agent-sdk wheel carries. It is given nothing of this
machine's user, and every address but loopback leads back to the provider, which records it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import FEW_PLUGINS

from sef.testing.provider import LoopbackProvider, Request, Turn, Used

FAKE_KEY = "sk-ant-fake-key-for-loopback-only"
MAIN, LIGHT = "claude-opus-5-5", "claude-haiku-5-5"
"""What the client asks for where it is told `opus` and `haiku`."""
AGENT = "sef-explore"
BODY = "Look at what you are told to look at. MARK-EXPLORE"
_GIT = Path(__file__).parent / "bin"
"""Where git is that makes one work tree at a time."""
FILES = {"one.txt": "alpha\n", "two.txt": "beta\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRun:
    """What a run of the client left behind."""

    result: Mapping[str, object]
    """The object that `--output-format json` prints; empty where it printed none."""
    config_dir: Path
    """Its configuration folder, with the transcripts in it."""
    requests: tuple[Request, ...]
    """Everything that it asked, in order."""
    unknown: tuple[Request, ...]
    """Of these, what nothing is served at: other hosts and unknown addresses."""
    played: tuple[tuple[Request, Turn], ...]
    """The requests that a turn answered, each with that turn."""
    exit_code: int
    errors: str
    """What it wrote on standard error."""

    @property
    def transcript(self) -> Path:
        """The main conversation's transcript."""
        (path,) = self.config_dir.glob("projects/*/*.jsonl")
        return path

    @property
    def agent_transcripts(self) -> tuple[Path, ...]:
        """Those of the sub-agents, sorted by name."""
        return tuple(sorted(self.config_dir.glob("projects/*/*/subagents/**/agent-*.jsonl")))


def records(path: Path) -> list[dict[str, object]]:
    """The records of a transcript, in order."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def client() -> Path:
    """The client's binary; skips the test where the SDK is not installed."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(place) / "_bundled" / "claude"
        if binary.is_file():
            return binary
    pytest.skip("needs claude-agent-sdk, whose wheel carries the client (pip install it)")


def run_client(
    root: Path,
    script: Iterable[Turn],
    prompt: str,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> ClientRun:
    """Runs the client once with `-p` in the git project below `root`, for at most 100 s.

    The first run makes the project; a later one finds what the earlier left, sessions included.
    """
    binary = client()
    project = root / "project"
    if not project.is_dir():
        make_project(root)
    with LoopbackProvider(script, name=f"loopback{time.time_ns()}") as provider:
        command = (str(binary), "-p", prompt, "--output-format", "json", *options)
        sealed = client_environment(root, provider.url) | dict(environment or {})
        code, out, errors = _run(command, project, sealed)
        return ClientRun(
            result=json.loads(out) if out.startswith("{") else {},
            config_dir=root / "config",
            requests=provider.requests,
            unknown=provider.unknown,
            played=provider.played,
            exit_code=code,
            errors=errors,
        )


def make_project(root: Path) -> None:
    """A git project with two text files, and the folders that the client writes to."""
    for name in ("home", "tmp", "config"):
        (root / name).mkdir(parents=True)
    project = root / "project"
    project.mkdir()
    for name, text in FILES.items():
        (project / name).write_text(text)
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    own = client_environment(root, "") | {"GIT_CONFIG_NOSYSTEM": "1"}
    for step in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "start")):
        subprocess.run(
            ("git", *named, *step), cwd=project, env=own, check=True, capture_output=True
        )


def client_environment(root: Path, url: str) -> dict[str, str]:
    """All variables that the client gets: an allow-list, no inheritance but PATH."""
    return {
        "PATH": f"{_GIT}:{os.environ.get('PATH', os.defpath)}",
        "LANG": "C.UTF-8",
        "PYTEST_ADDOPTS": FEW_PLUGINS,
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "CLAUDE_CONFIG_DIR": str(root / "config"),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": FAKE_KEY,
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # bypassPermissions is refused to root elsewhere.
        "IS_SANDBOX": "1",
        # Whatever leaves loopback ends at the provider, which does not know the way.
        "HTTP_PROXY": url,
        "HTTPS_PROXY": url,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _run(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=100)
    finally:
        _kill_group(process.pid)
        process.wait()
    return process.returncode, out, errors


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        # Nobody is left of it, as it should be.
        return


def from_agent(request: Request) -> bool:
    """True for what a sub-agent of these tests asks."""
    return "MARK-EXPLORE" in request.system


def from_main(request: Request) -> bool:
    """True for what the main conversation asks."""
    return not from_agent(request)


def reads(name: str) -> tuple[str, Mapping[str, object]]:
    """A call of the agent tool that has a sub-agent read one file of the project."""
    return (
        "Agent",
        {
            "description": f"read {name}",
            "prompt": f"Say what is in {name}.",
            "subagent_type": AGENT,
            "run_in_background": False,
        },
    )


def delegated_script(project: Path) -> list[Turn]:
    """Two sub-agents at once, each of two requests, between two requests of the main model.

    All four classes of cache tokens are set, and no two answers used the same.
    """

    def about(name: str) -> list[Turn]:
        def mine(request: Request) -> bool:
            # The environment's text names no file, the prompt does, in each of its requests.
            return from_agent(request) and f"in {name}." in json.dumps(request.messages)

        index = list(FILES).index(name)
        read = ("Read", {"file_path": str(project / name)})
        begun = Used(input_tokens=700 + index, output_tokens=40, cache_write_5m_tokens=3000)
        ended = Used(
            input_tokens=90 + index,
            output_tokens=30,
            cache_read_tokens=3000,
            cache_write_1h_tokens=200,
        )
        return [
            Turn(when=mine, text="I read it.", calls=(read,), used=begun),
            Turn(when=mine, text=FILES[name].strip(), used=ended),
        ]

    started = Used(
        input_tokens=1200,
        output_tokens=80,
        cache_write_5m_tokens=9000,
        cache_write_1h_tokens=1000,
    )
    done = Used(
        input_tokens=300, output_tokens=60, cache_read_tokens=10_000, cache_write_1h_tokens=500
    )
    calls = tuple(reads(name) for name in FILES)
    return [
        Turn(when=from_main, text="I hand both out.", calls=calls, used=started),
        *(turn for name in FILES for turn in about(name)),
        Turn(when=from_main, text="alpha and beta", used=done),
    ]


def delegated_run(tmp_path: Path) -> ClientRun:
    """A run in which the main model, opus, has two sub-agents on haiku read a file each."""
    agents = {
        AGENT: {
            "description": "Looks things up.",
            "prompt": BODY,
            "tools": ["Read", "Grep", "Glob"],
            "model": "haiku",
        }
    }
    return run_client(
        tmp_path,
        delegated_script(tmp_path / "project"),
        "Have both files read.",
        "--model",
        "opus",
        "--agents",
        json.dumps(agents),
        "--dangerously-skip-permissions",
    )
