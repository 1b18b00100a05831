"""What the trace of a run proves. Doubt is never proof."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from sef.environment.detect import is_test, owner
from sef.environment.listener import Heard
from sef.environment.proof import HIDDEN, IN_PROCESS, Proof, undecided

_KINDS = frozenset(("start", "found", "user", "untracked", "broken", "tampered", "unhooked"))
_KINDS |= {"mounted", "ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must have happened for a run to have judged the fork. Paths have no symbolic links."""

    fork: str
    shadow: str
    """Folder of the shadow environment."""
    own: frozenset[str]
    """The project's outermost modules; empty where they are not known."""
    hidden: bool = False
    """True where no process of the run could reach the user's files."""
    mounted: str = ""
    """Identity of the folder that must lie at the fork's path; empty where nothing is mounted."""
    apart: bool = False
    """True where the command's processes have numbers of their own, which the kernel maps."""
    linked: tuple[str, ...] = ()
    """Folders of the user's that the run could read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact that one process wrote down."""

    kind: str
    pid: int
    what: str
    where: str


def judge(heard: Sequence[Heard] | None, expected: Expectation, pid: int | None = None) -> Proof:
    """Proved when the project's modules were seen, in the fork only, by the shadow's Python only.

    `pid` is the process that must be among the witnesses; None requires no particular one.
    """
    lines = [_parsed(*message, apart=expected.apart) for message in heard or ()]
    whole = [line for line in lines if line is not None]
    if heard is None or len(whole) < len(lines):
        return undecided("what the run told is damaged")
    if expected.apart and not _one_to_one(heard, whole):
        return undecided("what the run told is damaged: a process spoke for another")
    return (
        _broken(whole)
        or _tampered(whole, expected)
        or _of_user(whole)
        or _outside(whole, expected)
        or _untracked(whole)
        or _stranger(whole, expected)
        or _elsewhere(whole, expected)
        or _runner_missing(whole, pid)
        or _cut_short(whole, pid)
        or _nothing_seen(whole, expected, pid)
        or _proved(whole, expected)
    )


def _one_to_one(heard: Sequence[Heard], lines: Sequence[Line]) -> bool:
    """True where every sender that the kernel names used one number, and nobody else's."""
    pairs = {(sender, line.pid) for (sender, _), line in zip(heard, lines, strict=True)}
    senders, numbers = ({pair[side] for pair in pairs} for side in (0, 1))
    return None not in senders and len(senders) == len(numbers) == len(pairs)


def _parsed(sender: int | None, message: bytes, *, apart: bool = False) -> Line | None:
    """The line that a process sent; None for nonsense and for one in another's name."""
    try:
        kind, pid, what, where = ast.literal_eval(message.decode("ascii"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    typed = isinstance(pid, int) and isinstance(what, str) and isinstance(where, str)
    own = apart or sender in (None, pid)
    return Line(kind, pid, what, where) if typed and kind in _KINDS and own else None


def _of(kind: str, lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.kind == kind]


def _broken(lines: Sequence[Line]) -> Proof | None:
    for line in _of("broken", lines):
        return undecided(f"imports could not be redirected: {line.where}", offender=line.what)
    return None


def _tampered(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    for line in _of("tampered", lines):
        return undecided(f"the run changed what watches it: {line.what}", offender=line.what)
    if not expected.hidden:
        for line in _of("unhooked", lines):
            return undecided(f"a Python ran unwatched: {line.what}", offender=line.what)
    strangers = {line.pid for line in lines} - {line.pid for line in _of("start", lines)}
    if strangers:
        return undecided(f"process {min(strangers)} spoke without having been watched")
    return None


def _of_user(lines: Sequence[Line]) -> Proof | None:
    for line in _of("user", lines):
        return undecided(
            f"the run reached your own tree ({line.what}): {line.where}",
            offender=line.where,
            mend="use paths relative to the file or to the working directory, or set "
            'mode = "mount" under [environment] in sef.toml',
        )
    return None


def _outside(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    for line in _of("found", lines):
        inside = _within(line.where, expected.fork) or _within(line.where, expected.shadow)
        if owner(line.what, expected.own) and not inside:
            return undecided(
                f"{line.what} did not come from the fork: {line.where}", offender=line.where
            )
    return None


def _untracked(lines: Sequence[Line]) -> Proof | None:
    for line in _of("untracked", lines):
        return undecided(
            f"{line.what} is not tracked by git, so the fork lacks it: {line.where}",
            offender=line.where,
            mend="track the file, or do not import it in tests",
        )
    return None


def _stranger(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    for line in _of("start", lines):
        if not _within(line.what, expected.shadow):
            return undecided(f"another Python took part: {line.what}", offender=line.what)
    return None


def _elsewhere(lines: Sequence[Line], expected: Expectation) -> Proof | None:
    if not expected.mounted:
        return None
    told = _of("mounted", lines)
    wrong = [line for line in told if line.what != expected.mounted]
    if wrong or not told:
        where = wrong[0].where if wrong else expected.fork
        return undecided(f"the fork was not mounted at {where}", offender=where)
    return None


def _runner_missing(lines: Sequence[Line], pid: int | None) -> Proof | None:
    if pid is None or any(line.pid == pid for line in _of("start", lines)):
        return None
    return undecided(
        "the command did not run the fork's Python itself",
        mend="name the program that runs the tests, such as `pytest` or `python -m pytest`",
    )


def _cut_short(lines: Sequence[Line], pid: int | None) -> Proof | None:
    """A command whose process ends while a copy of it goes on has an exit code of no worth.

    Of a launcher's processes the first Python is what it launches.
    """
    started = [line.pid for line in _of("start", lines)]
    if pid is None and not started:
        return None
    mine = [line for line in lines if line.pid == (pid or started[0])]
    again = max(at for at, line in enumerate(mine) if line.kind == "start")
    became = any(line.kind == "found" for line in mine[:again])
    if mine[-1].kind == "ended" and not became:
        return None
    return undecided(
        "the command did not come to its own end: it ended itself at once, or became another",
        mend="let the program that runs the tests return, rather than call os._exit or exec,"
        " and leave its atexit functions alone",
    )


def _nothing_seen(lines: Sequence[Line], expected: Expectation, pid: int | None) -> Proof | None:
    if any(_is_own(line, expected, pid) for line in _of("found", lines)):
        return None
    return undecided("the tests imported nothing of this project")


def _is_own(line: Line, expected: Expectation, pid: int | None) -> bool:
    if owner(line.what, expected.own) is not None:
        return True
    if line.what == "__main__" and line.pid == pid:
        return False  # the script that runs the tests is not what they test
    # A module that the tests reach by a path of their own has another name, but lies in the fork.
    inside = _within(line.where, expected.fork)
    return inside and not is_test(PurePath(line.where).relative_to(expected.fork).as_posix())


def _within(path: str, folder: str) -> bool:
    return PurePath(path).is_relative_to(folder)


def _proved(lines: Sequence[Line], expected: Expectation) -> Proof:
    modules = {line.what for line in _of("found", lines)}
    processes = {line.pid for line in lines}
    reason = f"{len(modules)} modules came from the fork in {len(processes)} Python processes"
    if expected.mounted:
        reason += ", the fork mounted over your tree"
    elif expected.hidden:
        reason += ", your tree hidden"
    if expected.linked:
        reason += f", except for {', '.join(expected.linked)}"
    return Proof(proved=True, level=HIDDEN if expected.hidden else IN_PROCESS, reason=reason)
