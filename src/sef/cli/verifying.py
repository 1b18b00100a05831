"""What `sef verify` does: takes a change, has it judged, prints the verdict."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sef.build import Asked, Judgement, judgement_told, open_judge
from sef.cli import loop
from sef.cli.complaints import EXIT_FAILED, EXIT_REFUSED, printing, write
from sef.errors import SefError, UsageError
from sef.model import Kind
from sef.sinks.console import terminal
from sef.submission import LARGEST, Submission
from sef.text import one_line

EXIT_CODES: Final = {"accepted": 0, "rejected": EXIT_FAILED, "undecided": EXIT_REFUSED}
_SIGNS: Final = {True: ("✓", "green"), None: ("?", "yellow"), False: ("✗", "red")}
_STYLES: Final = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
_STANDARD_INPUT: Final = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for on the command line."""

    base: str
    head: str | None = None
    patch: Path | None = None
    task: str | None = None
    kind: Kind | None = None
    paths: tuple[str, ...] = ()
    policy: str | None = None
    judge: bool = False
    config: Path | None = None
    as_json: bool = False
    start: Path | None = None
    """The folder to work in; the current one when absent."""


def verify_change(order: Order) -> int:
    """Judges the change and prints the verdict; returns 0, 1 or 2.

    Raises UsageError for whatever ends it without a verdict: exit code 1 is a rejection alone.
    """
    with _no_verdict():
        submission = Submission(base=order.base, head=order.head, patch=_read(order.patch))
        asked = Asked(submission=submission, task=order.task, kind=order.kind, paths=order.paths)
        found = loop.run(_judged(order, asked))
    if order.as_json:
        write(judgement_told(found).json_text() + "\n")
    else:
        with printing():
            _render(found, terminal())
    return EXIT_CODES[found.status]


async def _judged(order: Order, asked: Asked) -> Judgement:
    progress = terminal(stderr=True)

    def tell(line: str) -> None:
        progress.print(Text(one_line(line)), soft_wrap=True)

    opening = open_judge(
        order.start or Path.cwd(),
        config=order.config,
        policy=order.policy,
        ask_models=order.judge,
        tell=tell,
    )
    async with opening as judge:
        return await judge.judge(asked)


@contextmanager
def _no_verdict() -> Iterator[None]:
    try:
        yield
    except UsageError:
        raise
    except SefError as error:  # git or the journal fails: nothing is said about the change
        hint = error.hint or "Nothing was judged. `git fsck` tells what is lost."
        raise UsageError(str(error.args[0]), hint=hint) from error


def _read(file: Path | None) -> bytes | None:
    """The patch, one byte more than is allowed at most."""
    if file is None:
        return None
    if file == _STANDARD_INPUT:
        return sys.stdin.buffer.read(LARGEST + 1)
    with file.open("rb") as source:
        return source.read(LARGEST + 1)


def _render(found: Judgement, console: Console) -> None:
    verdict, count = found.verdict, len(found.patch.changes)
    files = "1 file" if count == 1 else f"{count} files"
    what = f"{files} of {one_line(found.head, 80)} against {found.patch.base[:10]}"
    console.print(Text(f"{what}, as {found.kind}, policy {found.policy}"), soft_wrap=True)
    console.print(_table(found))
    line = Text.assemble(
        (found.status, _STYLES[found.status]), f": {one_line(verdict.reason, 500)}"
    )
    console.print(line, soft_wrap=True)
    console.print(Text(", ".join(_figures(found))), soft_wrap=True)


def _table(found: Judgement) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("")
    table.add_column("verifier")
    table.add_column("evidence", overflow="fold")
    for one in found.worst_first:
        cells = (Text(one.verifier), Text(one_line(one.detail, 400)))
        table.add_row(Text(*_SIGNS[one.passed]), *cells)
    return table


def _figures(found: Judgement) -> Iterator[str]:
    verdict = found.verdict
    if verdict.probability is not None:
        yield f"right with probability {verdict.probability:.3f}"
    yield f"{verdict.seconds:.1f} s"
    yield _price(verdict.cost_usd)


def _price(cost: Decimal | None) -> str:
    if cost is None:
        return "cost unknown"
    return f"${cost:.4f}" if cost else "no model was asked"
