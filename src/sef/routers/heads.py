"""What the first words of a clause ask for: a light task, a document, a standard one, an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sef.model import Kind, Tier
from sef.routers.reading import Clause
from sef.routers.verbs import VERBS, Act
from sef.routers.words import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one clause asks for."""

    tier: Tier
    kind: Kind
    words: str
    """What in the clause says so."""


_DOC_FILE: Final = (
    r"(?<![\w@./\\*-])(?!\S{0,60}(?:requirements|cmakelists))[\w@./\\*-]{0,120}\.(?:mdx?|mdc|rst"
    r"|adoc|txt)\b"
)
_DOC: Final = re.compile(
    rf"(?P<doc>{_DOC_FILE}|\bread-?me\w*|\breadmy|\bmainreadme|\bchange-?log|\bdocs?\b(?!\s+(?:app|site|server|page|build))"
    r"|\bdoc-?strings?|\bdocumentation\b|\b(?:code |inline |missing |these |the |some "
    r"|outdated )comments\b|\bcomments (?:in|to|for)\b|\brelease notes\b|\bcommit (?:message"
    r"|title)|\bpr description|\bpull request description|\btypos? (?:in|on)\b|\b(?:the|a|this"
    r"|any|all|fix|correct) typos?\b|\bspelling\b|\bgrammar\b|\bwording\b|\bprose\b"
    r"|\blicen[sc]e header|\bverbiage\b|\b(?:simplify|polish|improve|tidy) the language\b"
    r"|\b(?:plan|design|spec|planning|requirements) doc\w*|\bimplementation plan document"
    r"|\btutorial|\bwiki\b|\bproposal document|\bguide\b(?! (?:says|them))|\bcontributing\b"
    r"|\b(?:code )?comment\b(?! (?:form|box|field|model|table|system|feature|section|position"
    r"|thread|count|button|sidebar))|\bparagraphs?\b|\bsentences?\b)|(?P<code>\b(?:functions?"
    "|class(?:es)?|methods?|endpoints?|tests?|components?|buttons?|flags?|apis?|pages?|forms?"
    "|columns?|modules?|parsers?|handlers?|hooks?|scripts?|params?|parameters?|args?|routes?|ui"
    r"|modal|cards?|logic|bugs?|quer(?:y|ies))\b|(?<![\w@./\\-])[\w@./\\-]{1,120}\.(?:py|[jt]sx?"
    r"|go|rs|c|cc|cpp|h|hpp|java|rb|php|cs|kt|swift|vue|css|html|sql|sh|toml|ya?ml|json)\b)"
)
# What is done to the parts of a document, said without naming it again.
_CONTINUED: Final = re.compile(
    "add|mention|note|mark|re-?order|sort|simplify|shorten|improve|optimi|place|replace|keep"
    "|include|list|focus|format|suggest|expand|remove|check|make (?:it|them|sure)|put|complete"
    "|fix|correct|leave|save|write|update"
)
# A document that is followed, not written.
_SOURCE: Final = re.compile(
    r"\b(?:as|like|following|follow|according to|based on|per|see|from|described in|defined in"
    r"|specified in|use|using|mentioned in|read|with)\s+(?:the |our |this |their "
    r"|all )?(?:\S+ ){0,2}$"
)
_BOILERPLATE: Final = re.compile(
    r"\.(?:git|docker|npm|eslint|prettier)ignore\b|\.editorconfig\b|\.gitattributes\b"
    r"|\benv(?:ironment)? (?:key|var\w*|entry)\b|\.env(?:\.\w+)?\b|\blicen[sc]e file\b"
    r"|\b(?:label|heading|title|caption|placeholder)s? .{0,60}\bto\b|\bto (?:english|german"
    r"|french|spanish|american|british)\b|\bscreenshots?\b"
)
# To be shown by the program, not by who is asked.
_PRESENTS: Final = re.compile(
    r"(?:.{0,20}\b(?:let'?s|lets|we (?:should|need to|must|want to)|it should)\s+(?:also "
    r"|just )?)(?:show|display|print|list|count|highlight|name|open|see)\b|(?:please )?(?:show"
    r"|display|print)(?! me\b| us\b) .{1,80}\b(?:in the (?:footer|header|ui|page|sidebar|app"
    r"|table|list|title|terminal|console|output|toolbar|menu|modal)|on the \w+|at the (?:top"
    r"|bottom)|when|if|instead|next to|above|below|inside|beside|under)\b"
)
# A place in the program, named first, in which something is to be seen.
_PLACED: Final = re.compile(
    r"(?:please )?(?:in|on|at) (?:the |this |our |my )?[\w/ -]{1,40},\s+(?:just |also "
    r"|only )?(?:show|list|display|print)\b|(?:always |only |just |also |please )?(?:show"
    r"|display|print) (?:an?|only|both)\b"
)
_NEAR: Final = 10  # words; what is named later is not what the verb is about
_THOUGHT: Final = re.compile(
    r"\b(?:why|should|best|better|improve\w*|advice|ideas?|recommend\w*|suggest\w*|issues?"
    "|problems?|bugs?|feedback|opinions?|thoughts?|balance|optimal|smallest|largest|fastest"
    "|minimum|works? (?:correctly|properly|as)|wrong|with no |without an? |missing"
    r"|inconsisten\w+|duplicat\w+|unused|dead code)\b"
)
_LITERAL: Final = re.compile(
    r"add|create|rename|change|translate|include|append|set|write|generate|update"
)


_MEANS: Final[Mapping[Act, tuple[Tier, Kind]]] = MappingProxyType(
    {
        Act.READ: (Tier.LIGHT, Kind.EXPLORE),
        Act.RUN: (Tier.LIGHT, Kind.VALIDATE),
        Act.DOCUMENT: (Tier.LIGHT, Kind.DOCUMENT),
        Act.WRITE: (Tier.STANDARD, Kind.IMPLEMENT),
        Act.CODE: (Tier.STANDARD, Kind.IMPLEMENT),
        Act.JUDGE: (Tier.STANDARD, Kind.REVIEW),
        Act.DESIGN: (Tier.TARGET, Kind.DESIGN),
        Act.AUDIT: (Tier.TARGET, Kind.REVIEW),
    }
)


def asks(clause: Clause, *, in_docs: bool) -> Ask | None:
    """What the clause asks for, judged by the verb it begins with; None where that is no verb.

    `in_docs` says that the clause before it was about documents.
    """
    verb = VERBS.at(clause.text)
    if verb is None:
        return _unknown(clause)
    shown = _PRESENTS.match(clause.said) or _PLACED.match(clause.said)
    act = Act.CODE if shown else verb.meaning
    if act in (Act.READ, Act.RUN) and _needs_thought(clause):
        return _ask(Tier.STANDARD, Kind.REVIEW if act is Act.READ else Kind.IMPLEMENT, verb)
    if act in (Act.WRITE, Act.JUDGE) and about_documents(clause, in_docs=in_docs):
        return _ask(Tier.LIGHT, Kind.DOCUMENT, verb)
    if act is Act.WRITE and _LITERAL.match(verb.words) and _is_boilerplate(clause):
        return _ask(Tier.LIGHT, Kind.IMPLEMENT, verb)
    return _ask(*_MEANS[act], verb)


def about_documents(clause: Clause, *, in_docs: bool = False) -> bool:
    """True where the first thing that the clause names is a document that it does not only follow.

    A clause that names nothing is about documents where the one before it was.
    """
    named = _DOC.search(clause.said)
    if named is None:
        return in_docs and _CONTINUED.match(clause.text) is not None
    if len(clause.said[: named.start()].split()) > _NEAR:
        return False
    return named["doc"] is not None and not _SOURCE.search(clause.said[: named.start()])


def _needs_thought(clause: Clause) -> bool:
    """Advice and judgement are not read out; a program run in another way is changed."""
    return (clause.question and not clause.asked) or _THOUGHT.search(clause.text) is not None


def _is_boilerplate(clause: Clause) -> bool:
    return len(clause.said.split()) <= 16 and _BOILERPLATE.search(clause.said) is not None


def _ask(tier: Tier, kind: Kind, verb: Found[Act]) -> Ask:
    return Ask(tier=tier, kind=kind, words=verb.words)


# An unknown word in front of an article, where a verb would stand.
_IMPERATIVE: Final = re.compile(
    "(?!(?:not|like|is|was|are|were|has|have|had|if|when|while|as|at|by|for|from|in|into|of|on"
    "|with|about|after|before|than|that|this|these|those|it|i|we|you|they|he|she|all|both|what"
    "|which|who|how|why|where|because|since|though|only|even|still|got|did|does|do|done|was|saw"
    r"|made|\w+ed|\w+ing|it's|that's|there's|here's|here|there|my|the|a"
    r"|an)\b)[a-z]{3,20} (?:(?:away|back|down|off|out|over|up|in) )?(?:the|an?|all|this|these"
    r"|those|every|each|my|our|its|any)\b"
)


def _unknown(clause: Clause) -> Ask | None:
    """Something is asked for in words that are not known: an ordinary request, not a small one."""
    if clause.question or not (clause.asked or _IMPERATIVE.match(clause.text)):
        return None
    words = " ".join(clause.said.split()[:4])
    return Ask(tier=Tier.STANDARD, kind=Kind.IMPLEMENT, words=words)
