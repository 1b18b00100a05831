"""`sef claude audit`: from the options to the report."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sef.cli.audit_json import Scope, audit_json
from sef.cli.audit_prices import own_prices
from sef.cli.audit_progress import Reading
from sef.cli.complaints import printing, write
from sef.errors import UsageError
from sef.model import Tier
from sef.prices import PriceTable
from sef.routers import ROUTERS
from sef.sinks.console import terminal
from sef.spend.kinds import classify
from sef.spend.ledger import Ledger
from sef.spend.statement import statement
from sef.transcripts.places import Found, at_home, default_folders, find_sessions
from sef.transcripts.reader import SessionReader
from sef.transcripts.session import Session, Tally

_DAY_S: Final = 86_400.0
_UNITS: Final[Mapping[str, float]] = MappingProxyType({"h": 3_600.0, "d": _DAY_S, "w": 7 * _DAY_S})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of `sef claude audit`."""

    since: str | None = None
    project: Path | None = None
    transcripts: Path | None = None
    as_json: bool = False
    html: Path | None = None
    force: bool = False
    show_text: bool = False
    prices: Path | None = None
    light: str = "claude-haiku-5-5"
    standard: str = "claude-sonnet-5-5"


def run_audit(wish: Wish) -> int:
    """Prints the audit and returns the exit code. Raises UsageError, OSError."""
    from sef.cli.audit_page import check_page, write_page
    from sef.cli.audit_render import render

    since = None if wish.since is None else beginning(wish.since, time.time())
    table = PriceTable(own_prices(wish.prices) if wish.prices else None)
    if wish.html is not None:
        check_page(wish.html, force=wish.force)
    said = collect(wish, since, table)
    if wish.html is not None:
        write_page(wish.html, said)
    if wish.as_json:
        with _said_elsewhere():
            write(json.dumps(said, indent=2) + "\n")
        return 0
    with _said_elsewhere(), printing():
        render(said, terminal())
        if wish.html is not None:
            terminal().print(f"Wrote {wish.html}", markup=False, soft_wrap=True)
        sys.stdout.flush()
    return 0


@contextmanager
def _said_elsewhere() -> Iterator[None]:
    """What standard output refuses can be had again: nothing was changed."""
    try:
        yield
    except UsageError as error:
        error.hint = "Send it elsewhere: sef claude audit > FILE"
        raise


def collect(wish: Wish, since: float | None, table: PriceTable) -> dict[str, Any]:
    """Reads the transcripts and returns what docs/reference/audit-json.md describes."""
    folders = default_folders(os.environ) if wish.transcripts is None else (
        at_home(wish.transcripts, "--transcripts"),
    )  # fmt: skip
    project = wish.project and _whole_path(wish.project)
    found = find_sessions(folders, project)
    if not found.sessions and not found.unreadable:
        raise _nothing(folders[0], project)
    router = ROUTERS["rules"]()
    ledger = Ledger(lambda task: classify(task, router), since=since, keep_text=wish.show_text)
    tally = Tally(unreadable=[str(path) for path in found.unreadable])
    with Reading(found.size) as reading:
        backwards = read_all(found, ledger, tally, project, reading.advance)
    if project and not ledger.sessions and not tally.unreadable:
        raise _nothing(folders[0], project)
    models = {Tier.LIGHT: wish.light, Tier.STANDARD: wish.standard}
    scope = Scope(
        since=since,
        project=project,
        backwards=backwards,
        show_text=wish.show_text,
        today=datetime.now(UTC).date().isoformat(),
    )
    done = statement(ledger, table, models, whole=since is None)
    return audit_json(done, ledger, tally, table, scope)


def _whole_path(project: Path) -> Path:
    try:
        return at_home(project, "--project").resolve(strict=False)
    except (OSError, RuntimeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "its links lead round in a circle"
        raise UsageError(f"--project {project}: {why}", hint="Name a folder.") from None


def _nothing(folder: Path, project: Path | None) -> UsageError:
    if project is None:
        return UsageError(
            f"no transcripts in {folder}",
            hint="Name the folder that holds them: sef claude audit --transcripts DIR",
        )
    return UsageError(
        f"no transcripts of that project in {folder}: nothing was done in {project}",
        hint="Name the folder that the work was done in, or one above it; leave --project out for"
        " all of them.",
    )


def read_all(
    found: Found,
    ledger: Ledger,
    tally: Tally,
    project: Path | None,
    progress: Callable[[int], None],
) -> int:
    """Books every session that is about the project; returns in how many time went back."""
    backwards = 0
    for files in found.sessions:
        session = SessionReader(files, tally, progress).read()
        if project is None or _is_about(session, project):
            backwards += session.backwards
            ledger.book(session)
    return backwards


def _is_about(session: Session, project: Path) -> bool:
    """By the working folder that a record tells; without one the folder's name has decided."""
    return not session.exact or Path(session.project).is_relative_to(project)


def beginning(said: str, now: float) -> float:
    """Seconds since 1970 at which `--since` begins: the hour, or the start of the UTC day.

    Raises UsageError.
    """
    if found := re.fullmatch(r"(\d{1,5})\s*([hdw])", said.strip().lower()):
        begin = now - int(found[1]) * _UNITS[found[2]]
        return begin if found[2] == "h" else begin - begin % _DAY_S
    try:
        day = datetime.combine(date.fromisoformat(said.strip()), datetime.min.time(), UTC)
    except ValueError:
        raise UsageError(
            f"--since {said!r} is no time", hint="Say 30d, 12h, 2w or a day as 2026-11-01."
        ) from None
    if day.timestamp() > now + _DAY_S:
        raise UsageError(f"--since {said} has not come yet", hint="Name a day in the past.")
    return day.timestamp()
