"""How sentences become tasks."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest

from sef.errors import PlanError
from sef.planners import PLANNERS
from sef.planners.sentences import SentencePlanner


def planned(*texts: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(task.text, task.needs) for task in SentencePlanner().plan(texts)]


@pytest.mark.parametrize(
    "text",
    [
        "fix the bug, then run the tests",
        "fix the bug. Then run the tests",
        "fix the bug; and then run the tests",
        "fix the bug and then run the tests",
        "fix the bug, and then, run the tests.",
        "fix the bug\nthen run the tests",
    ],
)
def test_an_explicit_then_makes_two_tasks(text: str) -> None:
    """The order after "then" needs the one before it."""
    first, second = SentencePlanner().plan([text])
    assert (first.id, second.id) == ("fix-the-bug", "run-the-tests")
    assert (first.needs, second.needs) == ((), ("fix-the-bug",))


@pytest.mark.parametrize(
    "text",
    [
        "add a greeting and run the tests",
        'print "first, then second" at the end',
        "print 'don't, then do' at the end",
        "rename `a, then b`",
        "print “a. Then b”",
        "```\na\nthen b\n``` explain that",
        "if the file is missing, then create it",
        "make sure that, if x is None, then 0 is returned",
        "When a row is empty, then skip it",
        "fix the if, then-clause",
        "simplify the else and then branch",
        "authenticate the user",
    ],
)
def test_anything_else_stays_one_task(text: str) -> None:
    """Quotations, conditions and names that hold a "then" are not split."""
    assert planned(text) == [(text, ())]


def test_a_condition_ends_with_its_sentence() -> None:
    """An "if" of an earlier sentence does not hide a later "then"."""
    assert len(planned("Retry if it fails. Add a log line, then run the tests")) == 2


def test_texts_are_independent() -> None:
    """Each text is one task; without a "then" none waits for another."""
    assert planned("add a", "add b") == [("add a", ()), ("add b", ())]


@pytest.mark.parametrize(
    "word", ["then", "Then", "and then", "After that,", "afterwards", "Finally,"]
)
def test_a_text_that_begins_with_then_needs_all_before_it(word: str) -> None:
    """The word is not part of the task that it orders."""
    assert planned("add a", "add b", f"{word} run the tests")[2] == (
        "run the tests",
        ("add-a", "add-b"),
    )


def test_a_finally_block_is_not_an_order() -> None:
    """A part of the code that is called finally or then does not wait."""
    assert planned("add a", "finally blocks swallow errors, keep them")[1][1] == ()


def test_ids_are_short_unique_ascii() -> None:
    """Ids are made from the words, numbered where they repeat, and at most 40 characters."""
    texts = [
        "Run the tests!",
        "run the tests",
        "run the tests 2",
        "Übersetze ärger",
        "修复错误",
        "x" * 90,
    ]
    texts += ["word " * 30, "word " * 30, "'quoted'"]
    ids = [task.id for task in SentencePlanner().plan(texts)]
    assert ids[:5] == [
        "run-the-tests",
        "run-the-tests-2",
        "run-the-tests-2-2",
        "ubersetze-arger",
        "task",
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) for name in ids)


@pytest.mark.parametrize(
    "texts",
    [[], [""], [" \n\t"], ["then"], ["and then."], ["fix it, then"], ["..."], ["add a", " "]],
)
def test_an_empty_request_is_refused_with_the_way_out(texts: list[str]) -> None:
    """Where nothing is asked for, the error says how to ask."""
    with pytest.raises(PlanError) as refused:
        SentencePlanner().plan(texts)
    assert refused.value.hint is not None
    assert "sef run" in refused.value.hint


@pytest.mark.parametrize("unit", ["'a ", "'a'", '"', "`", ", then", "then ", " and", "\n", "if "])
def test_hostile_input_takes_linear_time(unit: str) -> None:
    """The longest text that is read is split in a moment, a longer one is refused."""
    began = time.process_time()
    with pytest.raises(PlanError):
        SentencePlanner().plan([unit * (10_001 // len(unit) + 1)])
    with suppress(PlanError):
        SentencePlanner().plan(["go " + unit * (9_900 // len(unit))])
    assert time.process_time() - began < 0.5


def test_the_table_names_the_planner() -> None:
    """The short name sentences makes this planner."""
    assert isinstance(PLANNERS["sentences"](), SentencePlanner)
