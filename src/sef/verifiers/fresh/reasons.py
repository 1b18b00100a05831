"""What the reason of a failure says about the test that failed. Pure.

A test that asks for something that is not there yet is what is wanted; one that cannot work
whatever the code does, or that asks for a name which nobody agreed on, shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_UNREADABLE = re.compile(r"(?:SyntaxError|IndentationError|TabError)\b")
_NO_FIXTURE = re.compile(
    r"(?:failed on setup with \")?(?:fixture '[^']*' not found|file \S.*, line \d+$)"
)
"""pytest's report begins with the place of the test that asks for the fixture."""
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>\w+)'"
    r" from (?:partially initialized module )?'(?P<module>[\w.]+)'"
)
_NO_ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
_NOT_DEFINED = re.compile(r"NameError: name '(\w+)' is not defined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the tests may speak of."""

    modules: frozenset[str]
    """Names of the folders and files of the project's Python."""
    words: frozenset[str]
    """Of the task's text."""

    @classmethod
    def of(cls, paths: Iterable[str], text: str) -> Ground:
        """From the paths of the base and the draft, and the task's text."""
        python = (path.removesuffix(".py") for path in paths if path.endswith(".py"))
        modules = frozenset(part for path in python for part in path.split("/"))
        return cls(modules=modules, words=words(text))

    def has(self, module: str) -> bool:
        """True where the module is the project's, or one that the task asks for."""
        top = module.partition(".")[0]
        return top in self.modules or top in self.words


def words(text: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(re.findall(r"\w+", text))


def broken(reason: str, ground: Ground) -> str:
    """Why the test itself cannot work; empty where it may."""
    if _UNREADABLE.match(reason):
        return "it cannot be read as Python"
    if _NO_FIXTURE.match(reason):
        return "it asks for a fixture that is not there"
    foreign = _module(reason)
    if foreign and not ground.has(foreign):
        return f"it needs {foreign}, which is not the project's"
    return ""


def _module(reason: str) -> str:
    if found := _NO_MODULE.search(reason):
        return found[1]
    found = _NO_NAME.search(reason) or _NO_ATTRIBUTE.search(reason)
    return found["module"] if found else ""


def unstated(reason: str, ground: Ground, used: Collection[str]) -> str:
    """A name that was missing and that the task does not state; empty where there is none.

    `used` are the words of the tests: what is missing elsewhere is the code's own fault.
    """
    name = _missing(reason)
    return name if name in used and name not in ground.words else ""


def undefined(reason: str) -> bool:
    """True where a name was used that is bound nowhere: by the test itself, if it stays so."""
    return _NOT_DEFINED.search(reason) is not None


def no_module(reason: str) -> bool:
    """True where a module is missing: the code in it cannot have run."""
    return _NO_MODULE.search(reason) is not None


def _missing(reason: str) -> str:
    if found := _NO_MODULE.search(reason):
        return found[1].rpartition(".")[2]
    if found := _NO_NAME.search(reason) or _NO_ATTRIBUTE.search(reason):
        return found["name"]
    found = _NOT_DEFINED.search(reason)
    return found[1] if found else ""
