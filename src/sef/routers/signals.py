"""The words that say how much thought a request needs, as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sef.model import Kind, Tier

# Every pattern is a list of literal words with bounded repeats, so that reading takes linear time.


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Words that speak for a tier and, where they name the work, for a kind."""

    tier: Tier
    kind: Kind | None
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A rule that fired, and the words that made it fire."""

    tier: Tier
    kind: Kind | None
    words: str
    at: int
    """Offset of the words in the text."""


def _rule(tier: Tier, kind: Kind | None, words: str) -> Rule:
    pattern = re.compile(rf"(?<![\w-])(?:{words})(?!\w)".replace(" ", r"\s{1,3}"), re.IGNORECASE)
    return Rule(tier=tier, kind=kind, pattern=pattern)


_TARGET = (
    (Kind.DESIGN, r"(?:re-?)?architect\w{0,12}|(?:re-?)?design(?:s|ed|ing)?|restructure the|rfc"),
    (Kind.REVIEW, r"(?:in)?secur\w{1,6}|vulnerab\w{1,8}|exploit\w{0,8}|injection|xss|csrf|ssrf"),
    (Kind.REVIEW, r"threats?|attack\w{0,4}|audit\w{0,4}|cve-\d{4}-\d{1,7}|sandbox escape"),
    (Kind.REVIEW, r"saniti[sz]e\w{0,2}|encrypt\w{0,4}|cryptograph\w{1,3}|authenticat\w{1,4}"),
    (Kind.IMPLEMENT, r"optimi[sz]\w{1,8}|speed up|scal(?:e|es|able|ing|ability)|parallel\w{0,8}"),
    (None, r"performance|bottlenecks?|slow\w{0,4}|faster|latency|throughput|profil(?:e|ing)"),
    (None, r"memory (?:leaks?|usage)|leaks?|leaking|too (?:much|many) (?:memory|cpu|queries)"),
    (None, r"race|races|racy|race conditions?|deadlock\w{0,4}|livelocks?|starvation"),
    (None, r"flak(?:y|es|ey|iness)|intermittent\w{0,2}|sometimes|occasional\w{0,2}"),
    (None, r"sporadic\w{0,4}"),
    (None, r"random(?:ly)|non-?determinis\w{1,5}|heisenbugs?|hangs?|hanging|freez\w{1,4}"),
    (None, r"concurren\w{1,4}|thread[- ]?saf\w{1,4}|atomic\w{0,4}|distributed|consensus"),
    (Kind.IMPLEMENT, r"(?:novel )?algorithms?|algorithmic\w{0,4}|from scratch|state of the art"),
    (Kind.IMPLEMENT, r"migrat\w{1,5}|rewrit(?:e|es|ing)|rewritten|overhaul|moderni[sz]e"),
    (Kind.EXPLORE, r"why|root cause|what(?:'s| is| went| goes| could be) (?:going )?wrong"),
    (None, r"figure out|investigat\w{1,4}|diagnos\w{1,4}|debug(?:ging)?|track down|look into"),
    (None, r"get to the bottom"),
    (
        None,
        r"(?:several|multiple|many|various|all(?: of)?(?: the| our)?) "
        r"(?:files|modules|services|packages|components|layers|endpoints|places|call sites)",
    ),
    (None, r"across|throughout|everywhere"),
    (None, r"(?:whole|entire) (?:code-?base|code base|system|project|application|app)"),
    (Kind.DESIGN, r"trade-?offs?|strateg\w{1,4}|pros and cons|best (?:way|approach|practices?)"),
    (Kind.DESIGN, r"should (?:we|i|it)|recommend\w{0,7}|propos(?:e|al|als)|decid(?:e|ing)"),
    (Kind.DESIGN, r"decision"),
    (Kind.DESIGN, r"road-?map|evaluate|compare|alternatives|which is better|rethink|come up with"),
    (None, r"somehow|something|whatever|stuff|and so on|as needed"),
    (None, r"if (?:anything|something) is unclear"),
    (None, r"make (?:it|this|that|things) (?:\w{1,12} )?(?:better|nicer|cleaner|work|right|good)"),
    (None, r"improve (?:it|this|the (?:code|project|quality|design|app|ux|user experience))"),
    (None, r"corrupt\w{0,4}|data loss|losing data|production|backwards?[- ]compat\w{1,7}"),
    (None, r"compliance"),
    (None, r"(?:complex|tricky|subtle|hard|difficult|mysterious|weird|strange)(?:ly)?"),
)

_STANDARD = (
    (Kind.IMPLEMENT, r"implement\w{0,3}|add|adds|adding|creat(?:e|es|ing)|writ(?:e|es|ing)"),
    (
        Kind.IMPLEMENT,
        r"build an?|develop|code up|scaffold|set-?up|set up|install|configure|introduce",
    ),
    (Kind.IMPLEMENT, r"fix(?:es|ing)?|patch|repair|correct|resolve|solve|handle|catch"),
    (Kind.IMPLEMENT, r"refactor\w{0,3}|renam(?:e|es|ing)|extract\w{0,3}|restructur\w{1,3}"),
    (Kind.IMPLEMENT, r"inline|dedupe"),
    (
        Kind.IMPLEMENT,
        r"integrat(?:e|es|ing)|connect|wire|hook up|use|switch|upgrade|downgrade|bump",
    ),
    (Kind.IMPLEMENT, r"chang(?:e|es|ing)|updat(?:e|es|ing)|modif(?:y|ies)|adjust|adapt"),
    (Kind.IMPLEMENT, r"tweak|edit"),
    (Kind.IMPLEMENT, r"remov(?:e|es|ing)|delet(?:e|es|ing)|drop|replac(?:e|es|ing)"),
    (Kind.IMPLEMENT, r"mov(?:e|es|ing)"),
    (Kind.IMPLEMENT, r"mak(?:e|es|ing)|convert|generat(?:e|es|ing)|extend|support|allow"),
    (Kind.IMPLEMENT, r"enable|disable"),
    (Kind.IMPLEMENT, r"ensure|return|raise|expose|split|merge|append|insert|simplify"),
    (Kind.IMPLEMENT, r"clean-?up|clean up|reuse"),
    (Kind.IMPLEMENT, r"(?:unit|integration|regression) tests? for|cover|test that|port|apply|put"),
    (Kind.IMPLEMENT, r"improve|validate|parse|sort|style|align|annotate|type hints?|print"),
    (Kind.IMPLEMENT, r"show up|turn"),
    (Kind.REVIEW, r"review\w{0,3}|critique|assess\w{0,4}|inspect|verify|double[- ]?check"),
    (Kind.REVIEW, r"feedback"),
    (Kind.REVIEW, r"analy[sz]e\w{0,2}|code quality|check (?:whether|if|that)"),
    (Kind.EXPLORE, r"how (?:do|can|could|would|to)|is it possible|what if"),
)

# These count only where a request begins: "find" leads to a search, "the find button" does not.
_LIGHT = (
    (Kind.DOCUMENT, r"document|describe in (?:the )?(?:readme|docs)|proofread|spell-?check"),
    (Kind.EXPLORE, r"summari[sz]e|explain|describe|read|open|show|list|find|locate|search"),
    (Kind.EXPLORE, r"grep|look"),
    (Kind.EXPLORE, r"tell me|give me|print|display|count|where|which|who|when|what|how many"),
    (Kind.EXPLORE, r"how does"),
    (Kind.EXPLORE, r"is there|are there|does|do we|walk me|outline"),
    (Kind.EXPLORE, r"git (?:status|log|diff|show|blame)"),
    (Kind.VALIDATE, r"(?:re-?)?run|execute|lint|format|build|compile|test|type-?check|start"),
    (Kind.VALIDATE, r"check (?:the )?(?:format\w{0,4}|lint\w{0,3}|types|build|style)|mypy|ruff"),
    (Kind.VALIDATE, r"pytest|make"),
)

_DOCS = (
    r"(?:doc-?strings?|(?:code |inline )?comments?|read-?me(?:\.\w{2,3})?|change-?log(?:\.md)?"
    r"|documentation|docs|release notes|license header|typos?)"
    # A comment form is a feature, not a comment.
    r"(?! (?:forms?|box|fields?|models?|tables?|systems?|features?|parsers?|apis?|endpoints?"
    r"|generators?|threads?|views?|components?|support|handlers?|counts?|buttons?|pages?|sites?"
    r"|servers?|builds?|lists?|sections? to the))"
)
_DOC_WORDS = (
    r"(?:an?|the|this|that|these|some|any|all|missing|short|brief|new|more|better|proper|outdated"
    r"|stale|existing|our|my|its|public|module|class|function|method|type|api|project|user|main"
    r"|top-level|google-style|numpy-style|helpful|clear|one-line|typos?|spelling|grammar|wording"
    r"|links?|broken|dead|entry|entries|section|in|of|to|up|for|with|and)"
)
# A request to write for readers; its verb does not count as a request for code.
_DOCUMENTING = re.compile(
    rf"(?<![\w-])(?:add|write|update|fix|improve|correct|create|generate|extend|expand|edit|polish"
    rf"|reword|shorten|complete|put) (?:{_DOC_WORDS} ){{0,6}}[@`]?{_DOCS}".replace(" ", r"\s{1,3}"),
    re.IGNORECASE,
)

# Something misbehaves, and then a message, a trace or a named test that says where to begin.
_TROUBLE = re.compile(
    r"\b(?:bugs?|broken|crash(?:es|ed|ing)?|wrong(?:ly)?|misbehav\w{1,4}"
    r"|(?:an?|get|the|some) errors?|issues? with|problems? with"
    r"|(?:does|do|did|is|are)(?:n't| not) (?:work\w{0,3}|load\w{0,3}|show\w{0,3}|run\w{0,4}))\b",
    re.IGNORECASE,
)
_FIX = re.compile(r"\b(?:fix(?:es|ing)?|repair|resolve|solve|debug)\b", re.IGNORECASE)
_EVIDENCE = re.compile(
    r"traceback|stack ?trace|\b[A-Z]\w{1,40}(?:Error|Exception|Warning)\b"
    r"|\berror:|\berror \w{1,4}\d"
    r"|\bline \d|\.\w{1,4}:\d|exit(?:ed)? (?:code|status)|\b(?:status|http) \d{3}|\btest_\w"
    r"|::|\b(?:lint|ruff|mypy|eslint|type|syntax|import|compil\w{1,6}) errors?\b|off[- ]by[- ]one"
    r"|\btypos?\b|panic:|segfault|undefined|cannot find|not found|null pointer",
    re.IGNORECASE,
)

# A path, a name or a quotation.
_PLACE = re.compile(r"`[^`]|\"[^\"]|'\w|\w/\w|\w\.\w{1,4}\b|\w_\w|\w\(\)|\b[a-z]\w*[A-Z]|@\w")

_FOREIGN = re.compile(
    r"und|der|das|den|nicht|ist|ein|eine|einen|bitte|mit|auf|zu|les|des|une|avec|pour|dans|est|et"
    r"|du|el|los|las|una|por|para|que|con|il|della|nel|di|het|een|niet|voor|och|att|som|ett|til|og"
    r"|na|nie|dla|jest|todos|uma",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")

_HEAD = re.compile(
    r"(?:^|[.!?:;,\n(]|\b(?:and|then|also|please|now|next|can you|could you|us|let's|lets|you to)"
    r"|^ok(?:ay)?|[-*])\s*\Z",
    re.IGNORECASE,
)

_ANYWHERE: Final = tuple(
    _rule(tier, kind, words)
    for tier, rows in ((Tier.TARGET, _TARGET), (Tier.STANDARD, _STANDARD))
    for kind, words in rows
)
_AT_HEAD: Final = tuple(_rule(Tier.LIGHT, kind, words) for kind, words in _LIGHT)


def heads(text: str, at: int) -> bool:
    """True where a request may begin at that offset."""
    return _HEAD.search(text[max(0, at - 16) : at]) is not None if at else True


def signals(text: str) -> tuple[Signal, ...]:
    """Every rule that fires on the text, in the order of the words."""
    documented = _DOCUMENTING.search(text)
    remaining = _DOCUMENTING.sub(lambda found: "\0" * len(found[0]), text)
    fired = [*_fired(_ANYWHERE, remaining), *_begun(remaining)]
    if documented:
        fired.append(_signal(Tier.LIGHT, Kind.DOCUMENT, documented))
    fired.extend(_unproved(remaining))
    return tuple(sorted(fired, key=lambda signal: signal.at))


def _unproved(text: str) -> Iterable[Signal]:
    """Trouble that no message, trace or test pins down is a search, not a repair."""
    found = _TROUBLE.search(text) or (None if _PLACE.search(text) else _FIX.search(text))
    if found and not _EVIDENCE.search(text):
        yield _signal(Tier.TARGET, None, found)


def _fired(rules: Iterable[Rule], text: str) -> Iterable[Signal]:
    for rule in rules:
        if found := rule.pattern.search(text):
            yield _signal(rule.tier, rule.kind, found)


def _begun(text: str) -> Iterable[Signal]:
    for rule in _AT_HEAD:
        for found in rule.pattern.finditer(text):
            if heads(text, found.start()):
                yield _signal(rule.tier, rule.kind, found)
                break


def _signal(tier: Tier, kind: Kind | None, found: re.Match[str]) -> Signal:
    return Signal(tier=tier, kind=kind, words=" ".join(found[0].split()), at=found.start())


def english(text: str) -> bool:
    """False where the words are mostly of another language, whose signals are not known here."""
    words = _WORD.findall(text)
    return 4 * sum(_foreign(word) for word in words) < max(len(words), 1)


def _foreign(word: str) -> bool:
    return not word.isascii() or _FOREIGN.fullmatch(word) is not None
