"""The start-up hook of a shadow environment; its source is copied there and run by every Python.

It sends imports of the user's tree to the fork, and writes down what was found where. It is
plain Python 3.8 and imports nothing that an interpreter has not loaded by itself, because it
precedes the program it must not disturb. `redirect.render` adds the call of `start`.
"""

# ruff: noqa: PTH113, PTH119, PTH120, SIM105
# pathlib and contextlib take milliseconds to import.
from __future__ import annotations

import os
import site
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder, spec_from_file_location

TYPE_CHECKING = False  # the module that defines it takes milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_OPENS = "open"
_CHDIR = "os.chdir"
_STARTS = frozenset(("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"))


class Witness:
    """Appends one line a fact to the trace, at once: a process may end without a farewell."""

    def __init__(self, trace: str) -> None:
        self.trace = trace
        self.seen: set[tuple[object, ...]] = set()
        # Held here because a test may replace the functions of `os`.
        self.calls = (os.open, os.write, os.close, os.getpid)

    def write(self, kind: str, *fields: str) -> None:
        opened, written, closed, pid = self.calls
        line = (kind, pid(), *fields)
        if line in self.seen:
            return
        self.seen.add(line)
        try:
            # Not kept open: a program that closes every descriptor would hand ours to a file.
            descriptor = opened(self.trace, os.O_WRONLY | os.O_APPEND)
            try:
                written(descriptor, (ascii(line) + "\n").encode("ascii"))
            finally:
                closed(descriptor)
        except OSError:
            pass


class Places:
    """Tells the user's folders from the fork's, by the text of a path."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.fork: str = facts["fork"]
        self.trees = _as_prefixes(facts["trees"])
        self.kept = _as_prefixes([*facts["kept"], self.fork])
        self.copies = _as_prefixes(facts["copies"])
        self.programs = tuple(facts["programs"])
        self.absolute = os.path.abspath

    def users(self, path: str) -> bool:
        """True for a path of the user's tree or of an installed copy of its modules."""
        folder = (self.absolute(path) if ".." in path or path[:1] != os.sep else path) + os.sep
        if folder.startswith(self.copies):
            return True
        return folder.startswith(self.trees) and not folder.startswith(self.kept)

    def runs_users(self, argument: str) -> bool:
        """True for a command's argument that leads to the user's tree or interpreter."""
        for mark in "\"'=():,;":
            argument = argument.replace(mark, " ")
        return any(
            word.startswith(self.programs) or self.users(word)
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
        return path.startswith(self.fork + os.sep)


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
        return self.settle(name, _spec_of(name, place)) if os.path.isfile(place) else None

    def find_untracked(self, name: str) -> ModuleSpec | None:
        """The shadow's copy of a module that git does not hold; one without a copy is told."""
        place = self.untracked.get(name)
        if place is None:
            return None
        if self.places.users(place):
            self.witness.write("untracked", name, place)
            return None
        return self.settle(name, _spec_of(name, place))

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
                spec = _spec_of(name, place)
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


class Watch:
    """Hears of every file that is opened and of every program that is started."""

    def __init__(self, places: Places, witness: Witness) -> None:
        self.places = places
        self.witness = witness

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _STARTS and event not in (_OPENS, _CHDIR):
            return
        try:
            self.hear(event, args)
        except Exception:  # noqa: S110 -- it would stop the program's own call
            pass

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _STARTS:
            for argument in _texts(args[:3]):
                if self.places.runs_users(argument):
                    self.witness.write("user", "start of a program", argument[:500])
        else:
            for path in _texts(args[:1]):
                if self.places.users(path):
                    self.witness.write("user", event, path)


def _texts(values: Any) -> list[str]:
    """The texts among the values and in the sequences among them."""
    texts = []
    for value in values:
        if isinstance(value, (list, tuple)):
            texts += _texts(value)
        elif isinstance(value, (str, bytes, os.PathLike)):
            texts.append(os.fsdecode(value))
    return texts


def _as_prefixes(folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


def _spec_of(name: str, place: str) -> ModuleSpec:
    package = os.path.basename(place) == "__init__.py"
    inside = [os.path.dirname(place)] if package else None
    spec = spec_from_file_location(name, place, submodule_search_locations=inside)
    assert spec is not None  # noqa: S101 -- every place is a .py file
    return spec


def start(facts: Mapping[str, Any]) -> None:
    """Redirects this process; what goes wrong is written down and the program goes on."""
    # Nothing may be written into the user's environment, whatever variables a child was given.
    sys.dont_write_bytecode = True
    witness = Witness(facts["trace"])
    try:
        _redirect(facts, witness)
    except Exception as problem:
        witness.write("broken", sys.executable, repr(problem))


def _redirect(facts: Mapping[str, Any], witness: Witness) -> None:
    called = getattr(sys, "argv", None) or [""]
    witness.write("start", sys.executable or "", called[0])
    places = Places(facts)
    guard = Guard(facts, places, witness)
    sys.meta_path.insert(0, guard)
    PathFinder.find_spec = staticmethod(guard.find_on_path)  # type: ignore[assignment, method-assign]
    for folder in facts["sites"]:
        site.addsitedir(folder)
    # A finder of the environment may have put itself first.
    sys.meta_path.remove(guard)
    sys.meta_path.insert(0, guard)
    moved = [places.moved(entry) for entry in sys.path]
    sys.path[:] = dict.fromkeys([*moved, *facts["roots"]])
    sys.addaudithook(Watch(places, witness))
