"""Numbers that an answer claims of a run, held against a run of our own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sef.checks import CheckRun
from sef.model import Answer, Counts
from sef.verifiers.exact.finding import Finding, doubted, right, told, wrong

LIMIT: Final = 50_000
_NUMBER = re.compile(
    r"(?<![\w.])(?P<count>\d{1,7}|no|zero)\s+(?:of\s+(?:the\s+)?\d+\s+)?(?:tests?\s+|cases?\s+)?"
    r"(?:have\s+|has\s+|are\s+|were\s+|was\s+|is\s+)?(?P<what>passed|passing|pass(?:es)?|failed"
    r"|failing|fail(?:s|ures?)?|errors?|skipped|xfailed|xpassed|deselected)\b",
    re.IGNORECASE,
)
_EXIT = re.compile(
    r"\bexit(?:ed)?(?:\s+(?:with|code|status|was|is|of|the|a))*[\s:=]*(?P<code>-?\d{1,3})\b",
    re.IGNORECASE,
)
_GREEN = re.compile(
    r"\b(?:all|every)\s+(?:of\s+)?(?:the\s+)?(?:\d+\s+)?(?:tests?|checks?)\s+(?:\w+\s+)?(?:pass|green|ok)"
    r"|\b(?:suite|tests|build|lint(?:er)?|types?|mypy|ruff)\s+(?:is|are)\s+(?:all\s+)?(?:green|clean)"
    r"|\bno issues\b|\ball checks passed\b",
    re.IGNORECASE,
)
_RED = re.compile(
    r"(?<!none )(?<!nothing )(?<!never )\b(?:fails?|failed|failing|failures?|broken|red"
    r"|crash(?:es|ed)?|do(?:es)? not pass)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|n't|never|unless|should|would|until|if)\W+(?:\w+\W+)?$", re.IGNORECASE)


def judged(answer: Answer, run: CheckRun) -> Iterator[Finding]:
    """What the answer says of the command, against our own run of it, which must say something."""
    looked = [*_structure(answer, run), *_words(answer.text[:LIMIT], run)]
    yield from looked
    if not any(one.passed is not None for one in looked):
        yield doubted("nothing-claimed", f"the answer has no result; our run gave: {run.summary}")


def _structure(answer: Answer, run: CheckRun) -> Iterator[Finding]:
    if answer.counts is not None and run.counts is not None:
        yield _held("counts", str(answer.counts), str(run.counts))
    if answer.exit_code is not None:
        yield _held("exit code", str(answer.exit_code), str(run.exit_code))


def _held(what: str, claimed: str, ours: str) -> Finding:
    if claimed == ours:
        return right("run-agrees", f"{what}: {ours}, in our own run too")
    return wrong("run-differs", f"the answer says {what} {claimed}, our own run gave {ours}")


def _words(text: str, run: CheckRun) -> Iterator[Finding]:
    counts = run.counts
    by_what: dict[str, list[int]] = {}
    for one in _NUMBER.finditer(text):
        count = 0 if one["count"].casefold() in ("no", "zero") else int(one["count"])
        by_what.setdefault(_field(one["what"].casefold()), []).append(count)
    for what, claimed in by_what.items():
        if counts is None:
            yield _without_totals(what, claimed, run)
            continue
        ours = getattr(counts, what)
        if ours not in claimed:
            said = ", ".join(map(str, dict.fromkeys(claimed)))
            yield wrong("run-differs", f"{said} {what} claimed, our own run gave {counts}")
        elif len({*claimed}) > 1:
            said = ", ".join(map(str, dict.fromkeys(claimed)))
            yield doubted("numbers-differ", f"several numbers for {what}: {said}; ours is {ours}")
        else:
            yield right("run-agrees", f"{ours} {what}, in our own run too")
    codes = {int(one["code"]) for one in _EXIT.finditer(text)}
    if codes:
        yield _held("exit code", ", ".join(map(str, sorted(codes))), str(run.exit_code))
    if red := _red_words(text, run):
        yield red
    for one in _GREEN.finditer(text):
        if not _NOT.search(text[max(0, one.start() - 30) : one.start()]):
            yield _green(run, counts)
            return


def _red_words(text: str, run: CheckRun) -> Finding | None:
    """What is said to be red where our own run is green: a doubt, it may mean another time."""
    if run.exit_code != 0 or (run.counts and run.counts.red):
        return None
    for one in _RED.finditer(_NUMBER.sub(" ", text)):
        return doubted("words-differ", f"the answer says {one[0]!r}, our own run is green")
    return None


def _field(word: str) -> str:
    if word.startswith("pass"):
        return "passed"
    if word.startswith("fail"):
        return "failed"
    return "errors" if word.startswith("error") else word


def _without_totals(what: str, claimed: list[int], run: CheckRun) -> Finding:
    """A linter: what it found has names, or nothing is known but its exit code."""
    none = not any(claimed)
    if what in ("errors", "failed") and none is not (run.exit_code == 0):
        return wrong("run-differs", f"{claimed[0]} {what} claimed, our run: {run.summary}")
    if what in ("errors", "failed") and none:
        return right("run-agrees", f"no {what}, in our own run too")
    return told("run-unread", f"{claimed[0]} {what} claimed; our run has no totals: {run.summary}")


def _green(run: CheckRun, counts: Counts | None) -> Finding:
    if run.exit_code == 0 and not (counts and counts.red):
        return right("run-agrees", "green in our own run too")
    return wrong("run-differs", f"said to be green, our own run gave: {run.summary}")
