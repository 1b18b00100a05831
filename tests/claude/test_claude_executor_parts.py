"""The parts of the claude executor that need no client: accounts, jails, command lines, ends."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from claude.executing import MODEL, make_world, settings, variables
from conftest import alive, gone
from sef.errors import DraftFailure, Transient, UsageError
from sef.executors.claude import ClaudeExecutor
from sef.executors.claude.account import Account, tokens_of
from sef.executors.claude.ends import crossed, failure
from sef.executors.claude.jail import Jail
from sef.executors.claude.launch import arguments, key_variable, make_folders
from sef.executors.claude.launch import variables as client_variables
from sef.executors.claude.process import Process
from sef.executors.claude.role import Role, place_of, role_of
from sef.executors.claude.sandbox import sandbox_of, settings_of
from sef.executors.claude.traces import Traces
from sef.executors.claude.uses import Uses, digest
from sef.executors.settings import Limits, ModelSettings
from sef.model import Effort, Kind, Tier, Usage
from sef.prices import PriceTable, Rates
from sef.sandbox.places import shown_below
from sef.steps import ModelStep

ROLE = Role(model=MODEL, effort="low", prompt="Be.", tools=("Read",), turns=3, usd=None)
NEEDS_SDK = pytest.mark.skipif(
    importlib.util.find_spec("claude_agent_sdk") is None,
    reason="needs claude-agent-sdk (pip install it)",
)


def account(**more: object) -> Account:
    given = ModelSettings(executor="light", model=MODEL, **more)  # type: ignore[arg-type]
    return Account(given, plan=False, now=lambda: 0.0, today=lambda: date(2026, 11, 22))


def used(prompt: int, answer: int = 5, **more: object) -> dict[str, object]:
    return {"input_tokens": prompt, "output_tokens": answer, **more}


def streamed(kept: Account, number: str, usage: dict[str, object], model: str = MODEL) -> None:
    list(kept.requesting())
    begun = {"id": number, "model": model, "usage": usage | {"output_tokens": 1}}
    list(kept.streamed({"type": "message_start", "message": begun}))
    list(kept.message(begun))
    list(
        kept.streamed(
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
        )
    )
    list(kept.streamed({"type": "message_stop"}))


def test_a_streamed_request_is_booked_once_with_its_last_usage() -> None:
    """The usage at the stream's end counts, not that of its beginning or of the message."""
    kept = account()
    streamed(kept, "m1", used(100, 40))
    list(kept.message({"id": "m1", "model": MODEL, "usage": used(100, 1)}))
    list(kept.ended(None, {}, failed=False))
    (step,) = kept.steps
    assert (step.usage.input_tokens, step.usage.output_tokens) == (100, 40)
    assert step.usage.cost_usd == Decimal("0.00003")


def test_a_prompt_past_the_cliff_is_priced_by_itself() -> None:
    """Two requests of 60,000 tokens cost less than one of 120,000, which is billed five-fold."""
    kept = account()
    for number in range(2):
        streamed(kept, f"m{number}", used(60_000, 0))
    streamed(kept, "m9", used(120_000, 0))
    costs = [one.usage.cost_usd for one in kept.steps]
    assert costs == [Decimal("0.006"), Decimal("0.006"), Decimal("0.06")]


def test_prices_of_the_users_own_hold_and_an_unknown_model_has_none() -> None:
    """A model that no table knows is unknown, never free, whatever the client books for it."""
    one = Decimal(1)
    rates = Rates(input=one, output=one, cache_read=one, cache_write_5m=one, cache_write_1h=one)
    known, unknown = account(prices=PriceTable({"mine": rates})), account()
    for kept in (known, unknown):
        streamed(kept, "m1", used(1_000_000, 0), model="mine")
        booked = {MODEL: {"inputTokens": 1_000_000, "outputTokens": 0, "costUSD": 4.0}}
        list(kept.ended(None, booked, failed=False))
    assert [one.usage.cost_usd for one in known.steps] == [one]
    assert [one.usage.cost_usd for one in unknown.steps] == [None]


def test_what_the_client_books_beside_is_a_step() -> None:
    """Tokens of requests that were not shown are told, priced, and counted once."""
    kept = account()
    streamed(kept, "m1", used(100, 40))
    booked = {
        MODEL: {"inputTokens": 130, "outputTokens": 40},
        "claude-opus-5-5": {"inputTokens": 7, "outputTokens": 1},
    }
    list(kept.ended(None, booked, failed=False))
    beside = [(one.billed, one.usage.input_tokens, one.usage.cost_usd) for one in kept.steps[1:]]
    assert beside == [
        (MODEL, 30, Decimal("0.000003")),
        ("claude-opus-5-5", 7, Decimal("0.000048")),
    ]


def test_a_request_that_is_cut_keeps_what_is_known_of_it() -> None:
    """Its tokens are told and its price is unknown; after it nothing is open."""
    kept = account()
    list(kept.requesting())
    begun = {"id": "m1", "model": MODEL, "usage": used(100, 1)}
    list(kept.streamed({"type": "message_start", "message": begun}))
    (step,) = kept.cut()
    assert (step.usage.input_tokens, step.usage.cost_usd, step.billed) == (100, None, MODEL)
    assert step.failed
    assert list(kept.cut()) == []


def test_a_quota_is_the_largest_that_was_said() -> None:
    """The share of a plan's window stands in the usage of what follows; nonsense is left out."""
    kept = account()
    for share in (0.4, None, "x", True, float("nan"), -1, 0.2):
        kept.quota(share)
    streamed(kept, "m1", used(1))
    assert kept.steps[0].usage.quota == 0.4


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"input_tokens": "9", "output_tokens": None, "cache_creation": 3},
        {"input_tokens": -5, "output_tokens": True, "cache_creation": {"x": []}},
    ],
)
def test_a_malformed_usage_counts_as_none(usage: dict[str, object]) -> None:
    """What is no count of tokens is left out."""
    assert (tokens_of(usage).prompt, tokens_of(usage).output) == (0, 0)


def test_tool_uses_are_paired_and_digested() -> None:
    """The order of arguments does not matter; what nobody asked, and the hand-back, is no use."""
    uses = Uses()
    uses.asked("a", "Grep", {"pattern": "x", "path": "."})
    uses.asked("b", "StructuredOutput", {})
    step = uses.gave("a", "No matches found", failed=False)
    assert step is not None
    assert (step.name, step.writes, step.failed, step.empty) == ("Grep", False, False, True)
    assert step.asked == digest("Grep", {"path": ".", "pattern": "x"})
    assert uses.gave("a", "", failed=False) is None
    assert uses.gave("b", "", failed=False) is None


def test_the_jail_resolves_links_and_knows_its_tools(tmp_path: Path) -> None:
    """A path counts where it leads; git's own files are written by nobody."""
    root, outside = tmp_path / "fork", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to(root)
    jail = Jail(tools=("Read", "Write", "Bash", "Glob"), root=root, readable=(outside / "kept",))
    allowed = [
        ("Read", {"file_path": f"{root}/a"}),
        ("Read", {"file_path": "a/b"}),
        ("Read", {"file_path": f"{outside}/kept/a"}),
        ("Write", {"file_path": f"{root}/in/new/a"}),
        ("Glob", {"pattern": "**/*.py"}),
        ("StructuredOutput", {"result": "/etc"}),
    ]
    refused = [
        ("Read", {"file_path": f"{root}/out/a"}),
        ("Read", {"file_path": "../outside/a"}),
        ("Read", {"file_path": ["a"]}),
        ("Read", {"file_path": "a\0b"}),
        ("Write", {"file_path": f"{outside}/kept/a"}),
        ("Write", {"file_path": str(root)}),
        ("Write", {"file_path": ".git"}),
        ("Write", {"file_path": "sub/.GIT/config"}),
        ("Write", {"file_path": "in/.git./x"}),
        ("Glob", {"pattern": "a/../../b"}),
        ("Glob", {"pattern": "**", "path": "/"}),
        ("Bash", {"command": "true", "dangerouslyDisableSandbox": True}),
        ("Bash", {"command": "true", "run_in_background": True}),
        ("Edit", {"file_path": "a"}),
        ("mcp__x__y", {}),
    ]
    assert [jail.refusal(*one) for one in allowed] == [None] * len(allowed)
    assert None not in [jail.refusal(*one) for one in refused]


def test_the_command_line_has_no_key_and_the_variables_are_a_list(tmp_path: Path) -> None:
    """Of the starter's variables only those on the list are handed on, and none holds a secret."""
    folders = make_folders(tmp_path / "1", None)
    assert oct(folders.config.stat().st_mode & 0o777) == "0o700"
    given = {"PATH": "/bin", "LC_ALL": "C", "ANTHROPIC_API_KEY": "CANARY", "CLAUDE_X": "CANARY"}
    told = client_variables(given, folders, base_url="http://127.0.0.1:1")
    assert told["PATH"] == "/bin" and told["LC_ALL"] == "C"
    assert "CANARY" not in told.values()
    line = arguments(Path("/claude"), ROLE, settings_of(None))
    assert "--setting-sources=" in line and "--no-session-persistence" in line
    assert key_variable("sk-ant-oat01-x") != key_variable("sk-ant-api03-x")


def test_a_process_gives_its_secret_by_a_pipe_and_dies_as_a_group(tmp_path: Path) -> None:
    """The key is in no variable; killing the process kills what it started."""
    code = (
        "import json,os,subprocess,sys;"
        "n=int(os.environ['FD']);child=subprocess.Popen(['sleep','60']);"
        "print(json.dumps({'key':os.read(n,99).decode(),'env':dict(os.environ),'pid':child.pid}),flush=True);"
        "sys.stdin.read()"
    )

    async def go() -> dict[str, object]:
        process = Process(
            (sys.executable, "-I", "-c", code), cwd=tmp_path, env={"A": "1"}, secret=("FD", "KEY")
        )
        await process.connect()
        said = await anext(process.read_messages())
        process.kill()
        await process.close()
        assert process.exit_code == -9
        return said

    said = asyncio.run(go())
    env, child = said["env"], said["pid"]
    assert said["key"] == "KEY" and isinstance(env, dict)
    assert "KEY" not in env.values() and set(env) - {"LC_CTYPE"} == {"A", "FD", "PWD"}
    assert isinstance(child, int)
    assert gone(lambda: alive(child))


def test_a_request_to_a_process_that_ends_fails(tmp_path: Path) -> None:
    """Nobody waits for the answer of a process that is gone."""

    async def go() -> None:
        process = Process(("/bin/sh", "-c", "read x"), cwd=tmp_path, env={})
        await process.connect()
        reading = asyncio.ensure_future(anext(process.read_messages(), None))
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(5):
                await process.request(subtype="set_cwd")
        assert await reading is None
        await process.close()

    asyncio.run(go())


def test_the_sandbox_hides_and_keeps(tmp_path: Path) -> None:
    """It fails closed; other forks, the user's tree and sef's records are hidden, git is kept."""
    world = make_world(tmp_path)
    (world.main / ".git" / "sef").mkdir()
    place = place_of(world.fork)
    assert place.git == (world.main / ".git").resolve()
    told = sandbox_of(place, hidden=(world.home,), shown=(), own=(tmp_path / "own",))
    files = told["filesystem"]
    assert isinstance(files, dict)
    assert told["failIfUnavailable"] is True and told["allowUnsandboxedCommands"] is False
    hidden = {str(world.home), str(place.path.parent), str(world.main), f"{place.git}/sef"}
    assert hidden <= set(files["denyRead"])
    assert str(place.path) in files["allowRead"] and f"{place.git}/sef" not in files["allowRead"]
    assert files["denyWrite"] == [str(place.git), f"{place.path}/.git"]
    with pytest.raises(DraftFailure, match="no fork"):
        place_of(world.main)


def test_tool_chains_below_a_home_are_shown_and_no_secret(tmp_path: Path) -> None:
    """Folders of PATH, tool chains, and what sef.toml names; never the home, nor what is or holds
    a secret: a sandbox that shows whole folders could not hide it again."""
    for name in ("bin", ".cargo/bin", ".ssh", "env/bin", "lib", "kept/rust", "gems"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("env/pyvenv.cfg", ".cargo/credentials.toml", ".local/share/uv/credentials"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".local/share/uv/tools").mkdir()
    path = f"{tmp_path}/bin:{tmp_path}:{tmp_path}/env/bin:/usr/bin:{tmp_path}/.cargo"
    given = {"PATH": path, "RUSTUP_HOME": f"{tmp_path}/kept/rust"}
    named = ("~/gems", "~/.ssh", "~/.local/share", "/usr/lib")
    shown = {str(one.relative_to(tmp_path)) for one in shown_below(tmp_path, given, named)}
    places = {".cargo/bin", "bin", "env", "env/bin", "kept/rust", "gems", ".local/share/uv/tools"}
    assert shown == places


def test_traces_are_removed_with_the_last_client(tmp_path: Path) -> None:
    """Empty files that were not there before go; others, and those written to, stay."""
    (tmp_path / "objects" / "info").mkdir(parents=True)
    kept = tmp_path / "config.worktree"
    made = tmp_path / "objects" / "info" / "alternates"
    kept.touch()
    traces = Traces()
    for _ in range(2):
        traces.begin(tmp_path)
    made.touch()
    traces.end(tmp_path)
    assert made.exists()
    traces.end(tmp_path)
    assert kept.exists() and not made.exists()
    traces.begin(tmp_path)
    made.write_text("used")
    traces.end(tmp_path)
    assert made.exists()


def result(**more: object) -> SimpleNamespace:
    plain: dict[str, object] = {"subtype": "success", "is_error": False, "api_error_status": None}
    plain |= {"result": "", "errors": None, "structured_output": None}
    return SimpleNamespace(**(plain | more))


@pytest.mark.parametrize(
    ("more", "stopped", "kind", "words"),
    [
        ({"subtype": "error_max_turns", "is_error": True}, None, DraftFailure, "its 3 requests"),
        ({"subtype": "error_max_budget_usd"}, None, DraftFailure, "budget"),
        ({"is_error": True, "api_error_status": 429}, None, Transient, "429"),
        ({"is_error": True, "api_error_status": 500}, None, Transient, "500"),
        ({"is_error": True}, None, Transient, "the connection failed"),
        ({"is_error": True, "api_error_status": 403}, None, DraftFailure, "403"),
        ({"is_error": True}, "max_tokens", DraftFailure, "longest"),
        ({"is_error": True}, "refusal", DraftFailure, "refused"),
        ({}, None, DraftFailure, "without handing back"),
        ({"subtype": "error_during_execution", "errors": ["odd"]}, None, DraftFailure, "odd"),
    ],
)
def test_every_end_has_its_meaning(
    more: dict[str, object], stopped: str | None, kind: type[DraftFailure], words: str
) -> None:
    """What may pass is transient, the rest is not, and each says why."""
    found = failure(result(**more), stopped=stopped, said="half", turns=3)
    assert type(found) is kind
    assert words in str(found)


def test_limits_are_crossed_from_the_next_on() -> None:
    """All classes of tokens count; a limit that is only reached is kept."""
    limits = Limits(requests=2, tokens=100, usd=Decimal(1))
    most = Usage(cost_usd=Decimal(1), requests=2, input_tokens=40, cache_read_tokens=60)
    assert crossed(limits, most) is None
    assert "requests" in str(crossed(limits, Usage(cost_usd=None, requests=3)))
    assert "101" in str(crossed(limits, Usage(cost_usd=None, cache_write_tokens=101)))
    assert "dollars" in str(crossed(limits, Usage(cost_usd=Decimal("1.01"))))


def test_the_clients_own_budget_is_used_at_list_prices_only() -> None:
    """A model with a price of the user's own is not counted by a client that knows none."""
    limits = Limits(usd=Decimal("0.5"), requests=7)
    role = role_of(settings(None, limits=limits), Kind.IMPLEMENT, Tier.STANDARD, Effort.LOW)
    assert (role.usd, role.turns, role.effort) == (Decimal("0.5"), 7, "low")
    one = Decimal(1)
    rates = Rates(input=one, output=one, cache_read=one, cache_write_5m=one, cache_write_1h=one)
    mine = settings(None, limits=limits, prices=PriceTable({MODEL: rates}))
    assert role_of(mine, Kind.IMPLEMENT, Tier.STANDARD, Effort.LOW).usd is None
    older = settings(None, model="claude-haiku-4-5")
    assert role_of(older, Kind.EXPLORE, Tier.LIGHT, Effort.LOW).effort is None


@NEEDS_SDK
@pytest.mark.parametrize(
    ("change", "words", "hint"),
    [
        ({"cli_path": Path("/nowhere/claude")}, "cli_path", "leave cli_path out"),
        ({"variables": {"PATH": "/nowhere"}}, "bubblewrap and socat missing", "apt install"),
        ({"settings": settings(None, key=None)}, "neither a key nor a login", "ANTHROPIC_API_KEY"),
    ],
)
def test_what_is_missing_is_said_when_it_is_made(
    tmp_path: Path, change: dict[str, object], words: str, hint: str
) -> None:
    """Not in the middle of a run, and with the way out."""
    given: dict[str, object] = {
        "settings": settings("http://127.0.0.1:1"),
        "variables": variables("http://127.0.0.1:1"),
        "home": tmp_path,
    } | change
    asked = given.pop("settings")
    with pytest.raises(UsageError, match=words) as refused:
        ClaudeExecutor(asked, **given)  # type: ignore[arg-type]
    assert refused.value.hint is not None and hint in refused.value.hint


def test_without_the_sdk_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named."""
    find: Callable[[str], object] = lambda name: None  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(UsageError, match="claude-agent-sdk") as refused:
        ClaudeExecutor(settings("http://127.0.0.1:1"), variables={}, home=tmp_path)
    assert refused.value.hint == "pip install 'sef-framework[claude]'"


@NEEDS_SDK
def test_a_users_own_client_is_taken(tmp_path: Path) -> None:
    """A program that `cli_path` names is the client, whatever the SDK carries."""
    from sef.executors.claude.launch import find_client

    own = tmp_path / "claude"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert find_client(own) == own.resolve()


def test_steps_name_who_was_asked_and_who_answered() -> None:
    """Provenance: both names, as they were said."""
    kept = account()
    streamed(kept, "m1", used(1), model="another-model")
    step = kept.steps[0]
    assert isinstance(step, ModelStep)
    assert (step.requested, step.billed) == (MODEL, "another-model")
