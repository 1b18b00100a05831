"""A plan is a checked graph."""

from __future__ import annotations

import pytest

from sef.errors import PlanError
from sef.model import Task
from sef.plan import Plan


def task(name: str, *needs: str) -> Task:
    return Task(id=name, text=name, needs=needs)


def test_ranks_are_the_longest_chain_to_an_end() -> None:
    """The head of the longest chain ranks highest."""
    plan = Plan((task("a"), task("b", "a"), task("c", "b"), task("d")))
    assert plan.ranks() == {"a": 3, "b": 2, "c": 1, "d": 1}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ((), "no task"),
        ((task("a", "b"), task("b", "a")), "cycle: a -> b -> a|cycle: b -> a -> b"),
        ((task("a", "a"),), "cycle"),
        ((task("a"), task("a")), "'a' is used more than once"),
        ((task("build"), task("b", "biuld")), "Did you mean 'build'"),
        ((task("a b"),), "not valid"),
        ((task("../x"),), "not valid"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_cause(tasks: tuple[Task, ...], message: str) -> None:
    """Each error names the task and the way out."""
    with pytest.raises(PlanError, match=message):
        Plan(tasks)
