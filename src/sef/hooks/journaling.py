"""A delegation that has ended, as a run of the journal that headless runs are in too.

The executor's draft is the first stage of a cascade whose second is the main conversation. What
that one does after a rejection is not seen, so such a task ends as exhausted, with no price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from sef.build import Judgement
from sef.events import (
    Accepted,
    Applied,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    Routed,
    RunFinished,
    RunStarted,
    Sampled,
    Squashed,
)
from sef.experience import Experience
from sef.hooks.booking import FIELDS
from sef.hooks.delegation import Delegation, Ended
from sef.hooks.gating import POLICY, TARGET, at_targets_prices, route_of
from sef.model import Answer, Cascade, Draft, Effort, Patch, Stage, Task, Tier, Usage
from sef.policy import POLICIES
from sef.prices import PriceTable, Tokens
from sef.repository import Repository
from sef.sampling import sample
from sef.steps import ModelCalled, ModelStep, together
from sef.text import one_line, plain

HOST: Final = "Claude Code"
_LONGEST: Final = 20_000
"""Characters of a task or a report that are kept."""


def run_of(agent: object) -> str:
    """The name of an executor's run."""
    return f"claude-{agent}"


@dataclass(frozen=True, kw_only=True)
class Settled:
    """All that is known of a delegation once its verdict is there."""

    one: Delegation
    ended: Ended
    requests: Mapping[str, Sequence[Any]]
    """What it asked of models, as `booking.requests_in` gives it."""
    seconds: float
    known: Experience
    audit: float
    """The least probability with which an accepted draft is audited; 0: none is."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """What the gate's table said of its executor."""

    @property
    def run(self) -> str:
        """The name of its run."""
        return run_of(self.one.record["agent"])

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The whole run."""
        return (
            *self._began(),
            *(
                ModelCalled(task=self._task, epoch=0, call=self.one.call, step=s)
                for s in self._steps
            ),
            *self._judged(),
            RunFinished(run=self.run, seconds=self.seconds, branch=None),
        )

    @property
    def money(self) -> dict[str, str | None]:
        """What the draft cost, and its tokens at the target's prices: US dollars, None unknown."""
        used = self._draft().usage
        at_target = at_targets_prices(used) if used.requests else None
        found = {"usd": used.cost_usd, "target_usd": at_target}
        return {name: None if one is None else str(one) for name, one in found.items()}

    async def keep(self, repository: Repository) -> None:
        """Keeps the commits of a draft that was drawn for an audit. Raises GitError."""
        drawn = any(isinstance(one, Sampled) and one.drawn for one in self.facts)
        patch = self.ended.judged.patch if drawn and self.ended.judged else None
        for name, commit in (("base", patch.base), ("draft", patch.commit)) if patch else ():
            await repository.git.ask("update-ref", f"refs/sef/{self.run}/{name}", commit)

    @property
    def _task(self) -> str:
        return str(self.one.kind)

    @cached_property
    def _steps(self) -> tuple[ModelStep, ...]:
        prices = PriceTable()
        return tuple(_step(row, prices) for row in self.requests.values())

    def _began(self) -> Iterator[Fact]:
        one, base = self.one, str(self.one.record["base"])
        text = plain(one.task)[:_LONGEST]
        route = route_of(one.executor, self._policy)
        yield RunStarted(
            run=self.run,
            base=base,
            dirty=bool(one.record.get("dirty")),
            tasks=(Task(id=self._task, text=text, kind=one.kind),),
            slots=1,
            audit=self.audit,
            host=f"{HOST}, session {one.record.get('session')}",
        )
        yield Routed(
            task=self._task,
            route=route,
            cascade=self._cascade(),
            begins=str(self.asked.get("begins") or ""),
            weighed=(str(self.asked["reason"]),) if self.asked.get("reason") else (),
            risk_usd=float(self.asked.get("risk_usd") or 0.0),
        )
        yield Dispatched(**self._who, epoch=0, stage=0, base=base, call=one.call)

    def _called(self) -> Iterator[Fact]:
        for step in self._steps:
            yield ModelCalled(task=self._task, epoch=0, call=self.one.call, step=step)

    @property
    def _policy(self) -> str:
        return self.ended.judged.policy if self.ended.judged else POLICY

    def _cascade(self) -> Cascade:
        judged = self.ended.judged
        draft = Stage(
            executor=self.one.executor,
            tier=self.one.tier,
            effort=self.one.effort,
            verifiers=judged.verifiers if judged else (),
            deadline_s=POLICIES[self._policy].deadline_s,
        )
        target = replace(draft, executor=TARGET, tier=Tier.TARGET, effort=Effort.HIGH, verifiers=())
        return Cascade(stages=(draft, target))

    def _judged(self) -> Iterator[Fact]:
        ended, who = self.ended, {**self._who, "epoch": 0}
        judged, draft, why = ended.judged, self._draft(), one_line(ended.reason, 400)
        if judged is None:
            yield Failed(**who, reason=why, usage=draft.usage)
        else:
            yield Drafted(**who, draft=draft)
            yield from self._settled(judged, draft, why)
        if not ended.accepted:
            yield Exhausted(
                task=self._task, epoch=0, reason=f"left to the main conversation: {why}"
            )

    def _settled(self, judged: Judgement, draft: Draft, why: str) -> Iterator[Fact]:
        who: Mapping[str, Any] = {**self._who, "epoch": 0, "verdict": judged.verdict}
        if not judged.verdict.accepted:
            yield Rejected(**who)
            return
        accepted = Accepted(**who, draft=draft, verifiers=judged.verifiers)
        yield accepted
        if not self.ended.accepted:
            yield Squashed(task=self._task, epoch=0, reason=why)
            return
        if self.audit and self.one.kind.writes:
            route = route_of(self.one.executor, judged.policy)
            yield sample(self.run, route, accepted, self.known, self.audit)
        commit = None if draft.patch.empty else draft.patch.commit
        yield Committed(task=self._task, epoch=0, commit=commit)
        if commit:
            yield Applied(commit=commit)

    @property
    def _who(self) -> Mapping[str, Any]:
        return {"task": self._task, "executor": self.one.executor, "tier": self.one.tier}

    def _draft(self) -> Draft:
        base, judged = str(self.one.record["base"]), self.ended.judged
        # Where its transcript cannot be read nobody knows what it cost.
        spent = together(s.usage for s in self._steps) if self._steps else Usage(cost_usd=None)
        return Draft(
            answer=Answer(text=plain(self.one.report)[:_LONGEST]),
            patch=judged.patch if judged else Patch(base=base, commit=base),
            usage=replace(spent, seconds=self.seconds),
        )


def tokens_of(row: Sequence[Any]) -> Tokens:
    """What one request used, by its row of `booking.requests_in`."""
    return Tokens(**dict(zip(FIELDS, row[2:7], strict=True)))


def _step(row: Sequence[Any], prices: PriceTable) -> ModelStep:
    requested, billed = str(row[0]), str(row[1])
    tokens = tokens_of(row)
    usage = Usage(
        cost_usd=prices.price(tokens, requested, on=datetime.now(UTC).date()),
        model=billed,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
        requests=1,
    )
    return ModelStep(requested=requested, billed=billed, usage=usage)
