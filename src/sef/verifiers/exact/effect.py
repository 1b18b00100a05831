"""Effect: a task to change code changed something that runs."""

from __future__ import annotations

import asyncio
import io
import re
import tokenize
from collections.abc import Mapping, Sequence
from typing import Final

from sef.git import Git
from sef.model import Change, Kind, Task, Verdict
from sef.protocols import Case
from sef.verifiers.exact import doc_changes, prose
from sef.verifiers.exact.blobs import Blob, blobs
from sef.verifiers.exact.finding import verdict, wrong

_NAME: Final = "effect"
_PYTHON: Final = (".py", ".pyi")
_DOCUMENTS: Final = (".md", ".rst")
_MOST: Final = 50
"""Files of a draft that is looked at; whoever writes to more changes what runs."""
_ABOUT_WORDS: Final = re.compile(
    r"\b(?:[ck]omment|comentari|docs?\b|doctest|docstring|do[ck]ument|readme|changelog|licen[cs]e"
    r"|copyright|header|credit|author|typo|spell|wording|words?\b|phras|re-?format|format"
    r"|white ?space|spac(?:e|ing)|indent|(?:re-?|un)?wrap|blank|empty line|trailing|newline"
    r"|line (?:length|end)|long lines?\b|style|pep ?\d|lint|todo|fixme|note|expla|descri|mention"
    r"|example|translat|clarif|clearer|clarity|concise|tidy|clean|section|readab|help\b|usage"
    r"|links?\b|linkab|hyperlink|hyphen|capitali|grammar|punctuat|apostroph|sentence|paragraph"
    r"|terminolog|slang|quot(?:e|ing)|(?:back)?ticks?\b|rst\b|sphinx|directive|consisten|why\b"
    r"|version(?:added|changed)|black\b|ruff\b|flake|isort|prettier|pre-?commit|[ew]\d{3}\b"
    r"|(?:fix|update|change|correct|replace|broken|dead)\w* (?:\w+ ){0,3}urls?\b"
    r"|hint (?:at|that)|says? that|prompt|instruct|rationale|year)"
    r"|[\u0370-\u1fff\u2e80-\uffdc]",
    re.IGNORECASE,
)
"""Words of a task that comments, documents or the look of the code may be all of.

A task in another script than Latin is not read, so that it counts as one.
"""
_SHOWS_DOC: Final = re.compile(
    rb"^[ \t]*(?:import|from)[ \t]+(?:\w*click|cloup|typer|cyclopts|cmd2?|argh|defopt|invoke|nox"
    rb"|fastapi|ninja|rest_framework|flask_restx|flasgger|strawberry|graphene|pydantic|discord"
    rb"|mcp|fastmcp|dspy|langchain\w*|agents)\b",
    re.MULTILINE,
)
"""Modules whose docstrings are shown to users, or to models, while the program runs."""
_UNWRITTEN: Final = frozenset(
    (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
)


class Effect:
    """Rejects a draft whose task is to implement, and whose code is that of the base.

    Decisive where every file that changed is code whose comments, docstrings or white space alone
    differ, or a document beside it. What cannot be compared, comments that tools read, docstrings
    that users see, and other ways to write the same code count as an effect; so does a draft whose
    task speaks of words.
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
    found = doc_changes.change(path, old.data, new.data, named=False)
    if found.findings or (found.owners and _SHOWS_DOC.search(new.data)):
        return False
    try:
        return not path.endswith(_PYTHON) or _written(old.data) == _written(new.data)
    except (tokenize.TokenError, SyntaxError):  # what is not understood may be an effect
        return False


def _written(data: bytes) -> list[str]:
    """How the code is written: other quotes, brackets or escapes may be what was asked for.

    Of a docstring that is its prefix and its backslashes, which Python may warn of.
    """
    found, first = [], True
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type in _UNWRITTEN:
            continue
        text = token.string
        if first and token.type == tokenize.STRING:
            text = text.partition(text[-1])[0] + "\\" * text.count("\\")
        first = token.type == tokenize.NEWLINE
        if text.strip() and text != "pass":
            found.append(text)
    return found
