"""Words of a command line that lead into the user's tree, led into the fork of it."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a fork's command finds what the user's would find."""

    tree: Path
    """The user's tree."""
    fork: Path
    programs: Path
    """The folder of the user's interpreter."""
    instead: Path
    """The folder of the interpreter that the command is run with."""

    def led(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The words with paths of the user's tree and environment replaced.

        A program of the user's environment becomes the one of that name beside the interpreter;
        a path of the tree becomes the fork's. Any other path stays.
        """
        first = self._program(argv[0]) if "/" in argv[0] else None
        return (first or self._word(argv[0]), *(self._word(word) for word in argv[1:]))

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """The user's environment at its place in the fork, as scripts that start the shadow's.

        For make files and scripts that say `.venv/bin/python`. Where the draft has anything at
        that place, or the environment lies elsewhere, nothing is made.
        """
        relative = os.path.relpath(self.programs, self.tree)
        environment = self.fork / os.path.dirname(relative)  # noqa: PTH120 -- may be ""
        top = self.fork / relative.split("/")[0]
        outside = relative.startswith("..") or "/" not in relative or self._own
        if outside or os.path.lexists(top) or not self.instead.is_dir():
            yield
            return
        try:
            _stand_in(environment / self.programs.name, self.instead)
            yield
        finally:
            shutil.rmtree(top, ignore_errors=True)

    @property
    def _own(self) -> bool:
        """True where the command is run with the user's own environment."""
        return self.instead == self.programs

    def _word(self, word: str) -> str:
        option, equals, value = word.partition("=")
        if equals and option.startswith("-"):
            return f"{option}={self._path(value)}"
        return self._path(word)

    def _path(self, word: str) -> str:
        if not word.startswith("/"):
            return word
        path, colons, node = word.partition("::")
        if program := self._program(path):
            return program
        for root in _both(self.tree):
            if self._is_kept(path):
                return word
            if f"{os.path.normpath(path)}/".startswith(f"{root}/"):
                inside = os.path.relpath(path, root)
                return os.path.normpath(self.fork / inside) + colons + node
        return word

    def _program(self, word: str) -> str | None:
        """The program beside the interpreter, where `word` names one of the user's environment."""
        path = Path(os.path.normpath(self.tree / word))
        if not {str(path.parent), os.path.realpath(path.parent)}.intersection(_both(self.programs)):
            return None
        return str(self.instead / path.name)

    def _is_kept(self, path: str) -> bool:
        """True inside the user's environment, which a fork has none of its own of."""
        prefix = self.programs.parent
        return prefix != self.tree and any(
            f"{os.path.normpath(path)}/".startswith(f"{root}/") for root in _both(prefix)
        )


def _both(path: Path) -> tuple[str, str]:
    return os.path.normpath(path), os.path.realpath(path)


def _stand_in(folder: Path, programs: Path) -> None:
    folder.mkdir(parents=True)
    # It is active already: to activate it changes nothing.
    (folder / "activate").touch()
    for program in programs.iterdir():
        script = folder / program.name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
