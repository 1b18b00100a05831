"""Rates and times are folds; each says n/a where it means nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sef.events import (
    Accepted,
    Committed,
    Dispatched,
    Drafted,
    Fact,
    Recorded,
    Rejected,
    RunFinished,
    RunStarted,
    Squashed,
)
from sef.explain import explained
from sef.model import Answer, Draft, Evidence, Patch, Task, Tier, Usage, Verdict
from sef.rates import rates

DRAFT = Draft(
    answer=Answer(text=""), patch=Patch(base="b", commit="c"), usage=Usage(cost_usd=Decimal(1))
)
YES = Verdict(accepted=True, reason="green")
NO = Verdict(
    accepted=False,
    reason="red",
    evidence=(Evidence(verifier="tests", passed=False, detail="1 failed"),),
)


def call(task: str, tier: Tier, begun: float, ended: float, epoch: int = 0) -> list[Recorded]:
    """A call that ended, at its times."""
    by = {"task": task, "epoch": epoch, "executor": tier.name.lower(), "tier": tier}
    dispatched = Dispatched(**by, stage=0, base="b", call="k" * 32)  # type: ignore[arg-type]
    drafted = Drafted(**by, draft=DRAFT)  # type: ignore[arg-type]
    return [at(begun, dispatched), at(ended, drafted)]


def judged(task: str, tier: Tier, when: float, accepted: bool) -> Recorded:
    by = {"task": task, "epoch": 0, "executor": "x", "tier": tier}
    if accepted:
        return at(when, Accepted(**by, draft=DRAFT, verdict=YES, verifiers=()))  # type: ignore[arg-type]
    return at(when, Rejected(**by, verdict=NO))  # type: ignore[arg-type]


def at(seconds: float, fact: Fact) -> Recorded:
    return Recorded(fact=fact, seconds=seconds)


def started(*tasks: Task, slots: int = 2) -> Recorded:
    return at(0.0, RunStarted(run="r", base="b", dirty=False, tasks=tasks, slots=slots))


def finished(seconds: float) -> Recorded:
    return at(seconds, RunFinished(run="r", seconds=seconds, branch=None))


def task(name: str, *needs: str) -> Task:
    return Task(id=name, text=name, needs=needs)


def committed(name: str, when: float) -> Recorded:
    return at(when, Committed(task=name, epoch=0, commit="c"))


def test_two_side_by_side_and_one_after() -> None:
    """Every figure of a run worked out by hand."""
    told = [
        started(task("a"), task("b"), task("c", "a", "b")),
        *call("a", Tier.LIGHT, 0.0, 4.0),
        judged("a", Tier.LIGHT, 4.0, accepted=True),
        committed("a", 4.5),
        *call("b", Tier.NONE, 0.0, 2.0),
        judged("b", Tier.NONE, 2.0, accepted=True),
        committed("b", 2.0),
        *call("c", Tier.TARGET, 4.75, 8.75),
        judged("c", Tier.TARGET, 9.0, accepted=True),
        committed("c", 9.0),
        finished(10.0),
    ]
    assert rates(sorted(told, key=lambda one: one.seconds)) == {
        "delegation_rate": 0.5,  # a of a and c; b needed no model
        "rejection_rate": 0.0,
        "response_latency_s": 2.0,
        "completion_time_s": 10.0,
        "transition_time_ms": 250.0,
        "parallelization_ratio": pytest.approx(2 / 3, abs=1e-4),
        "agent_utilization": 0.5,  # 10 seconds of work, 2 slots for 10 seconds
        "redundancy": 0.0,
        "tool_efficiency": None,  # nobody told of a tool
        "speed_up": 1.0,
        "makespan_over_bound": 1.25,  # the longest chain takes 8 seconds
    }


def test_a_chain_has_no_parallelism_and_an_empty_run_no_rates() -> None:
    """None, not zero."""
    told = [
        started(task("a"), task("b", "a")),
        *call("a", Tier.NONE, 0.0, 1.0),
        committed("a", 1.0),
        finished(2.0),
    ]
    found = rates(told)
    assert found["parallelization_ratio"] is None
    assert found["delegation_rate"] is None
    assert found["rejection_rate"] is None
    assert set(rates([]).values()) == {None}


def test_squashed_work_is_redundant_and_a_jumping_clock_makes_nothing_negative() -> None:
    """Three seconds of nine were for nothing."""
    told = [
        started(task("a"), task("b")),
        *call("a", Tier.LIGHT, 0.0, 3.0),
        at(3.0, Squashed(task="a", epoch=0, reason="conflict")),
        *call("a", Tier.LIGHT, 3.0, 9.0, epoch=1),
        *call("b", Tier.LIGHT, 5.0, 4.0),
        finished(9.0),
    ]
    found = rates(told)
    assert found["redundancy"] == pytest.approx(3 / 9, abs=1e-4)
    assert found["speed_up"] == 1.0


def test_a_rejection_counts_among_verified_drafts_only() -> None:
    """The target's work and tier 0 answers are no drafts."""
    told = [
        started(task("a"), task("b")),
        judged("a", Tier.LIGHT, 1.0, accepted=False),
        judged("a", Tier.TARGET, 2.0, accepted=True),
        judged("b", Tier.STANDARD, 3.0, accepted=True),
    ]
    assert rates(told)["rejection_rate"] == 0.5


def test_a_story_is_told_with_reasons_evidence_and_prices() -> None:
    """Of one task when it is named, else of the run."""
    told = [
        started(task("a"), task("b")),
        *call("a", Tier.LIGHT, 0.5, 1.0),
        judged("a", Tier.LIGHT, 2.0, accepted=False),
        committed("b", 3.0),
    ]
    lines = list(explained(told, "a"))
    assert lines[0] == "    0.50 s  a: light works on b (call kkkkkkkkkk)"
    assert "$1.0000" in lines[1]
    assert lines[2:] == ["    2.00 s  a: x rejected: red", " " * 14 + "  - tests: 1 failed"]
    assert len(list(explained(told))) == 6
