"""`sef demo`: a small real project, a request of eight tasks, scripted models."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from rich.console import Console

from sef.cli.run import Order, run_order
from sef.errors import UsageError
from sef.git import git_environment
from sef.process import run_program

_IDENTITY = ("-c", "user.name=sef demo", "-c", "user.email=demo@localhost")


def run_demo(keep: Path | None) -> int:
    """Makes the project, runs its plan, says what to try next; returns the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    root = _make_project(keep)
    console.print(
        f"A small Python project with tests was made in [bold]{root}[/].\n"
        "Its plan has eight tasks. Tests, searches, git and verdicts are real; the three models "
        "are\n[bold]scripted[/] (pretend-light, pretend-standard, pretend-target): no model is "
        "called, no money is spent.\n"
    )
    code = run_order(Order(file=root / "plan.toml", start=root))
    _say_next(console, root)
    return code


def _make_project(keep: Path | None) -> Path:
    if keep is not None and keep.exists():
        raise UsageError(f"{keep} exists already", hint="Name a folder that does not.")
    root = (keep or Path(tempfile.mkdtemp(prefix="sef-demo-")) / "till").resolve()
    with resources.as_file(resources.files("sef.cli") / "demo_project") as assets:
        shutil.copytree(assets, root, ignore=shutil.ignore_patterns("__pycache__"))
    asyncio.run(_first_commit(root))
    return root


async def _first_commit(root: Path) -> None:
    for args in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--no-gpg-sign", "-m", "A till"),
    ):
        argv = ("git", *_IDENTITY, "-c", "core.hooksPath=/dev/null", *args)
        done = await run_program(argv, cwd=root, env=git_environment())
        if done.exit_code:
            raise UsageError(
                f"git {args[0]} failed in {root}: {done.stderr.decode(errors='replace').strip()}",
                hint="sef needs git 2.38 or newer.",
            )


def _say_next(console: Console, root: Path) -> None:
    sef = "sef" if shutil.which("sef") else str(Path(sys.argv[0]).resolve())
    console.print(
        "The prices above are the scripts'; nothing was paid.\n\n"
        f"Try next: cd {shlex.quote(str(root))}, and there\n"
        f"  {sef} run -f plan.toml --dry-run            where each task goes, and why\n"
        f'  {sef} run "where is show defined?" --json   an answer for programs\n'
        f"  {sef} run -f plan.toml --apply              the same work, in your files this time"
    )
