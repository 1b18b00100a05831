"""The router that reads words: each rule speaks for a tier, and doubt goes up.

How a tier is decided, the first that applies:

1. The whole sentence is a mechanical request: tier 0, no model.
2. It cannot be judged: too long, not in English, or about something that was said before
   (`needs_context`): tier 3, retained.
3. A phrase of one of the seven criteria of tier 3 (architecture, a subtle bug, performance,
   security, a coordinated change, a novel algorithm, open requirements), a verb of design or
   audit, or trouble that no message, trace or way to see it pins down: tier 3.
4. Every clause that asks for something asks for reading, running, a simple use of git, a
   document, a fixed text, or a fact that can be looked up: tier 1. One that asks for more: tier 2.
5. Nothing in it asks for anything known: tier 3.

What is pasted (fences, traces, logs) is evidence and not a request: its words do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from sef.model import Kind, Request, Route, Task, Tier
from sef.routers.context import needs_context, stands_alone
from sef.routers.deep import Deep, deep
from sef.routers.heads import Ask, about_documents, asks
from sef.routers.language import english
from sef.routers.mechanical import mechanical
from sef.routers.questions import question
from sef.routers.reading import Clause, clauses, unpasted, unquoted
from sef.routers.slash import slash
from sef.routers.trouble import pinned, trouble
from sef.routers.words import Found
from sef.text import one_line, plain

_LONGEST: Final = 20_000  # characters; nobody states a small task at greater length
_READ: Final = 1_200  # characters of prose; a longer one is not judged by its words
_BEGINNING: Final = 600  # characters that are read as requests; all are read for depth
_EVIDENCE: Final = 1_000  # characters in which a message or a trace is looked for
_WORDY: Final = 60  # words; a request this long is more than one unambiguous sentence
_CURT: Final = 40  # the same for what is looked up or run rather than written down
_BRIEF: Final = 20  # words; below it a tier 1 request is answered directly
_DOMAINS: Final = 4  # kinds of work in one request
_KINDS: Final = MappingProxyType({"tests": Kind.VALIDATE, "search": Kind.EXPLORE})
_WISH: Final = re.compile(
    r"\b(?:should(?:n't)?|wants?|wish|i'd like|i would like|needs?|must(?:n't)?|doesn't|don't"
    r"|didn't|isn't|aren't|not|instead|would|wouldn't|too|never|always|missing)\b"
)


class RulesRouter:
    """Routes by the words of the request alone; the same text always gives the same route."""

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
    command = slash(text)
    if command is None:
        return _read(text, ())
    given = (command.ask,) if command.ask else ()
    if command.closed:
        return _weighed(given, (), 1) if given else _retained("a command that is not known here")
    return _read(command.rest, given)


def _read(text: str, given: tuple[Ask, ...]) -> Route:
    """The route of a request in prose; `given` is what a command in front of it asks for."""
    bare = unpasted(text).lower().strip()
    if len(bare) > _READ:
        return _retained(f"over {_READ:,} characters of prose, too long to judge by its words")
    if not english(bare):
        return _retained("not in English, whose words are the only ones known here")
    if not given and (why := needs_context(text, bare)):
        return replace(_retained(why), needs_context=True)
    said = unquoted(bare)
    fired = deep(said)
    found = (*given, *_asked(clauses(said[:_BEGINNING])))
    words = len(bare.split())
    heavy = [ask.words for ask in found if ask.tier > Tier.LIGHT]
    if not fired and not _in_prose(found) and (what := trouble(bare, heavy)):
        if not pinned(bare, text[:_EVIDENCE].lower()):
            return _search(what, found)
        found += (Ask(tier=Tier.STANDARD, kind=Kind.IMPLEMENT, words=what),)
    if not found and not fired:
        short = words <= _BRIEF and not stands_alone(bare)
        return replace(_retained("it asks for nothing that is known here"), needs_context=short)
    return _weighed(found, fired, words)


def _retained(why: str) -> Route:
    return Route(
        tier=Tier.TARGET, kind=Kind.IMPLEMENT, policy="complex", score=0.3, reason=f"doubt: {why}"
    )


def _search(what: str, found: tuple[Ask, ...]) -> Route:
    return Route(
        tier=Tier.TARGET,
        kind=_kind(found, ()),
        policy="complex",
        score=0.5,
        reason=f'tier 3 for "{one_line(what, 40)}": no message, trace or way to see it',
    )


def _asked(parts: Iterable[Clause]) -> Iterator[Ask]:
    """What each clause asks for."""
    in_docs = False
    for clause in parts:
        ask = _ask(clause, in_docs)
        if ask:
            in_docs = ask.kind is Kind.DOCUMENT
            yield ask
        elif clause.said.startswith("in "):
            in_docs = about_documents(clause)


def _ask(clause: Clause, in_docs: bool) -> Ask | None:
    known = asks(clause, in_docs=in_docs)
    return known or question(clause) or _wished(clause, in_docs)


def _wished(clause: Clause, in_docs: bool) -> Ask | None:
    """A statement of how things should be."""
    wish = None if in_docs else _WISH.search(clause.text)
    return wish and Ask(tier=Tier.STANDARD, kind=Kind.IMPLEMENT, words=wish[0])


def _weighed(found: tuple[Ask, ...], fired: tuple[Found[Deep], ...], words: int) -> Route:
    tier = Tier.TARGET if fired else max(ask.tier for ask in found)
    agreeing = [ask.words for ask in found if ask.tier is tier] + [one.words for one in fired]
    quoted = ", ".join(f'"{one_line(said, 40)}"' for said in dict.fromkeys(agreeing[-4:]))
    reason = f"{fired[0].meaning.criterion}: {quoted}" if fired else quoted
    if tier is Tier.LIGHT and words > (_WORDY if _in_prose(found) else _CURT):
        tier, reason = Tier.STANDARD, f"{reason}, in more words than a small task takes"
    return Route(
        tier=tier,
        kind=_kind(found, fired),
        policy=_policy(tier, words, len({ask.kind for ask in found})),
        score=_score(len(agreeing), len(found) + len(fired)),
        reason=f"tier {int(tier)} for {reason}",
    )


def _in_prose(found: tuple[Ask, ...]) -> bool:
    """True where all that is asked for is a document."""
    return bool(found) and all(ask.kind is Kind.DOCUMENT for ask in found)


def _score(agreeing: int, fired: int) -> float:
    """More words for the tier raise the confidence, words for other tiers lower it."""
    return round(min(0.9, 0.5 + 0.1 * agreeing) * (0.6 + 0.4 * agreeing / max(fired, 1)), 2)


def _policy(tier: Tier, words: int, domains: int) -> str:
    if tier is Tier.TARGET or domains >= _DOMAINS:
        return "complex"
    return "fast" if tier is Tier.LIGHT and words <= _BRIEF else "standard"


def _kind(found: Iterable[Ask], fired: Iterable[Found[Deep]]) -> Kind:
    """What has to write wins; then what the depth names; then the first request."""
    asked = [ask.kind for ask in found]
    if Kind.IMPLEMENT in asked:
        return Kind.IMPLEMENT
    named = [one.meaning.kind for one in fired if one.meaning.kind]
    writing = [kind for kind in asked if kind.writes]
    return next(iter(writing + named + asked), Kind.IMPLEMENT)
