"""What is known of a request that failed: whether the same one may succeed a moment later."""

from __future__ import annotations

from typing import Final

from sef.errors import DraftFailure, Transient
from sef.executors.line import Fault
from sef.executors.settings import ModelSettings
from sef.text import one_line

_LATER: Final = frozenset({408, 409, 429, 529})


def transient(error: BaseException) -> Fault | None:
    """What to do about an error that a request to a model raised; None where it is final.

    Final are all 4xx but 408, 409 and 429, quotas that are used up, refusals and limits. Transient
    are 5xx, connections that were refused, reset or cut, and answers that are no JSON.
    """
    from pydantic_ai.exceptions import (
        ContentFilterError,
        IncompleteToolCall,
        ModelAPIError,
        ModelConnectionError,
        ModelHTTPError,
        ModelQuotaExceededError,
        UnexpectedModelBehavior,
    )

    if isinstance(error, ModelQuotaExceededError | ContentFilterError | IncompleteToolCall):
        return None
    if isinstance(error, ModelHTTPError):
        return _by_status(error.status_code, error.retry_after)
    if isinstance(error, ModelConnectionError):
        return Fault(status=None, retry_after_s=None, reason="the connection broke")
    if isinstance(error, ModelAPIError):
        # An error in the stream is named, but may have no status: overloaded, for one.
        after = error.retry_after
        return Fault(status=None, retry_after_s=after, reason="the answer could not be read")
    if isinstance(error, UnexpectedModelBehavior):
        return Fault(status=None, retry_after_s=None, reason="the answer could not be read")
    return None


def _by_status(status: int, after: float | None) -> Fault | None:
    if status in _LATER or status >= 500:
        return Fault(status=status, retry_after_s=after, reason=f"the provider answered {status}")
    return None


def failure(error: Exception, settings: ModelSettings) -> DraftFailure:
    """What an error of a request means for the attempt: final, or Transient."""
    words = _said(error, settings.key)
    fault = transient(error)
    if fault is not None:
        later = Transient(f"{settings.model} was not served: {fault.reason} ({words})")
        later.retry_after_s = fault.retry_after_s
        return later
    hint = "Look at the executor's model, key and base_url in sef.toml."
    return DraftFailure(f"the request to {settings.model} was refused: {words}", hint=hint)


def _said(error: BaseException, key: str | None) -> str:
    """The provider's own words on an error, on one line and without the key."""
    from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError

    text = str(error)
    if isinstance(error, ModelAPIError) and error.body is not None:
        text = str(_message(error.body))
    if isinstance(error, ModelHTTPError):
        text = f"{error.status_code}: {text}"
    return one_line(text.replace(key, "[key]") if key else text, 300)


def _message(body: object) -> object:
    """The message in an error's body of either API."""
    for _ in range(2):
        if isinstance(body, dict):
            body = body.get("error") or body.get("message") or body
    return body
