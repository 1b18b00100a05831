"""An audit's numbers in words, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Object = dict[str, Any]

TIERS: Final = ("no model", "light", "standard", "target")
CLASS_NAMES: Final = (
    ("input", "not cached"),
    ("cache_read", "cache reads"),
    ("cache_write_5m", "cache writes, 5 min"),
    ("cache_write_1h", "cache writes, 1 h"),
    ("output", "output"),
    ("web_searches", "web searches"),
    ("undivided", "not divided"),
)
USUAL_CLASSES: Final = 5
"""Of those the ones that are shown though nothing was paid for them."""
_MOST_UNKNOWN: Final = 20


def dollars(amount: float | None) -> str:
    """Cents from a dollar on, four digits below; None is unknown."""
    if amount is None:
        return "unknown"
    said = f"${abs(amount):,.2f}" if abs(amount) >= 1 else f"${abs(amount):.4f}"
    return f"-{said}" if amount < 0 and said != "$0.0000" else said


def classes(measured: Object) -> list[tuple[str, float]]:
    """What was paid for, and how much."""
    amounts = measured["by_class_usd"]
    return [
        (shown, amounts[name])
        for at, (name, shown) in enumerate(CLASS_NAMES)
        if at < USUAL_CLASSES or amounts[name]
    ]


def cost(one: Object) -> str:
    """What requests cost; where some have no price, what the others do."""
    if one["cost_usd"] is not None:
        return dollars(one["cost_usd"])
    return f"{dollars(one['priced_usd'])} + unknown" if one["priced_usd"] else "unknown"


def short(number: int) -> str:
    """A count with at most four digits."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            shown = number / size
            return f"{shown:.1f}{letter}" if shown < 100 else f"{shown:.0f}{letter}"
    return str(number)


def share(part: float | None, whole: float | None) -> str:
    """Per cent; empty where there is nothing to divide."""
    if not whole or part is None:
        return ""
    return f"{100 * part / whole:.0f} %"


def tier_name(name: str | int | None) -> str:
    """A tier as people call it."""
    return TIERS[int(name)] if str(name) in "0123" and name is not None else "unknown"


def span(values: Object) -> str:
    """An interval with its middle."""
    low, high = dollars(values["low"]), dollars(values["high"])
    middle = values.get("middle")
    return f"{low} to {high}" + ("" if middle is None else f", middle {dollars(middle)}")


def headline(said: Object) -> str:
    """What was looked at."""
    scope, total = said["scope"], said["measured"]["total"]
    days = f"{scope['first_day']} to {scope['last_day']}" if scope["first_day"] else "no dated work"
    where = f" in {scope['project']}" if scope["project"] else ""
    return (
        f"Claude Code work{where}, {days}: {scope['sessions']:,} sessions, {scope['tasks']:,}"
        f" instructions, {total['requests']:,} requests"
    )


def price_line(said: Object) -> str:
    """Where the prices come from, and what they do not say."""
    prices = said["prices"]
    return (
        f"Prices: {prices['source']} (newest price from {prices['newest_price_from']}), by the day"
        " of each request, as the API is billed. A subscription is not billed by tokens, and the"
        " transcripts do not tell its quota."
    )


def _unknown_line(one: Object) -> str:
    model, requests = one["model"], f"{one['requests']:,} requests"
    used = f"{requests}, {short(one['tokens'])} tokens"
    if one["missing"] == "date":
        return f"no date, so no price of its day: {model}, {used}"
    if one["missing"] == "searches":
        return (
            f"no price known for the web searches of {model}: {requests} with"
            f" {one['web_searches']:,} searches; name one (web_search) with --prices FILE"
        )
    mode = " in a batch or in fast mode" if one["missing"] == "mode" else ""
    return f"no price known for {model}{mode}: {used}; name one with --prices FILE"


def unknown_lines(said: Object) -> Iterator[str]:
    """What has no price, and why; the largest first."""
    unknown = said["prices"]["unknown"]
    yield from map(_unknown_line, unknown[:_MOST_UNKNOWN])
    if rest := unknown[_MOST_UNKNOWN:]:
        yield (
            f"and {len(rest):,} more without a price (--json):"
            f" {sum(one['requests'] for one in rest):,} requests,"
            f" {short(sum(one['tokens'] for one in rest))} tokens"
        )
    if said["prices"]["client_priced_requests"]:
        yield (
            f"{said['prices']['client_priced_requests']:,} requests are priced as an old client"
            " wrote it down"
        )


def reading_lines(said: Object) -> Iterator[str]:
    """What was read, and everything that could not be."""
    read = said["reading"]
    yield f"read {read['bytes'] / 1e6:,.1f} MB in {read['files']:,} files"
    yield f"lines not understood: {read['lines_not_understood']:,} of {read['lines']:,}"
    if kinds := read["unknown_kinds"]:
        yield f"records of kinds not known here: {_counted(kinds)}"
    if read["unreadable"]:
        named = ", ".join(read["unreadable"][:5])
        yield f"could not be read: {len(read['unreadable'])} files or folders ({named})"
    for field, words in (
        ("requests_told_twice", "requests that a second file tells too, counted once"),
        ("requests_after_today", "requests dated after today, in no picture of days"),
        ("requests_without_date", "requests without a date"),
        ("left_out_without_date", "of those, left out because of --since"),
        ("sessions_back_in_time", "sessions in which time goes back by more than a minute"),
    ):
        if read[field]:
            yield f"{words}: {read[field]:,}"


def _counted(kinds: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in list(kinds.items())[:8])


def waste_lines(said: Object) -> Iterator[str]:
    """Work that led nowhere."""
    waste, reckoned = said["measured"]["waste"], said["estimated"]
    yield (
        f"interrupted {waste['interruptions']:,} times; the last requests before cost"
        f" {dollars(waste['interrupted_usd'])}"
    )
    yield (
        f"failed tool calls {waste['failed_tool_uses']:,} of {waste['tool_uses']:,}; their share of"
        f" their requests {dollars(waste['failed_tool_uses_usd'])}"
    )
    yield (
        f"files read again unchanged {waste['repeated_reads']:,} times,"
        f" {short(waste['repeated_read_characters'])} characters; estimated"
        f" {dollars(reckoned['repeated_reads_usd'])}"
    )


def context_lines(said: Object) -> Iterator[str]:
    """How much each request read."""
    for one in said["measured"]["context"]:
        yield (
            f"{'the session' if one['maker'] == 'main' else 'agents'}: half of {one['requests']:,}"
            f" requests read more than {short(one['p50_tokens'])} tokens, a tenth more than"
            f" {short(one['p90_tokens'])}, the most {short(one['max_tokens'])};"
            f" {one['above_100k']:,} above 100k"
        )


def client_line(said: Object) -> str | None:
    """The clients' own totals beside ours; None where no client wrote one."""
    one = said["measured"]["client_totals"]
    left = one["sessions_left_out"]
    aside = f"; {left:,} more sessions have one that cannot be compared" if left else ""
    if not one["sessions"]:
        return f"no client's total can be compared{aside}" if left else None
    return (
        f"{one['sessions']:,} sessions have the client's own total: {dollars(one['client_usd'])},"
        f" of which transcripts tell {dollars(one['transcripts_usd'])}; the other"
        f" {dollars(one['not_in_transcripts_usd'])} (compaction, hooks, cut streams) are in no"
        f" sum here{aside}"
    )


def tier_lines(said: Object) -> Iterator[str]:
    """The tasks that could have been drafted, by tier and model."""
    for one in said["estimated"]["policy"]["tiers"]:
        fate = "drafted" if one["drafted"] else "left alone, drafting loses"
        yield (
            f"tier {one['tier']} ({tier_name(one['tier'])}), {one['tasks']:,} tasks of"
            f" {one['worked']} by {one['model']}: {dollars(one['cost_usd'])}, {fate}:"
            f" {span(one['saved_if_drafted_usd'])}"
        )


def estimate_lines(said: Object) -> Iterator[str]:
    """What was reckoned, without its assumptions."""
    reckoned = said["estimated"]
    policy, handed = reckoned["policy"], reckoned["handovers"]
    if policy["tasks_drafted"]:
        yield (
            f"drafting {policy['tasks_drafted']:,} tasks that cost"
            f" {dollars(policy['their_cost_usd'])} would have saved {span(policy['saved_usd'])}"
        )
    else:
        yield "the policy would have drafted nothing, and saved nothing"
    if policy["left_alone"]:
        yield f"left as they were: {_counted(policy['left_alone'])}"
    if handed["judged"]:
        yield (
            f"hand-overs to {handed['judged']:,} agents ({dollars(handed['agents_usd'])}) saved"
            f" {span(handed['saved_usd'])}; {handed['lost_money']:,} of them lost at least"
            f" {dollars(handed['lost_usd_at_least'])}; {handed['below_five_requests']:,} took fewer"
            " than 5 requests"
        )
    switches = reckoned["model_switches"]
    yield (
        f"model switches in mid-work: {switches['switches']:,}, {short(switches['tokens'])} tokens"
        f" cached anew, {dollars(switches['cost_usd'])}"
    )
