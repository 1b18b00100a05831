"""`sef claude install`: the installer's words on the terminal."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from sef.cli.complaints import printing, write
from sef.errors import UsageError
from sef.installation.order import obey, order
from sef.installation.words import as_json as in_json
from sef.installation.words import lines
from sef.refusal import refusal
from sef.sinks.console import terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The options, as they were given."""

    user: bool
    project: bool
    both: bool
    status: bool
    uninstall: bool
    dry_run: bool
    force: bool
    claude_md: bool
    statusline: bool


def run_install(flags: Flags, *, as_json: bool) -> int:
    """Installs, tells or removes; returns the exit code. Raises UsageError."""
    wanted = order(**asdict(flags))
    try:
        told = obey(wanted, variables=os.environ, start=Path.cwd())
    except OSError as error:
        said = str(refusal(error).args[0])
        raise UsageError(
            f"{said}; nothing was changed", hint="Mend that, then try again."
        ) from error
    if as_json:
        write(in_json(wanted, told))
        return 0
    with printing():
        for line in lines(wanted, told):
            terminal().print(Text(line), soft_wrap=True)
    return 0
