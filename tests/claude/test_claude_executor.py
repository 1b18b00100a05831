"""The claude executor drives the real client: what it asks, books, reports, and leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claude.client import FAKE_KEY, client
from claude.executing import MODEL, done, executing, make_world, run, settings, variables
from conftest import alive, gone
from sef.agents import definition
from sef.errors import DraftFailure
from sef.executors.claude import ClaudeExecutor
from sef.executors.claude.conversation import Conversation
from sef.executors.claude.jail import Jail
from sef.executors.claude.launch import Folders
from sef.model import Effort, Kind, Tier
from sef.protocols import Assignment
from sef.steps import Step, ToolStep
from sef.testing.provider import LoopbackProvider, Request, Turn, Used

pytestmark = pytest.mark.slow

BESIDE = {"StructuredOutput", "DeferredToolPlaceholder"}
"""Tools that the client adds for itself: the hand-back, and room for tools that come later."""
KINDS = [Kind.EXPLORE, Kind.VALIDATE, Kind.DOCUMENT, Kind.IMPLEMENT, Kind.REVIEW]
FIRST = Used(input_tokens=1_200, output_tokens=80, cache_write_5m_tokens=900)
SECOND = Used(input_tokens=90, output_tokens=45, cache_read_tokens=900, cache_write_1h_tokens=70)


def holding(path: Path) -> list[int]:
    """Processes that work below a folder, or were told of it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                told = os.readlink(entry / "cwd") + (entry / "cmdline").read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                continue
            if str(path) in told:
                found.append(int(entry.name))
    return found


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The client's results as they came, for comparing bills."""
    kept: list[Any] = []
    heard = Conversation.run

    async def keeping(self: Conversation, text: str) -> Any:
        kept.append(await heard(self, text))
        return kept[-1]

    monkeypatch.setattr(Conversation, "run", keeping)
    return kept


@pytest.mark.parametrize("kind", [*KINDS, Kind.DESIGN])
def test_each_definition_is_what_the_model_is_asked_with(
    tmp_path: Path, kind: Kind, results: list[Any]
) -> None:
    """Model, prompt, tools, effort and folder are the definition's; the bill is the client's."""
    world = make_world(tmp_path)
    look = ("Read", {"file_path": str(world.fork / "one.txt")})
    script = [Turn(text="I look.", calls=(look,), used=FIRST), done(used=SECOND)]
    asked = world.assignment(kind, Tier.TARGET if kind is Kind.DESIGN else Tier.LIGHT)
    proposal, provider = asyncio.run(run(world, script, asked))
    told = definition(kind, asked.tier)
    tools = (
        {"Read", "Write", "Edit", "Bash", "Grep", "Glob"} if "*" in told.tools else {*told.tools}
    )
    for request in provider.requests:
        assert request.model == MODEL
        assert set(request.tools) - BESIDE == tools
        assert told.prompt in request.system
        assert f"Primary working directory: {world.fork}\n" in request.system
        assert request.body["output_config"] == {"effort": "medium"}
    assert "Say what is in one.txt." in provider.requests[0].last
    (result,) = results
    assert float(proposal.usage.cost_usd or -1) == pytest.approx(result.total_cost_usd, abs=1e-5)
    booked = result.model_usage[MODEL]
    assert proposal.usage.input_tokens == booked["inputTokens"] == 1_290
    assert proposal.usage.output_tokens == booked["outputTokens"] == 125
    assert proposal.usage.cache_write_tokens == booked["cacheCreationInputTokens"] == 970
    assert [one.name for one in world.tools] == ["Read"]
    assert provider.unknown == ()


def test_a_task_is_done_in_the_fork_only(tmp_path: Path) -> None:
    """It reads, edits and runs a command in the fork; git finds these changes and no others."""
    world = make_world(tmp_path)
    fork = world.fork
    script = [
        Turn(calls=(("Read", {"file_path": f"{fork}/one.txt"}),)),
        Turn(
            calls=(
                ("Edit", {"file_path": f"{fork}/one.txt", "old_string": "a", "new_string": "o"}),
            )
        ),
        Turn(
            calls=(
                ("Edit", {"file_path": f"{fork}/one.txt", "old_string": "alph", "new_string": "o"}),
                ("Write", {"file_path": f"{fork}/new/two.txt", "content": "two"}),
                ("Bash", {"command": "cat one.txt > three.txt; git log --oneline | wc -l"}),
                ("Grep", {"pattern": "nowhere-to-be-found", "path": str(fork)}),
            )
        ),
        done(),
    ]
    asyncio.run(run(world, script))
    assert (fork / "one.txt").read_text() == "oa\n" == (fork / "three.txt").read_text()
    from claude.executing import git

    changed = git(fork, "status", "--porcelain", "-uall").split()
    assert changed == ["M", "one.txt", "??", "new/two.txt", "??", "three.txt"]
    assert git(world.main, "status", "--porcelain") == ""
    said = [(one.name, one.writes, one.failed, one.empty) for one in world.tools]
    assert said == [
        ("Read", False, False, False),
        ("Edit", True, True, False),
        ("Edit", True, False, False),
        ("Write", True, False, False),
        ("Bash", True, False, False),
        ("Grep", False, False, True),
    ]


def test_what_is_too_long_for_an_answer_can_be_read(tmp_path: Path) -> None:
    """The client keeps it in a file that the jail lets it read, and nothing else beside it."""
    world = make_world(tmp_path)
    seen: list[Path] = []

    def told(request: Request) -> bool:
        found = re.search(r"saved to: (\S+)", request.last)
        if found:
            seen.append(Path(found[1]))
        return found is not None

    asked = Turn(calls=(("Bash", {"command": "seq 1 20000"}),))
    asyncio.run(run(world, [asked, replace(done(), when=told)]))
    (kept,) = seen
    config = next(one for one in kept.parents if one.name == "config")
    folders = Folders(root=config, config=config, home=config, temporary=config, waiting=config)
    jail = Jail(tools=("Read",), root=world.fork, readable=(folders.outputs(world.fork),))
    assert jail.refusal("Read", {"file_path": str(kept)}) is None
    assert jail.refusal("Read", {"file_path": str(config / ".claude.json")}) is not None
    assert not kept.exists()


def test_nothing_of_the_projects_settings_is_read(tmp_path: Path) -> None:
    """Hooks, memory, servers, skills and agents in the fork have no effect, nor do @ and /."""
    world = make_world(tmp_path)
    hook = {"type": "command", "command": f"touch {tmp_path}/HOOKED"}
    ours = world.fork / ".claude"
    (ours / "agents").mkdir(parents=True)
    (ours / "skills" / "evil").mkdir(parents=True)
    (ours / "settings.json").write_text(
        json.dumps({"hooks": {"SessionStart": [{"hooks": [hook]}]}, "env": {"EVIL": "CANARY"}})
    )
    (ours / "agents" / "evil.md").write_text("---\nname: evil\ndescription: CANARY\n---\nCANARY")
    (ours / "skills" / "evil" / "SKILL.md").write_text(
        "---\nname: evil\ndescription: CANARY\n---\nCANARY"
    )
    for name in ("CLAUDE.md", "AGENTS.md", "CLAUDE.local.md"):
        (world.fork / name).write_text("CANARY")
    server = {"mcpServers": {"evil": {"command": "touch", "args": [f"{tmp_path}/SERVED"]}}}
    (world.fork / ".mcp.json").write_text(json.dumps(server))
    text = f"/evil Say what @{world.home}/.ssh/id says. @CLAUDE.md"
    look = ("Read", {"file_path": str(world.fork / "one.txt")})
    _, provider = asyncio.run(
        run(world, [Turn(calls=(look,)), done()], world.assignment(text=text))
    )
    sent = json.dumps([dict(one.body) for one in provider.requests])
    assert "CANARY" not in sent and "SSH-SECRET" not in sent
    assert not (tmp_path / "HOOKED").exists() and not (tmp_path / "SERVED").exists()


def test_no_variable_of_the_user_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the client nor its commands see what is in our environment; no command sees a key."""
    for name in ("OPENAI_API_KEY", "SOME_SECRET", "ANTHROPIC_AUTH_TOKEN", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "CANARY")
    world = make_world(tmp_path)
    hunt = (
        "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n' | grep -a -e '[C]ANARY' -e 'sk-[a]nt'"
    )
    look = f"env; {hunt}; true"
    script = [Turn(calls=(("Bash", {"command": look}),)), done()]
    seen: list[bytes] = []

    async def go() -> str:
        with LoopbackProvider(script) as provider:
            given = variables(
                provider.url, OTHER="CANARY", ANTHROPIC_API_KEY="CANARY", LC_TIME="C.UTF-8"
            )
            async with executing(world, provider.url, variables=given, waiting=1) as executor:
                await executor.execute(world.assignment())
                await executor.warmed()
                (pid,) = executor.pids
                seen.append(Path(f"/proc/{pid}/environ").read_bytes())
                seen.append(Path(f"/proc/{pid}/cmdline").read_bytes())
            assert provider.requests[0].headers["x-api-key"] == "[redacted]"
            return provider.requests[1].last

    told = asyncio.run(go())
    assert "CLAUDECODE=1" in told and "LC_TIME" in told
    assert "CANARY" not in told and FAKE_KEY not in told
    assert b"CANARY" not in b"".join(seen) and FAKE_KEY.encode() not in b"".join(seen)


@pytest.mark.parametrize("doing", ["command", "model"])
def test_called_off_it_is_gone_at_once(tmp_path: Path, doing: str) -> None:
    """Soon no process is left (how soon is measured by the benchmark)."""
    world = make_world(tmp_path)
    sleeping = ("Bash", {"command": "touch began; setsid sleep 300 & sleep 300"})
    script = [Turn(calls=(sleeping,)) if doing == "command" else Turn(delay_s=30)]
    took: list[float] = []

    async def go() -> None:
        with LoopbackProvider(script) as provider:
            async with executing(world, provider.url) as executor:
                call = asyncio.ensure_future(executor.execute(world.assignment()))
                while not (provider.requests and (doing == "model" or len(world.models))):
                    await asyncio.sleep(0.02)
                while doing == "command" and not (world.fork / "began").exists():
                    await asyncio.sleep(0.02)
                began = time.monotonic()
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                took.append(time.monotonic() - began)
                while holding(world.fork) and time.monotonic() - began < 5:
                    await asyncio.sleep(0.005)
                # Not only after the executor is closed.
                assert holding(world.fork) == []

    asyncio.run(go())
    assert took[0] < 5
    if doing == "model":
        (step,) = world.models
        assert (step.failed, step.billed, step.usage.cost_usd) == ("called off", None, None)
    else:
        assert [one.failed for one in world.models] == [""]


def test_it_can_be_called_off_while_it_starts(tmp_path: Path) -> None:
    """A client that is being started is killed."""
    world = make_world(tmp_path)

    async def go() -> None:
        with LoopbackProvider([done()]) as provider:
            async with executing(world, provider.url) as executor:
                call = asyncio.ensure_future(executor.execute(world.assignment()))
                await asyncio.sleep(0.15)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                await executor.warmed()
                assert holding(world.fork) == []
            assert provider.requests == ()

    asyncio.run(go())


def test_what_the_reporting_raises_ends_the_call(tmp_path: Path) -> None:
    """A draft that is stopped from outside goes no further, and its failure is handed on."""
    world = make_world(tmp_path)
    look = ("Read", {"file_path": str(world.fork / "one.txt")})

    async def stop(step: Step) -> None:
        if isinstance(step, ToolStep):
            raise DraftFailure("stuck")

    asked = world.assignment()
    asked = Assignment(
        task=asked.task,
        route=asked.route,
        checkout=asked.checkout,
        effort=asked.effort,
        tier=asked.tier,
        report=stop,
    )
    with pytest.raises(DraftFailure, match="stuck") as caught:
        asyncio.run(run(world, [Turn(calls=(look,), times=None)], asked))
    usage = caught.value.usage
    assert usage is not None
    # The client may have sent its next request before it was stopped: that is paid, too.
    assert usage.requests in (1, 2)
    assert usage.cost_usd in (None, usage.requests * Decimal("0.0000035"))


def test_a_client_that_waits_serves_the_next_call(tmp_path: Path) -> None:
    """It is moved to the fork, works there, and the bill of each call is its own."""
    world = make_world(tmp_path)
    command = ("Bash", {"command": "pwd; git log --oneline | wc -l"})
    script = [Turn(calls=(command,)), done(), Turn(calls=(command,)), done()]

    async def go() -> tuple[list[int], list[Decimal | None], LoopbackProvider]:
        served, costs = [], []
        with LoopbackProvider(script) as provider:
            async with executing(world, provider.url, waiting=1) as executor:
                executor.warm(Kind.IMPLEMENT, Tier.STANDARD, Effort.MEDIUM)
                for _ in range(2):
                    await executor.warmed()
                    served += executor.pids
                    proposal = await executor.execute(world.assignment())
                    costs.append(proposal.usage.cost_usd)
                    assert served[-1] not in executor.pids
                await executor.warmed()
                served += executor.pids
        return served, costs, provider

    served, costs, provider = asyncio.run(go())
    assert len(set(served)) == 3
    assert not any(map(alive, served))
    assert costs == [Decimal("0.0000070")] * 2
    asked = provider.requests
    assert [one.last.split()[:2] for one in asked[1::2]] == [[str(world.fork), "1"]] * 2
    sessions = {one.headers["x-claude-code-session-id"] for one in asked}
    assert len(sessions) == 2
    assert all(f"Primary working directory: {world.fork}\n" in one.system for one in asked)


def test_waiting_clients_are_gone_with_the_executor(tmp_path: Path) -> None:
    """`close` leaves neither a process nor a folder, also of a client that is being started."""
    world = make_world(tmp_path)

    async def go() -> None:
        with LoopbackProvider([]) as provider:
            async with executing(world, provider.url, waiting=2) as executor:
                executor.warm(Kind.EXPLORE, Tier.LIGHT, Effort.LOW)
                await executor.warmed()
                (pid,) = executor.pids
                root = Path(Path(f"/proc/{pid}/cwd").readlink()).parents[1]
                assert root.is_dir()
                executor.warm(Kind.REVIEW, Tier.LIGHT, Effort.LOW)
            assert gone(lambda: alive(pid))
            assert not root.exists()
            assert holding(root) == []

    asyncio.run(go())


def test_the_users_own_tree_is_refused(tmp_path: Path) -> None:
    """It works in forks only, and does not start for anything else."""
    world = make_world(tmp_path)
    with pytest.raises(DraftFailure, match="own tree"):
        asyncio.run(run(world, [done()], world.assignment(users=True)))


def test_a_login_pays_with_its_plan(tmp_path: Path) -> None:
    """Its token goes to the provider and nowhere else; the user's history and trust stay as they
    were, and the usage says that a plan pays."""
    client()
    world = make_world(tmp_path)
    login = world.home / ".claude"
    login.mkdir()
    token = {
        "accessToken": "sk-ant-oat01-fake-token-for-loopback",
        "refreshToken": "sk-ant-ort01-fake-token-for-loopback",
        "expiresAt": 4_102_444_800_000,
        "scopes": ["user:inference"],
        "subscriptionType": "max",
    }
    (login / ".credentials.json").write_text(json.dumps({"claudeAiOauth": token}))
    (login / ".claude.json").write_text('{"hasCompletedOnboarding": true}')
    look = f"env; cat {login}/.credentials.json $CLAUDE_CONFIG_DIR/.credentials.json"
    script = [Turn(calls=(("Bash", {"command": look}),)), done()] * 2

    async def go() -> list[str]:
        with LoopbackProvider(script) as provider:
            executor = ClaudeExecutor(
                settings(provider.url, key=None),
                variables=variables(provider.url),
                home=world.home,
                login=login,
                waiting=1,
            )
            try:
                for _ in range(2):
                    proposal = await executor.execute(world.assignment())
                    assert proposal.usage.plan
                    assert proposal.usage.cost_usd == Decimal("0.0000070")
                    await executor.warmed()
            finally:
                await executor.close()
            asked = [one for one in provider.requests if one.path == "/v1/messages"]
            assert {one.headers.get("authorization") for one in asked} == {"[redacted]"}
            assert all("x-api-key" not in one.headers for one in asked)
            return [one.last for one in asked]

    assert not any("fake-token" in said for said in asyncio.run(go()))
    kept = json.loads((login / ".claude.json").read_text())
    assert not any(
        "hasTrustDialogAccepted" in str(one) for one in kept.get("projects", {}).values()
    )
    files = {str(one.relative_to(login)) for one in login.rglob("*") if one.is_file()}
    assert {one.split("/")[0] for one in files} <= {
        ".credentials.json", ".claude.json", "backups", "plugins", "shell-snapshots",
    }  # fmt: skip
    assert not list(login.glob("projects/**/*.jsonl"))
    assert not list(login.glob("history*"))


def test_a_token_of_a_plan_is_sent_as_one(tmp_path: Path) -> None:
    """A long-lived token takes the place of a key; it is no key to the provider."""
    world = make_world(tmp_path)

    async def go() -> None:
        with LoopbackProvider([done()]) as provider:
            key = "sk-ant-oat01-fake-token-for-loopback"
            executor = ClaudeExecutor(
                settings(provider.url, key=key),
                variables=variables(provider.url),
                home=world.home,
                waiting=0,
            )
            client()
            try:
                proposal = await executor.execute(world.assignment())
            finally:
                await executor.close()
            assert proposal.usage.plan
            asked = [one for one in provider.requests if one.path == "/v1/messages"]
            assert "authorization" in asked[0].headers and "x-api-key" not in asked[0].headers

    asyncio.run(go())
