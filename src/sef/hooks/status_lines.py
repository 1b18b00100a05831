"""The state of sef in words: about twelve lines of plain text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_MOST_AT_WORK = 4
_WIDEST = 300
_MARGIN = "   "
_OWNERS = {"project": "the project's", "user": "your", "plugin": "the plugin's"}


def lines(found: Mapping[str, Any]) -> list[str]:
    """The state, as `sef.hooks.status.state` gives it, without control codes."""
    return [_MARGIN * line.startswith(_MARGIN) + flat(line.strip()) for line in _lines(found)]


def flat(text: str, limit: int = _WIDEST) -> str:
    """The text on one line without control codes; what does that is imported where it must."""
    if len(text) <= limit and text.isprintable():
        return text
    from sef.text import one_line

    return one_line(text, limit)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield _where(found)
    yield from _at_work(found["at_work"])
    session = found["session"]
    which = "This session" if found["answers"] else "The newest session"
    if session["id"]:
        yield from _sums(f"{which} ({session['id'][:8]})", session)
    days = found["days_14"]
    if days["cut"]:
        yield "The journal is long: only its end was read, so sums may be too low."
    yield from _sums("The last 14 days", days, with_rates=True)
    kept = found["kept"]
    if kept["patches"]:
        yield f"Kept patches, not merged: {kept['patches']}, in {kept['folder']}"
    for name, reason in found["refused"].items():
        yield f"Refused for now: {name}. {reason}"
    yield "Next: `sef claude doctor` looks for what is wrong, `sef report` tells of a run."


def _where(found: Mapping[str, Any]) -> str:
    places = found["places"]
    there = [f"{one['scope']} {one['version']}" for one in places if one["version"]]
    installed = f"installed: {', '.join(there)}" if there else "not installed as files"
    if found["on"]:
        owners = [found["answers"]] if found["answers"] else _owners(places)
        return f"sef is on: {' and '.join(_OWNERS[one] for one in owners)} hooks ({installed})."
    if found["hooks_disabled_in"]:
        return f"sef is off: {found['hooks_disabled_in'][0]} says disableAllHooks ({installed})."
    return f"sef is off: no settings here tell of its hooks ({installed})."


def _owners(places: Sequence[Mapping[str, Any]]) -> list[str]:
    owners = [str(one["scope"]) for one in places if one["hooks"]]
    return owners + ["plugin"] * (not owners)


def _at_work(working: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not working:
        yield "At work: nobody."
    for one in working[:_MOST_AT_WORK]:
        where = f", in {one['tree']}" if one["tree"] else ""
        span = "" if one["seconds"] is None else f", for {_span(one['seconds'])}"
        yield f"At work: {one['executor']}{span}{where}."
    if len(working) > _MOST_AT_WORK:
        yield f"At work: {len(working) - _MOST_AT_WORK} more."


def _sums(title: str, sums: Mapping[str, Any], *, with_rates: bool = False) -> Iterator[str]:
    if not sums["executors"]:
        yield f"{title}: nothing was handed out."
        return
    yield f"{title}:"
    for name, counts in sums["executors"].items():
        told = _counts(counts) + (_rates(counts) if with_rates else "")
        yield f"{_MARGIN}{name}: {told}"
    yield f"{_MARGIN}{_used(sums['used'])}"
    saved = sums["saved_estimate_usd"]
    if saved is not None:
        about = f"{'Saved' if saved >= 0 else 'Lost'} about ${abs(saved):,.2f}"
        how = "an estimate: accepted drafts at the target's prices, less all drafts."
        yield f"{_MARGIN}{about}, {how}"


def _counts(counts: Mapping[str, Any]) -> str:
    names = ("delegated", "accepted", "rejected", "failed", "refused")
    always = ("delegated", "accepted", "rejected")
    told = ", ".join(f"{counts[one]} {one}" for one in names if counts[one] or one in always)
    return told + _cost(counts["usd"], counts["target_usd"])


def _cost(usd: float | None, target: float | None) -> str:
    if usd is None:
        return ""
    at_target = "" if target is None else f" (${target:,.2f} at the target's prices)"
    return f", ${usd:,.2f}{at_target}"


def _rates(counts: Mapping[str, Any]) -> str:
    through, rejected = counts["delegation_rate"], counts["rejection_rate"]
    told = [] if through is None else [f"{through:.0%} of calls let through"]
    told += [] if rejected is None else [f"{rejected:.0%} of verdicts rejected"]
    return f" ({', '.join(told)})" if told else ""


def _used(used: Mapping[str, Any]) -> str:
    told = []
    if used["usd"] is not None:
        which = _number(used["priced_sessions"], "session")
        told.append(f"booked ${used['usd']:,.2f} for {which}")
    if used["unpriced_sessions"]:
        requests = _number(used["unpriced_requests"], "request")
        told.append(f"so far, without prices, {used['unpriced_tokens']:,} tokens in {requests}")
    return ("; ".join(told) or "nothing is booked yet") + "."


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3_600} h"
