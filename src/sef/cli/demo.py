"""`sef demo`: a small real project, a request of eight tasks, scripted models."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sef.cli import loop, signals
from sef.cli.run import Order, run_order
from sef.errors import UsageError
from sef.git import git_environment
from sef.process import run_program
from sef.sinks.console import terminal

_IDENTITY = ("-c", "user.name=sef demo", "-c", "user.email=demo@localhost")


def run_demo(keep: Path | None, *, slow: bool = False) -> int:
    """Makes the project, runs its plan, says what to try next; returns the exit code."""
    console = terminal()
    root = _make_project(keep, slow=slow)
    _say_what(console, root)
    signals.interruptible()
    code = run_order(Order(file=root / "plan.toml", start=root))
    _say_next(console, root, mine=keep is None)
    return code


def _say_what(console: Console, root: Path) -> None:
    words = Text.assemble(
        "A small Python project with tests was made in ",
        (str(root), "bold"),
        ".\nIts plan has eight tasks. Tests, searches, git and verdicts are real; the three models "
        "are\n",
        ("scripted", "bold"),
        " (pretend-light, pretend-standard, pretend-target): no model is called, no money is "
        "spent.\n",
    )
    console.print(words, soft_wrap=True)


def _make_project(keep: Path | None, *, slow: bool) -> Path:
    if keep is not None and keep.exists():
        raise UsageError(f"{keep} exists already", hint="Name a folder that does not.")
    root = (keep or Path(tempfile.mkdtemp(prefix="sef-demo-")) / "till").resolve()
    with resources.as_file(resources.files("sef.cli") / "demo_project") as assets:
        shutil.copytree(assets, root, ignore=shutil.ignore_patterns("__pycache__"))
    if slow:
        _slow_down(root)
    loop.run(_first_commit(root))
    return root


def _slow_down(root: Path) -> None:
    """Makes every scripted model take ten times as long."""
    for script in (root / "demo").glob("*.toml"):
        lines = script.read_text(encoding="utf-8").splitlines(keepends=True)
        script.write_text("".join(map(_slower, lines)), encoding="utf-8")


def _slower(line: str) -> str:
    name, equals, value = line.partition(" = ")
    return f"{name}{equals}{10 * float(value)}\n" if name == "seconds" else line


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


def _say_next(console: Console, root: Path, *, mine: bool) -> None:
    sef = "sef" if shutil.which("sef") else str(Path(sys.argv[0]).resolve())
    gone = shlex.quote(str(root.parent if mine else root))
    words = (
        "The prices above are the scripts'; nothing was paid.\n\n"
        f"Try next: cd {shlex.quote(str(root))}, and there\n"
        f"  {sef} explain                               every decision, with its evidence\n"
        f"  {sef} run -f plan.toml --dry-run            where each task goes, and why\n"
        f'  {sef} run "where is show defined?" --json   an answer for programs\n'
        f"  {sef} run -f plan.toml --apply              the same work, in your files this time\n"
        f"The project stays there; remove it: rm -rf {gone}"
    )
    console.print(Text(words), soft_wrap=True)
