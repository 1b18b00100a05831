"""Homes and projects to look at, with things planted in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sef.claude_doctor import Row, Snapshot, judged, looked
from sef.installation.hooks import HOOKS
from sef.installation.order import Action, Order, obey
from sef.installation.places import Scope

SYSTEM = "/usr/bin:/bin"


class World:
    """A home, a project in a repository, and what a session there would be told."""

    def __init__(self, root: Path) -> None:
        self.home, self.project = root / "home", root / "project"
        for folder in (self.config, self.project / ".git", self.local):
            folder.mkdir(parents=True)
        self.variables = {"HOME": str(self.home), "PATH": SYSTEM}

    @property
    def config(self) -> Path:
        return self.home / ".claude"

    @property
    def local(self) -> Path:
        return self.project / ".claude"

    @property
    def state(self) -> Path:
        """The records of hooks about the project."""
        return self.project / ".git/sef/hooks"

    def install(self, *scopes: Scope, hooks: bool = True) -> None:
        """Without hooks nothing is started when it is looked at, which takes a tenth as long."""
        order = Order(action=Action.INSTALL, scopes=scopes)
        table = HOOKS if hooks else ()
        obey(order, variables=self.variables, start=self.project, hooks=table)

    def say(self, folder: Path, said: Mapping[str, object] | str, name: str = "settings") -> Path:
        """Writes a settings file."""
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said if isinstance(said, str) else json.dumps(said))
        return path

    def program(self, name: str, text: str, folder: Path | None = None) -> Path:
        """Writes a program; by default into a folder that goes first on PATH."""
        where = folder or self.home / "bin"
        where.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
        (where / name).chmod(0o755)
        if folder is None:
            self.variables["PATH"] = f"{where}:{SYSTEM}"
        return where / name

    def seen(self) -> Snapshot:
        return asyncio.run(looked(variables=self.variables, start=self.project))

    def rows(self) -> dict[str, Row]:
        return {one.check: one for one in judged(self.seen())}


def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A home and a project; the records of hooks outside of repositories lie in that home, too."""
    made = World(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    return made


def hook(command: str, *arguments: str, matcher: str | None = None) -> dict[str, object]:
    """A group of one entry."""
    run: dict[str, object] = {"type": "command", "command": command}
    run |= {"args": list(arguments)} if arguments else {}
    return {**({"matcher": matcher} if matcher is not None else {}), "hooks": [run]}


def listing(*folders: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below the folders, with its mode and bytes; links and folders too."""
    found: dict[str, tuple[int, bytes]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            mode = path.lstat().st_mode
            whole = path.is_file() and not path.is_symlink()
            found[str(path)] = (mode, path.read_bytes() if whole else b"")
    return found
