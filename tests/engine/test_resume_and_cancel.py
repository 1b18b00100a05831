"""A run that was cut off goes on; one task can be called off while the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_engine import always, engine_for, task

from conftest import git
from sef.cleanup import clean
from sef.engine import Engine
from sef.events import (
    Accepted,
    Answered,
    Blocked,
    Committed,
    Dispatched,
    Drafted,
    Recorded,
    Resumed,
)
from sef.journal import Journal, RunJournal
from sef.metrics import costs
from sef.model import Answer, Effort, Kind, Outcome, Proposal, Route, Stage, Task, Tier, Usage
from sef.owner import Owner
from sef.plan import Plan
from sef.pools.local import LocalPool
from sef.protocols import Assignment, Call
from sef.repository import find_repository
from sef.story import outcomes
from sef.testing import MemoryLedger, Recorder
from sef.workspace import Workspace

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories


class Paid:
    """An executor that writes a file named after the task and remembers every call."""

    def __init__(self, stuck_on: str = "") -> None:
        self.calls: list[str] = []
        self.stuck_on = stuck_on

    async def execute(self, assignment: Assignment) -> Proposal:
        name = assignment.task.id
        self.calls.append(name)
        if name == self.stuck_on:
            await asyncio.Event().wait()
        (assignment.checkout.path / name).write_text(name)
        return Proposal(answer=Answer(text=name), usage=Usage(cost_usd=Decimal("0.01")))


async def engine_with(root: Path, scratch: Path, paid: Paid, ledger: MemoryLedger) -> Engine:
    engine = await engine_for(root, scratch, paid, paid, always, Recorder())
    return Engine(replace(engine._parts, ledger=ledger), engine._workspace)


async def cut_off(root: Path, scratch: Path, tasks: Sequence[Task], paid: Paid) -> list[Recorded]:
    """Runs until the call that hangs is under way, then stops; the facts up to then."""
    ledger = MemoryLedger()
    engine = await engine_with(root, scratch, paid, ledger)
    running = asyncio.create_task(engine.run(Plan(tuple(tasks))))
    while paid.stuck_on not in paid.calls:
        await asyncio.sleep(0.005)
    facts = list(ledger.recorded)
    running.cancel()
    await asyncio.wait([running])
    return facts


async def resumed(
    root: Path, scratch: Path, past: Sequence[Recorded], paid: Paid
) -> tuple[Engine, dict[str, Outcome]]:
    engine = await engine_with(root, scratch, paid, MemoryLedger())
    workspace = engine._workspace
    await workspace.reopen(workspace.base)
    facts = await engine.resume(past)
    return engine, {one.task.id: one for one in outcomes(facts)}


def test_what_was_paid_is_not_paid_again(repository: Make, tmp_path: Path) -> None:
    """Only the call in flight is, and it is counted as possibly paid twice."""
    root = repository({"a": "1\n"})
    tasks = [task("one"), task("stuck", "one"), task("last", "stuck")]
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()

    async def work() -> None:
        first = Paid(stuck_on="stuck")
        past = await cut_off(root, tmp_path / "x", tasks, first)
        second = Paid()
        engine, ended = await resumed(root, tmp_path / "y", past, second)
        assert first.calls == ["one", "stuck"]
        assert second.calls == ["stuck", "last"]
        assert all(one.status.value == "done" for one in ended.values())
        (again,) = [fact for fact in engine.facts if isinstance(fact, Resumed)]
        (call,) = [f.call for f in engine.facts if isinstance(f, Dispatched) and f.task == "stuck"]
        assert again.in_flight == (call,)
        assert costs(engine.facts).cost == Decimal("0.03")

    asyncio.run(work())
    assert git(root, "ls-tree", "--name-only", "sef/r1").split() == ["a", "last", "one", "stuck"]


def test_an_answer_whose_work_still_lies_in_its_fork_is_not_paid_again(
    repository: Make, tmp_path: Path
) -> None:
    """The fork of a killed run is found by the call's name and its work taken."""
    root = repository({"a": "1\n"})
    (tmp_path / "x").mkdir()

    async def work() -> None:
        paid = Paid()
        engine = await engine_with(root, tmp_path / "x", paid, MemoryLedger())
        await engine.run(Plan((task("one"),)))
        told = engine.facts
        answered = next(n for n, fact in enumerate(told) if isinstance(fact, Answered))
        past = [Recorded(fact=fact, seconds=0.0) for fact in told[: answered + 1]]
        call = next(fact for fact in told if isinstance(fact, Dispatched))
        git(root, "branch", "-D", "sef/r1")
        git(root, "update-ref", "-d", f"refs/sef/r1/{call.call}")
        workspace = engine._workspace
        left = workspace._places(call.call)
        git(root, "worktree", "add", "-q", "--detach", str(left[0]), call.base)
        (left[0] / "one").write_text("paid for\n")
        (left[1] / "index.lock").write_text("")
        again = Paid()
        resuming = Engine(replace(engine._parts, ledger=MemoryLedger()), workspace)
        resuming._parts.pool._executors = {"light": again, "target": again}  # type: ignore[attr-defined]
        resuming._parts.pool._drafts.clear()  # type: ignore[attr-defined]
        await workspace.reopen(workspace.base)
        facts = await resuming.resume(past)
        assert again.calls == []
        (outcome,) = outcomes(facts)
        assert outcome.status.value == "done"

    asyncio.run(work())
    assert git(root, "show", "sef/r1:one") == "paid for\n"
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_commit_that_landed_but_was_not_told_is_not_landed_twice(
    repository: Make, tmp_path: Path
) -> None:
    """The branch's trailers say which tasks are on it."""
    root = repository({"a": "1\n"})
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()

    async def work() -> None:
        ledger = MemoryLedger()
        engine = await engine_with(root, tmp_path / "x", Paid(), ledger)
        await engine.run(Plan((task("one"),)))
        past = list(ledger.recorded)
        committed = next(n for n, one in enumerate(past) if isinstance(one.fact, Committed))
        paid = Paid()
        resuming, _ = await resumed(root, tmp_path / "y", past[:committed], paid)
        assert paid.calls == []
        (again,) = [fact for fact in resuming.facts if isinstance(fact, Committed)]
        (before,) = [one.fact for one in past if isinstance(one.fact, Committed)]
        assert again == before

    asyncio.run(work())
    assert git(root, "log", "--format=%s", "main..sef/r1") == "do one\n"


def test_a_run_cut_off_at_any_fact_ends_well(repository: Make, tmp_path: Path) -> None:
    """For every prefix of the facts: all done, and no call that was drafted is made again."""
    tasks = (task("one"), task("two", "one"))

    async def work() -> None:
        whole = repository({"a": "1\n"}, name="whole")
        ledger = MemoryLedger()
        (tmp_path / "w").mkdir()
        engine = await engine_with(whole, tmp_path / "w", Paid(), ledger)
        await engine.run(Plan(tasks))
        for cut in range(3, len(ledger.recorded)):
            past = ledger.recorded[:cut]
            drafted = {one.fact.task for one in past if isinstance(one.fact, Drafted)}
            landed = [one.fact.commit for one in past if isinstance(one.fact, Committed)]
            tip = next((commit for commit in reversed(landed) if commit), None)
            if tip:
                git(whole, "branch", "-f", "sef/r1", tip)
            else:
                git(whole, "branch", "-D", "sef/r1")
            paid = Paid()
            (tmp_path / f"c{cut}").mkdir()
            _, ended = await resumed(whole, tmp_path / f"c{cut}", past, paid)
            assert {one.status.value for one in ended.values()} == {"done"}
            assert not drafted & set(paid.calls)
            assert git(whole, "log", "--format=%s", "main..sef/r1") == "do two\ndo one\n"

    asyncio.run(work())


def test_one_task_is_called_off_and_the_rest_goes_on(repository: Make, tmp_path: Path) -> None:
    """Its work stops at once; what needs it is blocked with that reason."""
    root = repository({"a": "1\n"})
    tasks = (task("stuck"), task("after", "stuck"), task("other"))
    (tmp_path / "x").mkdir()

    async def work() -> dict[str, Outcome]:
        engine = await engine_with(root, tmp_path / "x", Paid(stuck_on="stuck"), MemoryLedger())
        running = asyncio.create_task(engine.run(Plan(tasks)))
        while not any(isinstance(fact, Accepted) for fact in engine.facts):
            await asyncio.sleep(0.005)
        engine.cancel("stuck")
        facts = await running
        assert len([fact for fact in facts if isinstance(fact, Blocked)]) == 1
        return {one.task.id: one for one in outcomes(facts)}

    ended = asyncio.run(work())
    assert {name: one.status.value for name, one in ended.items()} == {
        "stuck": "cancelled",
        "after": "blocked",
        "other": "done",
    }
    assert ended["after"].reason == "it needs stuck, which was called off"
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_pool_makes_a_call_once(repository: Make, tmp_path: Path) -> None:
    """Two that ask with one key at once get one draft."""
    root = repository({"a": "1\n"})

    async def work() -> None:
        workspace = Workspace(await find_repository(root), run="r1", scratch=tmp_path)
        await workspace.open()
        paid = Paid()
        pool = LocalPool(workspace, {"e": paid})
        call = Call(
            key="k",
            task=task("one"),
            route=Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason=""),
            stage=Stage(
                executor="e", tier=Tier.LIGHT, effort=Effort.LOW, verifiers=(), deadline_s=9
            ),
            base=workspace.base,
        )

        async def told(_: Proposal) -> None:
            return None

        one, two = await asyncio.gather(pool.draft(call, told), pool.draft(call, told))
        assert one == two
        assert paid.calls == ["one"]

    asyncio.run(work())


def test_cleaning_removes_what_dead_runs_left_and_keeps_paid_work(
    repository: Make, tmp_path: Path
) -> None:
    """A run whose process lives is not touched; a forgotten run loses its references too."""
    root = repository({"a": "1\n"})
    scratch = tmp_path / "runs"

    async def work() -> None:
        found = await find_repository(root)
        journal = Journal(found.common_dir / "sef")
        for run, pid in (("dead", 2**22 + 1), ("paid", 2**22 + 1)):
            journal.begin(run, Owner(pid=pid, began="1"))
            workspace = Workspace(found, run=run, scratch=scratch / run)
            (scratch / run).mkdir(parents=True)
            await workspace.open()
            path, git_dir = workspace._places("k")
            git(root, "worktree", "add", "-q", "--detach", str(path), workspace.base)
            assert git_dir.is_dir()
        answered = Answered(
            task="t",
            epoch=0,
            call="k",
            proposal=Proposal(answer=Answer(text=""), usage=Usage(cost_usd=None)),
        )
        ledger = RunJournal(journal, "paid")
        ledger.append(Recorded(fact=answered, seconds=0.0))
        await ledger.settled()
        await clean(found, journal, (scratch,))
        assert [path.name for path in scratch.iterdir()] == ["paid"]
        assert [path.name for path in (scratch / "paid").iterdir()] == ["sef-paid-k"]
        assert len(git(root, "worktree", "list").splitlines()) == 2
        done = await clean(found, journal, (scratch,), keep_s=0.0)
        assert set(done.runs) == {"dead", "paid"}
        assert list(scratch.iterdir()) == []
        assert git(root, "for-each-ref", "refs/sef") == ""
        assert len(git(root, "worktree", "list").splitlines()) == 1
        journal.close()

    asyncio.run(work())
