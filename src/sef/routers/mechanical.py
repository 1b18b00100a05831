"""Requests that need no model: each pattern covers the whole sentence or does not count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from sef.model import Request

_LONGEST = 300  # characters; what is longer says more than a mechanical request does

_COURTESY = re.compile(
    r"(?:(?:please|kindly|hey|hi|ok|okay|now)\b,?"
    r"|(?:can|could|would|will) you(?: please)?\b,?)\s+",
    re.IGNORECASE,
)
_TAILS = (", please", " please", " for me", " now", ", thanks", " thanks")

_THE = r"(?:the |my |our )?"
_TESTS = (
    rf"(?:(?:all |all of |every )?{_THE}(?:whole |full |entire |complete )?"
    r"(?:tests|test suite|testsuite)|all tests|every test)"
)
_PATH = (
    r"(?P<path>(?![-/~])(?!\S*\.\.)"
    r"(?:tests?/?|[\w./-]*(?:\btests?/|\btest_|_test\b)[\w./-]*|[\w./-]+(?:\.py|/))"
    r"(?:::[\w:.\[\]-]+)?)"
)
_TEST_PATH = (
    r"(?P<path>(?![-/~])(?!\S*\.\.)(?:[\w.-]+/)*(?:tests?/(?:[\w.-]+/)*"
    r"|(?:test_\w+|\w+_test)\.py(?:::[\w:.\[\]-]+)?))"
)
_IN_TREE = (
    r"(?: (?:in|across) (?:the |this |our )?(?:whole |entire )?"
    r"(?:code-?base|code base|repo|repository|project|tree))?"
)
_SHOW = r"(?:find|show|show me|locate|look up|go to|give me)"
_KIND = r"(?:class|function|method|constant|variable|type|module|enum)"
# Words that follow "function" or "class" in English without being anybody's name.
_NO_NAME = (
    r"(?!(?:names?|calls?|callers?|definitions?|usages?|uses?|references?|bod(?:y|ies)|signatures?"
    r"|declarations?|arguments?|parameters?|hierarch(?:y|ies)|diagrams?|attributes?|methods?"
    r"|members?|variables?|it|its|that|this|these|those|them|everything|something|all|any|every"
    r"|each|which|what|the|(?-i:an?)|done|complexity|coverage|length|size|annotations?|hints?)\b)"
)
_NAME = rf"(?P<tick>[`'\"]?){_NO_NAME}(?P<name>[^\W\d]\w*(?:\.\w+)*)(?:\(\))?(?P=tick)"
# "find type errors" asks for judgement, "find function foo" does not.
_FIRM_NAME = (
    r"(?P<tick>[`'\"]?)"
    rf"{_NO_NAME}(?P<name>(?-i:(?=[A-Z]|\w*[_.\d]|\w+[A-Z]|\w+\(\)"
    r"|(?!\w*(?:s|ing|tion|ment|ity|age|ness|ance|ence)\b)))[^\W\d]\w*(?:\.\w+)*)"
    r"(?:\(\))?(?P=tick)"
)
_SYMBOL = rf"(?:the )?(?:(?P<kind>{_KIND}) )?{_NAME}"
_QUOTED = r"(?:\"(?P<q2>[^\"\n]+)\"|'(?P<q1>[^'\n]+)'|`(?P<qb>[^`\n]+)`|“(?P<qq>[^”\n]+)”)"
# A bare word is a search term only where no person would read it as an ordinary word.
_CODE = (
    r"(?P<code>(?!-)(?:(?:TODO|FIXME|XXX|HACK):?"
    r"|(?=\S*[_(<>=\[]|\S*[a-z][A-Z]|\S*\w\.\w)[^\s\"'`]+))"
)
_ANY = r"(?P<any>(?!-)[^\s\"'`]+)"
_GLOB = r"(?P<glob>(?![-/~])(?!\S*\.\.)(?=\S*[*?._/\[A-Z0-9])[\w.*?/\[\]{}!,-]+)"


def _compiled(*sentences: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(s.replace(" ", r"[ \t]+"), re.IGNORECASE) for s in sentences)


_RUN: Final = _compiled(
    rf"(?:run|re-?run|execute) (?:{_TESTS}|tests?)(?: again)?",
    r"(?:(?:run|re-?run|execute) )?pytest(?: again)?",
    r"(?:all )?tests?",
    r"do (?:all )?(?:the |my |our )?tests (?:still )?pass",
    rf"(?:run|re-?run|execute) (?:all )?{_THE}tests? (?:in|from|under) `?{_PATH}`?",
    rf"(?:(?:run|re-?run|execute) )?pytest(?: (?:in|on))? `?{_PATH}`?",
    rf"(?:run|re-?run|execute) `?{_TEST_PATH}`?(?: again)?",
)
_DEFINITION: Final = _compiled(
    rf"{_SHOW} (?:the )?definition (?:of|for) {_SYMBOL}{_IN_TREE}",
    rf"(?:find|show|show me|locate) where {_SYMBOL} is (?:defined|declared){_IN_TREE}",
    rf"where(?: is|'s) {_SYMBOL} (?:defined|declared){_IN_TREE}",
    rf"(?:find|locate|look up) (?:the )?(?P<kind>class|function|method) {_FIRM_NAME}{_IN_TREE}",
)
_TEXT: Final = _compiled(
    rf"(?:search|grep|look)(?: for)?(?: the (?:text|string|word))? {_QUOTED}{_IN_TREE}",
    rf"search(?: for)? (?-i:{_CODE}){_IN_TREE}",
    rf"grep(?: for)? {_ANY}{_IN_TREE}",
    rf"find (?:the )?(?:text|string) {_QUOTED}{_IN_TREE}",
    r"(?:find|list|show|show me|search for) (?:all |every |all the |the )?"
    r"(?:occurrences?|mentions?) of (?:the (?:text|string|word) )?"
    rf"(?:{_QUOTED}|(?-i:{_CODE})){_IN_TREE}",
)
_FILES: Final = _compiled(
    r"(?:find|list|show|show me|search for|locate) (?:all |all the |the |every )?files? "
    r"(?:named|called|matching|that match|with the name)(?: the (?:pattern|glob))? "
    rf"(?:{_QUOTED}|(?-i:{_GLOB})){_IN_TREE}",
    rf"(?:find|list|show|show me) (?:all |all the |the )?`?(?P<glob>\*\.\w+)`? files{_IN_TREE}",
)

_OPERATIONS: Final = (
    ("tests", "run", _RUN),
    ("search", "definition", _DEFINITION),
    ("search", "text", _TEXT),
    ("search", "files", _FILES),
)


def mechanical(sentence: str) -> Request | None:
    """The tier 0 request that the whole sentence makes, or None where anything is left over."""
    if len(sentence) > _LONGEST:
        return None
    stripped = sentence.strip()
    bare = _without_courtesy(stripped)
    # After "find files named a?" the mark may be part of the name; after "can you" it is not.
    unsure = stripped.endswith("?") and bare == stripped
    return next(_requests(bare, unsure), None)


def _without_courtesy(sentence: str) -> str:
    while greeting := _COURTESY.match(sentence):
        sentence = sentence[greeting.end() :]
    return sentence


def _requests(sentence: str, unsure: bool) -> Iterator[Request]:
    readings = tuple(_endings(sentence))
    for executor, what, patterns in _OPERATIONS:
        for pattern, said in product(patterns, readings):
            found = pattern.fullmatch(said)
            if found and not (unsure and _unquoted(found)):
                yield Request(executor=executor, what=what, subject=_subject(found))


def _endings(sentence: str) -> Iterator[str]:
    bare = sentence.rstrip(" \t!?.")
    yield bare
    yield from (bare[: -len(tail)].rstrip() for tail in _TAILS if bare.lower().endswith(tail))


def _unquoted(found: re.Match[str]) -> bool:
    return any(found.groupdict().get(name) for name in ("glob", "any", "code"))


def _subject(found: re.Match[str]) -> str:
    groups = {name: text for name, text in found.groupdict().items() if text}
    kind = groups.pop("kind", "").lower()
    groups.pop("tick", None)
    return " ".join((kind, *groups.values())).strip()
