"""Whether a request can be judged alone, or only by someone who knows what was said before.

It cannot where nothing in it names anything: its words point at things (it, the other one, the
next step), judge them (still weird) or send somebody on (continue, yes do that).
"""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_][\w'’]*", re.UNICODE)
_NAMED: Final = re.compile(
    r"\w\.[a-z]{1,4}\b(?<!e\.g)(?<!i\.e)|\w_\w|\w\(\)|@\w|\w/\w*[a-z]{3}|`[^`]+`|\b[a-z]+[A-Z]\w"
    r"|--\w|https?:|\b[45]\d\d\b|\"[^\"]{2,}\"|\b[A-Z]{3,}_?[A-Z]*\b(?<!\bNOT)(?<!\bALL)"
)
_POINTING: Final = (
    "a about above accept actually add added adding additional after again agent agents agree"
    " agreed ah ahead all already also am amazing an and another answer answers any anything"
    " anyway appear appears applied apply approach approve approved are aren't as at attached"
    " awesome b back bad be because been before begin being below best better bit both bug bugs"
    " but by c can can't cant carefully change changed changes check checked checking close"
    " code come comes commit complete completed confirm confirmed consideration continue"
    " continues conversation cool correct could couldn't create created currently d debug"
    " delete did didn't didnt different discussed do does does't doesn't doesnt don don't done"
    " dont each earlier edit edits either else error errors even ever every everything exact"
    " exactly excellent explain extra fail failed fails failure failures few file files finally"
    " fine finish finished first fix fixed fixes fixing following for former forward fourth"
    " from further get gets getting go goes going gone good got great great's had handle happen"
    " happened happening happens has hasn hasn't have haven't he hello help here hey hi hm hmm"
    " hmmm how however i i'd i'll i'm i've idea ideas if im image immediate implement"
    " implementation implemented implementing implements improve in instead into investigate is"
    " isn't isnt issue issues it it's item items its ive just k keep keep's keeps kind know"
    " last later latter least left less let let's lets lgtm like liked line lines little look"
    " looking looks lot made make makes making many map may maybe me mean means mentioned merge"
    " message might mine mm mmk mmm mmmk more most move moving much must my nah need needed"
    " needs neither next nice no none nope not nothing now number odd of off oh ok ok'd okay on"
    " once one ones only onto oops option options or other others ouch our out outcome output"
    " over part parts pasted perfect perhaps persist persists phase phases picked picture plan"
    " please pls plz point points previous prior probably problem problems proceed properly"
    " proposal proposed push question questions quick quickly quite ran ready really recent"
    " recently recommendation recommendations recommended redo refactor remove removed rename"
    " repeat repo response result results resume retry return returned returns revert review"
    " right road roadmap run running said same saw say says screenshot second see seem seems"
    " seen sees session she should shouldn't show showing shows so some something somewhere"
    " soon sorry sort sound sounds start started starting starts step steps still stop stopped"
    " strange stuff suggested suggestion suggestions super sure take takes taking task tasks"
    " tell test tested testing than thank thank's thanks that that'd thats the their them then"
    " there these they thing things think third this those though thought three thx time times"
    " to today together too tried tries try trying two ugh understood undo up update updated"
    " updates us use used using very wait want wanted wants was wasn't way ways we we're we've"
    " weird well were what what's whatever whats when where which who whoa why will with"
    " without won't wont work worked working works worse would wouldn't wow wrong y yeah yep"
    " yes yet you you're you've your youre yup "
)
_POINTERS: Final = frozenset(_POINTING.split())

_ONWARD: Final = re.compile(
    r"\b(?:what(?:'?s| is| are)?|whats) (?:the |our |your |my )?(?:\w+ )?next(?: steps?| phase"
    r"| task)?\b|\bnext (?:step|phase|task|part|point)s?\b(?! (?:of|in|button|for) (?!(?:this"
    r"|our|the) (?:repo|project|plan)\b))|\bnow what\b|^\W*(?:please )?(?:continue|proceed"
    r"|carry on|keep going|go on)\b(?:\W|to|with|the|next|it|steps?|please|plan|implementation"
    r"|work\w*|on|task|\d)*$|\bleft off\b|\bwhere (?:we|you) (?:were|left|stopped)\b"
    r"|\bcontinue the implementation\b",
    re.IGNORECASE,
)
# Of what the reader did: there is nothing in it to do.
_REPROACH: Final = re.compile(
    r"^(?:\W*(?:no|hey|wait|whoa|but|and|so|ok|okay|sorry),?\s)*(?:you'?re|you are|you (?:were"
    "|did|didn'?t|said|just|keep|still|don'?t|made|modified|deleted|removed|broke|forgot|missed"
    r"|changed|edited|added))\b"
)
_ASKS: Final = re.compile(
    r"\b(?:please|should|fix|add|change|remove|instead|make|must|need|update|use|revert"
    r"|can you)\b|\?"
)
# Something is shown, and it is not there.
_SHOWN: Final = re.compile(
    r"\b(?:get(?:ting)?|got|see|seeing|saw|returned|having|hitting|this is|here(?:'?s| is)"
    r"|look at|says|shows)\s+(?:the )?(?:this|these|that|following|it|error|errors|output"
    r"|log)(?: (?:error|message|output|warning|issue|result)s?)?\s*(?:[:.!]|\bbut\b"
    r"|$)\s*(?P<rest>.*)",
    re.DOTALL,
)
_IMAGE: Final = re.compile(
    r"\(?(?:see|in the|from the) (?:attached )?(?:image|screenshot|picture|attachment)s?\)?"
    r"|\[image #?\d*\]"
)
_LINE_OF_CODE: Final = re.compile(
    r"\s*(?:import\s.*|from\s+\S+\s+import\s.*|const\s.*=.*|let\s.*=.*|var\s.*=.*|#include\s.*"
    r"|use\s+[\w:]+;|[\w.]+\(.*\);?|<[\w/].*>)\s*"
)
_ARTICLES: Final = frozenset(("the", "a", "an", "our", "my", "each", "every", "some", "all"))
_TO_SOMEBODY: Final = re.compile(r"[?#@❯$]|\b(?:you|you're|your|i|i'm|i've|let'?s|as you)\b")
_SEVERAL: Final = 5  # things that are named
_LEAST: Final = 25  # characters of what is shown


def needs_context(text: str, bare: str) -> str:
    """Why the text cannot be judged alone; empty where it can.

    `text` as it was written, `bare` the same in lower case without what was pasted.
    """
    if _LINE_OF_CODE.fullmatch(text) and "\n" not in text.strip():
        return "a line of code and no request"
    if not _names_anything(text, bare):
        return "it names nothing that it is about"
    if onward := _ONWARD.search(bare):
        return f'"{onward[0].strip()}" depends on what was done before'
    if len(bare) < 120 and _REPROACH.match(bare) and not _ASKS.search(bare):
        return "it speaks of what was done before and asks for nothing"
    return _shown_elsewhere(text, bare)


def stands_alone(bare: str) -> bool:
    """Whether a statement that asks for nothing says what it is about.

    It names several things and begins with one of them, not with who is spoken to, an answer, or
    what was shown before.
    """
    words = [found[0].replace("’", "'") for found in _WORD.finditer(bare)]
    begun = [word for word in words[:2] if word not in _ARTICLES]
    named = {word for word in words if word not in _POINTERS}
    speaks = _TO_SOMEBODY.search(bare) is not None
    return not speaks and len(named) >= _SEVERAL and bool(begun) and begun[0] not in _POINTERS


def _names_anything(text: str, bare: str) -> bool:
    words = (found[0].replace("’", "'") for found in _WORD.finditer(bare))
    return (
        len(text) - len(bare) >= _LEAST  # what was pasted names it
        or any(word not in _POINTERS for word in words)
        or _NAMED.search(text) is not None
    )


def _shown_elsewhere(text: str, bare: str) -> str:
    shown = _SHOWN.search(bare)
    if not shown:
        return ""
    rest = _IMAGE.sub("", shown["rest"]).strip()
    told = len(text) - len(bare) + len(rest)  # what is pasted was taken out of `bare`
    if told < _LEAST or (len(rest) < 60 and "how do i" in rest):
        return "it shows something that is not there"
    return ""
