"""`sef verify`: a verdict on any change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sef.cli.complaints import guarded
from sef.model import Kind

app = typer.Typer()
_POLICIES = ("auto", "fast", "standard", "complex")


@app.command(
    epilog="""Examples:

  sef verify --base main

  sef verify --base main --head feature --task "add a --dry-run option" --policy complex

  git diff --binary main feature | sef verify --base main --patch - --json

Without --head and --patch your files are judged as they are, uncommitted and untracked ones too.

Exit codes: 0 accepted; 1 rejected; 2 undecided, or it cannot be done as asked; 70 a mistake in
sef; 130 called off. With --json the two of 2 are told apart: `verdict` or `error`."""
)
def verify(
    base: Annotated[
        str, typer.Option(metavar="REF", help="What it must not be worse than: a commit.")
    ],
    head: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The commit that holds the change.", show_default=False),
    ] = None,
    patch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A patch for the base instead; - is standard input.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What was asked for; by default what the commits say.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        Kind | None,
        typer.Option(
            help="The kind of work; by default by the task and the files.", show_default=False
        ),
    ] = None,
    paths: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="What it may touch; once for each pattern.", show_default=False
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="fast checks tests; standard lint and tests; complex lint, types and tests.",
            autocompletion=lambda: _POLICIES,
        ),
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Also ask a model, where that may settle it; it costs.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file instead of the repository's sef.toml."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Judge any change, whoever made it, by what sef's own drafts go through.

    Your files, index and branches stay as they are, and nothing is left behind.
    Models are asked with --judge alone.
    """
    from sef.cli.verifying import Order, verify_change

    order = Order(
        base=base,
        head=head,
        patch=patch,
        task=task,
        kind=kind,
        paths=tuple(paths or ()),
        policy=policy,
        judge=judge,
        config=config,
        as_json=as_json,
    )
    raise typer.Exit(guarded(lambda: verify_change(order), as_json=as_json))
