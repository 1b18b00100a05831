"""A judge of any change: what a draft of sef goes through, for what somebody else made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from sef.build.checking import check_runner, model_judge, verifiers
from sef.build.hands import open_crew
from sef.build.judgement import Asked, Judgement, Source
from sef.build.places import WallClock
from sef.build.snapshots import Snapshot, open_snapshot
from sef.desk import TaskDesk
from sef.errors import ConfigError, UsageError
from sef.events import TaskFact
from sef.experience import Experience
from sef.git import Git
from sef.judging import ASKED, RUN, Judge
from sef.model import (
    Answer,
    Change,
    Draft,
    Evidence,
    Kind,
    Route,
    Task,
    Usage,
    Verdict,
)
from sef.policy import AUTO, POLICIES
from sef.pools.local import LocalPool
from sef.protocols import Case, Verifier
from sef.reasons import reason_of
from sef.routers import ROUTERS
from sef.submission import Intake, Received
from sef.verifiers.judge import ModelJudge

MODEL: Final = "judge"
"""The verifier that asks a model whether a change is right."""
_DOCUMENTS: Final = frozenset((".md", ".mdx", ".rst", ".adoc", ".asciidoc"))
"""Ends of files that are documents and nothing else."""
ALWAYS: Final = 1.1
"""No probability: who says --judge wants a model to be asked, however much was run."""
NOTHING_KNOWN: Final = Experience()
_TASK: Final = "change"
_LONGEST_TASK: Final = 100_000
Telling = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeJudge:
    """Judges changes of one repository, one after the other."""

    intake: Intake
    judging: Judge
    policy: str
    """Name of a policy, or auto."""
    ask_models: bool = False

    async def judge(self, asked: Asked) -> Judgement:
        """Judges one change. Raises UsageError where it is not there, or cannot be read."""
        if asked.task is not None and not asked.task.strip():
            raise UsageError("the task is empty", hint="Leave --task away, or say what was asked.")
        if asked.task is not None and len(asked.task) > _LONGEST_TASK:
            raise UsageError(f"the task is longer than {_LONGEST_TASK:,} characters")
        received = await self.intake.receive(asked.submission)
        text, source = _task(asked, received)
        routed: Route = ROUTERS["rules"]().route(Task(id=_TASK, text=text))
        name = self.policy
        if name == AUTO:
            name = routed.policy if source == "given" else "standard"
        kind = _kind(asked, received, routed)
        named = POLICIES[name].verifiers_of(kind, (MODEL,) if self.ask_models else ())
        found = Judgement(
            verdict=_misfit(received),
            patch=received.patch,
            head=received.head,
            task=text,
            source=source,
            kind=kind,
            policy=name,
            verifiers=tuple(one for one in named if not (asked.quick and one in RUN)),
        )
        verdict = found.verdict if received.misfit else await self._verdict(found, asked)
        notes = tuple(_notes(received, found, asks=self.ask_models))
        return replace(found, verdict=replace(verdict, evidence=(*verdict.evidence, *notes)))

    async def _verdict(self, found: Judgement, asked: Asked) -> Verdict:
        task = Task(id=_TASK, text=found.task, kind=found.kind, paths=asked.paths)
        route = Route(
            tier=asked.tier,
            kind=found.kind,
            policy=found.policy,
            score=1.0,
            reason="a change that is there",
        )
        answer = asked.answer or Answer(text="")
        draft = Draft(answer=answer, patch=found.patch, usage=Usage(cost_usd=None))
        desk = TaskDesk(_TASK, 0, _unheard, {})
        try:
            verdict = await self.judging.judge(
                task,
                route,
                draft,
                commit=found.patch.commit,
                base=found.patch.base,
                verifiers=found.verifiers,
                desk=desk,
            )
        except Exception as error:  # as with drafts: what breaks has not accepted
            reason = f"the verification broke: {reason_of(error)}"
            return Verdict(accepted=False, undecided=True, reason=reason, cost_usd=desk.cost_usd)
        return self.judging.weighed(route, verdict)


@asynccontextmanager
async def open_judge(
    start: Path,
    *,
    config: Path | None = None,
    policy: str | None = None,
    ask_models: bool = False,
    known: Experience = NOTHING_KNOWN,
    tell: Telling = lambda _: None,
) -> AsyncIterator[ChangeJudge]:
    """A judge of changes to the repository that `start` lies in; nothing of it stays.

    With what is `known` of drafts the verdict is weighed as a draft's would be.
    The user's tree is looked at once, here. `tell` is called with what takes long, a line each.
    Raises RepositoryError, ConfigError, and UsageError where models shall be asked and none can.
    """
    async with open_snapshot(start, "verify", config=config) as there:
        named = policy or there.config.policy
        if named not in (AUTO, *POLICIES):
            names = ", ".join((AUTO, *POLICIES))
            raise ConfigError(f"there is no policy {named!r}", hint=f"Choose {names}.")
        runner = check_runner(there.repository, there.config, there.scratch)
        git, workspace = there.repository.git, there.workspace
        found = verifiers(runner, workspace, there.repository)
        async with AsyncExitStack() as stack:
            if ask_models:
                found[MODEL] = await stack.enter_async_context(_model(there))
            yield ChangeJudge(
                intake=Intake(workspace, git, there.scratch),
                judging=Judge(
                    workspace=workspace,
                    verifiers={name: _Told(name, one, tell, git) for name, one in found.items()},
                    clock=WallClock(),
                    known=known,
                    settled=ALWAYS,
                ),
                policy=named,
                ask_models=ask_models,
            )


@asynccontextmanager
async def _model(there: Snapshot) -> AsyncIterator[ModelJudge]:
    """The judge, with the executor that it asks. Raises UsageError where there is none."""
    config, tree = there.config, there.repository.root
    async with open_crew(config, tree, there.scratch) as hands:
        pool = LocalPool(there.workspace, hands.executors)
        alone = replace(config, verify=replace(config.verify, batch=1))
        judge = model_judge(there.repository, alone, hands, pool, WallClock())
        if judge is None:
            why = "; ".join(hands.problems) or "[verify] judge names none"
            raise UsageError(
                f"no model can be asked about a change here: {why}", hint="Leave --judge away."
            )
        yield judge


@dataclass(frozen=True, slots=True)
class _Told:
    """A verifier that says so when it begins what takes long, and knows the change's own base.

    What is run is held against the user's tree, whose environment it runs with; what is read is
    read beside the base's files, as a draft's base is the user's tree.
    """

    name: str
    verifier: Verifier
    tell: Telling
    git: Git

    async def verify(self, case: Case) -> Verdict:
        if self.name in RUN | ASKED:
            self.tell(f"{self.name}: {'asking' if self.name in ASKED else 'running'} ...")
            return await self.verifier.verify(case)
        files = await self.git.names("ls-tree", "-r", "-z", "--name-only", case.draft.patch.base)
        checkout = replace(case.checkout, base_files=files)
        return await self.verifier.verify(replace(case, checkout=checkout))


def _task(asked: Asked, received: Received) -> tuple[str, Source]:
    if asked.task is not None:
        return asked.task, "given"
    return "\n\n".join(received.messages), "commits" if received.messages else "none"


def _kind(asked: Asked, received: Received, routed: Route) -> Kind:
    if asked.kind is not None:
        return asked.kind
    if asked.task is not None:
        # A design is never drafted; where files changed, it was carried out.
        return Kind.IMPLEMENT if routed.kind is Kind.DESIGN else routed.kind
    changes = received.patch.changes
    return Kind.DOCUMENT if changes and all(map(_is_document, changes)) else Kind.IMPLEMENT


def _is_document(change: Change) -> bool:
    return PurePosixPath(change.path).suffix in _DOCUMENTS


def _misfit(received: Received) -> Verdict:
    """The verdict on a patch that does not apply to its base."""
    reason = f"it does not apply to the base: {received.misfit}"
    evidence = (Evidence(verifier="applies", passed=False, detail=reason),)
    return Verdict(accepted=False, reason=reason, evidence=evidence)


def _notes(received: Received, found: Judgement, *, asks: bool) -> Iterator[Evidence]:
    """What the verdict rests on beside the verifiers; none of it settles anything."""
    if received.mended:
        detail = "the patch's CRLF line ends were taken for plain ones: as it is it does not apply"
        yield Evidence(verifier="applies", passed=None, detail=detail)
    if received.tip:
        fits, detail = received.tip
        yield Evidence(verifier="applies", passed=fits or None, detail=detail)
    if found.source == "commits":
        count = len(received.messages)
        words = "the word of 1 commit" if count == 1 else f"the words of {count} commits"
        detail = f"no task was given: {words} were taken for it, and who made them wrote those"
        yield Evidence(verifier="scope", passed=None, detail=detail)
    elif found.source == "none":
        detail = (
            "no task was given: whether it does what was asked for is not judged, and changes of"
            " tests, settings and lock files count as asked for by nobody"
        )
        yield Evidence(verifier="scope", passed=None, detail=detail)
    if not asks:
        yield Evidence(verifier=MODEL, passed=None, detail="not asked: models are, with --judge")


async def _unheard(_: TaskFact) -> None:
    """What is asked here belongs to no run: it is in the verdict's price alone."""
