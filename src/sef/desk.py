"""The desk of one draft: what its verifiers ask of models is told, and paid once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from sef.advice import Advice, Advised, Consulted
from sef.events import TaskFact

_Asked = tuple[str, str, str]


class TaskDesk:
    """Tells what is asked about one task in one epoch; the same question is answered once."""

    def __init__(
        self,
        task: str,
        epoch: int,
        tell: Callable[[TaskFact], Awaitable[None]],
        before: Mapping[str, Advice],
    ) -> None:
        self._task = task
        self._epoch = epoch
        self._tell = tell
        self._known = dict(before)
        self._open: dict[str, _Asked] = {}
        self._paid: list[Decimal | None] = []

    @property
    def cost_usd(self) -> Decimal | None:
        """US dollars of what was asked here; None where the price of one answer is unknown."""
        known = [one for one in self._paid if one is not None]
        unknown = self._open or len(known) < len(self._paid)
        return None if unknown else sum(known, Decimal(0))

    def known(self, key: str) -> Advice | None:
        """The advice on that question, where it was given before."""
        advice = self._known.get(key)
        return None if advice is None or advice.failed else advice

    async def asks(self, verifier: str, executor: str, key: str, call: str) -> None:
        """Returns when the intent is durable; the model may then be asked."""
        self._open[key] = (verifier, executor, call)
        await self._tell(
            Consulted(
                task=self._task,
                epoch=self._epoch,
                verifier=verifier,
                executor=executor,
                key=key,
                call=call,
            )
        )

    async def told(self, key: str, advice: Advice) -> None:
        """Takes what came back on a question that was asked; it is durable when this returns."""
        verifier, executor, call = self._open.pop(key)
        self._known[key] = advice
        self._paid.append(advice.usage.cost_usd)
        await self._tell(
            Advised(
                task=self._task,
                epoch=self._epoch,
                verifier=verifier,
                executor=executor,
                key=key,
                call=call,
                advice=advice,
            )
        )
