"""A session begins or ends: what it used is booked for good, what dead sessions left is removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import time
from typing import Any, Final

from sef.estimates import Estimates
from sef.experience import stratum_of
from sef.gate import Rule, gate
from sef.hooks.booking import FIELDS, read, summed
from sef.hooks.collecting import collect
from sef.hooks.delegating import EXECUTORS
from sef.hooks.records import append, load, rows, save, state_folder
from sef.model import Kind, Route, Tier
from sef.prices import PriceTable, Tokens
from sef.repository import find_repository

_DAYS: Final = 14
"""Days for which an outcome counts: afterwards an executor that was refused is tried again."""


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
    save(state, "table", table(rows(state), time()))
    (Path(state) / "open" / f"{session}.json").unlink(missing_ok=True)


def priced(known: Mapping[str, Any], elsewhere: frozenset[str]) -> tuple[Decimal, int]:
    """US dollars of all requests with a known price, each by itself; the number of the others."""
    prices, today = PriceTable(), datetime.now(UTC).date()
    total, unpriced = Decimal(0), 0
    for key, row in known["requests"].items():
        if key not in elsewhere:
            tokens = Tokens(**dict(zip(FIELDS, row[2:7], strict=True)))
            cost = prices.price(tokens, row[0], on=today)
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


def table(found: Iterable[Mapping[str, Any]], now: float) -> dict[str, Any]:
    """What the gate says of each executor, by its outcomes here and the prior of its tier.

    Costs are the prior's shares of the target's, because no target's run is measured here.
    """
    counts = {name: [0, 0] for name in EXECUTORS}
    for row in found:
        judged = row.get("event") in ("accepted", "rejected") and not row.get("kept")
        if judged and row.get("executor") in counts and now - row["at"] < _DAYS * 86_400:
            counts[row["executor"]][row["event"] == "rejected"] += 1
    return {name: _weighed(name, *seen) for name, seen in counts.items()}


def _weighed(name: str, accepted: int, rejected: int) -> dict[str, Any]:
    from dataclasses import replace

    tier = Tier(EXECUTORS[name]["tier"])
    kind = Kind(name.removeprefix("sef-"))
    route = Route(tier=tier, kind=kind, policy="standard", score=1.0, reason="native")
    known = Estimates().of(stratum_of(route), name, tier)
    rate = known.acceptance
    seen = replace(
        known,
        tried=accepted + rejected,
        acceptance=replace(rate, alpha=rate.alpha + accepted, beta=rate.beta + rejected),
        target=replace(known.target, error=0.0),
    )
    found = gate(seen, verify=0.0, rule=Rule())
    # With nothing seen here the prior alone refuses nobody.
    return {"pays": found.pays or not rejected, "reason": found.reason}


async def catch_up(event: Mapping[str, Any]) -> None:
    """Removes the trees of executors whose session is dead, and books what it left unbooked."""
    repository = await find_repository(Path(str(event["cwd"])))
    state = state_folder(str(repository.common_dir))
    await collect(repository, state)
    for file in sorted((Path(state) / "open").glob("*.json")):
        # One that still lives is booked again at its end: the newest row of a session holds.
        if file.stem != event.get("session_id"):
            close(state, file.stem)
