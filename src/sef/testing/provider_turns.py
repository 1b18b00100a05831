"""What a loopback provider is to say: turns, what they claim to have used, and faults as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sef.testing.provider_request import Request

Matcher = Callable[[Request], bool]
"""True for a request that the turn may answer."""
Stop = Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "refusal", "pause_turn"]
"""Why a model stopped, in the words of the Messages API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Tokens that an answer claims to have used. Nothing is counted; this is what is booked."""

    input_tokens: int = 10
    """Prompt tokens that no cache served."""
    output_tokens: int = 5
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    """Written to the cache for five minutes."""
    cache_write_1h_tokens: int = 0
    """Written to the cache for an hour."""

    @property
    def cache_write_tokens(self) -> int:
        """Both kinds of cache writes together."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def prompt_tokens(self) -> int:
        """All prompt tokens, cached or not: what OpenAI's `prompt_tokens` counts."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider answers with an error status and an error body of the API that was asked."""

    status: int
    """400 to 599; 529 is Anthropic's "overloaded"."""
    kind: str
    """The error's type, such as "rate_limit_error"."""
    retry_after_s: int | None = None
    """Seconds in the Retry-After header; None sends none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The connection ends in the middle of the answer, streamed or not."""

    after_events: int = 2
    """Events of a stream that arrive whole; of a JSON answer, half of the body arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset before a byte of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Status 200 and the content type that was expected, with a body or event that is no JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongType:
    """Status 200 and a page of another content type, as a proxy's login page would be."""

    content_type: str = "text/html; charset=utf-8"


Fault = Refused | Cut | Reset | Garbage | WrongType


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the provider, and which requests it is for."""

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, object] | str], ...] = ()
    """Tools to call, (name, input), after the text. A string is sent as the input's JSON text as
    it is, whole or broken."""
    thinking: str = ""
    """Sent as a thinking block before the text; chat completions have no place for it."""
    used: Used = Used()
    stop: Stop | None = None
    """None is "tool_use" where tools are called, else "end_turn"."""
    model: str | None = None
    """The model that the answer names; None is the one asked for."""
    delay_s: float = 0.0
    """Seconds before the first byte."""
    fault: Fault | None = None
    """What goes wrong instead of, or in, the answer."""
    when: Matcher | None = None
    """Which requests it may answer; None is any."""
    times: int | None = 1
    """How often it is played; None is without end."""

    @property
    def stopped(self) -> Stop:
        """Why the model stopped: as given, else by whether tools are called."""
        return self.stop or ("tool_use" if self.calls else "end_turn")


FAULTS: Final[Mapping[str, Turn]] = MappingProxyType(
    {
        "rate limited": Turn(
            fault=Refused(status=429, kind="rate_limit_error", retry_after_s=1),
        ),
        "overloaded": Turn(fault=Refused(status=529, kind="overloaded_error")),
        "server error": Turn(fault=Refused(status=500, kind="api_error")),
        "stream cut": Turn(text="half of this arrives", fault=Cut()),
        "connection reset": Turn(fault=Reset()),
        "garbage JSON": Turn(text="unseen", fault=Garbage()),
        "wrong content type": Turn(text="unseen", fault=WrongType()),
        "malformed tool input": Turn(calls=(("Read", '{"file_path": '),)),
        "unknown tool": Turn(calls=(("NoSuchTool", {"why": "no client has it"}),)),
        "max_tokens": Turn(text="This sentence was cut", stop="max_tokens"),
        "refusal": Turn(text="I cannot help with that.", stop="refusal"),
        "another model": Turn(text="hello", model="another-model"),
        "slow first byte": Turn(text="hello", delay_s=2.0),
    }
)
"""Every fault that a provider is known to show, by name, for suites that go through them all.
`dataclasses.replace(turn, when=..., times=None)` fits one to a script."""
