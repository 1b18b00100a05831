"""The command `sef calibrate`."""

from __future__ import annotations

from decimal import Decimal
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

  sef calibrate --audit --budget 5

Exit codes: 0 told, or put in force; 2 it cannot be told as asked."""
)
def calibrate(
    apply: Annotated[
        bool, typer.Option("--apply", help="Put the proved thresholds in force for later runs.")
    ] = False,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="First make the audits that were drawn in Claude Code: each asks the target once.",
        ),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(metavar="USD", min=0.0, help="Begin no paid call once this is spent."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file instead of the repository's sef.toml."),
    ] = None,
) -> None:
    """Tell how good drafts were, what audits have proved, and what that would change.

    Reads the journal of this repository. Without --apply and --audit nothing is changed. Audits of
    `sef run` are made at its end; those of drafts that were accepted in Claude Code wait for
    --audit, because a hook spends no money of its own.
    """
    from sef.cli.calibrated import Wish, run_calibrate

    wish = Wish(
        apply=apply,
        audit=audit,
        budget_usd=None if budget is None else Decimal(str(budget)),
        as_json=as_json,
        config=config,
    )
    raise typer.Exit(guarded(lambda: run_calibrate(wish), as_json=as_json))
