"""`sef claude ...`: what sef does beside Claude Code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sef.cli.complaints import guarded

app = typer.Typer(
    name="claude",
    help="Work beside Claude Code.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Work beside Claude Code."""


@app.command(
    epilog="""Examples:

  sef claude audit

  sef claude audit --since 30d --project .

  sef claude audit --since 2026-11-01 --html audit.html

  sef claude audit --json > audit.json

Exit codes: 0 told, also where some of it could not be read (it says how much); 1 whoever reads the
output went away before its end; 2 it cannot be done as asked; 70 a mistake in sef; 130 called off.
"""
)
def audit(
    *,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="30d, 12h, 2w, or a day as 2026-11-01 (UTC)."),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(help="Only work in this folder and below it.", show_default=False),
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the transcripts are; by default in CLAUDE_CONFIG_DIR or ~/.claude.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with pictures.", show_default=False),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let --html replace any regular file.")
    ] = False,
    show_text: Annotated[
        bool,
        typer.Option("--show-text", help="Also show instructions and whole paths."),
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A TOML file with prices of your own.", show_default=False
        ),
    ] = None,
    light: Annotated[
        str, typer.Option(metavar="MODEL", help="Who would draft small tasks, in the estimate.")
    ] = "claude-haiku-5-5",
    standard: Annotated[
        str, typer.Option(metavar="MODEL", help="Who would draft usual tasks, in the estimate.")
    ] = "claude-sonnet-5-5",
) -> None:
    """Tell where the money of past Claude Code work went, and what drafting would have changed.

    Reads the transcripts on this machine, offline. Writes nothing but the page you ask for, and
    prints no text of yours unless you say --show-text.
    """
    from sef.cli.audit_run import Wish, run_audit

    wish = Wish(
        since=since,
        project=project,
        transcripts=transcripts,
        as_json=as_json,
        html=html,
        force=force,
        show_text=show_text,
        prices=prices,
        light=light,
        standard=standard,
    )
    raise typer.Exit(guarded(lambda: run_audit(wish), as_json=as_json))


@app.command(
    epilog="""Examples:

  sef claude status

  sef claude status --json

Exit codes: 0 told; 2 it cannot be done as asked; 70 a mistake in sef; 130 called off.
"""
)
def status(
    *,
    session: Annotated[
        str,
        typer.Option(
            metavar="ID", help="By default the newest that handed out work.", show_default=False
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what /sef tells in Claude Code: whether sef is on in this folder, who is at work, what
    this session and the last 14 days handed out, and what that cost.

    Reads the end of the hooks' journal; asks no model.
    """
    from sef.cli.claude_status import run_status

    raise typer.Exit(guarded(lambda: run_status(session, as_json=as_json), as_json=as_json))


@app.command(
    epilog="""Examples:

  sef claude install --user

  sef claude install --project --claude-md

  sef claude install --user --statusline

  sef claude install --both --dry-run

  sef claude install --status --json

  sef claude install --uninstall

Exit codes: 0 done, or told; 2 it cannot be done as asked, and nothing was changed; 70 a mistake in
sef; 130 called off.
"""
)
def install(
    *,
    user: Annotated[bool, typer.Option("--user", help="For all your sessions: ~/.claude.")] = False,
    project: Annotated[
        bool, typer.Option("--project", help="For the project you are in: .claude.")
    ] = False,
    both: Annotated[
        bool, typer.Option("--both", help="For both; the project's executors go first there.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Tell what is there.")] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove it, by default from both.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also replace or remove what somebody edited or put there."),
    ] = False,
    claude_md: Annotated[
        bool,
        typer.Option("--claude-md", help="Also put rules of efficient work into CLAUDE.md."),
    ] = False,
    statusline: Annotated[
        bool,
        typer.Option(
            "--statusline", help="Also show in the status line what sef does, after your own line."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put sef's executors and skills where Claude Code finds them, or take them away again.

    Files that you edited, and files of the same name that are yours, stay. Taking everything away
    leaves what was there before, byte for byte.
    """
    from sef.cli.install import Flags, run_install

    flags = Flags(
        user=user,
        project=project,
        both=both,
        status=status,
        uninstall=uninstall,
        dry_run=dry_run,
        force=force,
        claude_md=claude_md,
        statusline=statusline,
    )
    raise typer.Exit(guarded(lambda: run_install(flags, as_json=as_json), as_json=as_json))


@app.command(
    epilog="""Examples:

  sef claude doctor

  sef claude doctor --json | jq '.checks[] | select(.state != "ok")'

Go to the project that you work in: it tells what a session there would find.

Exit codes: 0 nothing is wrong, also where something is unknown or there are warnings; 1 something
is wrong; 2 it cannot be looked at; 70 a mistake in sef; 130 called off.
"""
)
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell whether sef works in Claude Code here: versions, copies, hooks, conflicts, models.

    Sends an event through each hook of sef that is installed, word for word as sef writes it, about
    a project that is made for it. Other programs that settings name are told, and never started.
    Changes nothing.
    """
    from sef.cli.claude_doctor import run_claude_doctor

    raise typer.Exit(guarded(lambda: run_claude_doctor(as_json=as_json), as_json=as_json))
