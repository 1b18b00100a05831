"""What the change of one file is in a task to document: prose, or code after all. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sef.text import one_line
from sef.verifiers.exact import other_code, prose
from sef.verifiers.exact.finding import Finding, doubted, told, wrong
from sef.verifiers.exact.python_code import (
    Comment,
    Docstring,
    NotRead,
    comments,
    difference,
    docstrings,
    parsed,
)

_PYTHON: Final = (".py", ".pyi")
_TOOL_COMMENT = re.compile(
    r"#!|#.*?coding[:=]|#\s*(?:type:|noqa|pragma|fmt:|isort:|pylint:|mypy:|pyright:|ruff:|yapf:"
    r"|nosec|nosem|flake8|pytype:|pyre-|cython:|distutils:|doctest:|%%|region|endregion|/// )"
    r"|(?://|/\*|#)\W*(?:eslint|prettier-|istanbul|c8 |v8 |tslint|NOLINT|clang-|nolint|webpack|@ts-"
    r"|@type|fallthrough|SPDX|shellcheck|rubocop|yaml-language|checkstyle|noinspection|biome-)",
    re.IGNORECASE,
)
_READS_DOC = re.compile(
    r"__doc__|\bgetdoc\b|\bdocopt\b|\b(?:import|from)\s+(?:ply|plac|spark|sly|begins?|fire)\b"
)
_MARKS: Final = 5
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one path's change amounts to."""

    findings: tuple[Finding, ...] = ()
    wrote: bool = False
    """True where words of documentation differ, beyond white space."""
    spaced: bool = False
    """True where nothing but white space differs."""
    owners: tuple[str, ...] = ()
    """Qualified names whose docstrings differ."""


def change(path: str, before: bytes | None, after: bytes | None, *, named: bool) -> Change:
    """What became of one file; None for a text is a file that is not there.

    `named`: the task names the file, so that code which only documents (below `docs/`, a notebook)
    may change; it is told.
    """
    if path.endswith(_PYTHON):
        return _python(path, before or b"", after or b"", named=named)
    one, other = _decoded(before), _decoded(after)
    if one is None or other is None:
        return Change(wrote=True, findings=(_binary(path),))
    if path.endswith(".ipynb"):
        return _notebook(path, one, other, named=named)
    if prose.is_markup(path):
        return _markup(path, one, other, named=named)
    if prose.is_prose(path):
        return _prose(path, one, other)
    return _other(path, one, other, named=named)


def _decoded(data: bytes | None) -> str | None:
    if data is None:
        return ""
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _binary(path: str) -> Finding:
    if _documents(path):
        return told("not-read", f"{path} is no text, so nothing in it was judged")
    return doubted("not-read", f"{path} is no text: it cannot be shown to be documentation")


def _documents(path: str) -> bool:
    """True below a folder of documents or examples."""
    return not {"docs", "doc", "examples", "changelog.d"}.isdisjoint(path.split("/")[:-1])


def _code(path: str, detail: str, *, named: bool, added: bool = False) -> Finding:
    """A change of code: decisive, except in what only documents and is asked for, or is new."""
    if _documents(path) and (named or added):
        return told("docs-code", detail)
    return wrong("code-changed", detail)


def _spaced(one: str, other: str) -> bool:
    return one != other and one.split() == other.split()


# -- Python -----------------------------------------------------------------------------------


def _python(path: str, before: bytes, after: bytes, *, named: bool) -> Change:
    try:
        old = parsed(before)
    except NotRead as why:
        return _unparsed(path, before, after, str(why))
    try:
        new = parsed(after)
    except NotRead as why:
        detail = f"{path} cannot be parsed any more: {one_line(str(why), 100)}"
        return Change(findings=(wrong("code-changed", detail),))
    findings: list[Finding] = []
    if found := difference(old, new):
        line = found.after or found.before or 1
        detail = f"{path}:{line}: code changed in a task to document ({one_line(found.what, 120)})"
        findings.append(_code(path, detail, named=named, added=not before))
    written = _written(old, new)
    owners = tuple(dict.fromkeys(one.owner for one in written))
    notes, commented = _of_comments(path, before, after)
    findings += _of_docstrings(path, written, after)
    return Change(
        findings=(*findings, *notes, *_of_bytes(path, before, after)),
        wrote=commented or any(one.text.split() for one in written),
        spaced=before != after and not written and not commented and not findings,
        owners=owners,
    )


def _unparsed(path: str, before: bytes, after: bytes, why: str) -> Change:
    """A file that this interpreter never could read: nothing but its comments may differ."""
    if before == after:
        return Change()
    detail = f"{path} cannot be parsed ({one_line(why, 80)}): whether its code changed is not known"
    return Change(findings=(doubted("not-read", detail),), wrote=True)


def _written(old: ast.Module, new: ast.Module) -> list[Docstring]:
    """Docstrings that differ beyond white space, as they are now; those that went, as they were."""
    sides = [[*docstrings(tree)] for tree in (old, new)]
    counts = [Counter((one.owner, " ".join(one.text.split())) for one in side) for side in sides]
    lost, come = counts[0] - counts[1], counts[1] - counts[0]
    return [*_those(sides[1], come), *_those(sides[0], lost)]


def _those(side: Sequence[Docstring], keys: Counter[tuple[str, str]]) -> Iterator[Docstring]:
    return (one for one in side if (one.owner, " ".join(one.text.split())) in keys)


def _of_docstrings(path: str, written: Sequence[Docstring], after: bytes) -> Iterator[Finding]:
    tested = [one for one in written if ">>> " in one.text]
    for one in tested[:_SHOWN]:
        what = f"a doctest in the changed docstring of {one.owner or 'the module'}"
        yield told("doctest-changed", f"{path}:{one.line}: {what}: the tests decide about it")
    if not written:
        return
    for number, line in enumerate(after.splitlines(), 1):
        if _READS_DOC.search(line.decode("latin-1")):
            yield told(
                "doc-read-by-code",
                f"{path}:{number}: this module reads docstrings, and docstrings changed",
            )
            return


def _of_comments(path: str, before: bytes, after: bytes) -> tuple[list[Finding], bool]:
    """Comments that tools read, where they came, went or moved; whether any words differ."""
    try:
        old, new = comments(before), comments(after)
    except NotRead:
        return [told("not-read", f"{path}: its comments could not be read")], True
    words = [Counter(" ".join(one.text.split()) for one in side) for side in (old, new)]
    notes = []
    for one, what in (*_moved(old, new, "is gone or moved"), *_moved(new, old, "is new or moved")):
        said = f"{path}:{one.line}: {one_line(one.text, 60)} {what}, and tools read it"
        notes.append(told("tool-comment", said, passed=False))
    return notes[:_MARKS], words[0] != words[1]


def _moved(
    mine: Sequence[Comment], others: Sequence[Comment], what: str
) -> Iterator[tuple[Comment, str]]:
    theirs = Counter((one.text, one.code) for one in others)
    for one in mine:
        read = one.line <= 2 or "coding" not in one.text
        if read and _TOOL_COMMENT.match(one.text):
            if theirs[one.text, one.code]:
                theirs[one.text, one.code] -= 1
            else:
                yield one, what


def _of_bytes(path: str, before: bytes, after: bytes) -> Iterator[Finding]:
    if not before or not after:
        return
    if (b"\r\n" in before) != (b"\r\n" in after):
        yield told("line-ends", f"{path}:1: the ends of lines changed", passed=False)
    if before.startswith(b"\xef\xbb\xbf") != after.startswith(b"\xef\xbb\xbf"):
        yield told("line-ends", f"{path}:1: a byte order mark came or went", passed=False)


# -- other texts ------------------------------------------------------------------------------


def _prose(path: str, one: str, other: str) -> Change:
    notes = []
    if ">>> " in other and _prompts(one) != _prompts(other):
        line = next(n for n, text in enumerate(other.splitlines(), 1) if ">>> " in text)
        notes.append(told("doctest-changed", f"{path}:{line}: examples in a document changed"))
    spaced = _spaced(one, other)
    return Change(findings=tuple(notes), wrote=not spaced and one != other, spaced=spaced)


def _prompts(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if ">>> " in line]


def _markup(path: str, one: str, other: str, *, named: bool) -> Change:
    spaced = _spaced(one, other)
    if prose.run_in_markup(one) == prose.run_in_markup(other):
        return Change(wrote=not spaced, spaced=spaced)
    detail = f"{path}: a script, a style, a handler or a template's code changed"
    return Change(findings=(_code(path, detail, named=named, added=not one),), wrote=True)


def _notebook(path: str, one: str, other: str, *, named: bool) -> Change:
    old, new = (prose.notebook_code(text) if text else () for text in (one, other))
    if old is None or new is None:
        return Change(findings=(doubted("not-read", f"{path} is no notebook that can be read"),))
    if old == new:
        return Change(wrote=True)
    finding = _code(path, f"{path}: the code of the notebook changed", named=named, added=not one)
    return Change(findings=(finding,), wrote=True)


def _other(path: str, one: str, other: str, *, named: bool) -> Change:
    same = other_code.same(path, one, other)
    if same:
        said = [Counter(other_code.comments(path, text)) for text in (one, other)]
        notes = _tool_notes(path, said[0], said[1])
        return Change(findings=notes, wrote=said[0] != said[1], spaced=said[0] == said[1])
    if same is False:
        detail = f"{path}: more than comments changed in a task to document"
        return Change(findings=(_code(path, detail, named=named, added=not one),), wrote=True)
    known = "its comments are not told from code for certain" * other_code.is_known(path)
    why = known or "its language is not known"
    if _documents(path):
        return Change(findings=(told("language-unknown", f"{path}: {why}"),), wrote=True)
    detail = f"{path}: {why}, so it cannot be shown that only documentation changed"
    return Change(findings=(doubted("language-unknown", detail),), wrote=True)


def _tool_notes(path: str, old: Counter[str], new: Counter[str]) -> tuple[Finding, ...]:
    changed = [text for text in ((old - new) + (new - old)) if _TOOL_COMMENT.match(text)]
    return tuple(
        told("tool-comment", f"{path}: {one_line(text, 60)}: tools read it", passed=False)
        for text in changed[:_MARKS]
    )
