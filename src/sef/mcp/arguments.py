"""What each tool takes. A model wrote it: all is bounded, and nothing unknown passed over."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sef.errors import PlanError
from sef.model import Kind, Task
from sef.planners import PLANNERS, TaskTable, parse_plan, planned

LONGEST_PLAN: Final = 200_000
LONGEST_PATCH: Final = 8_000_000
LONGEST_WAIT_S: Final = 600
_MOST_TASKS: Final = 200
_GIVE: Final = "Give tasks or plan_toml."


def _listed(value: Any) -> Any:
    """A list that a client sent as a text, and a single text in place of a list of one."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return [value]


class Arguments(BaseModel):
    """What a tool takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: str | None = Field(
        default=None,
        max_length=4_000,
        description="Folder of the repository, within this server's own or the client's roots;"
        " by default the server's.",
    )


_Sentence = Annotated[str, Field(min_length=1, max_length=10_000)]
_Tasks = Annotated[
    list[_Sentence | TaskTable],
    BeforeValidator(_listed),
    Field(
        max_length=_MOST_TASKS,
        description="What to do: sentences ('then' orders them), or tasks with ids and needs as"
        " sef_plan gives them back.",
    ),
]
_Plan = Annotated[
    str,
    Field(max_length=LONGEST_PLAN, description="In place of tasks: the text of a plan.toml."),
]
_Run = Annotated[
    str | None,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$",
        description="The run's name; by default the newest.",
    ),
]
_Task = Annotated[
    str | None,
    Field(max_length=64, description="Id of one task: only that one, its answer in full."),
]


class _Planned(Arguments):
    def tasks_of(self) -> tuple[Task, ...]:
        """The tasks, as they were given. Raises PlanError."""
        tasks: list[str | TaskTable] | None = getattr(self, "tasks", None)
        text: str | None = getattr(self, "plan_toml", None)
        if (tasks is None) == (text is None):
            raise PlanError("give either tasks or plan_toml", hint=_GIVE)
        if text is not None:
            return parse_plan(text, "plan_toml")
        sentences = [one for one in tasks or () if isinstance(one, str)]
        tables = [one for one in tasks or () if isinstance(one, TaskTable)]
        if sentences and tables:
            raise PlanError(
                "tasks holds both sentences and tasks with ids", hint="Give all in one form."
            )
        return planned(tables) if tables else PLANNERS["sentences"]().plan(sentences)


class PlanArguments(_Planned):
    """Of sef_plan."""

    texts: Annotated[list[_Sentence], BeforeValidator(_listed)] | None = Field(
        default=None,
        max_length=_MOST_TASKS,
        description="Sentences; those that say 'then' need what was said before.",
    )
    plan_toml: _Plan | None = None

    def tasks_of(self) -> tuple[Task, ...]:
        """The tasks, as they were given. Raises PlanError."""
        if (self.texts is None) == (self.plan_toml is None):
            raise PlanError(
                "give either texts or plan_toml", hint='For example texts = ["run the tests"].'
            )
        if self.plan_toml is not None:
            return parse_plan(self.plan_toml, "plan_toml")
        return PLANNERS["sentences"]().plan(self.texts or [])


class RouteArguments(BaseModel):
    """Of sef_route."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=100_000, description="The request.")


class RunArguments(_Planned):
    """Of sef_run and sef_start."""

    tasks: _Tasks | None = None
    plan_toml: _Plan | None = None
    policy: Literal["auto", "fast", "standard", "complex"] | None = Field(
        default=None,
        description="How drafts are judged: fast by tests; standard by lint and tests; complex by"
        " lint, types and tests; auto picks one for each task.",
    )
    apply: bool = Field(
        default=False,
        description="Also merge the result into the person's files; without it the result is on"
        " the branch sef/<run> alone.",
    )
    budget_usd: Decimal | None = Field(
        default=None, ge=0, le=10_000, description="Begin no paid call once this is spent."
    )


class StatusArguments(Arguments):
    """Of sef_status."""

    run: _Run = None


class ResultArguments(StatusArguments):
    """Of sef_result."""

    task: _Task = None
    wait_s: float = Field(
        default=0,
        ge=0,
        le=LONGEST_WAIT_S,
        description="Wait so many seconds at most for the run's end.",
    )


class ReportArguments(StatusArguments):
    """Of sef_report."""

    task: _Task = None


class CancelArguments(Arguments):
    """Of sef_cancel."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$", description="The run's name.")
    task: str | None = Field(
        default=None, max_length=64, description="Only this task, and those that need it."
    )


class VerifyArguments(Arguments):
    """Of sef_verify."""

    base: str = Field(
        min_length=1,
        max_length=1_000,
        description="The commit that the change must not be worse than, such as main.",
    )
    head: str | None = Field(
        default=None,
        max_length=1_000,
        description="The commit that holds the change. Without head and patch the person's files"
        " are judged as they are.",
    )
    patch: str | None = Field(
        default=None,
        max_length=LONGEST_PATCH,
        description="A patch for the base in place of head, as git diff --binary writes it.",
    )
    task: str | None = Field(
        default=None,
        max_length=10_000,
        description="What was asked for; by default what the commits say.",
    )
    kind: Kind | None = Field(
        default=None, description="The kind of work; by default by the task and the files."
    )
    paths: list[Annotated[str, Field(max_length=1_000)]] = Field(
        default=[], max_length=1_000, description="Glob patterns of the files it may touch."
    )
    policy: Literal["auto", "fast", "standard", "complex"] | None = Field(
        default=None,
        description="fast checks tests; standard lint and tests; complex lint, types and tests.",
    )
    judge: bool = Field(
        default=False, description="Also ask a model, where that may settle it; it costs."
    )

    @model_validator(mode="after")
    def _one_change(self) -> VerifyArguments:
        if self.head is not None and self.patch is not None:
            raise ValueError("give head or patch, not both")
        return self
