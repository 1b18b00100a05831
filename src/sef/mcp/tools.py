"""The tools: what each is called, takes, gives back and may change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from mcp_types import Tool as Described
from mcp_types import ToolAnnotations
from pydantic import BaseModel

from sef.judgement_model import JudgementTold
from sef.mcp import arguments as takes
from sef.mcp import results as gives
from sef.mcp import working
from sef.mcp.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    work: Callable[[Any, Call], Awaitable[tuple[BaseModel, str]]]
    """Returns the result, and the same in a few words. Raises SefError."""
    reads_only: bool = True
    destroys: bool = False
    """True where what is there may be replaced or called off."""
    repeatable: bool = True
    """True where a second call with the same arguments changes nothing more."""
    goes_out: bool = False
    """True where models of a provider may be asked."""

    @property
    def described(self) -> Described:
        """The tool as clients are told of it."""
        return Described(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=dict(gives.schema_of(self.takes, mode="validation")),
            output_schema=dict(gives.schema_of(self.gives, mode="serialization")),
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=self.reads_only,
                destructive_hint=self.destroys,
                idempotent_hint=self.repeatable,
                open_world_hint=self.goes_out,
            ),
        )


_RUNS: Final = (
    "Each task is drafted by the cheapest executor that may be enough, in a fork of the"
    " repository, judged by the project's own tests, and committed on a new branch sef/<run>; the"
    " person's files stay as they are unless apply is true."
)
_ALL: Final = (
    Tool(
        name="sef_plan",
        title="Plan tasks",
        description="Make a plan of sentences or of a plan.toml: tasks with ids and needs, checked"
        " to be a graph without cycles. Runs nothing, asks no model.",
        takes=takes.PlanArguments,
        gives=gives.PlanTold,
        work=working.plan,
    ),
    Tool(
        name="sef_route",
        title="Route a request",
        description="Tell which tier of model a request would go to first, and which of its words"
        " decided. Runs nothing, asks no model.",
        takes=takes.RouteArguments,
        gives=gives.RoutesTold,
        work=working.route,
    ),
    Tool(
        name="sef_run",
        title="Run tasks",
        description=f"Do tasks, and wait for their end. {_RUNS} For work of more than a minute"
        " take sef_start: called off or timed out, this call calls the run off.",
        takes=takes.RunArguments,
        gives=gives.RunTold,
        work=working.run,
        reads_only=False,
        destroys=True,
        repeatable=False,
        goes_out=True,
    ),
    Tool(
        name="sef_start",
        title="Start tasks",
        description=f"Begin tasks and return the run's name at once. {_RUNS} The run ends with"
        " this server at the latest. Ask sef_status or sef_result how it goes.",
        takes=takes.RunArguments,
        gives=gives.StartedTold,
        work=working.start,
        reads_only=False,
        destroys=True,
        repeatable=False,
        goes_out=True,
    ),
    Tool(
        name="sef_status",
        title="How far a run is",
        description="Tell how far each task of a run is.",
        takes=takes.StatusArguments,
        gives=gives.StatusTold,
        work=working.status,
    ),
    Tool(
        name="sef_result",
        title="Result of a run",
        description="Tell what became of a run: answers, attempts, commits, cost. With wait_s,"
        " wait for its end. With task, that task alone, its answer in full.",
        takes=takes.ResultArguments,
        gives=gives.ResultTold,
        work=working.result,
    ),
    Tool(
        name="sef_cancel",
        title="Call a run off",
        description="Call off a run of this server, or one task of it with those that need it."
        " What was committed stays on the branch.",
        takes=takes.CancelArguments,
        gives=gives.CancelTold,
        work=working.cancel,
        reads_only=False,
        destroys=True,
    ),
    Tool(
        name="sef_report",
        title="Report on a run",
        description="Tell from the journal what became of any run of the repository, with its"
        " rates and times. With task, that task alone, its answer in full.",
        takes=takes.ReportArguments,
        gives=gives.ReportTold,
        work=working.report,
    ),
    Tool(
        name="sef_verify",
        title="Judge a change",
        description="Judge any change, whoever made it, by what sef's own drafts go through: scope,"
        " tests that were weakened, secrets, static differences, the project's lint and tests."
        " Says accepted, rejected or undecided, with evidence. Asks a model only where judge is"
        " true; changes nothing.",
        takes=takes.VerifyArguments,
        gives=JudgementTold,
        work=working.verify,
        goes_out=True,
    ),
)
TOOLS: Final[Mapping[str, Tool]] = MappingProxyType({tool.name: tool for tool in _ALL})
"""By name, in the order they are listed."""
