"""Each tool, with the real client of the library and the server in a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command import PROJECT, sef
from conftest import git
from mcp_server.serving import (
    GREET,
    WAIT,
    WORLD,
    Session,
    leftovers,
    mcp,
    talk,
    task,
    wait_for_fork,
)
from sef.report_model import RunReport
from sef.testing.provider import LoopbackProvider, Turn, Used

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every server is a process of its own
READERS = {"sef_plan", "sef_route", "sef_status", "sef_result", "sef_report", "sef_verify"}
ACTORS = {"sef_run", "sef_start", "sef_cancel"}
ASKERS = {"sef_run", "sef_start", "sef_verify"}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_tools_are_listed_with_schemas_and_hints(repository: Make, mode: str) -> None:
    """In both eras of the protocol; what takes nothing unknown says so."""

    async def body(session: Session) -> None:
        tools = (await session.client.list_tools()).tools
        assert {tool.name for tool in tools} == READERS | ACTORS
        for tool in tools:
            assert tool.description and tool.title
            assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
            assert tool.input_schema["additionalProperties"] is False
            assert tool.annotations.read_only_hint is (tool.name in READERS)
            assert tool.annotations.destructive_hint is (tool.name in ACTORS)
            assert tool.annotations.open_world_hint is (tool.name in ASKERS)
            assert tool.annotations.idempotent_hint is (tool.name not in ("sef_run", "sef_start"))
        assert "sef_verify" in session.client.instructions

    talk(repository(PROJECT), body, mode=mode)


def test_a_plan_is_checked_and_taken_back(repository: Make) -> None:
    """Sentences and a plan.toml become tasks with needs; the run takes what the plan gave."""
    toml = '[[task]]\nid = "a"\ntext = "look"\n[[task]]\nid = "b"\ntext = "fix"\nneeds = ["a"]\n'
    cycle = toml.replace('text = "look"', 'text = "look"\nneeds = ["b"]')

    async def body(session: Session) -> None:
        words = "find the definition of class Adder, then run the tests"
        planned = await session.call("sef_plan", texts=[words])
        first, second = planned["tasks"]
        assert (first["needs"], second["needs"]) == ([], [first["id"]])
        assert planned["longest_chain"] == 2
        ran = await session.call("sef_run", tasks=planned["tasks"])
        assert [one["id"] for one in ran["tasks"]] == [first["id"], second["id"]]
        named = await session.call("sef_plan", plan_toml=toml)
        assert [(one["id"], one["needs"]) for one in named["tasks"]] == [("a", []), ("b", ["a"])]
        assert "cycle" in await session.refused("sef_plan", plan_toml=cycle)
        assert "plan_toml: not valid TOML" in await session.refused("sef_plan", plan_toml="[[")
        assert "either" in await session.refused("sef_plan")
        assert "either" in await session.refused("sef_plan", texts=["x"], plan_toml=toml)

    talk(repository(PROJECT), body)


def test_a_route_is_that_of_the_command(repository: Make) -> None:
    root = repository(PROJECT)
    text = "find why checkout is slow on Mondays"
    told = json.loads(sef(root, "route", text, "--json").stdout)

    async def body(session: Session) -> None:
        said = await session.call("sef_route", text=text)
        for one in (*said["routes"], *told["routes"]):
            assert one.pop("microseconds") > 0
        assert said == told

    talk(root, body)


def test_a_run_commits_on_its_branch_and_is_told_step_by_step(repository: Make) -> None:
    """The result is the run's JSON; the person's files stay; the journal says the same."""
    root = repository(WORLD)

    async def body(session: Session) -> None:
        tasks = [task("greet"), task("part", needs=["greet"])]
        said = await session.call("sef_run", tasks=tasks, policy="fast")
        assert said.pop("cut") == []
        told = RunReport.model_validate(said)
        assert (told.status, told.applied, float(told.cost_usd or 0)) == ("ok", False, 0.75)
        assert [one.status for one in told.tasks] == ["done", "done"]
        assert not (root / "calc/greet.py").exists()
        assert git(root, "show", f"{told.branch}:calc/greet.py") == GREET["calc/greet.py"].strip()
        numbers = [so_far for so_far, _ in session.heard]
        assert numbers == sorted(set(numbers)) and len(numbers) >= 6
        assert any(words.startswith("part: committed") for _, words in session.heard)
        again = await session.call("sef_report", run=told.run)
        rates = again.pop("rates")
        assert again.pop("cut") == []
        assert (again["tasks"], rates["rejection_rate"]) == (said["tasks"], None)
        assert rates["completion_time_s"] > 0

    talk(root, body)
    assert leftovers(root) == []


def test_a_run_is_applied_where_that_was_asked(repository: Make) -> None:
    """Without words of a policy or a branch; the budget keeps paid calls from beginning."""
    root = repository(WORLD)

    async def body(session: Session) -> None:
        poor = await session.call("sef_run", tasks=[task("greet")], budget_usd=0)
        assert poor["status"] == "failed"
        assert "budget" in poor["tasks"][0]["reason"]
        said = await session.call("sef_run", tasks=[task("greet")], apply=True)
        assert (said["status"], said["applied"]) == ("ok", True)

    talk(root, body)
    assert (root / "calc/greet.py").read_text() == GREET["calc/greet.py"].strip()


def test_long_answers_are_cut_with_the_way_to_the_rest(repository: Make) -> None:
    """A result stays small enough to be read; one task is told in full."""

    async def body(session: Session) -> None:
        tasks = [task("long", "explain how adding works", kind="explore"), task("greet")]
        result = await session.raw("sef_run", tasks=tasks)
        said = result.structured_content
        assert said["tasks"][0]["status"] == "done", said["tasks"][0]["reason"]
        assert "sef_report" in said["cut"][0] and "long" in said["cut"][0]
        assert len(said["tasks"][0]["answer"]) < 5_000
        assert len(json.dumps(said)) < 50_000 and len(result.content[0].text) < 2_000
        for tool in ("sef_report", "sef_result"):
            one = await session.call(tool, run=said["run"], task="long")
            (whole,) = (one["report"] if tool == "sef_result" else one)["tasks"]
            assert whole["answer"] == "x" * 15_000
        assert "no task 'odd'" in await session.refused("sef_report", task="odd")

    talk(repository(WORLD), body)


def test_a_started_run_goes_on_and_can_be_called_off(repository: Make) -> None:
    """Its name comes at once; one task is called off, then the whole; nothing stays behind."""
    root = repository(WORLD)

    async def body(session: Session) -> None:
        tasks = [task("wait"), task("greet"), task("part", needs=["wait"])]
        started = await session.call("sef_start", tasks=tasks)
        run = started["run"]
        assert started["tasks"] == ["wait", "greet", "part"]
        wait_for_fork(root)
        result = await session.call("sef_result", run=run, wait_s=0.5)
        assert (result["ended"], result["report"]) == (False, None)
        status = await session.call("sef_status")
        assert (status["run"], status["status"], status["here"]) == (run, "working", True)
        states = {one["id"]: one["state"] for one in status["tasks"]}
        assert (states["wait"], states["part"]) == ("working", "waiting")
        assert "no task 'odd'" in await session.refused("sef_cancel", run=run, task="odd")
        one = await session.call("sef_cancel", run=run, task="wait")
        assert (one["task"], one["called_off"]) == ("wait", True)
        ended = await session.call("sef_result", run=run, wait_s=30)
        told = {one["id"]: one["status"] for one in ended["report"]["tasks"]}
        assert (told["wait"], told["greet"]) == ("cancelled", "done")
        assert told["part"] != "done"
        late = await session.call("sef_cancel", run=run)
        assert late["called_off"] is False

        second = (await session.call("sef_start", tasks=WAIT))["run"]
        wait_for_fork(root)
        assert (await session.call("sef_cancel", run=second))["called_off"] is True
        ended = await session.call("sef_result", run=second)
        assert (ended["ended"], ended["report"]["status"]) == (True, "cancelled")
        assert leftovers(root) == []
        listed = json.loads(sef(root, "runs", "--json").stdout)["runs"]
        assert listed[-1]["status"] == "cancelled"
        assert listed[-1]["resume"] == f"sef run --resume {second}"

    talk(root, body)


def test_a_call_that_times_out_calls_its_run_off(repository: Make) -> None:
    """The client gives up after a second; the run ends, and its forks are gone."""
    root = repository(WORLD)

    async def body(session: Session) -> None:
        with pytest.raises(mcp.MCPError):
            await session.client.call_tool("sef_run", {"tasks": WAIT}, read_timeout_seconds=2)
        ended = await session.call("sef_result", wait_s=20)
        assert ended["report"]["status"] == "cancelled"
        assert leftovers(root) == []

    talk(root, body)


def test_only_so_many_runs_work_at_once(repository: Make) -> None:
    """The fifth is refused, with the names of those that work."""
    root = repository(WORLD)

    async def body(session: Session) -> None:
        runs = [(await session.call("sef_start", tasks=WAIT))["run"] for _ in range(4)]
        assert len(set(runs)) == 4
        assert runs[0] in await session.refused("sef_start", tasks=WAIT)
        calls = [session.call("sef_cancel", run=run) for run in runs]
        assert all(one["called_off"] for one in await asyncio.gather(*calls))
        assert leftovers(root) == []

    talk(root, body)


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("sef_run", {}, "either tasks or plan_toml"),
        ("sef_run", {"tasks": []}, "nothing was asked for"),
        ("sef_run", {"tasks": ["x"], "polcy": "fast"}, "polcy"),
        ("sef_run", {"tasks": ["x"], "policy": "quick"}, "policy"),
        ("sef_run", {"tasks": ["x"], "budget_usd": -1}, "budget_usd"),
        ("sef_run", {"tasks": ["x" * 10_001]}, "10000"),
        ("sef_run", {"tasks": ["look at it"] * 201}, "200"),
        ("sef_run", {"tasks": [{"id": "a", "text": "x", "paths": ["../x"]}]}, "leaves the tree"),
        ("sef_run", {"tasks": [{"id": "a", "text": "x"}, "y"]}, "one form"),
        ("sef_run", {"tasks": [{"id": "a b", "text": "x"}]}, "id"),
        ("sef_route", {"text": ""}, "text"),
        ("sef_status", {"run": "../x"}, "run"),
        ("sef_status", {"run": "nope"}, "there is no run"),
        ("sef_result", {"wait_s": 1e9}, "wait_s"),
        ("sef_result", {"wait_s": "NaN"}, "wait_s"),
        ("sef_cancel", {}, "run"),
        ("sef_verify", {"base": "nope"}, "is no commit here"),
        ("sef_verify", {"base": "--upload-pack=x"}, "is no commit here"),
        ("sef_verify", {"base": "HEAD", "patch": "garbage"}, "none that git can read"),
        ("sef_verify", {"base": "HEAD", "head": "HEAD", "patch": "x"}, "not both"),
    ],
)
def test_bad_input_is_refused_with_its_cause(
    bad_input: Callable[[str, dict[str, object]], str],
    tool: str,
    given: dict[str, object],
    said: str,
) -> None:
    """The call fails, the server goes on; nothing was run."""
    assert said in bad_input(tool, given)


@pytest.fixture(scope="module")
def bad_input(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, dict[str, object]], str]:
    """What each bad call says; one server hears them all."""
    root = tmp_path_factory.mktemp("project")
    (root / "a.py").write_text("A = 1\n")
    for step in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "start")):
        git(root, *step)
    heard: dict[str, str] = {}

    def ask(tool: str, given: dict[str, object]) -> str:
        async def body(session: Session) -> None:
            if not heard:
                marks = test_bad_input_is_refused_with_its_cause.pytestmark  # type: ignore[attr-defined]
                (cases,) = (mark.args[1] for mark in marks if mark.name == "parametrize")
                for name, arguments, _ in cases:
                    heard[repr((name, arguments))] = await session.refused(name, **arguments)

        if not heard:
            talk(root, body)
        assert git(root, "branch", "--list", "sef/*") == ""
        return heard[repr((tool, given))]

    return ask


def test_an_unknown_tool_is_a_mistake_of_the_protocol(repository: Make) -> None:
    """The message names the tools there are."""

    async def body(session: Session) -> None:
        with pytest.raises(mcp.MCPError, match="sef_plan"):
            await session.client.call_tool("sef_bash", {"command": "id"})

    talk(repository(PROJECT), body)


def test_a_change_is_judged(repository: Make) -> None:
    """A patch that holds, one that weakens a test, and the person's files as they are."""
    root = repository(PROJECT)
    core, tests = root / "calc/core.py", root / "tests/test_core.py"
    core.write_text(core.read_text().replace("return a + b", "total = a + b\n        return total"))
    good = git(root, "diff", "--binary", "HEAD")
    core.write_text(core.read_text().replace("a + b", "a - b"))
    tests.write_text(tests.read_text().replace("3)", "-1)"))
    weak = git(root, "diff", "--binary", "HEAD")

    async def body(session: Session) -> None:
        said = await session.call("sef_verify", base="HEAD", patch=good, task="name the sum")
        assert said["verdict"] == "accepted", said["reason"]
        assert any(words.startswith("tests: ") for _, words in session.heard)
        bad = await session.call("sef_verify", base="HEAD", patch=weak, task="name the sum")
        assert bad["verdict"] == "rejected"
        tree = await session.call("sef_verify", base="HEAD")
        assert (tree["verdict"], tree["head"]) == ("rejected", "your tree")

    talk(root, body)
    assert git(root, "diff", "--binary", "HEAD") == weak
    assert leftovers(root) == []


@pytest.mark.parametrize(("opinion", "verdict"), [("right", "accepted"), ("wrong", "rejected")])
def test_a_judge_is_asked_where_that_is_wished(
    repository: Make, monkeypatch: pytest.MonkeyPatch, opinion: str, verdict: str
) -> None:
    """With `judge` the provider is asked, and what it says decides; without it nobody is."""
    pytest.importorskip("pydantic_ai", reason="needs the extra api")
    monkeypatch.setenv("A_KEY", "sk-ant-fake-key-for-loopback-only")
    found = {"verdict": opinion, "problem": "calc/core.py:2: no", "confidence": 0.9}
    form = {"result": json.dumps({"drafts": {"A": found}}), "read": [], "changed": []}
    answer = ("hand_back", {**form, "checks": [], "doubts": []})
    used = Used(input_tokens=100, output_tokens=10)
    with LoopbackProvider([Turn(calls=(answer,), used=used, times=5)], name="judge") as provider:
        config = '[executors.mid]\nuse = "api"\ntier = 2\nmodel = "claude-haiku-5-5"\n'
        config += f'provider = "anthropic"\nbase_url = "{provider.url}"\nkey_variable = "A_KEY"\n'
        root = repository({**PROJECT, "sef.toml": config})
        core = root / "calc/core.py"
        core.write_text(core.read_text().replace("return a + b", "c = a + b\n        return c"))

        async def body(session: Session) -> None:
            alone = await session.call("sef_verify", base="HEAD")
            assert (alone["verdict"], alone["cost_usd"]) == ("accepted", 0)
            assert provider.requests == ()
            judged = await session.call("sef_verify", base="HEAD", judge=True)
            assert (judged["verdict"], judged["cost_usd"] > 0) == (verdict, True), judged
            assert provider.requests

        talk(root, body)


def test_no_model_to_ask_is_an_error(repository: Make) -> None:
    """`judge` where there is no model to ask is refused, not passed over."""

    async def body(session: Session) -> None:
        said = await session.refused("sef_verify", base="HEAD", judge=True)
        assert "no model can be asked" in said

    talk(repository(PROJECT), body)


def test_a_judgement_that_is_called_off_leaves_nothing(repository: Make) -> None:
    """The client gives up while tests run; the forks go, and the server goes on."""
    slow = "import time, unittest\n\n\nclass S(unittest.TestCase):\n    def test_it(self):\n"
    slow += "        time.sleep(60)\n"
    root = repository({**PROJECT, "tests/test_slow.py": slow})
    (root / "calc/more.py").write_text("MORE = 1\n")

    async def body(session: Session) -> None:
        asked = {"base": "HEAD", "policy": "fast"}
        calling = asyncio.create_task(session.raw("sef_verify", **asked))
        while not any(words.startswith("tests: ") for _, words in session.heard):
            await asyncio.sleep(0.05)
        assert leftovers(root)
        calling.cancel()
        for _ in range(200):
            if not leftovers(root):
                break
            await asyncio.sleep(0.05)
        assert leftovers(root) == []
        assert len((await session.call("sef_plan", texts=["x"]))["tasks"]) == 1

    talk(root, body)
    assert git(root, "status", "--porcelain") == "?? calc/more.py\n"
