"""Walks: sessions of the real client in which things happen at a named moment, kills included."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.claude.client import ClientRun, client, client_environment, make_project
from tests.claude.hooked import AGENTS, delegates, of, settings
from tests.hooks.events import git
from tests.hooks.hosting import FILES

from sef.hooks.records import rows
from sef.testing.provider import LoopbackProvider, Request, Turn

FORM = "## Result\nMY-OWN-STORY\n## Files changed\n{}\n## Checks run\n## Doubts\n"


class Walk:
    """A project with everything committed, sef's five executors, its hooks, and a user."""

    def __init__(self, root: Path, files: Mapping[str, str] = FILES) -> None:
        client()
        make_project(root)
        self.root, self.project = root, root / "project"
        for name, text in files.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text)
        git(self.project, "add", "-A")
        git(self.project, "commit", "-qm", "all")
        shutil.copytree(AGENTS, root / "config/agents")
        self.pid = 0
        self.options: tuple[str, ...] = ("--settings", settings())

    def run(
        self,
        script: Iterable[Turn],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> ClientRun:
        """One session, to its end or until it is killed; the client's process is `pid` meanwhile."""
        with LoopbackProvider(script, name=f"walk{time.time_ns()}") as provider:
            words = (str(client()), "-p", "Have it done.", "--output-format", "json")
            words += ("--model", "opus", "--dangerously-skip-permissions", *self.options)
            process = subprocess.Popen(
                words,
                cwd=cwd or self.project,
                env=client_environment(self.root, provider.url) | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self.pid = process.pid
            try:
                out, errors = process.communicate(timeout=100)
            finally:
                self.kill()
                process.wait()
            return ClientRun(
                result=json.loads(out) if out.startswith("{") else {},
                config_dir=self.root / "config",
                requests=provider.requests,
                unknown=provider.unknown,
                played=provider.played,
                exit_code=process.returncode,
                errors=errors,
            )

    def kill(self, *others: int) -> None:
        """SIGKILL for the client, its group, and other processes of the test."""
        for kill, pid in ((os.killpg, self.pid), *((os.kill, one) for one in others)):
            try:
                kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it has ended, as it should

    def next_session(self) -> ClientRun:
        """A session in which nothing is asked for."""
        return self.run([Turn(text="hello")])

    def state(self) -> Path:
        return self.project / ".git/sef/hooks"

    def rows(self) -> list[dict[str, object]]:
        return list(rows(str(self.state())))

    def events(self) -> list[str]:
        """What happened, without bookings."""
        return [str(row["event"]) for row in self.rows() if row["event"] != "booked"]

    def untouched(self) -> tuple[str, ...]:
        """Index, HEAD, branches, stash, configuration and what git does not show."""
        asked = (
            ("ls-files", "--stage"),
            ("log", "-g", "--format=%H %gs"),
            ("symbolic-ref", "HEAD"),
            ("for-each-ref", "refs/heads", "refs/tags", "refs/remotes", "refs/stash"),
            ("stash", "list"),
            ("config", "--local", "--list"),
        )
        exclude = self.project / ".git/info/exclude"
        return (*(git(self.project, *one) for one in asked), exclude.read_text())

    def assert_nothing_left(self) -> None:
        """No tree, branch, reference, record, claim, note or private folder of any executor."""
        assert not list((self.project / ".claude/worktrees").glob("*"))
        assert "agent-" not in git(self.project, "worktree", "list")
        assert "agent-" not in git(self.project, "for-each-ref")
        assert "refs/sef/hook-" not in git(self.project, "for-each-ref")
        for folder in ("agents", "claims"):
            assert not list((self.state() / folder).glob("*")), folder
        assert not [*self.state().glob("scratch-*"), *self.state().glob("merging.json")]
        assert not list((self.project / ".git").glob("*.lock"))
        assert ".claude" not in git(self.project, "status", "--porcelain", "-uall")


def implementing(request: Request) -> bool:
    return of("sef-implement", request)


def documenting(request: Request) -> bool:
    return of("sef-document", request)


def from_main(request: Request) -> bool:
    return not implementing(request) and not documenting(request)


def after(
    who: Callable[[Request], bool], action: Callable[[], object]
) -> Callable[[Request], bool]:
    """True for the next request of theirs; by then the action is done, once."""
    done: list[bool] = []

    def when(request: Request) -> bool:
        if not who(request):
            return False
        if not done:
            done.append(True)
            action()
        return True

    return when


def hands_out(*tasks: tuple[str, str]) -> Turn:
    """The main conversation hands out tasks, all at once."""
    return Turn(when=from_main, calls=tuple(delegates(*one) for one in tasks))


def writes(
    who: Callable[[Request], bool],
    path: str,
    text: str,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Turn]:
    """An executor reads a file and writes it, without a shell; then it hands back.

    Between its writing and its handing back there is time for what the user does.
    """
    return [
        Turn(when=who, calls=(("Read", {"file_path": path}),)),
        Turn(when=who, calls=(("Write", {"file_path": path, "content": text}),)),
        Turn(when=after(who, meanwhile), text=FORM.format(path)),
    ]


def answers(run: ClientRun) -> list[str]:
    """What the main conversation was told by its tools, in order."""
    found = []
    for message in run.requests[-1].messages:
        content = message["content"] if isinstance(message, Mapping) else ()
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "tool_result":
                found.append(json.dumps(block["content"], ensure_ascii=False))
    return found


def agent_of(answer: str) -> str:
    """The name that an answer gives for going on with its executor."""
    found = re.search(r"agentId: (\w+)", answer)
    assert found, answer
    return found[1]


def until(there: Callable[[], object], what: str) -> None:
    """Waits, for at most a minute."""
    ends = time.monotonic() + 60
    while not there():
        assert time.monotonic() < ends, what
        time.sleep(0.02)
