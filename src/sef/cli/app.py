"""The commands and their options."""

from __future__ import annotations

from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from sef.cli import calibrate, claude, hook, mcp, replay, route, signals, verify
from sef.cli.complaints import complain, guarded, make_streams_safe, printing, settle
from sef.errors import UsageError

app = typer.Typer(
    name="sef",
    help="Draft cheaply, verify by running, commit what holds.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with [bold]sef demo[/]: no key, no network.",
)


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

  sef run --resume 1122-145630-6a85

Exit codes: 0 all tasks done; 1 a task failed, or --apply did not fit; 2 it cannot be done as asked;
3 all tasks done, but tests you asked to run are red; 70 a mistake in sef; 130 called off."""
)
def run(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(metavar="TASK", help="What to do, a sentence each.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--file", help="A plan.toml instead of sentences.", show_default=False),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="How drafts are judged: fast by tests; standard by lint and tests; complex by"
            " lint, types and tests; auto picks one for each task.",
            autocompletion=lambda: _POLICIES,
        ),
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
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with a run that was killed or called off."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="USD", min=0.0, help="Begin no paid call once this is spent."),
    ] = None,
) -> None:
    """Do tasks in the git repository you are in.

    Paths in tasks and in answers start at the repository's root, wherever in it you are.

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
        resume=resume,
        budget_usd=None if budget is None else Decimal(str(budget)),
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
    slow: Annotated[
        bool, typer.Option("--slow", help="Models that take their time: kill it, and resume.")
    ] = False,
) -> None:
    """Watch a request of eight tasks go the whole way, with scripted models.

    Makes a small Python project with real tests and runs a plan on it. No key, no network. The
    project stays (in the folder for temporary files, or where --keep says) until you remove it.
    """
    from sef.cli.demo import run_demo

    raise typer.Exit(guarded(lambda: run_demo(keep, slow=slow), as_json=False))


@app.command(
    epilog="""Examples:

  sef doctor

  sef doctor --environment --run

  sef doctor --environment --json > environment.json

Exit codes: 0 all is well; 1 something is missing or undecided; 2 it cannot be told as asked."""
)
def doctor(
    environment: Annotated[
        bool, typer.Option("--environment", help="Tell how each check judges a fork.")
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="With --environment: also run the tests in a fork.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file instead of the repository's sef.toml."),
    ] = None,
) -> None:
    """Tell what sef finds here: programs, executors, and whose code a check would judge.

    Leaves nothing behind.
    """
    from sef.cli.doctor import run_doctor

    raise typer.Exit(
        guarded(
            lambda: run_doctor(environment=environment, run=run, as_json=as_json, config=config),
            as_json=as_json,
        )
    )


_AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_RUN = Annotated[str | None, typer.Argument(metavar="RUN", help="A run; the newest by default.")]


@app.command(epilog="Example: sef runs --json")
def runs(as_json: _AS_JSON = False) -> None:
    """List the runs of this repository, newest last."""
    from sef.cli.history import list_runs

    raise typer.Exit(guarded(lambda: list_runs(as_json=as_json), as_json=as_json))


@app.command(epilog="Example: sef report 1122-145630-6a85 --json")
def report(run: _RUN = None, as_json: _AS_JSON = False) -> None:
    """Show what became of a run, with its rates and times."""
    from sef.cli.history import show_report

    raise typer.Exit(guarded(lambda: show_report(run, as_json=as_json), as_json=as_json))


@app.command(epilog="Example: sef explain 1122-145630-6a85 discount")
def explain(
    run: _RUN = None,
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="One task of it, by its id.")
    ] = None,
) -> None:
    """Tell every decision of a run with its reason, evidence and price."""
    from sef.cli.history import explain as tell

    raise typer.Exit(guarded(lambda: tell(run, task), as_json=False))


@app.command(epilog="Example: sef clean --all")
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Forget all runs that have ended, not only old ones.")
    ] = False,
) -> None:
    """Remove what killed runs left behind, and forget old runs. Branches sef/* stay.

    Files that a run was replacing when it was killed (`--apply`) are put back first.
    """
    from sef.cli.history import clean_up

    raise typer.Exit(guarded(lambda: clean_up(everything=everything), as_json=False))


app.add_typer(verify.app)
app.add_typer(route.app)
app.add_typer(replay.app)
app.add_typer(calibrate.app)
app.add_typer(claude.app)
app.add_typer(mcp.app)
app.add_typer(hook.app)

_POLICIES = ("auto", "fast", "standard", "complex")


def serve(arguments: list[str]) -> int:
    """Does what the command line says; returns the exit code, or exits with it."""
    make_streams_safe()
    as_json = signals.wants_json(arguments)
    try:
        with printing():
            code = app(arguments, standalone_mode=not as_json)
        return code if isinstance(code, int) else 0
    except Exception as error:
        misuse = getattr(error, "format_message", None)  # what the parser of options raises
        if misuse is None:
            return settle(error, as_json=as_json)
        complain(
            UsageError(misuse(), hint="sef --help and sef run --help say what there is."),
            as_json=True,
        )
        return UsageError.exit_code
