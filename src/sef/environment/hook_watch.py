"""The start-up hook's second half: it watches the process, and begins.

The same rules hold as for the first. `redirect.render` adds the call of `start`.
"""

# ruff: noqa: PTH116, PTH119, SIM105
from __future__ import annotations

import atexit
import os
import site
import sys
from _frozen_importlib_external import PathFinder

from sef.environment.hook import Guard, Places, Witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_OPENS = frozenset(("open", "os.chdir"))
_STARTS = frozenset(("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"))
_LAUNCHERS = frozenset(
    (
        "sh",
        "bash",
        "dash",
        "zsh",
        "env",
        "xargs",
        "make",
        "sudo",
        "nohup",
        "nice",
        "timeout",
        "time",
    )
)
_CHANGES = frozenset(("os.rename", "os.remove", "os.link", "os.symlink", "os.truncate"))
_SENDS = frozenset(("socket.sendto", "socket.sendmsg", "socket.connect"))
_HEARD = _OPENS | _STARTS | _CHANGES | _SENDS
_HEARD |= {"import", "object.__setattr__", "cpython.run_file"}
_WRITES = os.O_WRONLY | os.O_RDWR
_REBUILDERS = ("MesonpyMetaFinder", "ScikitBuildRedirectingFinder")


class Watch:
    """Hears of every file that is opened, of every program that is started, and of tampering."""

    __slots__ = ("guard", "held", "own_files", "places", "witness")

    def __init__(self, facts: Mapping[str, Any], guard: Guard) -> None:
        self.guard = guard
        self.places = guard.places
        self.witness = guard.witness
        self.own_files = frozenset((*facts["protected"], facts["trace"]))
        self.held = _functions()

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "import":
            self.hear_import(args)
        elif event in _STARTS:
            self.hear_start(_texts(args[:3]))
        elif event in _OPENS:
            self.hear_open(event, args)
        elif event == "cpython.run_file":
            self.hear_script(_texts(args[:1]))
        elif event in _CHANGES:
            if self.own_files.intersection(_texts(args[:2])):
                self.tampered(event)
        elif event in _SENDS:
            name = self.witness.trace.rpartition("/")[2]
            if args[0] not in self.witness.senders and name in repr(args[1]):
                self.tampered("a forged line")
        elif getattr(args[0], "__globals__", None) is globals():
            self.tampered("the start-up hook's own code")

    def hear_open(self, event: str, args: tuple[Any, ...]) -> None:
        for path in _texts(args[:1]):
            if self.places.users(path):
                self.witness.write("user", event, path)
            elif path in self.own_files and args[2] and args[2] & _WRITES:
                self.tampered(path)

    def hear_start(self, arguments: list[str]) -> None:
        # Only what starts other programs makes one of an argument: `file /usr/bin/python` does not.
        launches = len(arguments) == 1 or os.path.basename(arguments[0]) in _LAUNCHERS
        for number, argument in enumerate(arguments):
            if self.places.runs_users(argument, program=launches or number < 2):
                self.witness.write("user", "start of a program", argument[:500])
        if _without_site(arguments):
            self.witness.write("unhooked", " ".join(arguments)[:500], sys.executable or "")

    def hear_script(self, paths: list[str]) -> None:
        for path in paths:
            if self.places.in_fork(self.places.absolute(path)):
                self.witness.write("found", "__main__", os.path.realpath(path))

    def hear_import(self, args: tuple[Any, ...]) -> None:
        """Every import that is not yet loaded passes here, whatever finders are left."""
        finders = args[3]
        if finders is None:
            return
        if not any(finder is self.guard for finder in finders):
            self.tampered("sys.meta_path")
        if _functions() != self.held:
            self.tampered("the start-up hook's own functions")

    def tampered(self, what: str) -> None:
        self.held[0](self.witness, "tampered", what, sys.executable or "")


def _functions() -> list[Any]:
    """The functions on which the witness rests, as they are now."""
    mine = [Witness.write, Witness.send, Guard.find_spec, Guard.find_own, Guard.settle, Guard.tell]
    return [*mine, Watch.hear, Watch.hear_open, Watch.hear_start, Places.users]


def _hearing(watch: Watch) -> Callable[[str, tuple[Any, ...]], None]:
    """The audit hook: a function, because a class could be given another method."""

    def hook(
        event: str, args: tuple[Any, ...], heard: Any = _HEARD, hear: Any = Watch.hear
    ) -> None:
        if event in heard:
            try:
                hear(watch, event, args)
            except Exception:  # noqa: S110 -- it would stop the program's own call
                pass

    return hook


def _without_site(arguments: Sequence[str]) -> bool:
    """True for a Python that is started without its start-up files (`-S`, alone or with others)."""
    after_python = False
    for word in " ".join(arguments).split():
        if os.path.basename(word).startswith("python"):
            after_python = True
        elif not word.startswith("-") or word.startswith("--") or word[1:2] in ("c", "m"):
            after_python = False
        elif after_python and "S" in word.partition("X")[0].partition("W")[0]:
            return True
    return False


def _texts(values: Any) -> list[str]:
    """The texts among the values and in the sequences among them."""
    texts = []
    for value in values:
        if isinstance(value, (list, tuple)):
            texts += _texts(value)
        elif isinstance(value, (str, bytes, os.PathLike)):
            texts.append(os.fsdecode(value))
    return texts


def start(facts: Mapping[str, Any]) -> Callable[[], None]:
    """Begins to redirect this process and returns what ends the beginning.

    Between the two the shadow's own start-up files are run. What goes wrong is told and the
    program goes on.
    """
    # Nothing may be written into the user's environment, whatever variables a child was given.
    sys.dont_write_bytecode = True
    witness = Witness(facts["trace"])
    try:
        guard = _redirect(facts, witness)
    except Exception as problem:
        witness.write("broken", sys.executable, repr(problem))
        return lambda: None

    def finish() -> None:
        try:
            _add_sites(facts, guard)
        except Exception as problem:
            witness.write("broken", sys.executable, repr(problem))

    return finish


def _redirect(facts: Mapping[str, Any], witness: Witness) -> Guard:
    called = getattr(sys, "argv", None) or [""]
    witness.pid = os.getpid()
    witness.write("start", sys.executable or "", called[0])
    atexit.register(_end, witness, witness.pid)
    if facts["mounted"]:
        _tell_mount(facts["fork"], witness)
    guard = Guard(facts, Places(facts), witness)
    sys.meta_path.insert(0, guard)
    PathFinder.find_spec = staticmethod(guard.find_on_path)  # type: ignore[assignment, method-assign]
    return guard


def _end(witness: Witness, pid: int) -> None:
    """Tells that the process came to its own end. Registered first, it is run last."""
    if sys._getframe().f_back is not None:
        witness.write("tampered", "the end of the process", sys.executable or "")
    elif os.getpid() == pid:
        witness.write("ended", "", "")


def _add_sites(facts: Mapping[str, Any], guard: Guard) -> None:
    """Adds the user's packages behind the shadow's, and puts the guard before their finders."""
    for folder in facts["sites"]:
        site.addsitedir(folder)
    others = [finder for finder in sys.meta_path if finder is not guard]
    kept = [finder for finder in others if not _builds_user(finder, guard.places)]
    sys.meta_path[:] = [guard, *kept]
    moved = [guard.places.moved(entry) for entry in sys.path]
    sys.path[:] = dict.fromkeys([*moved, *facts["roots"]])
    sys.addaudithook(_hearing(Watch(facts, guard)))


def _tell_mount(fork: str, witness: Witness) -> None:
    """Writes down which folder lies where the fork should: a mount keeps its identity."""
    try:
        there = os.stat(fork)
        witness.write("mounted", f"{there.st_dev}:{there.st_ino}", fork)
    except OSError as problem:
        witness.write("mounted", "nothing", repr(problem))


def _builds_user(finder: Any, places: Places) -> bool:
    """True for a finder that builds the user's tree when the project is imported."""
    if type(finder).__name__ not in _REBUILDERS:
        return False
    held = repr(vars(finder))
    return places.fork + os.sep not in held and any(tree in held for tree in places.trees)
