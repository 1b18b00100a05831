"""The real client in a terminal: what is typed into it, and what it shows."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from pathlib import Path

from tests.claude.client import FAKE_KEY, client, client_environment

from sef.testing.provider import LoopbackProvider
from sef.text import plain

_ENOUGH_S = 60.0


def at_home(root: Path) -> None:
    """Answers the questions that a new user is asked: theme, key, and whether the project is trusted."""
    project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    said = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [FAKE_KEY[-20:]], "rejected": []},
        "projects": {str(root / "project"): project},
    }
    (root / "config/.claude.json").write_text(json.dumps(said))


class Terminal:
    """An interactive session in the project below `root`; to be used with `with`."""

    def __init__(self, root: Path, provider: LoopbackProvider, *options: str) -> None:
        environment = client_environment(root, provider.url) | {"TERM": "xterm-256color"}
        command = (str(client()), *options)
        self._said = ""
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.chdir(root / "project")
            os.execve(command[0], command, environment)  # noqa: S606 - it becomes the client
        size = struct.pack("HHHH", 50, 160, 0, 0)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, size)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._file)

    def type(self, text: str) -> None:
        """Types the words, and then, as somebody would, the Enter key."""
        os.write(self._file, text.encode())
        self.shows(text)
        os.write(self._file, b"\r")

    def shows(self, text: str, seconds: float = _ENOUGH_S) -> str:
        """All that was drawn, without spaces, once the text is part of it."""
        wanted, until = squeezed(text), time.monotonic() + seconds
        while wanted not in squeezed(self._said):
            left = until - time.monotonic()
            assert left > 0, f"{text!r} is not in {squeezed(self._said)[-3000:]}"
            if select.select([self._file], [], [], min(left, 1.0))[0]:
                self._said += os.read(self._file, 65_536).decode(errors="replace")
        return squeezed(self._said)


def squeezed(text: str) -> str:
    """Without control codes and spaces: the client moves the cursor in place of printing those."""
    return re.sub(r"\s+", "", plain(text, 10_000_000))
