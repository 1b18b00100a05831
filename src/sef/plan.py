"""A plan: tasks and what they need, checked to be a graph without cycles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from sef.errors import PlanError
from sef.model import Task

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Tasks in the order they were said. Raises PlanError on anything that is not a plan.

    A plan has at least one task, unique well-formed ids, needs that name its own tasks, and no
    cycle.
    """

    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        if not self.tasks:
            raise PlanError("the plan has no task", hint='Say what to do: sef run "run the tests"')
        _check_ids(self.tasks)
        _check_needs(self.tasks)
        _check_cycles(self.tasks)

    def needed_by(self) -> Mapping[str, tuple[str, ...]]:
        """For each task the ids of the tasks that need it directly, in the order of the plan."""
        after: dict[str, list[str]] = {task.id: [] for task in self.tasks}
        for task in self.tasks:
            for need in dict.fromkeys(task.needs):
                after[need].append(task.id)
        return {task: tuple(others) for task, others in after.items()}

    def ranks(self) -> Mapping[str, int]:
        """For each task its b-level: the number of tasks on the longest chain from it to an end.

        The task with the highest rank lies on the critical path and goes first (HEFT's upward
        rank with unit weights, Topcuoglu et al. 2002).
        """
        after = self.needed_by()
        ranks: dict[str, int] = {}
        for task in reversed(list(TopologicalSorter(_needs(self.tasks)).static_order())):
            ranks[task] = 1 + max((ranks[other] for other in after[task]), default=0)
        return ranks


def _needs(tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
    return {task.id: task.needs for task in tasks}


def _check_ids(tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        if not _ID.fullmatch(task.id):
            raise PlanError(
                f"task id {task.id[:80]!r} is not valid",
                hint="An id is 1 to 64 letters, digits, dots, dashes or underscores.",
            )
    twice = [task for task, count in Counter(task.id for task in tasks).items() if count > 1]
    if twice:
        raise PlanError(
            f"task id {twice[0]!r} is used more than once", hint="Give each task an id of its own."
        )


def _check_needs(tasks: tuple[Task, ...]) -> None:
    known = dict.fromkeys(task.id for task in tasks)
    for task in tasks:
        for need in task.needs:
            if need not in known:
                near = get_close_matches(need, known, 1)
                raise PlanError(
                    f"task {task.id!r} needs {need!r}, which is not in the plan",
                    hint=f"Did you mean {near[0]!r}?"
                    if near
                    else f"Known ids: {_some(list(known))}",
                )


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")


def _check_cycles(tasks: tuple[Task, ...]) -> None:
    try:
        TopologicalSorter(_needs(tasks)).prepare()
    except CycleError as error:
        path = " -> ".join(error.args[1])
        raise PlanError(
            f"the plan has a cycle: {path}", hint="Remove one of these needs."
        ) from None
