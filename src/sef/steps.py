"""What an executor does while it drafts: it asks models and uses tools, one step at a time.

Executors report every step as it ends, so that money is known before the draft is, a draft that
goes nowhere can be stopped, and the use of tools can be measured.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from sef.model import Usage

_DATED: Final = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStep:
    """One request to a model that has ended, also one that was cut off or refused."""

    requested: str
    """Full name of the model that was asked for."""
    billed: str | None
    """Name of the model that the provider says it used; None where it said none."""
    usage: Usage
    """Of this request alone."""
    failed: str = ""
    """Why there was no answer; empty where there was one."""

    @property
    def substituted(self) -> bool:
        """True where another model was billed than the one that was asked for."""
        return self.billed is not None and not same_model(self.requested, self.billed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStep:
    """One use of a tool that has ended."""

    name: str
    """As the executor calls it."""
    asked: str
    """Digest of the name and the arguments: the same question has the same digest."""
    writes: bool = False
    """True where it may have changed files, so that the same question may have a new answer."""
    failed: bool = False
    """True where the tool said that it could not do it."""
    empty: bool = False
    """True where it gave nothing: no match, an empty file."""
    repeated: bool = False
    """True where the same was asked before and nothing was written since."""

    @property
    def useful(self) -> bool:
        """True where it gave something that was not there before."""
        return not (self.failed or self.empty or self.repeated)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallBack:
    """Another executor of the same or a higher tier takes over from one that is not served."""

    executor: str
    """Who could not go on."""
    to: str
    """Who does."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCalled:
    """A request to a model ended, within a call."""

    task: str
    epoch: int
    call: str
    step: ModelStep


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled:
    """A use of a tool ended, within a call."""

    task: str
    epoch: int
    call: str
    step: ToolStep


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack:
    """Another executor took a call over, because its own was not served."""

    task: str
    epoch: int
    call: str
    step: FallBack


Step = ModelStep | ToolStep | FallBack
StepFact = ModelCalled | ToolCalled | FellBack
Reporting = Callable[[Step], Awaitable[None]]
"""Takes a step. What it raises ends the attempt."""


async def unheard(_: Step) -> None:
    """Takes a step that nobody wants to hear of."""


def same_model(requested: str, billed: str) -> bool:
    """True where both name one model: a date at the end and the seller before it do not count."""
    return _plain(requested) == _plain(billed)


def _plain(model: str) -> str:
    name = model.strip().lower().rpartition("/")[2]
    name = re.sub(r"\[[0-9a-z]{1,8}\]$", "", name).removesuffix(":latest")
    return _DATED.sub("", name)


def together(usages: Iterable[Usage]) -> Usage:
    """The sum; a price that is unknown makes the sum unknown. The model is the last one named."""
    total = Usage(cost_usd=Decimal(0))
    for one in usages:
        total = _added(total, one)
    return total


def _added(one: Usage, other: Usage) -> Usage:
    known = one.cost_usd is not None and other.cost_usd is not None
    return Usage(
        cost_usd=(one.cost_usd or Decimal(0)) + (other.cost_usd or Decimal(0)) if known else None,
        seconds=one.seconds + other.seconds,
        model=other.model or one.model,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        requests=one.requests + other.requests,
        plan=one.plan or other.plan,
        quota=_largest(one.quota, other.quota),
    )


def _largest(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)


def fact_of(step: Step, *, task: str, epoch: int, call: str) -> StepFact:
    """The fact that tells of a step."""
    match step:
        case ModelStep():
            return ModelCalled(task=task, epoch=epoch, call=call, step=step)
        case ToolStep():
            return ToolCalled(task=task, epoch=epoch, call=call, step=step)
        case FallBack():
            return FellBack(task=task, epoch=epoch, call=call, step=step)


class Steps:
    """The steps of one attempt, in order: knows which tool uses repeat an earlier one."""

    def __init__(self) -> None:
        self.models: list[ModelStep] = []
        self.tools: list[ToolStep] = []
        self._known: set[str] = set()

    def take(self, step: Step) -> Step:
        """The step, a tool's marked where it repeats one."""
        if isinstance(step, ModelStep):
            self.models.append(step)
        if not isinstance(step, ToolStep):
            return step
        marked = replace(step, repeated=step.asked in self._known)
        if step.writes and not step.failed:
            self._known.clear()
        self._known.add(step.asked)
        self.tools.append(marked)
        return marked

    @property
    def usage(self) -> Usage | None:
        """Of all requests so far; None where there was none."""
        return together(one.usage for one in self.models) if self.models else None

    @property
    def in_a_row(self) -> int:
        """How often the last tool use was asked, one after the other."""
        count = 0
        for one in reversed(self.tools):
            if one.asked != self.tools[-1].asked:
                break
            count += 1
        return count
