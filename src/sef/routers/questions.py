"""Questions: one that is looked up is light, one that is weighed is standard."""

from __future__ import annotations

import re
from typing import Final

from sef.model import Kind, Tier
from sef.routers.heads import Ask
from sef.routers.reading import Clause

_ASKING: Final = re.compile(
    "(?:what(?:'?s| is| are| was| were| does| do| did)?|which|where(?:'?s| is| are)?|who"
    "|when(?! i| we| you| the| a| it)|how|why|is|are|was|were|does|did|has|have|had|do (?:we"
    "|you|they|all|i|the|any)|can|could|should|would|will|am|any|isn't|doesn't|don't|aren't"
    r"|whats|hows|wheres)\b"
)
# To be weighed: a cause, a choice, a consequence, advice.
_WEIGHED: Final = re.compile(
    r"\bwhy\b|\bshould\b|\bshouldn't\b|\bbest\b|\bbetter\b|\bwhat (?:happens|if|would|could"
    r"|should)\b|\bstate of the art\b|\bhow (?:can|could|should|would|do (?:i|we|you) (?!run"
    r"|start|launch|install|use|open|build|undo|delete|call|get)\w+|to (?!run|start|launch"
    r"|install|use)\w+|come|about)\b|\bpossible\b|\brecommend\w*|\bmake sense\b|\bdo you think\b"
    r"|\bproblem\b|\bissue\b|\bwork with\b|\bcan (?:we|i|it|this|the)\b|\bcould (?:we|i|it|this"
    r"|you)\b|\bwould\b|\bdifferen\w+|\bany ideas?\b|\bworth\b|\bneed to\b"
    r"|\bcorrect(?:ly)? (?:way|approach)\b|\bany (?:way|chance)\b|\bhow .{0,60}work\b|\b(?:error"
    r"|bug|fail\w*|crash\w*|wrong|happen\w*)\b|\bpractices\b|\bambigu\w+|\bmissing\b|\bimprov\w+"
    r"|\bconcern\w*|\brisk\w*|\bare you sure\b|\bconfident\b|\bviolat\w+|\bcompl(?:y|iant)\b"
    r"|\bsafe(?:ly)?\b|\bok(?:ay)? to\b|\bgreat\b|\bgood\b|\benough\b|\befficient\w*"
    r"|\badvantage\w*|\bbenefit\w*|\bwhat (?:about|else)\b|\bsuggest\w*|\bif (?:we|i|you)\b"
    r"|\binstead\b|\balternatives?\b|\bconsider\b|\bimportant\b|\bmight\b|\bright\b|\bproper\w*"
    r"|\bappropriate\w*|\bprofessional\w*|\bwe think\b|\bhow will\b|\brequired\b|\bnecessary\b"
    r"|\ba way to\b|\bsimultaneous\w*|\bmean\b"
)
# Why something behaves as it does is a search; why somebody did it is a question to them.
_CAUSE: Final = re.compile(
    "why (?:is|are|was|were|do|does|did|would|has|have|can|can't|could|doesn't|don't|isn't"
    r"|won't) (?!you\b|we\b|i\b|not\b)\w+"
)
# A fact about a program's own words is looked up, whatever it means.
_LOOKED_UP: Final = re.compile(
    r"what (?:does|is) (?:`|\"|the (?:meaning|difference)\b)|what(?:'s| is) the (?:command"
    r"|difference)\b"
)


def question(clause: Clause) -> Ask | None:
    """What the clause wants to know; None where it is no question."""
    asking = _ASKING.match(clause.text)
    if not asking or not (clause.question or (_is_plain(asking[0]) and not clause.joined)):
        return _half(clause)
    words = " ".join(clause.text.split()[:3]).strip("?,. ")
    if _CAUSE.match(clause.text):
        return Ask(tier=Tier.TARGET, kind=Kind.EXPLORE, words=words)
    weighed = _WEIGHED.search(clause.text) and not _LOOKED_UP.match(clause.text)
    tier = Tier.STANDARD if weighed else Tier.LIGHT
    return Ask(tier=tier, kind=Kind.EXPLORE, words=words)


def _half(clause: Clause) -> Ask | None:
    """A question that does not begin as one is weighed: it is not wholly understood."""
    if not clause.text.rstrip(' )"').endswith("?") or len(clause.text.split()) < 2:
        return None
    return Ask(tier=Tier.STANDARD, kind=Kind.EXPLORE, words=" ".join(clause.text.split()[:3]))


def _is_plain(word: str) -> bool:
    """These ask even without a question mark."""
    return word.startswith(("what", "which", "where", "who", "how", "why"))
