"""What is printed about facts and reports, without a process of its own."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from sef.cli.render import render
from sef.events import (
    Accepted,
    Applied,
    Cancelled,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    RunFinished,
    RunStarted,
)
from sef.model import Answer, Draft, Patch, Task, Tier, Usage, Verdict
from sef.report import report
from sef.sinks.console import Progressing
from sef.text import sentences

STARTED = RunStarted(
    run="r", base="0123456789abcdef", dirty=False, tasks=(Task(id="a", text="x"),), slots=1
)
ENDED = RunFinished(run="r", seconds=1.0, branch="sef/r")
PAID = Usage(cost_usd=Decimal("0.5"), model="m")
DRAFT = Draft(answer=Answer(text="said"), patch=Patch(base="b", commit="c"), usage=PAID)


def works(tier: Tier = Tier.TARGET, stage: int = 0) -> Dispatched:
    return Dispatched(
        task="a", epoch=0, stage=stage, executor=f"e{stage}", tier=tier, base="b", call="k"
    )


def failed(reason: str, tier: Tier = Tier.TARGET, stage: int = 0) -> Failed:
    usage = Usage(cost_usd=Decimal(0))
    return Failed(task="a", epoch=0, executor=f"e{stage}", tier=tier, reason=reason, usage=usage)


def drafted(tier: Tier = Tier.TARGET) -> Drafted:
    return Drafted(task="a", epoch=0, executor="e0", tier=tier, draft=DRAFT)


def accepted(tier: Tier = Tier.TARGET) -> Accepted:
    return Accepted(
        task="a", epoch=0, executor="e0", tier=tier, draft=DRAFT,
        verdict=Verdict(accepted=True, reason="fine"), verifiers=(),
    )  # fmt: skip


LANDED = (STARTED, works(), drafted(), accepted(), Committed(task="a", epoch=0, commit="c" * 40))


def shown(*facts: Fact, apply_error: str | None = None) -> str:
    stream = io.StringIO()
    render(report(facts, apply_error), Console(file=stream, width=200))
    return stream.getvalue()


def progress(*facts: Fact) -> list[str]:
    stream = io.StringIO()
    with Progressing(Console(file=stream, width=200)) as sink:
        for fact in facts:
            sink.tell(fact)
    return stream.getvalue().splitlines()


def test_called_off_during_apply_is_cancelled() -> None:
    """All tasks are done, and still it was called off; what was applied before stays applied."""
    facts = (*LANDED, Cancelled(), ENDED)
    said = report(facts)
    assert (said.status, said.applied, said.tasks[0].status) == ("cancelled", False, "done")
    assert "Called off: all tasks are done, but not applied; git status" in shown(*facts)
    assert report((*LANDED, Applied(commit="c"), ENDED)).status == "ok"


def test_a_killed_run_keeps_its_branch_in_the_report() -> None:
    """Also where no fact tells of its end."""
    assert report(LANDED).branch == "sef/r"


@pytest.mark.parametrize(
    ("facts", "reason", "cost"),
    [
        ((works(),), "called off", None),
        ((works(Tier.NONE),), "called off", Decimal(0)),
        ((works(), drafted()), "called off while it was judged", Decimal("0.5")),
    ],
)
def test_an_attempt_that_was_cut_off_is_listed(
    facts: tuple[Fact, ...], reason: str, cost: Decimal | None
) -> None:
    """With the price as far as it is known."""
    said = report((STARTED, *facts, Cancelled(), ENDED))
    (attempt,) = said.tasks[0].attempts
    assert (attempt.accepted, attempt.reason, attempt.cost_usd) == (None, reason, cost)
    assert (said.cost_usd, said.saved_usd, said.saved_is) == (cost, None, "unknown")


def test_what_failed_saves_nothing() -> None:
    """The price is known and so is the target's; there is nothing to compare."""
    gave_up = Exhausted(task="a", epoch=0, reason="e0 failed: no")
    facts = (STARTED, works(), failed("no"), gave_up, ENDED)
    said = report(facts)
    assert (said.cost_usd, said.saved_usd, said.saved_is) == (0, None, "unknown")
    assert "saved: unknown (not every task is done)" in shown(*facts)
    assert "saved $" in shown(*LANDED, ENDED)


def test_one_reason_is_told_once_a_task() -> None:
    """With everybody who gave it; and the progress does not repeat it at the end."""
    gave_up = Exhausted(task="a", epoch=0, reason="e0 failed: no; e1 failed: no")
    facts = (STARTED, works(), failed("no"), works(stage=1), failed("no", stage=1), gave_up)
    assert "! a: e0, e1: no\n" in shown(*facts)
    assert shown(*facts).count(": no") == 1
    assert progress(*facts)[-1] == "a: gave up"
    alone = Exhausted(task="a", epoch=0, reason="no executor\nName one.")
    assert progress(STARTED, alone) == ["a: gave up: no executor. Name one."]


def test_the_progress_of_what_is_computed_is_short() -> None:
    none = Tier.NONE
    done = Committed(task="a", epoch=0, commit=None)
    facts = (STARTED, works(none), drafted(none), accepted(none), done)
    assert progress(*facts) == ["a: e0 works", "a: done"]
    assert len(progress(*LANDED)) == 4


def test_foreign_text_is_neither_markup_nor_emoji() -> None:
    words = "see :bug: [red]x[/red] in C:\\"
    said = Rejected(
        task="a", epoch=0, executor=words, tier=Tier.TARGET,
        verdict=Verdict(accepted=False, reason=words),
    )  # fmt: skip
    facts = (STARTED, works(), drafted(), said)
    assert progress(*facts)[-1] == f"a: {words} was rejected: {words}"
    assert f"! a: {words}: {words}\n" in shown(*facts)


def test_a_dirty_base_has_its_own_way_out() -> None:
    dirty = RunStarted(run="r", base="0123456789abcdef", dirty=True, tasks=STARTED.tasks, slots=1)
    told = shown(dirty, *LANDED[1:], ENDED)
    assert "git cherry-pick 0123456789ab..sef/r" in told
    assert "git merge" not in told
    assert "git merge sef/r" in shown(*LANDED, ENDED)
    assert report((dirty, *LANDED[1:]), "it does not fit").apply_error == "it does not fit"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a. b"),
        ("a.\nb", "a. b"),
        ("a:\n  b\n\n", "a: b"),
        ("", ""),
        ("one", "one"),
    ],
)
def test_lines_become_sentences(text: str, line: str) -> None:
    assert sentences(text) == line
