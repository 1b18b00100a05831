"""Effect: a task to change code changed something that runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from sef.git import Git
from sef.model import Change, Kind, Task, Verdict
from sef.protocols import Case
from sef.verifiers.exact import doc_changes, prose
from sef.verifiers.exact.blobs import Blob, blobs
from sef.verifiers.exact.finding import verdict, wrong

_NAME: Final = "effect"
_DOCUMENTS: Final = (".md", ".rst")
_MOST: Final = 50
"""Files of a draft that is looked at; whoever writes to more changes what runs."""
_ABOUT_WORDS: Final = re.compile(
    r"\b(?:comment|docs?\b|docstring|document|readme|changelog|licen[cs]e|copyright|header|credit"
    r"|author|typo|spell|wording|words?\b|phras|re-?format|format|white ?space|spac(?:e|ing)|indent"
    r"|wrap|blank|empty line|trailing|newline|line (?:length|end)|style|pep ?8|lint|todo|fixme|note"
    r"|explain|descri|mention|example|translat|clarif|tidy|clean|section|readab)",
    re.IGNORECASE,
)
"""Words of a task that comments, documents or the look of the code may be all of."""


class Effect:
    """Rejects a draft whose task is to implement, and whose code is that of the base.

    Decisive where every file that changed is code whose comments, docstrings or white space alone
    differ, or a document beside it. What cannot be compared, and comments that tools read, count as
    an effect; so does a draft whose task speaks of words.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Looks at the patch as git holds it. Raises GitError."""
        fine = Verdict(accepted=True, reason=f"{_NAME}: something that runs changed, or may be")
        if case.route.kind is not Kind.IMPLEMENT or not may_lack(
            case.draft.patch.changes, case.task
        ):
            return fine
        patch = case.draft.patch
        paths = [one.path for one in patch.changes]
        before = await blobs(self._git, patch.base, paths)
        after = await blobs(self._git, patch.commit, paths)
        if not await asyncio.to_thread(lacks, paths, before, after):
            return fine
        detail = (
            f"nothing that runs changed in {', '.join(paths[:3])}: comments, documents or space"
        )
        return verdict(_NAME, (wrong("nothing-runs-otherwise", detail),), "")


def may_lack(changes: Sequence[Change], task: Task) -> bool:
    """True where it is worth comparing: files that were there before, code among them. Pure."""
    if not 0 < len(changes) <= _MOST or _ABOUT_WORDS.search(task.text):
        return False
    kept = all(one.status == "M" for one in changes)
    words = [prose.is_prose(one.path) or prose.is_markup(one.path) for one in changes]
    documents = all(
        one.path.endswith(_DOCUMENTS) for one, word in zip(changes, words, strict=True) if word
    )
    return kept and documents and not all(words)


def lacks(paths: Sequence[str], before: Mapping[str, Blob], after: Mapping[str, Blob]) -> bool:
    """True where every file is as it was but for comments, docstrings and white space. Pure."""
    return all(_same(path, before.get(path), after.get(path)) for path in paths)


def _same(path: str, old: Blob | None, new: Blob | None) -> bool:
    if old is None or new is None or old.mode != new.mode or not (old.plain and new.plain):
        return False
    if old.data is None or new.data is None:
        return False
    return not doc_changes.change(path, old.data, new.data, named=False).findings
