"""What no draft brings along unasked: secrets, floods; silenced checkers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import SIZE_LIMIT, Look, Pair
from sef.verifiers.paths import is_document

_SECRETS: Final = (
    (re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"), "a private key"),
    (re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"), "an AWS key"),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{50,}"), "a GitHub token"),
    (re.compile(r"\bglpat-[\w-]{20,}"), "a GitLab token"),
    (re.compile(r"\bxox[abprs]-\d{8,}-[\w-]{10,}"), "a Slack token"),
    (re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"), "a model provider's key"),
    (re.compile(r"\bAIza[\w-]{35}\b"), "a Google key"),
    (re.compile(r"\b[sr]k_live_[A-Za-z0-9]{20,}"), "a Stripe key"),
    (re.compile(r"\bpypi-AgEI[\w-]{50,}|\bnpm_[A-Za-z0-9]{36}\b"), "a package registry's token"),
)  # fmt: skip
_EXAMPLE = re.compile(r"EXAMPLE|example|dummy|fake|placeholder|xxxx|XXXX|0000000|1234567")
_PASSWORD = re.compile(
    r"(?i)\b(?:password|passwd|api_?key|secret(?:_?key)?|auth_?token|access_?token)\b[\"']?\s*[:=]\s*"
    r"[\"'][^\"'\s{}$<>]{12,}[\"']"
)
_SILENCED: Final = (
    (re.compile(r"#\s*type:\s*ignore|#\s*pyright:\s*ignore|@ts-(?:ignore|expect-error|nocheck)"),
    "types-silenced"),
    (re.compile(r"#\s*(?:ruff:\s*)?noqa|#\s*pylint:\s*disable|eslint-disable|//\s*nolint"
                r"|#\[allow\("), "lint-silenced"),
    (re.compile(r"pragma:\s*no cover|istanbul ignore|c8 ignore|v8 ignore|coverage:ignore"),
    "coverage-silenced"),
    (re.compile(r"\bwarnings\.(?:simplefilter|filterwarnings)\(|logging\.disable\("),
    "warnings-silenced"),
    (re.compile(r"doctest:\s*\+SKIP"), "doctest-skipped"),
)  # fmt: skip
_MANY_LINES: Final = 20_000
_MANY_FILES: Final = 20
_LINE: Final = 4000


def findings(look: Look) -> Iterator[Finding]:
    """Of the lines that the draft adds, whatever the language."""
    for pair in look.pairs:
        if pair.too_big:
            yield _too_big(look, pair)
        elif pair.after is not None:
            yield from _lines(pair)
    yield from _sizes(look)


def _too_big(look: Look, pair: Pair) -> Finding:
    what = f"larger than {SIZE_LIMIT // 1024} KiB: it was not read"
    ok = look.asked.names(pair.path) or (is_document(pair.path) and not pair.test)
    return Finding(sign="not-read", path=pair.path, line=0, what=what, decisive=not ok)


def _lines(pair: Pair) -> Iterator[Finding]:
    said: set[str] = set()
    joined = "\n".join(text for _, text in pair.added)
    secrets = [one for one in _SECRETS if one[0].search(joined)]
    silenced = [one for one in _SILENCED if one[0].search(joined)]
    passwords = not pair.test and not is_document(pair.path) and _PASSWORD.search(joined)
    for number, whole in pair.added:
        text = whole[:_LINE]
        if (what := _secret(text, secrets)) and text not in (pair.before or ""):
            yield _of(pair, number, "secret", f"{what} is added", decisive=not pair.test)
        elif passwords and _PASSWORD.search(text):
            what = "something like a password is added"
            yield _of(pair, number, "secret-like", what, decisive=False)
        if text.startswith(("<<<<<<< ", ">>>>>>> ")) and not is_document(pair.path):
            yield _of(pair, number, "conflict-marker", "a conflict marker", decisive=True)
        for pattern, sign in silenced:
            if sign not in said and pattern.search(text):
                said.add(sign)
                yield _of(pair, number, sign, f"silenced: {text.strip()[:80]}", decisive=False)


def _secret(text: str, known: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
    if not known or _EXAMPLE.search(text):
        return None
    return next((what for pattern, what in known if pattern.search(text)), None)


def _sizes(look: Look) -> Iterator[Finding]:
    added = sum(len(pair.added) for pair in look.pairs if not pair.too_big)
    if added > _MANY_LINES:
        first = look.pairs[0]
        what = f"{added} lines are added"
        yield _of(first, 0, "huge-change", what, decisive=False)
    gone = [pair for pair in look.pairs if pair.after is None]
    moved = sum(pair.before is None for pair in look.pairs)
    if len(gone) - moved > _MANY_FILES and not look.asked.says("remov|delet|drop|mov|clean|split"):
        what = f"{len(gone)} files are deleted"
        yield _of(gone[0], 0, "mass-deletion", what, decisive=True)


def _of(pair: Pair, line: int, sign: str, what: str, *, decisive: bool) -> Finding:
    return Finding(sign=sign, path=pair.path, line=line, what=what, decisive=decisive)
