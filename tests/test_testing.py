"""The public doubles."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from sef.errors import ConfigError, DraftFailure
from sef.events import Blocked, Cancelled
from sef.model import Checkout, Effort, Kind, Proposal, Route, Task, Tier, Usage
from sef.protocols import Assignment, Clock, Executor, Sink
from sef.testing import (
    Edit,
    FakeClock,
    Recorder,
    Script,
    ScriptedExecutor,
    load_scripts,
    random_plan,
)

ROUTE = Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1.0, reason="")
SPENT = Script(cost_usd=Decimal("0.01"), seconds=2.0, input_tokens=10, output_tokens=5)


def assignment(root: Path, task: str = "t", users: bool = False) -> Assignment:
    checkout = Checkout(path=root, commit="c", users=users, files=(), base_files=())
    return Assignment(
        task=Task(id=task, text=task), route=ROUTE, checkout=checkout, effort=Effort.LOW
    )


def play(root: Path, script: Script, users: bool = False) -> Proposal:
    executor = ScriptedExecutor({"t": script}, FakeClock(), model="pretend")
    return asyncio.run(executor.execute(assignment(root, users=users)))


def refused(root: Path, script: Script, users: bool = False) -> DraftFailure:
    with pytest.raises(DraftFailure) as failure:
        play(root, script, users)
    return failure.value


def test_a_sleep_moves_the_fake_clock_at_once() -> None:
    """The clock stands still but for sleeps, and never goes back."""
    clock: Clock = FakeClock(start=5)
    asyncio.run(clock.sleep(60))
    asyncio.run(clock.sleep(-1))
    assert clock.now() == 65


def test_a_sleep_lets_others_run() -> None:
    """Whoever sleeps on the fake clock yields to the loop."""
    seen: list[str] = []

    async def work(name: str) -> None:
        seen.append(name)
        await clock.sleep(1)
        seen.append(name)

    async def both() -> None:
        await asyncio.gather(work("a"), work("b"))

    clock = FakeClock()
    asyncio.run(both())
    assert seen == ["a", "b", "a", "b"]


def test_a_recorder_keeps_the_facts() -> None:
    """Facts stay in the order told and can be picked by type."""
    recorder = Recorder()
    sink: Sink = recorder
    facts = (Cancelled(), Blocked(task="a", reason=""), Cancelled())
    for fact in facts:
        sink.tell(fact)
    assert recorder.facts == list(facts)
    assert recorder.of(Blocked) == [facts[1]]


def test_a_script_is_played(tmp_path: Path) -> None:
    """Files are written, then edited, then deleted; line ends stay as they are."""
    (tmp_path / "old.txt").write_text("x")
    (tmp_path / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    script = Script(
        says="done",
        writes={"new/a.txt": "one two"},
        edits=(
            Edit(path="new/a.txt", find="two", replace="2"),
            Edit(path="crlf.txt", find="b", replace="c"),
        ),
        deletes=("old.txt",),
    )
    assert play(tmp_path, script).answer.text == "done"
    assert (tmp_path / "new/a.txt").read_text() == "one 2"
    assert (tmp_path / "crlf.txt").read_bytes() == b"a\r\nc\r\n"
    assert not (tmp_path / "old.txt").exists()


def test_usage_is_what_the_script_claims(tmp_path: Path) -> None:
    """Cost, seconds, tokens and the model's name come back; the seconds pass on the clock."""
    clock = FakeClock()
    executor: Executor = ScriptedExecutor({"t": SPENT}, clock, model="pretend")
    proposal = asyncio.run(executor.execute(assignment(tmp_path)))
    assert clock.now() == 2.0
    assert proposal.usage == Usage(
        cost_usd=Decimal("0.01"), seconds=2.0, model="pretend", input_tokens=10, output_tokens=5
    )


def test_a_failure_has_a_price(tmp_path: Path) -> None:
    """An attempt that fails has spent its cost and changed nothing."""
    failing = Script(fails="out of ideas", cost_usd=Decimal("0.02"), writes={"a": "b"})
    failure = refused(tmp_path, failing)
    assert "out of ideas" in str(failure)
    assert failure.usage is not None
    assert failure.usage.cost_usd == Decimal("0.02")
    assert not list(tmp_path.iterdir())


def test_each_attempt_plays_the_next_script(tmp_path: Path) -> None:
    """A sequence plays one script an attempt; its last is repeated."""
    scripts: Mapping[str, Script | Sequence[Script]] = {
        "t": [Script(fails="no"), Script(says="yes")],
        "u": Script(says="other"),
    }
    executor = ScriptedExecutor(scripts, FakeClock())

    def said(task: str) -> str:
        return asyncio.run(executor.execute(assignment(tmp_path, task))).answer.text

    with pytest.raises(DraftFailure):
        said("t")
    assert [said("u"), said("t"), said("t")] == ["other", "yes", "yes"]


@pytest.mark.parametrize("scripts", [{}, {"t": ()}, {"other": Script()}])
def test_a_task_without_a_script_fails_for_nothing(
    tmp_path: Path, scripts: dict[str, Script | Sequence[Script]]
) -> None:
    """Where there is no script there is no draft, and it cost nothing."""
    executor = ScriptedExecutor(scripts, FakeClock())
    with pytest.raises(DraftFailure, match="no script") as failure:
        asyncio.run(executor.execute(assignment(tmp_path)))
    assert failure.value.usage is not None
    assert failure.value.usage.cost_usd == 0


@pytest.mark.parametrize("text", ["nothing here", "twice twice"])
def test_an_edit_needs_its_text_exactly_once(tmp_path: Path, text: str) -> None:
    """Text that is missing or ambiguous is named, and the attempt is still paid for."""
    (tmp_path / "a.txt").write_text(text)
    edit = Edit(path="a.txt", find="twice", replace="once")
    failure = refused(tmp_path, Script(edits=(edit,), cost_usd=Decimal(1)))
    assert '"twice" in a.txt' in str(failure)
    assert failure.usage is not None
    assert failure.usage.cost_usd == 1
    assert (tmp_path / "a.txt").read_text() == text


PATHS = (
    "/etc/passwd", "../out.txt", "a/../../out.txt", "", ".", ".git/config", ".GIT/config",
    "sub/.git/hooks/x", "link/out.txt", "linked.txt", "gitlink/config", "loop", "a\\b", "a\0b",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", ["write", "edit", "delete"])
def test_nothing_outside_the_checkout_is_touched(tmp_path: Path, path: str, how: str) -> None:
    """Absolute paths, "..", links that lead out and git's own files are refused."""
    root, out = tmp_path / "checkout", tmp_path / "elsewhere"
    (root / ".git").mkdir(parents=True)
    out.mkdir()
    for file in (out / "out.txt", tmp_path / "out.txt", root / ".git/config"):
        file.write_text("kept")
    (root / "link").symlink_to(out)
    (root / "linked.txt").symlink_to(out / "out.txt")
    (root / "gitlink").symlink_to(root / ".git")
    (root / "loop").symlink_to(root / "loop")
    before = sorted(tmp_path.rglob("*"))
    script = {
        "write": Script(writes={path: "x"}),
        "edit": Script(edits=(Edit(path=path, find="kept", replace="x"),)),
        "delete": Script(deletes=(path,)),
    }[how]
    refused(root, script)
    assert sorted(tmp_path.rglob("*")) == before
    assert (out / "out.txt").read_text() == (root / ".git/config").read_text() == "kept"


@pytest.mark.parametrize("path", ["missing.txt", "folder"])
def test_only_files_that_exist_are_deleted(tmp_path: Path, path: str) -> None:
    """Deleting a missing file or a folder is a failure, not a crash."""
    (tmp_path / "folder").mkdir()
    assert "cannot be played" in str(refused(tmp_path, Script(deletes=(path,))))


def test_the_users_own_tree_is_only_read(tmp_path: Path) -> None:
    """In the user's tree a script may speak and not write."""
    assert play(tmp_path, Script(says="hello"), users=True).answer.text == "hello"
    assert "user's own tree" in str(refused(tmp_path, Script(writes={"a": "b"}), users=True))
    assert not list(tmp_path.iterdir())


SCRIPTS = """
[[script]]
task = "greet"
says = "hello"
cost_usd = 0.013
seconds = 3
input_tokens = 100
output_tokens = 20
deletes = ["old.py"]
[[script.write]]
path = "a.py"
text = "x = 1\\n"
[[script.edit]]
path = "b.py"
find = "1"
replace = "2"
[[script]]
task = "broken"
fails = "no idea"
"""


def test_scripts_are_read_from_a_file(tmp_path: Path) -> None:
    """Every key is read, and money keeps the digits that were written."""
    (tmp_path / "s.toml").write_text(SCRIPTS)
    assert dict(load_scripts(tmp_path / "s.toml")) == {
        "greet": Script(
            says="hello",
            writes={"a.py": "x = 1\n"},
            edits=(Edit(path="b.py", find="1", replace="2"),),
            deletes=("old.py",),
            cost_usd=Decimal("0.013"),
            seconds=3.0,
            input_tokens=100,
            output_tokens=20,
        ),
        "broken": Script(fails="no idea"),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[script]]\ntsk = 'a'", 's.toml: script 1: unknown key "tsk" (did you mean "task"?)'),
        (
            "[[script]]\ntask = 'a'\ncost_usd = -1",
            'script 1 ("a"): cost_usd = -1: must be a number',
        ),
        ("[[script]]\ntask = 'a'\ncost_usd = nan", "cost_usd = nan: must be"),
        ("[[script]]\ntask = 'a'\nseconds = inf", "seconds = inf: must be"),
        (
            "[[script]]\ntask = 'a'\n[[script.write]]\npath = 'p'\ntxt = ''",
            'script 1 ("a"): write 1 ("p"): the key "text" is missing',
        ),
        ("[[script]]\ntask = 'a'\n[[script]]\ntask = 'a'", 'two scripts for the task "a"'),
        ("[", "not valid TOML"),
    ],
)
def test_bad_scripts_are_named(tmp_path: Path, text: str, told: str) -> None:
    """An error names the file, the script, the key, and what is allowed."""
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(ConfigError) as wrong:
        load_scripts(tmp_path / "s.toml")
    assert told in str(wrong.value)


@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
def test_random_plans_have_no_cycles(density: float) -> None:
    """Needs point backwards only, and a seed repeats a plan."""
    tasks, again = (random_plan(random.Random(7), 30, density) for _ in range(2))
    assert tasks == again
    assert [task.id for task in tasks] == [f"t{n}" for n in range(30)]
    for number, task in enumerate(tasks):
        assert all(int(need[1:]) < number for need in task.needs)
        assert density not in (0.0, 1.0) or len(task.needs) == number * density
