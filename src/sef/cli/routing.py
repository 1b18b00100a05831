"""What `sef route` does: reads requests, routes each, prints where they go."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any, BinaryIO, Final

from rich.progress import track
from rich.table import Table
from rich.text import Text

from sef.cli.complaints import printing, write
from sef.cli.labels import LABELS, Judged, summary
from sef.errors import UsageError
from sef.model import Route, Task
from sef.protocols import Router
from sef.routers import ROUTERS
from sef.sinks.console import terminal
from sef.text import one_line

_LARGEST: Final = 64 * 2**20  # bytes of a file of requests
_LONGEST: Final = 2**20  # bytes of one line of it
_READINGS: Final = 3  # of the clock a request; the least one is told
_MANY: Final = 2_000  # requests, from which on progress is shown
_STANDARD_INPUT: Final = Path("-")
_SHAPE: Final = 'A line looks like this: {"id": "a1", "text": "run the linter", "tier": "1"}'
_TIERS: Final = ("0 no model", "1 light", "2 standard", "3 target")


def route_requests(texts: Sequence[str], file: Path | None, *, as_json: bool) -> int:
    """Prints the routes of the texts, or of the file's lines; returns the exit code.

    Raises UsageError where there is nothing to route, or the file is not what it should be.
    """
    if bool(texts) == (file is not None):
        raise UsageError(
            "give either texts or a file of them", hint='Example: sef route "rename Foo to Bar"'
        )
    asked = list(_read(file)) if file else [(str(at), text, None) for at, text in _counted(texts)]
    if not asked:
        raise UsageError(f"{_named(file)} holds no request", hint=_SHAPE)
    router = ROUTERS["rules"]()
    steps = track(asked, "routing", console=terminal(stderr=True), transient=True)
    judged = [_judged(router, *one) for one in (steps if len(asked) > _MANY else asked)]
    told = summary(judged)
    if as_json:
        rows = [_row(one) for one in judged]
        extra = {"summary": told} if told else {}
        write(json.dumps({"schema": 1, "routes": rows, **extra}, indent=2) + "\n")
        return 0
    with printing():
        _print(judged, told)
    return 0


def _counted(texts: Iterable[str]) -> Iterator[tuple[int, str]]:
    return enumerate(texts, 1)


def _judged(router: Router, name: str, text: str, label: str | None) -> Judged:
    task = Task(id="request", text=text)
    took = []
    for _ in range(_READINGS):
        began = perf_counter_ns()
        made = router.route(task)
        took.append(perf_counter_ns() - began)
    return Judged(id=name, text=text, label=label, route=made, microseconds=min(took) / 1000)


def _read(file: Path) -> Iterator[tuple[str, str, str | None]]:
    """Id, text and label of every line that is not empty; `-` is standard input."""
    if file == _STANDARD_INPUT:
        if sys.stdin is None:
            raise UsageError("standard input is closed", hint="Name a file of JSON lines.")
        yield from _requests(sys.stdin.buffer, _named(file))
        return
    if not file.is_file():
        raise UsageError(f"{file} is not a file", hint="Name a file of JSON lines.")
    if file.stat().st_size > _LARGEST:
        raise _too_large(str(file))
    with file.open("rb") as lines:
        yield from _requests(lines, str(file))


def _requests(lines: BinaryIO, named: str) -> Iterator[tuple[str, str, str | None]]:
    """Reads no more than is allowed, whatever the input's size is said to be."""
    number = read = 0
    while line := lines.readline(_LONGEST + 1):
        number, read = number + 1, read + len(line)
        if read > _LARGEST:
            raise _too_large(named)
        if line.strip() or len(line) > _LONGEST:
            yield _request(line, f"{named}, line {number}", str(number))


def _named(file: Path | None) -> str:
    return "standard input" if file == _STANDARD_INPUT else str(file)


def _too_large(named: str) -> UsageError:
    return UsageError(f"{named} is larger than 64 MiB", hint="Split it: split -l 100000 FILE")


def _request(line: bytes, where: str, number: str) -> tuple[str, str, str | None]:
    if len(line) > _LONGEST:
        raise UsageError(f"{where}: longer than 1 MiB", hint=_SHAPE)
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: no JSON: {one_line(str(error), 100)}", hint=_SHAPE) from error
    if not isinstance(said, dict) or not isinstance(said.get("text"), str):
        raise UsageError(f'{where}: no object with a "text" that is a string', hint=_SHAPE)
    name = said.get("id", number)
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise UsageError(f'{where}: "id" is no string or number', hint=_SHAPE)
    return one_line(str(name)), said["text"], _label(said, where)


def _label(said: dict[str, Any], where: str) -> str | None:
    label = said.get("tier")
    if label is None:
        return None
    if isinstance(label, bool) or str(label) not in LABELS:
        shown = one_line(json.dumps(label), 40)
        raise UsageError(f'{where}: unknown "tier" {shown}', hint=f"One of {', '.join(LABELS)}.")
    return str(label)


def _row(judged: Judged) -> dict[str, Any]:
    made: Route = judged.route
    return {
        "id": judged.id,
        "tier": int(made.tier),
        "kind": made.kind.value,
        "policy": made.policy,
        "score": made.score,
        "needs_context": made.needs_context,
        "reason": made.reason,
        "microseconds": round(judged.microseconds, 1),
    }


def _print(judged: Sequence[Judged], told: dict[str, Any] | None) -> None:
    console = terminal()
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("id", "request", "tier", "kind", "policy", "why"):
        table.add_column(name, overflow="fold")
    for one in judged:
        cells = (
            one.id,
            one_line(one.text, 60),
            _TIERS[one.route.tier],
            one.route.kind.value,
            one.route.policy,
            one_line(one.route.reason, 100),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    if told:
        console.print(Text("\n" + "\n".join(_lines(told))), soft_wrap=True)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['counted']} labelled 1 to 3, {told['x']} labelled X"
    for name in ("exact", "under_routing", "over_routing"):
        if told[name] is not None:
            low, high = told["intervals"][name]
            yield f"{name.replace('_', '-'):<14} {told[name]:.1%} ({low:.1%} to {high:.1%})"
    yield f"{'p99':<14} {told['p99_ms']} ms"
    context = told["needs_context"]
    shares = (
        f"{name} {'unknown' if context[name] is None else format(context[name], '.1%')}"
        for name in ("precision", "recall")
    )
    yield f"{'needs context':<14} {', '.join(shares)}"
