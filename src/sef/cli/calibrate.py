"""The command `sef calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sef.cli.complaints import guarded

app = typer.Typer()


@app.command(
    epilog="""Examples:

  sef calibrate

  sef calibrate --json

  sef calibrate --apply

Exit codes: 0 told, or put in force; 2 it cannot be told as asked."""
)
def calibrate(
    apply: Annotated[
        bool, typer.Option("--apply", help="Put the proved thresholds in force for later runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file instead of the repository's sef.toml."),
    ] = None,
) -> None:
    """Tell how good drafts were, what audits have proved, and what that would change.

    Reads the journal of this repository. Without --apply nothing is changed.
    """
    from sef.cli.calibrated import run_calibrate

    raise typer.Exit(
        guarded(lambda: run_calibrate(apply=apply, as_json=as_json, config=config), as_json=as_json)
    )
