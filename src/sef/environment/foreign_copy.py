"""node_modules for a fork without a mount: hard links to the user's files, links re-made.

A link to the whole folder would not do: programs are found by their real path, and what the
folder links to, such as the packages of a workspace, would be the user's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sef.environment.foreign_paths import within

CACHES = (".vite", ".vite-temp", ".cache")
"""Folders in node_modules that tools write to; what they hold is about the user's tree."""
_NAMED_BY_USER = (".node_modules", ".node_libraries")


@dataclass(slots=True)
class Copying:
    """Copies folders of one tree into a fork of it and knows what the two share since."""

    tree: str
    fork: str
    """Both without symbolic links."""
    linking: bool = True
    """False copies every file: nothing in the fork is then the user's own file by another name."""
    links: list[str] = field(default_factory=list)
    """The links made in the fork."""
    made: list[Path] = field(default_factory=list)
    """The folders made in the fork."""
    shared: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The user's files that have a second name in the fork: time of change and size."""

    def copy(self, source: Path, target: Path) -> None:
        """Makes the folder `target` anew like `source`, without the caches in it."""
        _remove(target)
        target.mkdir(parents=True)
        self.made.append(target)
        self._fill(str(source), str(target), skipped=CACHES)

    def _fill(self, source: str, target: str, skipped: tuple[str, ...] = ()) -> None:
        with os.scandir(source) as entries:
            for entry in entries:
                if entry.name in skipped:
                    continue
                self._one(entry, f"{target}/{entry.name}")

    def _one(self, entry: os.DirEntry[str], target: str) -> None:
        if entry.is_symlink():
            Path(target).symlink_to(self._destination(Path(entry.path)))
            self.links.append(target)
        elif entry.is_dir(follow_symlinks=False):
            Path(target).mkdir()
            self._fill(entry.path, target)
        elif entry.is_file(follow_symlinks=False):
            self._share(entry, target)

    def _destination(self, link: Path) -> str:
        """Where the link shall lead: to the same place in the fork, else to the same place."""
        said = str(link.readlink())
        meant = os.path.normpath(link.parent / said)
        if not within(meant, self.tree):
            return meant
        return said if not said.startswith("/") else self.fork + meant[len(self.tree) :]

    def _share(self, entry: os.DirEntry[str], target: str) -> None:
        if not self.linking:
            shutil.copy2(entry.path, target, follow_symlinks=False)
            return
        try:
            os.link(entry.path, target, follow_symlinks=False)
        except OSError:  # another device, too many links, or not permitted
            shutil.copy2(entry.path, target, follow_symlinks=False)
            return
        now = entry.stat(follow_symlinks=False)
        self.shared[entry.path] = (now.st_mtime_ns, now.st_size)

    def clear(self) -> None:
        """Removes what was made; the user's files keep their own names."""
        for folder in self.made:
            _remove(folder)

    def leading_back(self) -> str | None:
        """The first link in the fork that leads to the user's tree."""
        return next((link for link in self.links if leads_to(link, self.tree)), None)

    def edited(self) -> str | None:
        """The first shared file that has changed since: a run wrote to the user's own file."""
        for path, before in self.shared.items():
            try:
                now = Path(path).lstat()
            except OSError:  # removed by the user: nothing the fork could have done
                continue
            if (now.st_mtime_ns, now.st_size) != before:
                return path
        return None


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def leads_to(link: str, tree: str) -> bool:
    """True where following the link ends in the tree."""
    return within(os.path.realpath(link), tree)


def stray(fork: Path, tree: str, home: str | None) -> str | None:
    """A link to the user's tree in the folders that node would search after the fork's own."""
    searched = [parent / "node_modules" for parent in fork.parents]
    searched += [Path(home) / name for name in _NAMED_BY_USER if home]
    links = (link for folder in searched for link in _top_links(folder))
    return next((link for link in links if leads_to(link, tree)), None)


def linked_outside(tree: Path, folders: Iterable[Path]) -> tuple[str, ...]:
    """Where packages lie that the user's node_modules link to from another folder."""
    places = (os.path.realpath(link) for folder in folders for link in _top_links(folder))
    return tuple(dict.fromkeys(place for place in places if not within(place, tree)))


def _top_links(folder: Path) -> Iterator[str]:
    if folder.is_symlink():
        yield str(folder)
    for path in _listed(folder):
        scoped = _listed(path) if path.name.startswith("@") else ()
        yield from (str(one) for one in (path, *scoped) if one.is_symlink())


def _listed(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return ()
