"""Fresh tests, with scripted writers, real repositories and real runs of pytest."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import git
from sef.advice import Advice, Advised, Consulted
from sef.checks import CheckRunner
from sef.desk import TaskDesk
from sef.environment import Environments
from sef.events import Rejected, TaskFact
from sef.handover import note
from sef.model import Answer, Draft, Kind, Patch, Proposal, Route, Task, Tier, Usage, Verdict
from sef.pools.local import LocalPool
from sef.protocols import Assignment, Case, Desk
from sef.repository import find_repository
from sef.steps import ModelStep
from sef.testing import FakeClock, Script, ScriptedExecutor
from sef.verifiers.fresh import FreshTests, Writer
from sef.workspace import Workspace

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories, real runs

OPS = "def add(a, b):\n    return a + b\n"
RIGHT = OPS + "\n\ndef mul(a, b):\n    return a * b\n"
WRONG = OPS + "\n\ndef mul(a, b):\n    return a + b\n"
HALF = OPS + "\n\ndef mul(a, b):\n    return a * b if a > 0 else 0\n"
PROJECT = {
    "calc/__init__.py": "",
    "calc/ops.py": OPS,
    "tests/test_ops.py": "from calc.ops import add\n\ndef test_add():\n    assert add(2, 3) == 5\n",
}
FRESH = (
    "from calc import ops\n\n"
    "def test_mul():\n    assert ops.mul(3, 3) == 9\n\n"
    "def test_mul_of_less_than_nothing():\n    assert ops.mul(-3, 3) == -9\n"
)
TASK = Task(id="one", text="Add a function mul to calc/ops.py that multiplies two numbers")
WRITES = Script(says="done", writes={"tests/test_fresh_mul.py": FRESH}, cost_usd=Decimal("0.02"))


@dataclass
class Room:
    """A workspace, who writes tests in it, and what was told."""

    workspace: Workspace
    fresh: FreshTests
    facts: list[TaskFact] = field(default_factory=list)

    async def drafted(self, **texts: str) -> Patch:
        """A draft that writes files; `__` in a name stands for a slash, `_py` for the end."""
        async with self.workspace.fork(self.workspace.base) as fork:
            for name, text in texts.items():
                path = fork.checkout.path / (name.replace("__", "/").removesuffix("_py") + ".py")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return await self.workspace.capture(fork)

    async def judged(
        self,
        patch: Patch,
        *,
        task: Task = TASK,
        kind: Kind = Kind.IMPLEMENT,
        desk: Desk | None = None,
        executor: str = "light",
    ) -> Verdict:
        route = Route(tier=Tier.LIGHT, kind=kind, policy="fast", score=1, reason="")
        draft = Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None))
        async with self.workspace.fork(patch.commit) as fork:
            case = Case(
                task=task,
                route=route,
                draft=draft,
                checkout=fork.checkout,
                base=patch.base,
                desk=desk or self.desk(),
                drafter=executor,
            )
            return await self.fresh.verify(case)

    def desk(self, before: Mapping[str, Advice] | None = None) -> TaskDesk:
        return TaskDesk("one", 1, self.tell, before or {})

    async def tell(self, fact: TaskFact) -> None:
        self.facts.append(fact)

    @property
    def asked(self) -> list[str]:
        return [one.executor for one in self.facts if isinstance(one, Consulted)]

    @property
    def advice(self) -> list[Advice]:
        return [one.advice for one in self.facts if isinstance(one, Advised)]


class Noting:
    """An executor that keeps what it was given."""

    def __init__(self, script: Script | Sequence[Script]) -> None:
        self._inner = ScriptedExecutor({"one.fresh": script}, clock=FakeClock(), model="m")
        self.given: list[Assignment] = []

    async def execute(self, assignment: Assignment) -> Proposal:
        self.given.append(assignment)
        return await self._inner.execute(assignment)


@asynccontextmanager
async def _room(root: Path, tmp_path: Path, writer: object, *, more: object = None):  # type: ignore[no-untyped-def]
    repository = await find_repository(root)
    scratch = tmp_path / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(repository, run="r1", scratch=scratch)
    await workspace.open()
    environments = Environments(
        tree=root, scratch=scratch, python=Path(sys.executable), variables=dict(os.environ)
    )
    executors = {"middle": writer, "light": more or writer}
    pool = LocalPool(workspace, executors)  # type: ignore[arg-type]
    fresh = FreshTests(
        pool=pool,
        workspace=workspace,
        git=repository.git,
        runner=CheckRunner(environments, scratch, 60),
        clock=FakeClock(),
        writers=(Writer(name="middle", tier=Tier.STANDARD), Writer(name="light", tier=Tier.LIGHT)),
    )
    yield Room(workspace, fresh)


def judge(
    root: Path, tmp_path: Path, script: Script, text: str, *, task: Task = TASK
) -> tuple[Verdict, Room]:
    """The verdict on a draft with that text of calc/ops.py, and what was told."""

    async def go() -> tuple[Verdict, Room]:
        async with _room(root, tmp_path, Noting(script)) as room:
            patch = await room.drafted(calc__ops_py=text)
            return await room.judged(patch, task=task), room

    return asyncio.run(go())


def fresh(text: str, name: str = "tests/test_fresh_mul.py") -> Script:
    return Script(writes={name: text}, cost_usd=Decimal("0.02"))


def sign(verdict: Verdict) -> str:
    return verdict.evidence[0].sign


def test_a_right_draft_holds(repository: Make, tmp_path: Path) -> None:
    """Tests that fail without the draft pass with it; the call is booked with its price."""
    verdict, room = judge(repository(PROJECT), tmp_path, WRITES, RIGHT)
    assert (verdict.accepted, sign(verdict)) == (True, "fresh-hold"), verdict.reason
    assert verdict.evidence[0].passed is True
    assert "2 fresh tests pass on the draft and fail without it" in verdict.reason
    assert room.asked == ["middle"]
    assert [one.usage.cost_usd for one in room.advice] == [Decimal("0.02")]


def test_a_wrong_draft_is_rejected_by_name(repository: Make, tmp_path: Path) -> None:
    """The evidence names the test and its assertion, on one line."""
    verdict, _ = judge(repository(PROJECT), tmp_path, WRITES, WRONG)
    assert (verdict.accepted, verdict.undecided, sign(verdict)) == (False, False, "fresh-fail")
    assert "tests/test_fresh_mul.py::test_mul" in verdict.reason
    assert "assert" in verdict.reason
    assert "\n" not in verdict.evidence[0].detail


def test_a_half_right_draft_is_undecided(repository: Make, tmp_path: Path) -> None:
    """Either the draft is wrong or one of the tests."""
    verdict, _ = judge(repository(PROJECT), tmp_path, WRITES, HALF)
    assert (verdict.accepted, verdict.undecided, sign(verdict)) == (False, True, "fresh-divided")
    assert verdict.evidence[0].passed is None
    assert "1 of 2 fresh tests fail" in verdict.reason


def test_a_test_that_passes_on_the_base_says_nothing(repository: Make, tmp_path: Path) -> None:
    """It is left out by name, also where it fails on the draft."""
    text = FRESH + "\ndef test_old():\n    assert ops.add(1, 1) == 2\n"
    verdict, _ = judge(repository(PROJECT), tmp_path, fresh(text), RIGHT)
    assert sign(verdict) == "fresh-hold"
    assert "test_old (passes on the base)" in verdict.reason
    only = "from calc import ops\n\ndef test_old():\n    assert ops.add(1, 1) == 2\n"
    bad = OPS.replace("a + b", "a - b")
    other, _ = judge(repository(PROJECT, "other"), tmp_path / "o", fresh(only), bad)
    assert (other.accepted, sign(other)) == (True, "fresh-none")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def test_mul(:\n", "cannot be read as Python"),
        ("import nowhere_to_be_found\n" + FRESH, "nowhere_to_be_found, which is not"),
        (FRESH.replace("test_mul()", "test_mul(wanted)"), "a fixture that is not there"),
        (FRESH + "\ndef test_raises():\n    add\n    ops.mul(1, 1)\n", "asks for add, which"),
    ],
    ids=["syntax", "module", "fixture", "name"],
)
def test_a_broken_test_is_worthless(text: str, why: str, repository: Make, tmp_path: Path) -> None:
    """It rejects nobody, and is named."""
    verdict, _ = judge(repository(PROJECT), tmp_path, fresh(text), RIGHT)
    assert verdict.accepted, verdict.reason
    assert why in verdict.reason


def test_an_import_of_what_is_to_be_made_is_what_is_wanted(
    repository: Make, tmp_path: Path
) -> None:
    """The file fails as a whole on the base, before the project is even imported."""
    text = "from calc.ops import mul\n\ndef test_mul():\n    assert mul(3, 4) == 12\n"
    right, _ = judge(repository(PROJECT), tmp_path, fresh(text), RIGHT)
    wrong, _ = judge(repository(PROJECT, "other"), tmp_path / "o", fresh(text), WRONG)
    assert (sign(right), sign(wrong)) == ("fresh-hold", "fresh-fail")


def test_a_name_that_nobody_stated_is_not_asked_for(repository: Make, tmp_path: Path) -> None:
    """The writer wished for another function; one that the task names, or the base has, counts."""
    text = "from calc.ops import product\n\ndef test_mul():\n    assert product(3, 4) == 12\n"
    verdict, _ = judge(repository(PROJECT), tmp_path, fresh(text), RIGHT)
    assert (verdict.accepted, sign(verdict)) == (True, "fresh-none")
    assert "asks for product, which the task does not state" in verdict.reason
    gone, _ = judge(repository(PROJECT, "other"), tmp_path / "o", WRITES, "def add():\n    pass\n")
    assert sign(gone) == "fresh-fail"


def test_what_else_the_writer_changed_is_ignored(repository: Make, tmp_path: Path) -> None:
    """It does the task itself, and edits a test that is there: neither reaches the draft."""
    script = Script(
        writes={
            "calc/ops.py": RIGHT,
            "tests/test_ops.py": "def test_add():\n    assert False\n",
            "tests/conftest.py": "raise SystemExit\n",
            "tests/test_fresh_mul.py": FRESH,
        }
    )
    verdict, _ = judge(repository(PROJECT), tmp_path, script, WRONG)
    assert sign(verdict) == "fresh-fail"
    assert "ignored of what middle wrote: calc/ops.py, tests/conftest.py" in verdict.reason


def test_a_writer_that_fails_is_booked_and_stops_nothing(repository: Make, tmp_path: Path) -> None:
    """Its price is told; the draft goes on to the next verifier."""
    script = Script(fails="no more quota", cost_usd=Decimal("0.03"))
    verdict, room = judge(repository(PROJECT), tmp_path, script, WRONG)
    assert (verdict.accepted, sign(verdict)) == (True, "fresh-none")
    assert "no fresh test was written: no more quota" in verdict.reason
    (advice,) = room.advice
    assert (advice.failed, advice.usage.cost_usd) == ("no more quota", Decimal("0.03"))


def test_hostile_paths_are_ignored(repository: Make, tmp_path: Path) -> None:
    """Options, odd letters, links, binaries and more than there may be."""
    names = ["-p.py", "tests/test_a\nb.py", "tests/.test_x.py", "tests/:(top)test_x.py"]
    root = repository(PROJECT)

    class Hostile:
        async def execute(self, assignment: Assignment) -> Proposal:
            tree = assignment.checkout.path
            for name in names:
                (tree / name).write_text(FRESH)
            (tree / "tests/test_link.py").symlink_to("/etc/passwd")
            (tree / "tests/test_binary.py").write_bytes(b"\0\1\2")
            (tree / "tests/test_long.py").write_text("#" * 300_000)
            for number in range(20):
                (tree / f"tests/test_z{number:02}.py").write_text(FRESH)
            return Proposal(answer=Answer(text=""), usage=Usage(cost_usd=None))

    async def go() -> Verdict:
        async with _room(root, tmp_path, Hostile()) as room:
            return await room.judged(await room.drafted(calc__ops_py=RIGHT))

    verdict = asyncio.run(go())
    assert sign(verdict) == "fresh-hold", verdict.reason
    assert "20 fresh tests pass" in verdict.reason  # of ten files
    assert "ignored of what middle wrote: -p.py" in verdict.reason


def test_a_second_draft_is_judged_by_the_same_tests(repository: Make, tmp_path: Path) -> None:
    """One call, also where both are judged at once; who drafted does not write."""
    writer = Noting(WRITES)

    async def go() -> Room:
        async with _room(repository(PROJECT), tmp_path, writer) as room:
            wrong = await room.drafted(calc__ops_py=WRONG)
            right = await room.drafted(calc__ops_py=RIGHT)
            one, two = await asyncio.gather(
                room.judged(wrong, executor="middle"), room.judged(right, executor="middle")
            )
            assert (sign(one), sign(two)) == ("fresh-fail", "fresh-hold")
            assert sign(await room.judged(right, executor="middle")) == "fresh-hold"
            return room

    room = asyncio.run(go())
    assert len(writer.given) == 1
    assert room.asked == ["light"]
    assert writer.given[0].checkout.commit == room.workspace.base


def test_what_was_advised_is_not_asked_again(repository: Make, tmp_path: Path) -> None:
    """A run that goes on finds the tests by the key of the question."""
    writer = Noting(WRITES)
    root = repository(PROJECT)

    async def go() -> None:
        async with _room(root, tmp_path, writer) as room:
            patch = await room.drafted(calc__ops_py=RIGHT)
            await room.judged(patch)
            (told,) = [one for one in room.facts if isinstance(one, Advised)]
            fresh_again = FreshTests(
                pool=room.fresh._writing._pool,
                workspace=room.workspace,
                git=room.fresh._git,
                runner=room.fresh._runner,
                clock=FakeClock(),
                writers=(Writer(name="middle", tier=Tier.STANDARD),),
            )
            later = Room(room.workspace, fresh_again)
            verdict = await later.judged(patch, desk=later.desk({told.key: told.advice}))
            assert sign(verdict) == "fresh-hold"
            assert later.facts == []

    asyncio.run(go())
    assert len(writer.given) == 1


def test_a_writer_that_is_called_off_is_booked(repository: Make, tmp_path: Path) -> None:
    """With what its requests cost until then."""
    root = repository(PROJECT)
    begun = asyncio.Event()

    class Hanging:
        async def execute(self, assignment: Assignment) -> Proposal:
            usage = Usage(cost_usd=Decimal("0.01"), requests=1)
            await assignment.report(ModelStep(requested="m", billed="m", usage=usage))
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

    async def go() -> Room:
        async with _room(root, tmp_path, Hanging()) as room:
            patch = await room.drafted(calc__ops_py=RIGHT)
            judging = asyncio.create_task(room.judged(patch))
            await begun.wait()
            judging.cancel()
            await asyncio.wait([judging])
            assert judging.cancelled()
            return room

    (advice,) = asyncio.run(go()).advice
    assert advice.failed == "called off"
    assert advice.usage.cost_usd == Decimal("0.01")


def test_no_source_of_a_fresh_test_is_handed_over(repository: Make, tmp_path: Path) -> None:
    """Not in the note for the next stage, nor among the references or the user's files."""
    root = repository(PROJECT)
    writer = Noting(WRITES)

    async def go() -> str:
        async with _room(root, tmp_path, writer) as room:
            patch = await room.drafted(calc__ops_py=WRONG)
            verdict = await room.judged(patch)
            fact = Rejected(task="one", epoch=1, executor="light", tier=Tier.LIGHT, verdict=verdict)
            return note(fact, await room.workspace.diff(patch))

    said = asyncio.run(go())
    assert "tests/test_fresh_mul.py::test_mul" in said
    assert "def test_mul" not in said
    assert "ops.mul(-3, 3)" not in said.replace(" ", "")
    for ref in git(root, "for-each-ref", "--format=%(refname)").split():
        assert "test_fresh_mul.py" not in git(root, "ls-tree", "-r", "--name-only", ref)
    assert git(root, "status", "--porcelain") == ""


def test_a_draft_that_hangs_in_them_is_undecided(
    repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be its own doing, and doubt rejects."""
    monkeypatch.setattr("sef.verifiers.fresh.verifier._DEADLINE_S", 15.0)
    hanging = OPS + "\n\ndef mul(a, b):\n    while True:\n        pass\n"
    verdict, _ = judge(repository(PROJECT), tmp_path, WRITES, hanging)
    assert (verdict.accepted, verdict.undecided, sign(verdict)) == (False, True, "fresh-unrun")


def test_a_draft_that_skips_them_is_undecided(repository: Make, tmp_path: Path) -> None:
    """Its code may raise what pytest takes for a skip."""
    skips = f"import unittest\n{OPS}\n\ndef mul(a, b):\n    raise unittest.SkipTest('later')\n"
    verdict, _ = judge(repository(PROJECT), tmp_path, WRITES, skips)
    assert (verdict.accepted, verdict.undecided, sign(verdict)) == (False, True, "fresh-unrun")


def test_other_kinds_and_runners_are_not_judged(repository: Make, tmp_path: Path) -> None:
    """Nobody is asked for what could not be used."""
    writer = Noting(WRITES)
    unittest = (
        "import unittest\nfrom calc.ops import add\n\nclass T(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n"
    )

    async def go() -> None:
        async with _room(repository(PROJECT), tmp_path, writer) as room:
            patch = await room.drafted(calc__ops_py=RIGHT)
            for kind in (Kind.DOCUMENT, Kind.EXPLORE):
                verdict = await room.judged(patch, kind=kind)
                assert (verdict.accepted, sign(verdict)) == (True, "")
        root = repository({**PROJECT, "tests/test_ops.py": unittest}, "other")
        async with _room(root, tmp_path, writer) as room:
            verdict = await room.judged(await room.drafted(calc__ops_py=RIGHT))
            assert verdict.accepted
            assert "with pytest alone" in verdict.reason

    asyncio.run(go())
    assert writer.given == []
