"""`sef route`: where requests would go, and how well that fits labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sef.cli.complaints import guarded

app = typer.Typer()


@app.command(
    epilog="""Examples:

  sef route "rename Foo to Bar" "why is the import slow?"

  sef route --file prompts.jsonl --json > routes.json

  head -20 prompts.jsonl | sef route --file -

A line of the file is a JSON object with a "text", and as you like an "id" and a "tier": 1, 2, 3,
or X for what cannot be judged without the conversation. With tiers there is a summary.

Exit codes: 0 routed; 2 it cannot be done as asked."""
)
def route(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Requests, each in quotes.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "-f", "--file", help="Requests as JSON lines; - is standard input.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell where requests would go first, and why. Runs nothing, asks no model."""
    from sef.cli.routing import route_requests

    raise typer.Exit(
        guarded(lambda: route_requests(tuple(texts or ()), file, as_json=as_json), as_json=as_json)
    )
