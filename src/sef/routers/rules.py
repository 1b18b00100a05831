"""The router that reads words: each rule speaks for a tier, and doubt goes up."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from sef.model import Kind, Request, Route, Task, Tier
from sef.routers.mechanical import mechanical
from sef.routers.signals import Signal, english, heads, signals
from sef.text import one_line, plain

_LONGEST: Final = 20_000  # characters; nobody states a small task at greater length
_WORDY: Final = 60  # words; a request this long is more than one unambiguous sentence
_BRIEF: Final = 20  # words; below it a tier 1 request is answered directly
_EMPTY: Final = re.compile(
    r"(?:\w+ )?(?:it|this|that|them|these|those|everything|things?|all|again)(?: (?:all|now|up))?"
    r"|go on|do what you think|(?!(?:lint|format|build|compile|mypy|ruff)\b)\w+",
    re.IGNORECASE,
)
_DOMAINS: Final = 4  # kinds of work in one request
_KINDS: Final = MappingProxyType({"tests": Kind.VALIDATE, "search": Kind.EXPLORE})


class RulesRouter:
    """Routes by the words of the request alone; the same text always gives the same route.

    Tier 0 needs a sentence that is understood as a whole. Otherwise the highest tier that any
    word speaks for wins, and a request in which nothing is recognised goes to the target.
    """

    def route(self, task: Task) -> Route:
        text = plain(task.text, _LONGEST + 1).strip()
        request = mechanical(text)
        route = _mechanical(request) if request else _judged(text)
        return replace(route, kind=task.kind or route.kind)


def _mechanical(request: Request) -> Route:
    said = one_line(f"{request.executor} {request.what} {request.subject}".strip())
    return Route(
        tier=Tier.NONE,
        kind=_KINDS[request.executor],
        policy="fast",
        score=1.0,
        reason=f"understood as a whole, no model needed: {said}",
        request=request,
    )


def _judged(text: str) -> Route:
    if len(text) > _LONGEST:
        return _retained(f"over {_LONGEST:,} characters, too long to judge by its words")
    if not english(text):
        return _retained("not in English, whose words are the only ones known here")
    if _EMPTY.fullmatch(text.strip(" \t\n.!?")) or not text:
        return _retained("too short to judge")
    fired = signals(text)
    if not fired:
        return _retained("nothing in it is recognised")
    return _weighed(text, fired)


def _retained(why: str) -> Route:
    return Route(
        tier=Tier.TARGET, kind=Kind.IMPLEMENT, policy="complex", score=0.3, reason=f"doubt: {why}"
    )


def _weighed(text: str, fired: tuple[Signal, ...]) -> Route:
    tier = max(signal.tier for signal in fired)
    agreeing = tuple(dict.fromkeys(s.words.lower() for s in fired if s.tier is tier))
    words = len(text.split())
    reason = ", ".join(f'"{one_line(said, 40)}"' for said in agreeing[:4])
    if tier is Tier.LIGHT and words > _WORDY:
        tier, reason = Tier.STANDARD, f"{reason}, in more words than a small task takes"
    return Route(
        tier=tier,
        kind=_kind(text, fired),
        policy=_policy(tier, words, len({s.kind for s in fired if s.kind})),
        score=_score(len(agreeing), len(fired)),
        reason=f"tier {int(tier)} for {reason}",
    )


def _score(agreeing: int, fired: int) -> float:
    """More words for the tier raise the confidence, words for other tiers lower it."""
    return round(min(0.9, 0.5 + 0.1 * agreeing) * (0.6 + 0.4 * agreeing / max(fired, 1)), 2)


def _policy(tier: Tier, words: int, domains: int) -> str:
    if tier is Tier.TARGET or domains >= _DOMAINS:
        return "complex"
    return "fast" if tier is Tier.LIGHT and words <= _BRIEF else "standard"


def _kind(text: str, fired: tuple[Signal, ...]) -> Kind:
    """The kind of the request's first words, unless a later request in it has to write."""
    named = [(signal.at, signal.kind) for signal in fired if signal.kind]
    begun = [kind for at, kind in named if heads(text, at)] or [kind for _, kind in named]
    if Kind.IMPLEMENT in begun:
        return Kind.IMPLEMENT
    writing = [kind for kind in begun if kind.writes]
    return next(iter(writing + begun), Kind.IMPLEMENT)
