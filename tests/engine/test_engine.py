"""The engine on real repositories, with scripted executors and verifiers that a test owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import git
from sef.engine import Engine
from sef.errors import DraftFailure
from sef.events import (
    Accepted,
    Answered,
    Blocked,
    Cancelled,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    RunFinished,
    Squashed,
)
from sef.model import (
    Answer,
    Evidence,
    Kind,
    Outcome,
    Proposal,
    Request,
    Route,
    Status,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.parts import Parts
from sef.plan import Plan
from sef.pools.local import LocalPool
from sef.protocols import Assignment, Case, Executor, Verifier
from sef.repository import find_repository
from sef.story import outcomes
from sef.testing import Edit, FakeClock, MemoryLedger, Recorder, Script, ScriptedExecutor
from sef.verifiers.applies import Applies
from sef.verifiers.scope import Scope
from sef.verifiers.trust import Trust
from sef.workspace import Workspace

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories
Rule = Callable[[Case], bool | None]


class Stub:
    """A router that sends what its id says to the light tier, else to the target."""

    def route(self, task: Task) -> Route:
        if task.id.startswith("ask"):
            request = Request(executor="reader", what="look")
            return Route(
                tier=Tier.NONE,
                kind=Kind.EXPLORE,
                policy="fast",
                score=1,
                reason="asked",
                request=request,
            )
        tier = Tier.TARGET if task.id.startswith("hard") else Tier.LIGHT
        kind = task.kind or Kind.IMPLEMENT
        return Route(tier=tier, kind=kind, policy="standard", score=1, reason="stub")


class Ruled:
    """A verifier that asks a rule: True accepts, False rejects, None is undecided."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    async def verify(self, case: Case) -> Verdict:
        said = self._rule(case)
        sign = {True: "tests-hold", False: "tests-red", None: "tests-undecided"}[said]
        evidence = (Evidence(verifier="tests", passed=said, detail=f"ruled {said}", sign=sign),)
        return Verdict(
            accepted=bool(said), undecided=said is None, reason=f"ruled {said}", evidence=evidence
        )


class Reader:
    """A tier 0 executor that tells where it was asked to look."""

    async def execute(self, assignment: Assignment) -> Proposal:
        text = f"{assignment.checkout.path}|{assignment.checkout.users}"
        return Proposal(answer=Answer(text=text), usage=Usage(cost_usd=Decimal(0)))


def always(_: Case) -> bool | None:
    return True


def run(
    root: Path,
    tmp_path: Path,
    tasks: Sequence[Task],
    *,
    light: Mapping[str, Script] | Executor,
    target: Mapping[str, Script] | Executor,
    rule: Rule = always,
    sink: object = None,
    audit: float = 0.0,
) -> tuple[tuple[Fact, ...], dict[str, Outcome]]:
    """Runs the tasks with the scripts and returns the facts and what became of each task."""

    async def work() -> tuple[Fact, ...]:
        engine = await engine_for(root, tmp_path, light, target, rule, sink or Recorder(), audit)
        return await engine.run(Plan(tuple(tasks)))

    facts = asyncio.run(work())
    return facts, {one.task.id: one for one in outcomes(facts)}


async def engine_for(  # noqa: PLR0917
    root: Path,
    tmp_path: Path,
    light: Mapping[str, Script] | Executor,
    target: Mapping[str, Script] | Executor,
    rule: Rule,
    sink: object,
    audit: float = 0.0,
) -> Engine:
    repository = await find_repository(root)
    (tmp_path / "scratch").mkdir()
    workspace = Workspace(repository, run="r1", scratch=tmp_path / "scratch")
    await workspace.open()
    clock = FakeClock()
    scripts = {"light": light, "target": target}
    executors = {
        name: ScriptedExecutor(one, clock=clock, model=name) if isinstance(one, Mapping) else one
        for name, one in scripts.items()
    }
    ruled: dict[str, Verifier] = {name: Ruled(rule) for name in ("tests", "lint", "types")}
    readers = ("integrity", "effect", "renames", "documents", "static", "citations", "claims")
    read = {name: Trust() for name in readers}
    fixed = {"applies": Applies(repository.git), "scope": Scope(), "bounds": Scope(judges=False)}
    parts = Parts(
        router=Stub(),
        pool=LocalPool(workspace, {**executors, "reader": Reader()}),
        tiers={Tier.LIGHT: "light", Tier.TARGET: "target"},
        verifiers={**ruled, **read, **fixed, "trust": Trust()},
        sinks=[sink],  # type: ignore[list-item]
        clock=clock,
        ledger=MemoryLedger(),
        cores=2,
        audit=audit,
    )
    return Engine(parts, workspace)


def task(name: str, *needs: str) -> Task:
    return Task(id=name, text=f"do {name}", needs=needs)


def writes(path: str, text: str, cost: str = "0.01") -> Script:
    return Script(says=f"wrote {path}", writes={path: text}, cost_usd=Decimal(cost), seconds=1)


def of(facts: Sequence[Fact], *kinds: type) -> list[Fact]:
    return [fact for fact in facts if isinstance(fact, kinds)]


def test_an_accepted_draft_becomes_a_commit_on_the_runs_branch(
    repository: Make, tmp_path: Path
) -> None:
    """With its trailers; the user's branch and files stay as they were."""
    root = repository({"a.py": "x = 1\n"})
    facts, ended = run(
        root, tmp_path, [task("one")], light={"one": writes("b.py", "y = 2\n")}, target={}
    )
    assert ended["one"].status is Status.DONE
    assert git(root, "show", "sef/r1:b.py") == "y = 2\n"
    assert git(root, "log", "-1", "--format=%(trailers)", "sef/r1").split("\n")[:5] == [
        "Sef-Run: r1",
        "Sef-Task: one",
        "Sef-Executor: light (light)",
        "Sef-Verdict: accepted: ruled True",
        "Sef-Cost: 0.01 USD",
    ]
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-parse", "--abbrev-ref", "HEAD") == "main\n"
    assert isinstance(facts[-1], RunFinished)
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_rejected_draft_is_redone_at_the_target(repository: Make, tmp_path: Path) -> None:
    """The target starts from the base, not from the draft, and is paid on top."""
    root = repository({"a.py": "x = 1\n"})
    facts, ended = run(
        root,
        tmp_path,
        [task("one")],
        light={"one": writes("wrong.py", "")},
        target={"one": writes("right.py", "", "0.20")},
        rule=lambda case: not (case.checkout.path / "wrong.py").exists(),
    )
    assert [(t.executor, t.accepted) for t in ended["one"].attempts] == [
        ("light", False),
        ("target", True),
    ]
    assert git(root, "ls-tree", "--name-only", "sef/r1").split() == ["a.py", "right.py"]
    assert "Sef-Cost: 0.21 USD" in git(root, "log", "-1", "--format=%B", "sef/r1")
    assert len(of(facts, Rejected)) == 1


def test_a_failed_draft_defers_too_but_is_no_rejection(repository: Make, tmp_path: Path) -> None:
    """What it cost until it failed is booked."""
    root = repository({"a.py": "x = 1\n"})
    broke = Script(says="", fails="budget of 5 turns used up", cost_usd=Decimal("0.02"))
    facts, ended = run(
        root,
        tmp_path,
        [task("one")],
        light={"one": broke},
        target={"one": writes("b.py", "", "0.20")},
    )
    first, second = ended["one"].attempts
    assert (first.accepted, first.cost_usd) == (None, Decimal("0.02"))
    assert "budget of 5 turns" in first.reason
    assert second.accepted
    assert (len(of(facts, Failed)), len(of(facts, Rejected))) == (1, 0)


class Crash:
    """An executor with a bug."""

    async def execute(self, assignment: Assignment) -> Proposal:
        raise ZeroDivisionError("oops")


def test_an_executor_that_crashes_fails_its_attempt_only(repository: Make, tmp_path: Path) -> None:
    """The reason names the crash; an unknown cost stays unknown."""
    root = repository({"a.py": "x = 1\n"})
    _, ended = run(root, tmp_path, [task("one")], light=Crash(), target={"one": writes("b.py", "")})
    assert "ZeroDivisionError: oops" in ended["one"].attempts[0].reason
    assert ended["one"].attempts[0].cost_usd is None
    assert ended["one"].status is Status.DONE


def broken(_: Case) -> bool | None:
    raise ValueError("verifier bug")


@pytest.mark.parametrize("rule", [broken, lambda _: None])
def test_doubt_rejects(repository: Make, tmp_path: Path, rule: Rule) -> None:
    """A verifier that breaks or cannot decide has not accepted."""
    root = repository({"a.py": "x = 1\n"})
    facts, ended = run(
        root,
        tmp_path,
        [task("one")],
        light={"one": writes("b.py", "")},
        target={"one": writes("c.py", "")},
        rule=rule,
    )
    (rejected,) = of(facts, Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.verdict.undecided
    assert git(root, "ls-tree", "--name-only", "sef/r1").split() == ["a.py", "c.py"]
    assert ended["one"].status is Status.DONE


def test_when_every_stage_fails_dependents_are_blocked_and_the_rest_goes_on(
    repository: Make, tmp_path: Path
) -> None:
    """The reasons lead from one to the other."""
    root = repository({"a.py": "x = 1\n"})
    _, ended = run(
        root,
        tmp_path,
        [task("one"), task("two", "one"), task("three", "two"), task("four")],
        light={"four": writes("four.py", "")},
        target={},
    )
    assert {name: one.status.value for name, one in ended.items()} == {
        "one": "failed",
        "two": "blocked",
        "three": "blocked",
        "four": "done",
    }
    assert ended["three"].reason == "it needs two, which is blocked"


def test_a_dependent_sees_what_it_needs(repository: Make, tmp_path: Path) -> None:
    """Its fork is made from the tip."""
    root = repository({"a.py": "x = 1\n"})
    edit = Script(says="", edits=(Edit(path="b.py", find="1", replace="2"),), cost_usd=Decimal(0))
    _, ended = run(
        root,
        tmp_path,
        [task("two", "one"), task("one")],
        light={"one": writes("b.py", "1"), "two": edit},
        target={},
    )
    assert ended["two"].status is Status.DONE
    assert git(root, "show", "sef/r1:b.py") == "2"


def test_a_conflict_is_squashed_and_run_again_on_the_new_tip(
    repository: Make, tmp_path: Path
) -> None:
    """Two tasks edit one line's neighbourhood; both results are in the end."""
    root = repository({"a.py": "items = [\n]\n"})

    def adds(item: str) -> Script:
        edit = Edit(path="a.py", find="items = [\n", replace=f"items = [\n    {item},\n")
        return Script(says="", edits=(edit,), cost_usd=Decimal("0.01"), seconds=1)

    facts, ended = run(
        root,
        tmp_path,
        [task("one"), task("two")],
        light={"one": adds("1"), "two": adds("2")},
        target={},
    )
    (squashed,) = of(facts, Squashed)
    assert isinstance(squashed, Squashed)
    again = ended[squashed.task]
    assert [(t.accepted, t.squashed) for t in again.attempts] == [(True, True), (True, False)]
    body = git(root, "show", "sef/r1:a.py")
    assert "    1,\n" in body
    assert "    2,\n" in body
    assert git(root, "log", "--format=%s", "main..sef/r1").count("do ") == 2


def test_a_merge_that_is_clean_but_red_is_squashed(repository: Make, tmp_path: Path) -> None:
    """Each is fine alone; together they are not; the merged tree is what was checked."""
    root = repository({"a.py": "x = 1\n"})
    seen: list[set[str]] = []

    def not_both(case: Case) -> bool:
        names = {path.name for path in case.checkout.path.glob("*.py")}
        seen.append(names)
        return not {"one.py", "two.py"} <= names

    facts, ended = run(
        root,
        tmp_path,
        [task("one"), task("two")],
        light={"one": writes("one.py", ""), "two": writes("two.py", "")},
        target={"one": writes("else.py", ""), "two": writes("else.py", "")},
        rule=not_both,
    )
    assert {"a.py", "one.py", "two.py"} in seen
    assert len(of(facts, Squashed)) == 1
    assert all(one.status is Status.DONE for one in ended.values())
    landed = git(root, "ls-tree", "--name-only", "sef/r1").split()
    assert "else.py" in landed
    assert not {"one.py", "two.py"} <= set(landed)


def test_a_question_is_answered_on_the_users_own_tree(repository: Make, tmp_path: Path) -> None:
    """Unless it needs what another task wrote: then on a fork of the tip."""
    root = repository({"a.py": "x = 1\n"})
    _, ended = run(
        root,
        tmp_path,
        [task("one"), task("ask-now"), task("ask-then", "one")],
        light={"one": writes("b.py", "")},
        target={},
    )
    now, then = ended["ask-now"].answer, ended["ask-then"].answer
    assert now is not None
    assert then is not None
    assert now.text == f"{root}|True"
    assert then.text.endswith("|False")
    assert ended["ask-now"].commit is None


def test_a_sink_that_breaks_does_not_hurt_the_run(repository: Make, tmp_path: Path) -> None:
    """It is dropped after its first fault."""
    root = repository({"a.py": "x = 1\n"})
    told: list[Fact] = []

    class Broken:
        def tell(self, fact: Fact) -> None:
            told.append(fact)
            raise RuntimeError("sink bug")

    _, ended = run(
        root,
        tmp_path,
        [task("one")],
        light={"one": writes("b.py", "")},
        target={},
        sink=Broken(),
    )
    assert ended["one"].status is Status.DONE
    assert len(told) == 1


def test_a_task_that_nobody_can_take_fails_with_the_way_out(
    repository: Make, tmp_path: Path
) -> None:
    """The others are not touched by it."""
    root = repository({"a.py": "x = 1\n"})

    async def work() -> tuple[Fact, ...]:
        engine = await engine_for(root, tmp_path, {}, {}, always, Recorder())
        parts = engine._parts
        alone = Engine(replace(parts, tiers={}), engine._workspace)
        return await alone.run(Plan((task("one"), task("ask"))))

    one, ask = outcomes(asyncio.run(work()))
    assert (one.status, ask.status) == (Status.FAILED, Status.DONE)
    assert "sef.toml" in one.reason


class Stuck:
    """An executor that never ends."""

    async def execute(self, assignment: Assignment) -> Proposal:
        await asyncio.Event().wait()
        raise DraftFailure("unreachable")


def test_calling_a_run_off_leaves_nothing_behind(repository: Make, tmp_path: Path) -> None:
    """What was committed stays; forks are gone; the facts say so."""
    root = repository({"a.py": "x = 1\n"})
    recorder = Recorder()

    async def work() -> None:
        engine = await engine_for(root, tmp_path, Stuck(), Stuck(), always, recorder)
        running = asyncio.create_task(engine.run(Plan((task("one"), task("ask")))))
        while not recorder.of(Committed) or not recorder.of(Dispatched):
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    asyncio.run(work())
    assert isinstance(recorder.facts[-1], RunFinished)
    assert len(recorder.of(Cancelled)) == 1
    assert {one.task.id: one.status.value for one in outcomes(recorder.facts)} == {
        "one": "cancelled",
        "ask": "done",
    }
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["before.index"]


def test_every_attempt_has_its_facts_in_order(repository: Make, tmp_path: Path) -> None:
    """Dispatched, Answered, Drafted, Accepted, Committed."""
    root = repository({"a.py": "x = 1\n"})
    facts, _ = run(root, tmp_path, [task("one")], light={"one": writes("b.py", "")}, target={})
    mine = [type(fact) for fact in facts if getattr(fact, "task", None) == "one"][1:]
    assert mine == [Dispatched, Answered, Drafted, Accepted, Committed]
    assert not of(facts, Blocked, Exhausted)
