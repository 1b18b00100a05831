"""A session begins or ends: what it used is booked for good, what dead sessions left is removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sef.hooks.booking import read, summed
from sef.hooks.collecting import collect
from sef.hooks.entering import enter_kept
from sef.hooks.gating import remembered, table
from sef.hooks.journaling import tokens_of
from sef.hooks.records import append, load, save, state_folder
from sef.prices import PriceTable
from sef.repository import Repository, find_repository


def close(state: str, session: str, transcript: str = "") -> None:
    """Books a session for good, with its price; a second time only adds what came since."""
    known = load(state, f"sessions/{session}")
    if known is None:
        return
    known["transcript"] = transcript or known.get("transcript", "")
    while not read(known):
        pass
    elsewhere = _elsewhere(Path(state), session)
    price, unpriced = priced(known, elsewhere)
    told, client = summed(known, elsewhere), known.get("client_usd")
    # A forked session's client counts its origin's requests too: nothing can be said of the rest.
    rest = None if client is None or elsewhere & known["requests"].keys() else client - float(price)
    known["closed"] = True
    save(state, f"sessions/{session}", known)
    row = {"event": "booked", "session": session, "final": True, **told, "usd": str(price)}
    append(state, {**row, "unpriced": unpriced, "client_usd": client, "other_usd": rest})
    (Path(state) / "open" / f"{session}.json").unlink(missing_ok=True)


def priced(known: Mapping[str, Any], elsewhere: frozenset[str]) -> tuple[Decimal, int]:
    """US dollars of all requests with a known price, each by itself; the number of the others."""
    prices, today = PriceTable(), datetime.now(UTC).date()
    total, unpriced = Decimal(0), 0
    for key, row in known["requests"].items():
        if key not in elsewhere:
            cost = prices.price(tokens_of(row), row[0], on=today)
            total, unpriced = total + (cost or 0), unpriced + (cost is None)
    return total, unpriced


def _elsewhere(state: Path, session: str) -> frozenset[str]:
    """Requests that another session booked for good: a fork copies its origin's transcript."""
    found: set[str] = set()
    for file in (state / "sessions").glob("*.json"):
        other = load(str(state), f"sessions/{file.stem}") if file.stem != session else None
        if other and other.get("closed"):
            found |= other["requests"].keys()
    return frozenset(found)


async def catch_up(event: Mapping[str, Any]) -> None:
    """Removes the trees of executors whose session is dead, and books what it left unbooked."""
    repository = await find_repository(Path(str(event["cwd"])))
    state = state_folder(str(repository.common_dir))
    await collect(repository, state)
    for file in sorted((Path(state) / "open").glob("*.json")):
        # One that still lives is booked again at its end: the newest row of a session holds.
        if file.stem != event.get("session_id"):
            close(state, file.stem)
            await enter_kept(repository, state, file.stem)
    save_table(repository)


async def remember(cwd: str, session: str) -> None:
    """Enters what the gate refused in a session, and asks it anew."""
    repository = await find_repository(Path(cwd))
    await enter_kept(repository, state_folder(str(repository.common_dir)), session)
    save_table(repository)


def save_table(repository: Repository) -> None:
    """Keeps what the gate says for the hook before a delegation."""
    save(state_folder(str(repository.common_dir)), "table", table(remembered(repository)))
