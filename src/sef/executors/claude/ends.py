"""How a call ends: what the client's result means."""

from __future__ import annotations

import re
from typing import Any, Final

from sef.errors import DraftFailure, Transient
from sef.executors.claude.account import CONNECTION
from sef.executors.settings import Limits
from sef.handback import HandBack, handed_back, handed_back_in
from sef.model import Usage
from sef.text import one_line, plain

_PASSING: Final = frozenset({408, 409, 425, 429})
_KEPT: Final = 4_000
_UNREADABLE: Final = re.compile(r"\bJSON\b|malformed response", re.IGNORECASE)
"""How the client 2.1.330 says that it took no sense from an answer; there is no field for it."""
_SIGN_IN: Final = "Check the key, or sign in again with Claude Code."


def hand_back(result: Any) -> HandBack | None:
    """The form that the result holds, filled in by a tool or written as text."""
    back = handed_back(result.structured_output)
    if back is None and isinstance(result.result, str):
        back = handed_back_in(result.result)
    return back


def failure(result: Any, *, stopped: str | None, said: str, turns: int) -> DraftFailure | None:
    """Why there is no draft; None where there is one. `said` is the model's last text."""
    if result.subtype == "error_max_turns":
        return _with(said, f"it used up its {turns} requests to the model")
    if result.subtype == "error_max_budget_usd":
        return _with(said, "it used up its budget in US dollars")
    if stopped == "refusal":
        return _with(said, "the model refused")
    if stopped == "max_tokens":
        return _with(said, "the model's answer was cut at its longest")
    if result.subtype == "success" and result.is_error:
        return _of_provider(result)
    if result.subtype == "success" and hand_back(result) is not None:
        return None
    if result.subtype in ("success", "error_max_structured_output_retries"):
        return _with(said, "it ended without handing back its work in the form asked for")
    told = "; ".join(str(one) for one in (result.errors or ())[:5]) or result.subtype
    return _with(said, f"the client ended with an error: {one_line(told, 400)}")


def crossed(limits: Limits, usage: Usage) -> str | None:
    """The limit that was crossed, in words."""
    tokens = usage.input_tokens + usage.output_tokens
    tokens += usage.cache_read_tokens + usage.cache_write_tokens
    if usage.requests > limits.requests:
        return f"it used up its {limits.requests} requests to the model"
    if tokens > limits.tokens:
        return f"it used up its {limits.tokens} tokens, with {tokens}"
    if limits.usd is not None and usage.cost_usd is not None and usage.cost_usd > limits.usd:
        return f"it used up its {limits.usd} US dollars"
    return None


def unanswered(told: object) -> str:
    """Why there is no answer where there is no HTTP status of an error, by the client's words."""
    if _UNREADABLE.search(str(told or "")[:1_000]):
        return "the answer could not be read"
    return CONNECTION


def _of_provider(result: Any) -> DraftFailure:
    status = result.api_error_status
    told = one_line(result.result or "", 400)
    if status is None:
        return Transient(
            f"the request to the provider failed: {unanswered(result.result)} ({told})"
        )
    if status in _PASSING or status >= 500:
        return Transient(f"the provider did not answer ({status}): {told}")
    hint = _SIGN_IN if status in (401, 403) else None
    return DraftFailure(f"the provider refused the request ({status}): {told}", hint=hint)


def _with(said: str, reason: str) -> DraftFailure:
    """The failure, with what the model said last, as findings for whoever goes on."""
    kept = plain(said, _KEPT).strip()
    return DraftFailure(f"{reason}; it said last:\n{kept}" if kept else reason)
