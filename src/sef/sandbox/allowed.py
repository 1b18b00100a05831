"""Which command lines may use the network: word by word, and nothing that a shell would read."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Final

_SHELLS: Final = ("sh", "bash", "dash", "zsh", "/bin/sh", "/bin/bash", "/usr/bin/bash")
_READ_BY_A_SHELL: Final = frozenset(";&|<>`$(){}[]*?~#!\\\n\r")


def permitted(argv: Sequence[str], beginnings: Iterable[str]) -> bool:
    """True where the command's first words are those of one of the beginnings.

    A shell's `-c` is seen through only where its text is plain words.
    """
    words = _words(argv)
    begins = (tuple(shlex.split(line)) for line in beginnings)
    return any(words[: len(first)] == first for first in begins if first)


def _words(argv: Sequence[str]) -> tuple[str, ...]:
    if len(argv) != 3 or argv[0] not in _SHELLS or argv[1] != "-c":
        return tuple(argv)
    if _READ_BY_A_SHELL.intersection(argv[2]):
        return ()
    try:
        return tuple(shlex.split(argv[2]))
    except ValueError:
        return ()
