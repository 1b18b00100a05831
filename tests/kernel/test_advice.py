"""What verifiers ask of models is booked, paid once, and never lost to the books."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from sef.advice import Advice, Advised, Consulted
from sef.codec import decoded, encoded
from sef.desk import TaskDesk
from sef.events import Fact, Resumed, RunStarted, TaskFact, is_paid
from sef.metrics import cost, costs
from sef.model import Patch, Task, Usage
from sef.recall import advised, in_flight


def usage(cost_usd: str | None) -> Usage:
    return Usage(cost_usd=None if cost_usd is None else Decimal(cost_usd))


def asked(key: str, task: str = "a", call: str = "call") -> Consulted:
    return Consulted(task=task, epoch=0, verifier="judge", executor="mid", key=key, call=call)


def told(key: str, cost_usd: str | None, task: str = "a", failed: str = "") -> Advised:
    advice = Advice(text="yes", usage=usage(cost_usd), failed=failed)
    return Advised(
        task=task, epoch=0, verifier="judge", executor="mid", key=key, call="call", advice=advice
    )


STARTED = RunStarted(run="r", base="b", dirty=False, tasks=(Task(id="a", text="t"),), slots=1)


def test_advice_is_part_of_what_a_task_cost() -> None:
    """Each answer once, also a failed one; what was asked and not answered has no known price."""
    facts: list[Fact] = [asked("1"), told("1", "0.02"), asked("2"), told("2", "0.01", failed="no")]
    assert cost(facts, "a") == Decimal("0.03")
    assert costs([STARTED, *facts]).cost == Decimal("0.03")
    assert cost([*facts, asked("3")], "a") is None
    assert cost([asked("4"), told("4", None)], "a") is None


def test_a_question_that_was_cut_off_is_in_flight() -> None:
    """It is possibly paid twice; after the resumption the rest of the cost is known again."""
    facts: list[Fact] = [asked("1"), told("1", "0.02"), asked("2", call="other"), asked("3")]
    assert in_flight(facts) == ("other", "call")
    resumed = Resumed(run="r", in_flight=("other", "call"))
    assert cost([*facts, resumed, asked("2"), told("2", "0.01")], "a") == Decimal("0.03")


def test_advice_is_found_by_its_question() -> None:
    """Of the task alone."""
    facts: list[Fact] = [told("1", "0.02"), told("2", "0.01", task="b")]
    assert list(advised(facts, "a")) == ["1"]


def test_the_facts_are_durable_at_once_and_survive_the_journal() -> None:
    """Both are paid facts, and come back from JSON as they were."""
    patch = Patch(base="b", commit="c")
    fact = told("1", "0.02")
    fresh = Advised(
        task="a", epoch=0, verifier="fresh", executor="mid", key="k", call="c",
        advice=Advice(text="", usage=usage(None), patch=patch),
    )  # fmt: skip
    for one in (asked("1"), fact, fresh):
        assert is_paid(one)
        assert decoded(type(one).__name__, encoded(one)) == one


def test_a_desk_tells_before_and_after() -> None:
    """What was known is not told again; a failed answer may be asked for once more."""
    heard: list[TaskFact] = []

    async def tell(fact: TaskFact) -> None:
        heard.append(fact)

    async def work() -> None:
        failed = Advice(text="", usage=usage("0.01"), failed="no")
        desk = TaskDesk("a", 0, tell, {"old": Advice(text="yes", usage=usage("1")), "bad": failed})
        assert desk.known("old") is not None
        assert desk.known("bad") is None
        assert desk.cost_usd == 0
        await desk.asks("judge", "mid", "new", "call")
        assert desk.cost_usd is None
        await desk.told("new", Advice(text="no", usage=usage("0.02")))
        assert desk.cost_usd == Decimal("0.02")
        answer = desk.known("new")
        assert answer is not None
        assert answer.text == "no"

    asyncio.run(work())
    assert [type(one) for one in heard] == [Consulted, Advised]
    assert {one.key for one in heard if isinstance(one, Consulted | Advised)} == {"new"}
