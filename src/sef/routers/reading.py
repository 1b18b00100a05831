"""From a text to the clauses that are judged, without what is pasted and without courtesy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FENCE: Final = "```"
# What a program wrote: a frame of a trace, a dated line of a log, a prompt with a command.
# Behind it, on its last line, somebody may say what to do about it.
_TOLD_BEHIND: Final = (
    r"(?i:(?:[.,;!?)]|\s[-–—>]+)\s+(?:(?:so|and|now|then)\s+)?(?:please|pls|plz|kindly|can|could|would"
    r"|will you|fix|repair|solve|resolve|debug|mend|handle|help|find|make|how|why|what|i |we )\b)"
)
_PRINTED: Final = re.compile(
    r"^[ \t]*(?:at \S+ \(|File \"|Traceback |\d{4}-\d\d-\d\d[ T]|\[?\d\d:\d\d:\d\d|npm ERR|\$ "
    r"|PS [A-Z]:|[+-]{3} |@@ |\w+(?:Error|Exception): )"
    rf".*?(?={_TOLD_BEHIND}|$)",
    re.MULTILINE,
)
_QUOTED: Final = re.compile(
    r"\"(?:[^\s\"]+\s){4,40}[^\"\n]{1,80}\"|“[^”\n]{1,200}”|(?<!\w)'[^'\n]{1,200}'(?!\w)"
    r"|`[^`\n]{1,200}`"
)
_ENDS: Final = re.compile(r"(?<=[.!?;])[\s)]+|\n+|:\s+|\s[-–—>]+\s|\.{3,}|…")
_JOINTS: Final = re.compile(
    r"(?:,|\band\b|\bthen\b|\bbut\b|\bso\b|\bor\b|\bbecause\b)(?:\s+(?:then|also|please|just))*\s+"
)

_LEAD: Final = re.compile(
    "(?:(?P<asked>please|pls|plz|kindly|can (?:you|u|we|i)|could (?:you|we|i)|would you"
    "|will you|let'?s|let us|lets|let|i(?:'d| would)? (?:really )?(?:like|want|need) (?:you "
    "|us )?to|i wanna|(?:so )?we (?:need|want|have|ought) to|we (?:should|must|can)"
    "|you (?:should|need to|must|can)|help me(?: to)?|help us(?: to)?|(?:i )?need(?:s)? to"
    "|want to|make sure(?: that)?(?: (?:to|you))?|go ahead and|proceed (?:to|with)|try to"
    "|would you be so kind as to|remember to|(?:i'd|i would) (?:like|love) (?:for )?(?:you"
    r"|us) to|(?:begin|start|continue|keep)(?= \w+ing\b)|time to|how about we|why don't we)|ok"
    "|okay|great|good|perfect|awesome|cool|nice|excellent|thanks|thank you|thx|yes|yep|yup|yeah"
    "|no|nope|sure|alright|all right|right|hm+|m+k+|mm+|well|actually|wait|sorry|hey|hi|hello"
    "|so|now|next|then|also|and|but|first|second|finally|lastly|just|maybe|quickly|carefully"
    r"|again|instead|dear \w+|oh|ah|ouch|oops|y|to|for now|at least|either|always|briefly|simply"
    "|only|triple|double|(?:in|for|from|inside|within|on|at) (?:the |this |our |my "
    r"|all )?(?:[@`\"']?[\w./\\*-]{1,80}[`\"']?)(?: (?:folder|file|files|section|page|app"
    r"|package|module|area|directory|repo|menu|class|function)| in [\w./]{1,60})?,?|[-*>•]+|#+"
    r"|\(?\d{1,3}[.)]|\(?[a-z]\)|@[\w./\\-]{1,120}|\[[^\]\n]{1,80}\]|[,:.!?…\"`]+)(?=[\s,:.!?]|$"
    r"|(?<=[-*>•@,:.!?…\"`]))[\s,:.!…]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of a text that may be a request of its own."""

    text: str
    """In lower case, from the first word behind the courtesy."""
    asked: bool
    """Something before it asks: please, can you, let's, we need to."""
    question: bool
    """It ends with a question mark."""
    said: str
    """With its courtesy and the place it names first."""
    joined: bool
    """It goes on where the clause before it stopped, without a full stop."""


def unpasted(text: str) -> str:
    """The text without what was pasted into it: fenced blocks, traces, lines of logs."""
    return _PRINTED.sub(" ", " \n".join(text.split(_FENCE)[::2]))


def unquoted(text: str) -> str:
    """The text with its quotations left out: what they say is not what is asked."""
    return _QUOTED.sub('"x"', text)


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text, in its order."""
    found: list[Clause] = []
    for sentence in _ENDS.split(text.lower()):
        if sentence and sentence.strip():
            found.extend(_parts(sentence.strip()))
    return tuple(found)


def _parts(sentence: str) -> list[Clause]:
    question = sentence.rstrip(" )\"'").endswith("?")
    parts: list[Clause] = []
    begin = 0
    while begin < len(sentence):
        asked, start = _courtesy(sentence, begin)
        joint = _JOINTS.search(sentence, start)
        end = joint.end() if joint else len(sentence)
        if start < end:
            parts.append(
                Clause(
                    text=sentence[start:end],
                    asked=asked,
                    question=question,
                    said=sentence[begin:end],
                    joined=begin > 0,
                )
            )
        begin = end
    return parts


def _courtesy(sentence: str, at: int) -> tuple[bool, int]:
    """Whether the words before the request ask, and where the request begins."""
    asked = False
    while at < len(sentence):
        lead = _LEAD.match(sentence, at)
        if not lead or lead.end() == at:
            break
        asked = asked or lead["asked"] is not None
        at = lead.end()
    return asked, at
