"""A cap on the memory of a program, set by the shell that becomes it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final

_SHELL: Final = "/bin/sh"
_SCRIPT: Final = (
    'ulimit -d "$1" 2>/dev/null || [ "$(ulimit -H -d)" != unlimited ] || exit 126; '
    'ulimit -c 0; shift; exec "$@"'
)
"""Constant; what it starts comes in its arguments. A lower limit that is there stays."""


def limits(
    argv: Sequence[str], memory_mb: int | None, *, variables: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The command line that runs `argv` with at most so many MiB of private data a process.

    RLIMIT_DATA: heap and private mappings that can be written to. Address space that is only
    reserved does not count, which RLIMIT_AS would forbid to Node and Go. It holds for each process,
    not for their sum. The process keeps its number, as the shell becomes the program.

    Unchanged where there is no limit, on other systems than Linux, where mappings do not count,
    and where the program is not found, so that starting it fails as it would.
    """
    path = (variables or os.environ).get("PATH")
    if memory_mb is None or not sys.platform.startswith("linux"):
        return tuple(argv)
    if shutil.which(argv[0], path=path) is None or not os.access(_SHELL, os.X_OK):
        return tuple(argv)
    return (_SHELL, "-c", _SCRIPT, "sh", str(memory_mb * 1024), *argv)
