"""One question to the judge: about one draft or several, in one order, booked on their desks."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from sef.advice import Advice
from sef.errors import JournalError
from sef.model import Effort, Kind, Lane, Proposal, Route, Stage, Task, Tier, Usage
from sef.protocols import Call, Clock, Desk, Pool
from sef.reasons import CALLED_OFF, reason_of, spent
from sef.steps import Step, Steps
from sef.verifiers.judge.opinions import RIGHT, Opinion, opinions
from sef.verifiers.judge.rubric import Material, Order, letters, question
from sef.verifiers.judge.shares import shares

NAME: Final = "judge"
"""Of the verifier, and of the task that an executor is given."""
DEADLINE_S: Final = 600.0
_ROUTE: Final = Route(
    tier=Tier.STANDARD, kind=Kind.REVIEW, policy="standard", score=1.0, reason="a draft is judged"
)


@dataclass(slots=True, eq=False, kw_only=True)
class Posed:
    """A draft that waits for its opinions."""

    executor: str
    """Who is asked."""
    base: str
    material: Material
    keys: tuple[str, str]
    """Of the question in each order."""
    desk: Desk
    lane: Lane = Lane.NORMAL
    rank: int = 0
    opinions: dict[Order, Opinion] = field(default_factory=dict)
    failed: str = ""
    """Why there is no opinion; empty where there is, or none yet."""

    def key(self, order: Order) -> str:
        """Of the question in that order."""
        return self.keys[order - 1]

    @property
    def settled(self) -> bool:
        """True where nothing more has to be asked."""
        first = self.opinions.get(Order.FORWARD)
        if self.failed or first is None:
            return bool(self.failed)
        return first.verdict != RIGHT or Order.BACKWARD in self.opinions


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks by way of a pool."""

    pool: Pool
    clock: Clock

    async def ask(self, drafts: Sequence[Posed], order: Order) -> None:
        """Gives each draft its opinion in that order, or the reason why there is none.

        What was spent is booked in equal parts, also of a call that fails or is cancelled. Raises
        JournalError.
        """
        call, begun, steps = _call(drafts, order), [], Steps()
        started = self.clock.now()

        async def report(step: Step) -> None:
            steps.take(step)

        sent = False
        try:
            for one in drafts:
                begun.append(one)
                await one.desk.asks(NAME, one.executor, one.key(order), call.key)
            sent = True
            draft = await self.pool.draft(call, _unheard, report)
        except asyncio.CancelledError:
            free = Usage(cost_usd=Decimal(0))
            known = steps.usage or Usage(cost_usd=None)
            seconds = self.clock.now() - started
            await _failed(
                begun, order, CALLED_OFF, replace(known, seconds=seconds) if sent else free
            )
            raise
        except JournalError:
            raise
        except Exception as error:  # an executor is foreign code: whatever it raises is a failure
            usage = spent(error, Tier.STANDARD, self.clock.now() - started, steps.usage)
            await _failed(drafts, order, reason_of(error), usage)
        else:
            await _answered(drafts, order, draft.answer.text, draft.usage)


def _call(drafts: Sequence[Posed], order: Order) -> Call:
    first = drafts[0]
    keys = json.dumps([NAME, *(one.key(order) for one in drafts)])
    text = question([one.material for one in drafts], order)
    return Call(
        key=hashlib.sha256(keys.encode()).hexdigest()[:32],
        task=Task(id=NAME, text=text, kind=Kind.REVIEW, lane=min(one.lane for one in drafts)),
        route=_ROUTE,
        # Whoever is asked: below the target's tier it may read, and nothing else.
        stage=Stage(
            executor=first.executor,
            tier=Tier.STANDARD,
            effort=Effort.MEDIUM,
            verifiers=(),
            deadline_s=DEADLINE_S,
        ),
        base=first.base,
        rank=max(one.rank for one in drafts),
    )


async def _answered(drafts: Sequence[Posed], order: Order, text: str, usage: Usage) -> None:
    named = letters(len(drafts), order)
    found = opinions(text, named)
    parts = shares(usage, len(drafts))
    for one, letter, part in zip(drafts, named, parts, strict=True):
        await one.desk.told(one.key(order), Advice(text=found[letter].text(), usage=part))
        one.opinions[order] = found[letter]


async def _failed(drafts: Sequence[Posed], order: Order, why: str, usage: Usage) -> None:
    for one, part in zip(drafts, shares(usage, len(drafts)), strict=True):
        one.failed = why
        await one.desk.told(one.key(order), Advice(text="", usage=part, failed=why))


async def _unheard(_: Proposal) -> None:
    """The answer is told as a whole, to each draft's desk."""
