"""The verifier that asks a model, last and blind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Final

from sef.events import Routed
from sef.git import Git
from sef.model import Evidence, Lane, Verdict
from sef.protocols import Case, Clock, Desk, Pool
from sef.text import one_line, plain
from sef.verifiers.judge.asking import NAME, Asker, Posed
from sef.verifiers.judge.batches import Batches
from sef.verifiers.judge.opinions import RIGHT, WRONG, Opinion, opinion_of
from sef.verifiers.judge.rubric import LONGEST, RUBRIC, Material, Order

_SAID: Final = {True: "passed", False: "failed", None: "undecided"}
_EVIDENCE: Final = 20
_DETAIL: Final = 300


class ModelJudge:
    """Asks a model whether a draft is right, twice in two orders; accepts where it says so twice.

    Drafts that are judged at the same time share a question. What is not said clearly is
    undecided, and a call that fails too: doubt rejects.
    """

    def __init__(
        self,
        pool: Pool,
        git: Git,
        clock: Clock,
        *,
        executor: str,
        target: str | None = None,
        hide: Callable[[str], str] = str,
        batch: int = 4,
        wait_s: float = 10.0,
    ) -> None:
        """`executor` is asked, about its own drafts `target`, where there is one; both are names
        of the pool. `hide` takes secrets out of a text."""
        self._git = git
        self._executor = executor
        self._target = target
        self._hide = hide
        self._batches = Batches(Asker(pool=pool, clock=clock), clock, batch, wait_s)
        self._heard: dict[str, Opinion] = {}

    def prepare(self, routes: Iterable[Routed]) -> None:
        """Waits for no more drafts than the tasks of a run can send."""
        stages = (one.cascade.stages if one.cascade else () for one in routes)
        coming = sum(any(NAME in stage.verifiers for stage in each) for each in stages)
        self._batches.most = max(1, min(self._batches.most, coming))

    async def verify(self, case: Case) -> Verdict:
        """Returns when the judge was asked, with other drafts where such come in time.

        Raises GitError, and JournalError where what is asked cannot be booked.
        """
        if case.desk is None:
            return _verdict(None, "not judged: no model is asked here", accepted=True)
        material = await self._material(case)
        if material.size > LONGEST:
            said = f"not judged: it is longer than {LONGEST:,} characters with its task"
            return _verdict(None, said, "judge-unread")
        posed = self._posed(case, case.desk, material)
        if not posed.settled:
            # Others that wait for this one are on the critical path.
            urgent = case.rank > 1 or case.task.lane is Lane.URGENT
            await self._batches.judge(posed, urgent=urgent)
            self._heard.update((posed.key(order), one) for order, one in posed.opinions.items())
        own = posed.executor == case.drafter
        return _judged(posed, " (it was asked about its own draft)" if own else "")

    async def close(self) -> None:
        """Ends what is under way."""
        await self._batches.close()

    def _posed(self, case: Case, desk: Desk, material: Material) -> Posed:
        own = case.drafter == self._executor
        executor = self._target if own and self._target else self._executor
        keys = _key(case, executor, Order.FORWARD), _key(case, executor, Order.BACKWARD)
        posed = Posed(
            executor=executor,
            base=case.base,
            material=material,
            keys=keys,
            desk=desk,
            lane=case.task.lane,
            rank=case.rank,
        )
        for order in Order:
            known = desk.known(posed.key(order))
            opinion = opinion_of(known.text) if known else self._heard.get(posed.key(order))
            if opinion is not None:
                posed.opinions[order] = opinion
        return posed

    async def _material(self, case: Case) -> Material:
        """What is shown: of a task that writes the changes, not what was said about them."""
        commit = case.checkout.commit
        diff = "" if commit == case.base else await self._git.diff(case.base, commit)
        answer = "" if case.route.kind.writes else case.draft.answer.text
        found = (
            f"{one.verifier} ({_SAID[one.passed]}): {one_line(self._shown(one.detail), _DETAIL)}"
            for one in case.evidence[:_EVIDENCE]
        )
        return Material(
            asked=self._shown(case.task.text),
            diff=self._shown(diff),
            answer=self._shown(answer),
            evidence=tuple(found),
        )

    def _shown(self, text: str) -> str:
        # First the codes: one inside a secret would hide it.
        return self._hide(plain(text, 2 * LONGEST))


def _key(case: Case, executor: str, order: Order) -> str:
    """The same question about the same work has the same key."""
    asked = {
        "rubric": RUBRIC,
        "order": order,
        "executor": executor,
        "task": [case.task.id, case.task.text],
        "base": case.base,
        "commit": case.checkout.commit,
        "answer": case.draft.answer.text,
    }
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _judged(posed: Posed, note: str) -> Verdict:
    if posed.failed:
        return _verdict(None, f"{posed.executor} gave no judgement: {posed.failed}", "judge-failed")
    said = [one for order in Order if (one := posed.opinions.get(order))]
    verdicts = [one.verdict for one in said]
    problem = next((one.problem for one in reversed(said) if one.problem), "")
    if all(one == WRONG for one in verdicts):
        why = problem or "it names no problem"
        return _verdict(False, f"{posed.executor} judges it wrong{note}: {why}", "judge-no")
    if verdicts == [RIGHT, RIGHT]:
        sure = min(one.confidence for one in said)
        detail = f"{posed.executor} judges it right, asked twice, confidence {sure:g}{note}"
        return _verdict(True, detail, "judge-yes", accepted=True)
    words = " then ".join(verdicts)
    more = f": {problem}" if problem else ""
    return _verdict(None, f"{posed.executor} is divided, {words}{note}{more}", "judge-divided")


def _verdict(
    passed: bool | None, detail: str, sign: str = "", *, accepted: bool = False
) -> Verdict:
    return Verdict(
        accepted=accepted,
        undecided=passed is None and not accepted,
        reason=detail,
        evidence=(Evidence(verifier=NAME, passed=passed, detail=detail, sign=sign),),
    )
