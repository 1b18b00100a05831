"""The start-up hook of a shadow environment; its source is copied there and run by every Python.

It sends imports of the user's tree to the fork, and tells what was found where. It is plain Python
3.8 and imports next to nothing that an interpreter has not loaded by itself, because it precedes
the program it must not disturb. `hook_watch` is its second half.
"""

# ruff: noqa: PTH113, PTH119, PTH120, SIM105
# pathlib and contextlib take milliseconds to import.
from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder, spec_from_file_location

TYPE_CHECKING = False  # the module that defines it takes milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_LONGEST = 100
_WAIT_S = 60.0


class Witness:
    """Sends one line a fact to the listener, at once: a process may end without a farewell."""

    __slots__ = ("calls", "pid", "seen", "senders", "trace")

    def __init__(self, trace: str) -> None:
        import _socket

        self.trace = trace
        self.seen: set[tuple[object, ...]] = set()
        self.senders: set[object] = set()
        self.pid = 0
        # Held here because a test may replace the functions of `os` and `socket`.
        self.calls = (_socket.socket, os.getpid, os.open, os.close)

    def write(self, kind: str, *fields: str) -> None:
        pid = self.calls[1]()
        if kind == "ended" and sys._getframe(1).f_back is not None:
            kind = "tampered"  # the interpreter alone may say so
        line = (kind, pid, *fields)
        if line in self.seen:
            return
        self.seen.add(line)
        if pid != self.pid:
            self.pid = pid
            self.write("start", sys.executable or "", "")
        try:
            self.send(ascii(line).encode("ascii"))
        except OSError:
            pass

    def send(self, message: bytes) -> None:
        new_socket, _, opened, closed = self.calls
        # Not kept open: a program that closes every descriptor would hand ours to a file.
        sender = new_socket(1, 2)  # AF_UNIX, SOCK_DGRAM
        self.senders.add(sender)
        try:
            sender.settimeout(_WAIT_S)
            if len(os.fsencode(self.trace)) <= _LONGEST:
                sender.sendto(message, self.trace)
                return
            folder, _, name = self.trace.rpartition("/")
            descriptor = opened(folder, os.O_RDONLY)
            try:
                sender.sendto(message, f"/proc/self/fd/{descriptor}/{name}")
            finally:
                closed(descriptor)
        finally:
            self.senders.discard(sender)
            sender.close()


class Places:
    """Tells the user's folders from the fork's, by the text of a path."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.fork: str = facts["fork"]
        self.trees = _as_prefixes(facts["trees"])
        self.kept = _as_prefixes([*facts["kept"], self.fork])
        self.copies = _as_prefixes(facts["copies"])
        self.programs = tuple(facts["programs"])
        self.sites = _as_prefixes(facts["sites"])
        self.absolute = os.path.abspath

    def users(self, path: str) -> bool:
        """True for a path of the user's tree or of an installed copy of its modules."""
        folder = (self.absolute(path) if ".." in path or path[:1] != os.sep else path) + os.sep
        if folder.startswith(self.copies):
            return True
        return folder.startswith(self.trees) and not folder.startswith(self.kept)

    def runs_users(self, argument: str, *, program: bool = True) -> bool:
        """True for an argument that leads to the user's tree or, as a program, interpreter."""
        for mark in "\"'=():,;":
            argument = argument.replace(mark, " ")
        return any(
            (program and word.startswith(self.programs)) or self.users(word)
            for word in argument.split()
            if word.startswith(os.sep)
        )

    def moved(self, path: str) -> str:
        """The fork's counterpart of a path in the user's tree; any other path unchanged."""
        if path.startswith(os.sep) and self.users(path):
            for tree in self.trees:
                if (path + os.sep).startswith(tree):
                    return (self.fork + os.sep + path[len(tree) :]).rstrip(os.sep)
        return path

    def in_fork(self, path: str) -> bool:
        return path.startswith(self.fork + os.sep) and not path.startswith(self.sites)


class Guard:
    """The first finder on `sys.meta_path`: own modules come from the fork or not at all."""

    def __init__(self, facts: Mapping[str, Any], places: Places, witness: Witness) -> None:
        self.own: Mapping[str, str] = facts["own"]
        self.gone: Sequence[str] = facts["gone"]
        self.untracked: Mapping[str, str] = facts["untracked"]
        self.places = places
        self.witness = witness
        self.search_path: Callable[..., ModuleSpec | None] = PathFinder.find_spec

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in self.gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        spec = self.find_own(name, path) or self.find_after(name, path, target)
        return spec or self.find_untracked(name)

    def find_on_path(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Stands in for `PathFinder.find_spec`, which some finders call past the guard."""
        if name in self.gone:
            return None
        spec = self.find_own(name, path)
        if spec is not None:
            return spec
        if path is not None:
            path = [self.places.moved(entry) for entry in path]
        found = self.search_path(name, path, target)
        return found and self.settle(name, found)

    def find_own(self, name: str, path: Any) -> ModuleSpec | None:
        place = self.own.get(name)
        if place is None or not self.parent_allows(name, place, path):
            return None
        if path is None:
            self.note_detour(name)
        return self.settle(name, spec_of(name, place)) if os.path.isfile(place) else None

    def find_untracked(self, name: str) -> ModuleSpec | None:
        """The shadow's copy of a module that git does not hold; one without a copy is told."""
        place = self.untracked.get(name)
        if place is None:
            return None
        if self.places.users(place) or not os.path.isfile(place):
            self.witness.write("untracked", name, place)
            return None
        return self.settle(name, spec_of(name, place))

    def parent_allows(self, name: str, place: str, path: Any) -> bool:
        """False where a namespace package's name is taken by a regular one from elsewhere."""
        parent = sys.modules.get(name.rpartition(".")[0])
        if path is None or parent is None or getattr(parent, "__file__", None) is None:
            return True
        held = os.path.dirname(place)
        return held in path or os.path.dirname(held) in path

    def note_detour(self, name: str) -> None:
        """Writes down that the program itself put the user's tree on `sys.path`."""
        for entry in sys.path:
            if type(entry) is str and entry and self.places.users(entry):
                spec = self.search_path(name, [entry])
                if spec is not None:
                    self.witness.write("user", "import of " + name, str(spec.origin or entry))

    def find_after(self, name: str, path: Any, target: Any) -> ModuleSpec | None:
        finders = list(sys.meta_path)
        after = finders[finders.index(self) + 1 :] if self in finders else finders
        for finder in after:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                return self.settle(name, spec)
        return None

    def settle(self, name: str, spec: ModuleSpec) -> ModuleSpec | None:
        """The spec with every place of the user's tree moved to the fork, and witnessed."""
        if spec.has_location and spec.origin and self.places.users(spec.origin):
            place = self.places.moved(spec.origin)
            if place == spec.origin:
                self.witness.write("user", "import of " + name, place)
            elif not os.path.isfile(place):
                reason = f"No module named {name!r}: the fork has no {place}"
                raise ModuleNotFoundError(reason, name=name)
            else:
                spec = spec_of(name, place)
        elif spec.origin is None and spec.submodule_search_locations is not None:
            self.settle_namespace(spec)
        self.tell(name, spec)
        return spec

    def settle_namespace(self, spec: ModuleSpec) -> None:
        listed = list(spec.submodule_search_locations or ())
        moved = [self.places.moved(entry) for entry in listed]
        if moved != listed:
            spec.submodule_search_locations = list(dict.fromkeys(moved))

    def tell(self, name: str, spec: ModuleSpec) -> None:
        origin = spec.origin if spec.has_location else None
        if origin and (self.places.in_fork(origin) or self.owns(name)):
            self.witness.write("found", name, os.path.realpath(origin))

    def owns(self, name: str) -> bool:
        while name and name not in self.own:
            name = name.rpartition(".")[0]
        return bool(name)


def _as_prefixes(folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


def spec_of(name: str, place: str) -> ModuleSpec:
    """The spec of a module or package by the path of its file."""
    package = os.path.basename(place) == "__init__.py"
    inside = [os.path.dirname(place)] if package else None
    spec = spec_from_file_location(name, place, submodule_search_locations=inside)
    assert spec is not None  # noqa: S101 -- every place is a .py file
    return spec
