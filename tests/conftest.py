"""Test set-up: no ambient credentials, a temporary home, no network off loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_FOREIGN = ("ANTHROPIC_", "OPENAI_", "CLAUDE", "AWS_", "AZURE_", "GEMINI_", "GOOGLE_", "OLLAMA_")
FEW_PLUGINS = "-p no:hypothesispytest -p no:anyio"
"""Options of every pytest that a test starts: what it loads otherwise takes three times as long as
the rest of a small session, and no project of a test needs it."""
_REDIRECTING = ("GIT_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "UV_", "SEF_", "XDG_", "COVERAGE_")


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Programs that a test starts can be interrupted, also where a shell started us to ignore that."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the machine's user reaches a test, and no test reaches the network."""
    for name in os.environ:
        if name.startswith(_FOREIGN + _REDIRECTING) or name.endswith(("_API_KEY", "_TOKEN")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", FEW_PLUGINS)
    monkeypatch.setattr(socket.socket, "connect", _loopback_only(socket.socket.connect))


def _loopback_only(connect: Callable[..., None]) -> Callable[..., None]:
    def guarded(sock: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        if not str(host).startswith("127.") and host not in ("::1", "localhost"):
            raise PermissionError(f"a test tried to reach {host}")
        connect(sock, address)

    return guarded


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Makes a git repository with the given files, all committed."""

    def make(files: dict[str, str], name: str = "project") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        root.mkdir(exist_ok=True)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "start")
        return root

    return make


def git(root: Path, *args: str) -> str:
    """Runs git in `root` with a fixed identity and returns what it printed."""
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ("git", *named, *args), cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout


def alive(pid: int) -> bool:
    """True while the process runs (one that nobody waited for yet does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def gone(still: Callable[[], object]) -> bool:
    """True once `still` finds nothing more, within five seconds: what is killed ends when the kernel comes to it."""
    ends = time.monotonic() + 5
    while still():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True
