"""What a call asked models and what they said it used: a fold over the client's messages.

A request is booked when it ends, from the events of its stream, whose last usage is the one that
is billed; the client's own record of a message has the usage of the stream's beginning. Answers
that were not streamed are booked from their message. At the end the client's own sums per model
show what was not in the stream of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from sef.executors.settings import ModelSettings
from sef.model import Usage
from sef.prices import Tokens
from sef.steps import ModelStep
from sef.text import one_line

_SYNTHETIC: Final = "<synthetic>"
_MOST: Final = 10**9
CONNECTION: Final = "the connection failed or was cut"

Said = Mapping[str, object]


@dataclass(slots=True)
class _Request:
    """One that has not ended."""

    began: float
    id: str = ""
    model: str | None = None
    streamed: bool = False
    whole: bool = False
    """True when the stream said why it ended: the client also ends one that was cut."""
    usage: dict[str, object] = field(default_factory=dict)


class Account:
    """The requests of one call, in the order they ended."""

    def __init__(
        self,
        settings: ModelSettings,
        *,
        plan: bool,
        now: Callable[[], float],
        today: Callable[[], date],
    ) -> None:
        self.steps: list[ModelStep] = []
        self.stopped: str | None = None
        """Why the model stopped last, in the words of the Messages API."""
        self.lost = CONNECTION
        """Why a request that has no answer and no HTTP status has none."""
        self._settings = settings
        self._plan = plan
        self._quota: float | None = None
        self._now = now
        self._today = today
        self._open: _Request | None = None
        self._known: set[str] = set()

    def requesting(self) -> Iterator[ModelStep]:
        """The client said that it asks a model now."""
        yield from self._closed()
        self._open = _Request(began=self._now())
        self.stopped = None

    def streamed(self, event: Said) -> Iterator[ModelStep]:
        """An event of an answer's stream."""
        kind = event.get("type")
        if kind == "message_start":
            self._begin(_mapping(event.get("message")), streamed=True)
        elif kind == "message_delta" and self._open:
            self._open.usage |= _present(event.get("usage"))
            reason = _mapping(event.get("delta")).get("stop_reason")
            self._open.whole = reason is not None
            self._stop(reason)
        elif kind == "message_stop" and self._open and self._open.whole:
            yield from self._closed()

    def message(self, said: Said) -> Iterator[ModelStep]:
        """A message of the model: its id, its model, its usage."""
        if said.get("model") == _SYNTHETIC:
            # The client's own words where no answer came, or none that it takes.
            return
        number = str(said.get("id"))
        if number in self._known and (self._open is None or self._open.id != number):
            return
        if self._open and self._open.id == number:
            if not self._open.streamed:
                self._open.usage |= _present(said.get("usage"))
            return
        if self._open and self._open.id:
            yield from self._closed()
        self._begin(said, streamed=False)
        self._stop(said.get("stop_reason"))

    def answered(self) -> Iterator[ModelStep]:
        """What follows a message began: an answer that was not streamed has ended."""
        if self._open and self._open.id and not self._open.streamed:
            yield from self._closed()

    def retried(self, status: object) -> Iterator[ModelStep]:
        """The client asks again because of a fault."""
        yield self._failed(status)
        self._open = _Request(began=self._now())

    def quota(self, share: object) -> None:
        """The share of a subscription's window that is used up, as the provider said."""
        if isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 100:
            self._quota = max(self._quota or 0.0, float(share))

    def cut(self) -> Iterator[ModelStep]:
        """The open request, where there is one, ended without an answer."""
        if self._open is not None:
            yield self._failed(None)

    def ended(self, status: object, sums: object, *, failed: bool) -> Iterator[ModelStep]:
        """The client's result: whether the last request failed, with which HTTP status, and its
        sums."""
        if not failed:
            yield from self.answered()
        if self._open is not None:
            yield self._failed(status)
        yield from self._unseen(_mapping(sums))

    def _begin(self, message: Said, *, streamed: bool) -> None:
        began = self._open.began if self._open else self._now()
        self._open = _Request(
            began=began,
            id=str(message.get("id")),
            model=one_line(str(message.get("model") or ""), 100) or None,
            streamed=streamed,
            usage=_present(message.get("usage")),
        )
        self._known.add(self._open.id)

    def _stop(self, reason: object) -> None:
        if isinstance(reason, str):
            self.stopped = reason

    def _closed(self) -> Iterator[ModelStep]:
        if self._open and self._open.streamed and not self._open.whole:
            # The client goes on after an answer that was cut, without a word.
            yield self._failed(None)
            return
        request, self._open = self._open, None
        if request is None or not request.id:
            return
        yield self._kept(
            ModelStep(
                requested=self._settings.model,
                billed=request.model,
                usage=self._usage(request, self._price(request)),
            )
        )

    def _failed(self, status: object) -> ModelStep:
        """A request without an answer: free where an error was sent instead, else unknown."""
        request, self._open = self._open or _Request(self._now()), None
        refused = isinstance(status, int) and not request.id
        said = f"HTTP {status}" if isinstance(status, int) else self.lost
        return self._kept(
            ModelStep(
                requested=self._settings.model,
                billed=request.model,
                usage=self._usage(request, Decimal(0) if refused else None),
                failed=said,
            )
        )

    def _kept(self, step: ModelStep) -> ModelStep:
        self.steps.append(step)
        return step

    def _usage(self, request: _Request, cost: Decimal | None) -> Usage:
        used = tokens_of(request.usage)
        return Usage(
            cost_usd=cost,
            seconds=max(0.0, self._now() - request.began),
            model=request.model,
            input_tokens=used.input,
            output_tokens=used.output,
            cache_read_tokens=used.cache_read,
            cache_write_tokens=used.cache_write_5m + used.cache_write_1h,
            requests=1,
            plan=self._plan,
            quota=self._quota,
        )

    def _price(self, request: _Request) -> Decimal | None:
        if request.model is None:
            return None
        return self._settings.prices.price(
            tokens_of(request.usage),
            request.model,
            on=self._today(),
            provider=self._settings.provider,
            fast=request.usage.get("speed") == "fast",
            us_only=request.usage.get("inference_geo") == "us",
        )

    def _unseen(self, sums: Said) -> Iterator[ModelStep]:
        """What the client booked beyond the requests that were seen, one step a model."""
        seen = [one.usage for one in self.steps]
        for name, booked in sums.items():
            # The client books by the model that was asked for, whoever answered.
            others = sums.keys() - {name}
            mine = name == self._settings.model
            known = [u for u in seen if (u.model not in others if mine else u.model == name)]
            left = _less(_mapping(booked), known)
            if any(left.values()):
                yield self._kept(self._residual(one_line(name, 100), left))

    def _residual(self, model: str, left: dict[str, object]) -> ModelStep:
        request = _Request(began=self._now(), model=model, usage=left)
        usage = self._usage(request, self._price(request))
        return ModelStep(requested=self._settings.model, billed=model, usage=usage)


def tokens_of(usage: Said) -> Tokens:
    """The tokens in a usage object of the Messages API; what is malformed counts as none."""
    creation = _mapping(usage.get("cache_creation"))
    written = _count(usage.get("cache_creation_input_tokens"))
    hour = min(_count(creation.get("ephemeral_1h_input_tokens")), written)
    return Tokens(
        input=_count(usage.get("input_tokens")),
        cache_read=_count(usage.get("cache_read_input_tokens")),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        output=_count(usage.get("output_tokens")),
        web_searches=_count(_mapping(usage.get("server_tool_use")).get("web_search_requests")),
    )


def _less(booked: Said, seen: list[Usage]) -> dict[str, object]:
    """A usage object of what the client booked, less what was seen; never below zero."""
    classes = {
        "input_tokens": ("inputTokens", "input_tokens"),
        "output_tokens": ("outputTokens", "output_tokens"),
        "cache_read_input_tokens": ("cacheReadInputTokens", "cache_read_tokens"),
        "cache_creation_input_tokens": ("cacheCreationInputTokens", "cache_write_tokens"),
    }
    return {
        name: max(0, _count(booked.get(theirs)) - sum(getattr(one, ours) for one in seen))
        for name, (theirs, ours) in classes.items()
    }


def _present(value: object) -> dict[str, object]:
    return {k: v for k, v in _mapping(value).items() if v is not None}


def _mapping(value: object) -> Said:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), _MOST)
