"""The commands and what they share: errors, exit codes, output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from sef.errors import SefError
from sef.text import plain

app = typer.Typer(
    name="sef",
    help="Draft cheaply, verify by running, commit what holds.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with [bold]sef demo[/]: no key, no network.",
)

EXIT_RED = 3
EXIT_CANCELLED = 130


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sef {metadata.version('sef-framework')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command(
    epilog="""Examples:

  sef run "run the tests" "find the definition of class Context"

  sef run "fix the rounding in money.py, then run the tests" --apply

  sef run -f plan.toml --policy complex --json > run.json

Exit codes: 0 all tasks done; 1 a task failed, or --apply did not fit; 2 it cannot be done as asked;
3 all tasks done, but tests you asked to run are red; 130 called off."""
)
def run(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK]...", help="What to do, a sentence each.", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--file", help="A plan.toml instead of sentences.", show_default=False),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="auto, fast, standard or complex.", autocompletion=lambda: _POLICIES),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Also merge the result into your files.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show where each task would go; run nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file instead of the repository's sef.toml."),
    ] = None,
) -> None:
    """Do tasks in the git repository you are in.

    The result lands on a branch sef/<run>, a commit a task; your files stay as they are unless
    you say --apply. Questions are answered here.
    """
    from sef.cli.run import Order, run_order

    order = Order(
        texts=tuple(tasks or ()),
        file=file,
        policy=policy,
        apply=apply,
        dry_run=dry_run,
        as_json=as_json,
        config=config,
    )
    raise typer.Exit(guarded(lambda: run_order(order), as_json=as_json))


@app.command(
    epilog="""Example:

  sef demo --keep ./sef-demo"""
)
def demo(
    keep: Annotated[
        Path | None,
        typer.Option(help="Make the project in this new folder, not in the temporary one."),
    ] = None,
) -> None:
    """Watch a request of eight tasks go the whole way, with scripted models.

    Makes a small Python project with real tests and runs a plan on it. No key, no network.
    """
    from sef.cli.demo import run_demo

    raise typer.Exit(guarded(lambda: run_demo(keep), as_json=False))


_POLICIES = ("auto", "fast", "standard", "complex")


def guarded(action: Callable[[], int], *, as_json: bool) -> int:
    """Runs a command; turns what it raises into a message and an exit code."""
    try:
        return action()
    except SefError as error:
        complain(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_CANCELLED


def complain(error: SefError, *, as_json: bool) -> None:
    """Says what went wrong: to people on standard error, to programs as an object."""
    message = plain(error.args[0] if error.args else str(error))
    if as_json:
        said = {"schema": 1, "error": message, "hint": error.hint and plain(error.hint)}
        sys.stdout.write(json.dumps(said) + "\n")
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]sef:[/] {escape(message)}")
    if error.hint:
        console.print(f"     {escape(plain(error.hint))}")


def main() -> None:
    """The entry point of the `sef` command."""
    app()
