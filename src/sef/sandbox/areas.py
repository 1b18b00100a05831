"""What may be read and written where. The most specific path decides."""

# ruff: noqa: PTH100, PTH110, PTH120
# Paths are texts here, of which a command has a hundred: pathlib takes milliseconds for them.
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

_LINKS = 40


class Access(IntEnum):
    """What a command may do with a folder and all below it, or with a file."""

    HIDDEN = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """Paths without symbolic links, and the access to each; what none of them holds can be read."""

    places: Mapping[str, Access] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links on the way to a place, and where each leads."""

    def having(self, access: Access, paths: Iterable[str | os.PathLike[str]]) -> Areas:
        """With this access to these paths, whatever was said of the same ones before."""
        places, links = dict(self.places), dict(self.links)
        for path in paths:
            real, passed = followed(os.fspath(path))
            places[real] = access
            links.update(passed)
        return Areas(places=places, links=links)

    def access(self, path: str) -> Access:
        """What is allowed at a path without symbolic links."""
        return self.places.get(path, self.around(path))

    def around(self, path: str) -> Access:
        """What would be allowed at the path if nothing were said of it itself."""
        while path != "/":
            path = os.path.dirname(path) or "/"
            if path in self.places:
                return self.places[path]
        return Access.READ

    def changing(self) -> Iterator[tuple[str, Access]]:
        """The places that exist and differ from what is around them, outermost first."""
        for path, access in sorted(self.places.items()):
            if access is not self.around(path) and os.path.exists(path):
                yield path, access

    def hidden_links(self) -> Iterator[tuple[str, str]]:
        """The links that lie where nothing is seen, and where they lead."""
        for path, target in sorted(self.links.items()):
            if self.access(os.path.dirname(path)) is Access.HIDDEN:
                yield path, target


def followed(path: str) -> tuple[str, dict[str, str]]:
    """The path without symbolic links, and the links that were passed."""
    passed: dict[str, str] = {}
    steps = 0
    todo, done = os.path.abspath(path).split("/")[:0:-1], ""
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            done = os.path.dirname(done) if done else ""
            continue
        here = f"{done}/{name}"
        target = _target(here)
        if target is None or steps >= _LINKS:  # as many as the system follows
            done = here
            continue
        steps += 1
        passed[here] = target
        done = "" if target.startswith("/") else done
        todo += target.split("/")[::-1]
    return done or "/", passed


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 -- of many
    except OSError:
        return None


def below(path: str, folder: str) -> bool:
    """True for the folder itself and what lies in it, by name only."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
