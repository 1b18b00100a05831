"""Paths of the user's tree, wherever they stand: in variables, in files, behind links."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from sef.environment.proof import Unproved, undecided
from sef.model import Checkout

BY_HAND = "check this change by hand in your own tree"
_WORKING_FOLDER = ("PWD", "OLDPWD", "INIT_CWD")
_REST = rb"(?:/[^\s\"'`<>|:;,(){}\[\]*\\]*)?"
_READ_AT_MOST = 1024 * 1024


def within(path: str | Path, folder: str | Path) -> bool:
    """True for the folder itself and what lies below it, by name only."""
    return Path(path).is_relative_to(folder)


def real(path: Path) -> Path:
    """The path without symbolic links; what does not exist keeps its name."""
    return Path(os.path.realpath(path))


def both_names(tree: Path) -> tuple[str, ...]:
    """The tree as it was named and as it is named without symbolic links."""
    return tuple(dict.fromkeys((str(tree), os.path.realpath(tree))))


def redirected(variables: Mapping[str, str], trees: Iterable[str], fork: Path) -> dict[str, str]:
    """The variables, naming the fork wherever they named the user's tree."""
    mark = _mark(trees)
    kept = {name: value for name, value in variables.items() if name not in _WORKING_FOLDER}
    return {name: mark.sub(lambda _: str(fork), value) for name, value in kept.items()}


def naming(
    checkout: Checkout, trees: Iterable[str], suffixes: tuple[str, ...], root: Path | None = None
) -> str | None:
    """The first tracked file that leads to the user's tree: a link, or a text with its path."""
    trees, root = tuple(trees), root or checkout.path
    for name in checkout.files:
        path = root / name
        if _links_to(path, trees) or (name.endswith(suffixes) and names_tree(path, trees)):
            return name
    return None


def names_tree(path: Path, trees: Iterable[str]) -> bool:
    """True where the file's text holds a path of the user's tree that exists.

    A tree at the top of the file system is often named like a route or a namespace, so its own
    path alone says nothing.
    """
    trees, data = tuple(trees), _bytes(path)
    mark = re.compile(_mark(trees).pattern.encode() + _REST)
    named = (os.fsdecode(found[0]) for found in mark.finditer(data))
    return any(os.path.lexists(one) and one.rstrip("/").count("/") > 1 for one in named)


def text(path: Path) -> str:
    """The text of a regular file; empty when there is none that can be read."""
    return _bytes(path).decode("utf-8", "replace")


def refuse_nested(fork: Path, tree: Path) -> None:
    """Raises Unproved for a fork inside the user's tree: tools climb to the folders above."""
    if within(real(fork), real(tree)):
        reason = f"the fork {fork} lies in your own tree, and tools look in the folders above them"
        raise Unproved(undecided(reason, offender=str(fork)))


def refuse(reason: str, offender: str | None = None, mend: str = BY_HAND) -> Unproved:
    """What to raise where nothing could be proved."""
    return Unproved(undecided(reason, offender=offender, mend=mend))


def _mark(trees: Iterable[str]) -> re.Pattern[str]:
    """Finds a tree's path, and not the path of a folder whose name only begins the same."""
    either = "|".join(re.escape(tree) for tree in sorted(trees, key=len, reverse=True))
    return re.compile(rf"(?<![\w.-])(?:{either})(?![\w-]|\.\w)")


def _links_to(path: Path, trees: Iterable[str]) -> bool:
    if not path.is_symlink():
        return False
    target = os.path.realpath(path)
    return any(within(target, os.path.realpath(tree)) for tree in trees)


def _bytes(path: Path) -> bytes:
    """At most the first MiB; a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    with os.fdopen(descriptor, "rb") as file:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return file.read(_READ_AT_MOST) if regular else b""
