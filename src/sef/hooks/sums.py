"""What the end of the journal says: outcomes of executors, and what sessions were booked for.

Rows are read from the newest back, so that of a session's bookings the first that is met holds.
"""

from __future__ import annotations

import os

from sef.hooks.booking import FIELDS
from sef.hooks.delegating import EXECUTORS
from sef.hooks.records import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

LARGEST = 2 * 2**20
"""Bytes of the journal that are read: its end."""
DAYS = 14
"""Rows of other sessions that count are no older."""
OUTCOMES = ("delegated", "accepted", "rejected", "failed", "refused")
OTHERS = "others"
"""Whoever is none of the five: an executor that wanted to hand on to somebody else's agent."""
PRICES = ("usd", "target_usd")
"""What a verdict's draft cost, and its tokens at the target's prices."""
_CALL, _WHO = ("session", "call"), ("session", "executor")
_TEXTS = {
    "delegated": (*_CALL, "executor"),
    "accepted": (*_WHO, *PRICES),
    "rejected": (*_WHO, *PRICES),
    "failed": (*_CALL, *PRICES),
    "refused": _WHO,
    "collected": (*_WHO, *PRICES),
}
"""The fields of an outcome that count."""
_FORMS = {
    event: [(one, f'"{one}": "'.encode()) for one in names] for event, names in _TEXTS.items()
}
_EVENT, _SESSION = b'"event": "', b'"session": "'


class Sums:
    """Outcomes by executor, and the bookings that hold; rows are taken newest first."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, int]] = {}
        self.prices: dict[str, dict[str, float]] = {}
        self.booked: dict[str, Mapping[str, Any]] = {}
        self.saved: float | None = None
        """US dollars, an estimate: below 0 they were lost. None where no price is known."""
        self._failed: dict[object, Mapping[str, Any]] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """Takes in a row that is older than those before."""
        event = row.get("event")
        if event == "booked":
            self.booked.setdefault(str(row.get("session")), row)
        elif event == "failed":
            # Only the call says whose it was; the row of its start comes yet.
            self._failed[row.get("call")] = row
        elif event == "collected" and row.get("executor"):
            self._count("failed", row)  # its session was killed
        elif event in OUTCOMES:
            self._count(str(event), row)
            ended = self._failed.pop(row.get("call"), None) if event == "delegated" else None
            if ended is not None:
                self._count("failed", {**ended, "executor": row.get("executor")})

    def _count(self, event: str, row: Mapping[str, Any]) -> None:
        name = row.get("executor")
        name = name if isinstance(name, str) and name in EXECUTORS else OTHERS
        self.outcomes.setdefault(name, dict.fromkeys(OUTCOMES, 0))[event] += 1
        for price in PRICES:
            dollars = _dollars(row[price]) if row.get(price) else None
            if dollars is not None:
                sums = self.prices.setdefault(name, {})
                sums[price] = sums.get(price, 0.0) + dollars
        self._estimate(event, row)

    def _estimate(self, event: str, row: Mapping[str, Any]) -> None:
        """What an accepted draft saved, if the target had needed its tokens; any other one lost."""
        usd, at_target = (_dollars(row[one]) if row.get(one) else None for one in PRICES)
        if usd is not None and event == "accepted" and at_target is not None:
            self.saved = (self.saved or 0.0) + at_target - usd
        elif usd is not None and event in ("rejected", "failed"):
            self.saved = (self.saved or 0.0) - usd

    def told(self) -> dict[str, Any]:
        """As an object: `executors` in the order of their tiers, and `used`."""
        ranked = (*EXECUTORS, OTHERS)
        names = sorted(self.outcomes, key=ranked.index)
        return {
            "executors": {name: self._of(name) for name in names},
            "used": used(self.booked.values()),
            "saved_estimate_usd": self.saved,
        }

    def _of(self, name: str) -> dict[str, Any]:
        counts, prices = self.outcomes[name], self.prices.get(name, {})
        return {**counts, **rates(counts), **{one: prices.get(one) for one in PRICES}}


def rates(counts: Mapping[str, int]) -> dict[str, float | None]:
    """Shares of calls that were let through, and of verdicts that rejected; None is of nothing."""
    calls = counts["delegated"] + counts["refused"]
    verdicts = counts["accepted"] + counts["rejected"]
    return {
        "delegation_rate": round(counts["delegated"] / calls, 4) if calls else None,
        "rejection_rate": round(counts["rejected"] / verdicts, 4) if verdicts else None,
    }


def used(bookings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Dollars of sessions that were booked for good; tokens alone of those that were not."""
    found: dict[str, Any] = {"usd": None, "priced_sessions": 0, "unpriced_sessions": 0}
    found |= {"requests": 0, "tokens": 0, "unpriced_requests": 0, "unpriced_tokens": 0}
    for row in bookings:
        requests, tokens = _tokens(row.get("models"))
        price = _dollars(row.get("usd")) if row.get("final") is True else None
        found["requests"] += requests
        found["tokens"] += tokens
        if price is None:
            found["unpriced_sessions"] += 1
            found["unpriced_requests"] += requests
            found["unpriced_tokens"] += tokens
        else:
            found["priced_sessions"] += 1
            found["usd"] = (found["usd"] or 0.0) + price + (_dollars(row.get("other_usd")) or 0.0)
            found["unpriced_requests"] += _whole(row.get("unpriced"))
    return found


def _tokens(models: object) -> tuple[int, int]:
    """Requests and tokens of all classes, over all models."""
    every = models.values() if isinstance(models, dict) else ()
    each = [one for one in every if isinstance(one, dict)]
    counts = (_whole(one.get(name)) for one in each for name in FIELDS)
    return sum(_whole(one.get("requests")) for one in each), sum(counts)


def _whole(value: object) -> int:
    return value if type(value) is int and 0 <= value < 10**15 else 0


def _dollars(value: object) -> float | None:
    """A price, which rows hold as text; None where there is none."""
    try:
        found = float(str(value)[:40])
    except ValueError:
        return None
    return found if -1e9 < found < 1e9 else None


def of_session(folder: str, session: str) -> Sums:
    """The sums of one session."""
    found = Sums()
    lines, _ = _end(folder)
    name = session.encode()
    for row in _rows(line for line in lines if name in line):
        if row.get("session") == session:
            found.take(row)
    return found


def of_all(folder: str, session: str, now: float) -> tuple[Sums, Sums, bool]:
    """The sums of a session, those of the last 14 days, and whether older rows were not read."""
    mine, everybody = Sums(), Sums()
    lines, cut = _end(folder)
    for row in _rows(lines):
        if row.get("session") == session:
            mine.take(row)
        at = row.get("at")
        if isinstance(at, int | float) and now - at < DAYS * 86_400:
            everybody.take(row)
    return mine, everybody, cut


def newest_session(folder: str) -> str:
    """The session of the newest row that has one; empty where there is none."""
    sessions = (row.get("session") for row in _rows(_end(folder)[0]))
    return next((one for one in sessions if isinstance(one, str) and one), "")


def _rows(lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Rows that count; of a session's bookings the newest alone, as the others do not hold.

    Outcomes are not parsed whole: thousands of them are counted while the user waits. A quotation
    mark within a text is escaped, so that none can be taken for a field.
    """
    seen = set()
    for line in lines:
        event = _string(line, _EVENT)
        if event in _FORMS and line.endswith(b"}"):
            row: dict[str, Any] = {"event": event, "at": _at(line)}
            for name, form in _FORMS[event]:
                row[name] = _string(line, form)
            yield row
        elif event == "booked":
            session = _string(line, _SESSION)
            whole = None if session in seen else parsed(line)
            if whole is not None:
                seen.add(session)
                yield whole


def _string(line: bytes, field: bytes) -> str:
    """The text of a field; empty where it has none."""
    start = line.find(field)
    if start < 0:
        return ""
    start += len(field)
    return line[start : line.find(b'"', start)].decode(errors="replace")


def _at(line: bytes) -> float | None:
    try:
        return float(line[7 : line.find(b",")])
    except ValueError:
        return None


def _end(folder: str) -> tuple[list[bytes], bool]:
    """The last whole lines of the journal, newest first, and whether there are more before."""
    try:
        # Nothing but a file is waited for.
        file = os.open(os.path.join(folder, "journal.jsonl"), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return [], False
    with open(file, "rb") as journal:
        size = os.fstat(file).st_size
        if not size:
            return [], False
        journal.seek(max(0, size - LARGEST))
        lines = journal.read(LARGEST).splitlines()
    # Where it is cut, the oldest line that was read is the end of one.
    return (lines[:0:-1], True) if size > LARGEST else (lines[::-1], False)
