"""Command lines that the user wrote in the place of what would be found."""

from __future__ import annotations

import re
import shlex

from sef.checks.check import PYTHON, Check, Name
from sef.checks.tools import runner_of
from sef.errors import ConfigError

_INTERPRETER = re.compile(r"python(?:3(?:\.\d+)?)?")
_SHELL = re.compile(r"[|&;<>]+|\d?[<>].*|.*;")
_ASSIGNMENT = re.compile(r"\w+=.*")


def overridden(name: Name, line: str) -> Check:
    """The check that runs `line`, split into words but never given to a shell.

    Raises ConfigError when the line is empty, badly quoted, or needs a shell.
    """
    argv = _normal(_words(name, line))
    runner = runner_of(argv)
    return Check(name=name, runner=runner, argv=argv, python=argv[0] == PYTHON, named=True)


def _words(name: Name, line: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise ConfigError(f"the command for {name} is badly quoted: {line!r} ({error})") from error
    if not words:
        raise ConfigError(f"the command for {name} is empty")
    shell = [word for word in words if _SHELL.fullmatch(word)]
    if shell or _ASSIGNMENT.fullmatch(words[0]):
        raise ConfigError(
            f"the command for {name} needs a shell ({(*shell, words[0])[0]!r}), and none is used",
            hint="Put it in a script or a make target, and name that instead.",
        )
    return words


def _normal(words: tuple[str, ...]) -> tuple[str, ...]:
    first, *rest = words
    if _INTERPRETER.fullmatch(first):
        return (PYTHON, *rest)
    if first in ("pytest", "py.test"):
        return (PYTHON, "-m", "pytest", *rest)
    if words[:2] == ("go", "test") and "-json" not in words:
        return ("go", "test", "-json", *words[2:])
    return words
