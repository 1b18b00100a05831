"""What a request used, as its record tells it, whichever version of the client wrote it.

What is needed for a sum and is not as expected raises Unexpected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sef.transcripts.lenient import as_dict, as_text, digest
from sef.transcripts.lines import Record

MOST: Final = 10**9
"""No request has more tokens; what says so is not understood."""


class Unexpected(Exception):
    """A record that should count cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one request used, as its record tells it."""

    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    web_searches: int
    web_fetches: int
    code_runs: int
    longest: int = 0
    """Prompt tokens of the longest pass, where there were several."""

    @property
    def prompt(self) -> int:
        """Tokens the model read at once."""
        return self.longest or self.whole_prompt

    @property
    def whole_prompt(self) -> int:
        """All tokens the model read, in all passes."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.whole_prompt + self.output

    @property
    def progress(self) -> tuple[int, int]:
        """Of two lines about a message the one with more of this is the later one."""
        return self.tokens, self.output


def usage(record: Record) -> Record | None:
    """The usage that an assistant's record holds; None where it is the client's own words.

    Raises Unexpected.
    """
    message = record.get("message")
    if not isinstance(message, dict):
        raise Unexpected
    if message.get("model") == "<synthetic>":
        return None
    said = message.get("usage")
    if not isinstance(said, dict) or not model(record):
        raise Unexpected
    return said


def used(said: Record) -> Used:
    """The same as counts. Raises Unexpected."""
    split, server = as_dict(said.get("cache_creation")), as_dict(said.get("server_tool_use"))
    hour = _count(split.get("ephemeral_1h_input_tokens"))
    short = _count(split.get("ephemeral_5m_input_tokens"))
    written = said.get("cache_creation_input_tokens")
    return Used(
        input=_count(said.get("input_tokens")),
        cache_read=_count(said.get("cache_read_input_tokens")),
        cache_write_5m=short if written is None else max(0, _count(written) - hour),
        cache_write_1h=hour,
        output=_count(said.get("output_tokens")),
        web_searches=_count(server.get("web_search_requests")),
        web_fetches=_count(server.get("web_fetch_requests")),
        code_runs=_count(server.get("code_execution_requests")),
        longest=_longest(said.get("iterations")),
    )


def _longest(passes: object) -> int:
    """Prompt tokens of the longest of several passes; 0 where there was one, or one is odd."""
    try:
        found = [sum(counts) for counts in _passes(passes)]
    except Unexpected:
        return 0
    return max(found) if len(found) > 1 else 0


def passes_are_odd(said: Record) -> bool:
    """True where the passes of a request cannot be understood; its sums do not hang on them."""
    try:
        return any(False for _ in _passes(said.get("iterations")))
    except Unexpected:
        return True


def _passes(passes: object) -> Iterator[list[int]]:
    """Prompt tokens of each pass, by class. Raises Unexpected."""
    named = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    for one in passes if isinstance(passes, list) else ():
        if isinstance(one, dict) and one.get("type") == "message":
            yield [_count(one.get(name)) for name in named]


def advice(said: Record) -> Iterator[tuple[str, Record]]:
    """The model and the usage of each adviser that the provider asked within the request.

    They are billed beside it, at their own model's prices.
    """
    passes = said.get("iterations")
    for one in passes if isinstance(passes, list) else ():
        found = as_dict(one)
        if found.get("type") == "advisor_message" and as_text(found.get("model")):
            yield as_text(found.get("model"))[:120], found


def key(record: Record, part: str = "") -> int:
    """Eight bytes of a hash of the request's id: the same in every copy of the record.

    Two of a million requests share one with odds of about 3 in 100 million. Raises Unexpected
    where the record has no id at all. `part` names one of several requests under one id.
    """
    names = (as_dict(record.get("message")).get("id"), record.get("requestId"), record.get("uuid"))
    for name in names:
        if isinstance(name, str) and name:
            return int.from_bytes(digest(name + part), "big")
    raise Unexpected


def ticket(record: Record) -> str:
    """The provider's id of the request; empty where it is not told."""
    return as_text(record.get("requestId"))[:120]


def model(record: Record) -> str:
    """The model that is billed: the one that was asked for, where the record tells both."""
    message = as_dict(record.get("message"))
    for said in (record.get("requestedModel"), message.get("requestedModel"), message.get("model")):
        if isinstance(said, str) and said:
            return said[:120]
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What changes a request's price beside its tokens."""

    batch: bool
    fast: bool
    us_only: bool
    """It could be served in the US only."""


def mode(said: Record) -> Mode:
    """The mode by a record's usage."""
    return Mode(
        batch=said.get("service_tier") == "batch",
        fast=said.get("speed") == "fast",
        us_only=said.get("inference_geo") == "us",
    )


def client_cost(record: Record) -> Decimal | None:
    """What an old client wrote as the request's price, in US dollars."""
    said = record.get("costUSD")
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < MOST:
        return None
    return Decimal(str(said))


def client_total(record: Record) -> Decimal | None:
    """What the client says that the session has cost so far, in US dollars."""
    for holder in (record, *(value for value in record.values() if isinstance(value, dict))):
        said = holder.get("totalCostUSD")
        if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < MOST:
            return Decimal(str(said))
    return None


def _count(value: object) -> int:
    if type(value) is int and 0 <= value <= MOST:
        return value
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer() and 0 <= value <= MOST:
        return int(value)
    raise Unexpected
