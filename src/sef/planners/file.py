"""plan.toml: tasks with names and needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sef.errors import PlanError
from sef.model import Kind, Lane, Task
from sef.planners.slugs import slug
from sef.tables import Table, read, understood

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _inside_tree(glob: str) -> str:
    outside = PurePosixPath(glob).is_absolute() or PureWindowsPath(glob).drive or "\\" in glob
    if outside or not glob.strip() or ".." in glob.split("/") or _CONTROL.search(glob):
        raise ValueError("leaves the tree")
    return glob


_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Glob = Annotated[str, Field(max_length=1_000), AfterValidator(_inside_tree)]


class TaskTable(Table):
    """A table [[task]]."""

    id: _Id | None = Field(
        default=None, description="1 to 64 letters, digits, -, _ or ., the first a letter or digit"
    )
    text: str = Field(
        pattern=r"\S", max_length=10_000, description="the request, 1 to 10,000 characters"
    )
    needs: list[_Id] = Field(default=[], max_length=1_000, description="a list of task ids")
    kind: Kind | None = Field(
        default=None, strict=False, description="one of " + ", ".join(sorted(Kind))
    )
    paths: list[_Glob] = Field(
        default=[],
        max_length=1_000,
        description='a list of relative glob patterns without ".." or backslashes',
    )
    lane: Literal["urgent", "normal", "background"] = Field(
        default="normal", description="urgent, normal or background"
    )


class _PlanFile(Table):
    task: list[TaskTable] = Field(
        min_length=1, max_length=1_000, description="1 to 1,000 tables [[task]]"
    )


def load_plan(path: Path) -> tuple[Task, ...]:
    """The tasks of a plan file, in its order; a task without an id is named by its words.

    Raises PlanError naming the file, the task and the key where anything is not understood. That
    ids are unique and needs make sense is for the plan to check.
    """
    return planned(read(path, _PlanFile, PlanError).task)


def parse_plan(text: str, name: str) -> tuple[Task, ...]:
    """The same of a plan's text; `name` stands for the file's. Raises PlanError."""
    return planned(understood(text, name, _PlanFile, PlanError).task)


def planned(tables: Sequence[TaskTable]) -> tuple[Task, ...]:
    """The tasks of the tables, in their order."""
    taken = {table.id for table in tables if table.id}
    tasks = []
    for table in tables:
        name = table.id or slug(table.text, taken)
        taken.add(name)
        tasks.append(_task(name, table))
    return tuple(tasks)


def _task(name: str, table: TaskTable) -> Task:
    return Task(
        id=name,
        text=table.text.strip(),
        needs=tuple(table.needs),
        kind=table.kind,
        paths=tuple(table.paths),
        lane=Lane[table.lane.upper()],
    )
