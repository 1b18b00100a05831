"""The status line of a settings file: ours around the user's own, and the user's own again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.installation.files import LIMIT
from sef.installation.places import Place

KEY: Final = "statusLine"
_PROGRAM: Final = "sef/hooks/statusline.py"
_FLAGS: Final = ["-I", "-S"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The status line that was set."""

    ours: Mapping[str, object]
    """What the settings say since."""
    before: Mapping[str, object] | None
    """What they said before; None where they said nothing."""

    def __post_init__(self) -> None:
        """Raises ValueError where putting back would bring a command that ours does not hold.

        Records are read from a file that a repository may bring.
        """
        if self.before and own(_command(self.before)) != own(_command(self.ours)):
            raise ValueError("a status line that sef does not wrap")


def program(python: str) -> str:
    """What Claude Code has a shell run for our line, before the user's own command."""
    path = Path(__file__).parents[1] / "hooks" / "statusline.py"
    return shlex.join((python, *_FLAGS, str(path)))


def own(command: str) -> str:
    """The user's own command in one of ours; any other is the user's own itself."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    is_ours = words[1:3] == _FLAGS and words[3:4] and words[3].endswith(_PROGRAM)
    if not is_ours or len(words) > 5:
        return command
    return words[4] if len(words) == 5 else ""


def check_free(place: Place) -> None:
    """Raises UsageError where ours would hide a line that the repository brings.

    It cannot be wrapped: what it says tomorrow is not known today.
    """
    if KEY in _settings(place.settings):
        return
    for path in place.others:
        if _of(path) is not None:
            said = f"{path} has a status line, which one in {place.settings.name} would hide"
            raise UsageError(said, hint="Leave --statusline out, or say --user with it.")


def wrapped(place: Place, found: Mapping[str, object], program: str) -> Line:
    """Our line for a settings file that holds `found`; all else that it says of one stays.

    A project's local file goes before the user's own settings, so the line from there is wrapped
    where it has none. Raises UsageError for a line that is no command.
    """
    before = found.get(KEY)
    if KEY not in found:
        command, said = _under(place.below), {"type": "command"}
    elif isinstance(before, dict) and _command(before):
        command, said = own(_command(before)), before
    else:
        raise UsageError(
            f"{place.settings}: `{KEY}` is not a command",
            hint="Claude Code shows none then. Mend it, or take it out.",
        )
    whole = f"{program} {shlex.quote(command)}" if command else program
    kept = dict(before) if isinstance(before, dict) else None
    return Line(ours={**said, "command": whole}, before=kept)


def _under(below: Iterable[Path]) -> str:
    """The command that would be shown without ours."""
    lines = (_of(path) for path in below)
    return next((own(_command(one)) for one in lines if one is not None), "")


def _of(path: Path) -> Mapping[str, object] | None:
    """The status line of a settings file; None where it has none that Claude Code would show."""
    found = _settings(path).get(KEY)
    return found if isinstance(found, dict) and _command(found) else None


def _settings(path: Path) -> Mapping[str, object]:
    """What a settings file says that is only looked at; nothing where it cannot be read."""
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= LIMIT else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _command(line: Mapping[str, object]) -> str:
    command = line.get("command")
    return command if isinstance(command, str) else ""


def is_set(found: Mapping[str, object], line: Line) -> bool:
    """True where the settings still name our command."""
    now = found.get(KEY)
    return isinstance(now, dict) and _command(now) == _command(line.ours)


def take_out(found: dict[str, object], line: Line) -> None:
    """Puts the user's own line back, where ours still stands; what else was said of it stays."""
    if not is_set(found, line):
        return
    now = found[KEY]
    if line.before is None:
        del found[KEY]
    elif now == line.ours:
        found[KEY] = deepcopy(dict(line.before))
    elif isinstance(now, dict):
        now["command"] = line.before["command"]


def stands(place: Place, line: Line) -> bool:
    """True where the settings file names our command."""
    return is_set(_settings(place.settings), line)


def hidden_by(place: Place) -> Path | None:
    """The settings file whose own status line is shown in place of one from here."""
    for path in place.above:
        line = _of(path)
        if line is not None:
            # One of ours shows the same.
            return path if own(_command(line)) == _command(line) else None
    return None
