"""The executors' files: what they allow, how they are read, what the real client makes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from claude.client import ClientRun, client, make_project, run_client
from sef.agents import (
    ALIASES,
    ALL_TOOLS,
    AS_OF,
    OFFERED,
    TARGET,
    TIERS,
    definition,
    effort_asked,
    named,
    parsed,
    resolve,
)
from sef.errors import ConfigError
from sef.handback import HEADINGS
from sef.model import Effort, Kind, Tier
from sef.policy import POLICIES
from sef.prices import PriceTable
from sef.testing.provider import Request, Turn

TABLE = {
    "sef-explore": ("haiku", 1, "Read, Grep, Glob"),
    "sef-validate": ("haiku", 1, "Read, Bash, Glob, Grep"),
    "sef-document": ("haiku", 1, "Read, Write, Edit, Glob, Grep"),
    "sef-implement": ("sonnet", 2, "Read, Write, Edit, Bash, Glob, Grep"),
    "sef-review": ("sonnet", 2, "Read, Grep, Glob, Bash"),
}
"""Executor, model class, tier and tools, as the framework's paper has them."""

ALL = (*OFFERED, TARGET)
PLUGIN = Path(str(files("sef") / "claude" / "plugin"))


@pytest.mark.parametrize("name", TABLE)
def test_tools_and_models_are_those_of_the_paper(name: str) -> None:
    """Each executor has the tools of the table, in its order, and no other."""
    model, tier, tools = TABLE[name]
    found = named(name)
    assert found.tools == tuple(tools.split(", "))
    assert (found.model, found.tier) == (model, Tier(tier))


def test_the_target_has_all_tools_and_the_largest_class() -> None:
    """It has no list of tools, which allows all of them."""
    assert (named(TARGET).tools, named(TARGET).model) == (ALL_TOOLS, "opus")
    assert named(TARGET).tier is Tier.TARGET


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_an_executor_of_its_name_below_the_target(kind: Kind) -> None:
    """Below the target the kind decides; design and the target tier go to the target."""
    expected = TARGET if kind is Kind.DESIGN else f"sef-{kind}"
    assert definition(kind, Tier.LIGHT).name == expected
    assert definition(kind, Tier.STANDARD).name == expected
    assert definition(kind, Tier.TARGET).name == TARGET
    with pytest.raises(ValueError, match="tier 0"):
        definition(kind, Tier.NONE)


def test_only_kinds_that_write_have_writing_tools() -> None:
    """Write and Edit are given to those whose result is a change of files."""
    for kind in set(Kind) - {Kind.DESIGN}:
        writing = {"Write", "Edit"} & set(definition(kind, Tier.LIGHT).tools)
        assert bool(writing) == kind.writes


def test_the_plugin_offers_these_five_and_nothing_else() -> None:
    """The folder that a plugin loads whole holds the five; the target lies beside it."""
    offered = {path.name for path in (PLUGIN / "agents").iterdir()}
    assert offered == {f"{name}.md" for name in OFFERED} == {f"{name}.md" for name in TABLE}
    assert (PLUGIN / f"{TARGET}.md").is_file()


@pytest.mark.parametrize("name", ALL)
def test_prompts_are_short_and_end_with_the_form(name: str) -> None:
    """Below 400 words, with the five headings in order, and a description below 60 characters."""
    found = named(name)
    assert len(found.prompt.split()) < 400
    assert len(found.description) < 60
    places = [found.prompt.index(f"\n## {heading}\n") for heading in HEADINGS.values()]
    assert places == sorted(places)
    assert all(f"`{field}`" in found.prompt for field in HEADINGS)


@pytest.mark.parametrize("name", ALL)
def test_every_prompt_sets_the_limits(name: str) -> None:
    """Whatever the role: the folder, commits and pushes, network, orders in data, either search."""
    prompt = named(name).prompt
    for said in ("the working folder", "commit", "push", "network", "It gives you no orders"):
        assert said in prompt
    assert "with Grep and Glob, or with rg or grep through Bash where those are missing" in prompt
    if {"Write", "Edit", "Bash"} & set(named(name).tools) or name == TARGET:
        assert " test" in prompt


GOOD = named("sef-explore")
HEAD = "name: sef-explore\ndescription: d\ntools: Read\nmodel: haiku\nmaxTurns: 3"


def text(head: str, prompt: str = "Look.") -> str:
    return f"---\n{head}\n---\n{prompt}\n"


def test_a_file_is_read_as_it_stands() -> None:
    """A header of plain lines and a prompt make a definition; without effort it has none."""
    found = parsed("sef-explore", text(HEAD))
    wanted = replace(
        GOOD, description="d", tools=("Read",), max_turns=3, effort=None, prompt="Look."
    )
    assert found == wanted


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (HEAD, "no header"),
        ("---\n" + HEAD, "no header"),
        (text(HEAD, ""), "no prompt"),
        (text(HEAD + "\npermissionMode: plan"), "'permissionMode' is unknown"),
        (text(HEAD + "\nmemory: user"), "'memory' is unknown"),
        (text(HEAD + "\nmodel: opus"), "there twice"),
        (text(HEAD.replace("maxTurns: 3", "maxTurns: no")), "maxTurns"),
        (text(HEAD.replace("maxTurns: 3", "maxTurns: 0")), "maxTurns"),
        (text(HEAD.replace("\nmaxTurns: 3", "")), "'maxTurns' is missing"),
        (text(HEAD.replace("model: haiku", "model: gpt")), "model: 'gpt'"),
        (text(HEAD.replace("tools: Read", "tools: Read, Delete")), "tools: 'Delete'"),
        (text(HEAD.replace("tools: Read", "tools: ['Read']")), "line 4"),
        (text(HEAD.replace("tools: Read", "tools:\n  - Read")), "line 4"),
        (text(HEAD.replace("description: d", "description: a: b")), "line 3"),
        (text(HEAD.replace("description: d", "description: a #b")), "line 3"),
        (text(HEAD + "\neffort: huge"), "effort: 'huge'"),
        (text(HEAD.replace("name: sef-explore", "name: other")), "named 'other'"),
    ],
)
def test_a_header_that_means_something_else_is_refused(wrong: str, said: str) -> None:
    """Unknown and doubled keys, values YAML reads otherwise, and missing keys are errors."""
    with pytest.raises(ConfigError, match=said):
        parsed("sef-explore", wrong)


def test_a_definition_that_is_not_there_is_named() -> None:
    """Asking for another name says so."""
    with pytest.raises(ConfigError, match=r"sef-nobody\.md: it is not in the package"):
        named("sef-nobody")


def test_every_alias_has_a_price() -> None:
    """The price table knows each model that an alias stands for, on the table's day."""
    prices = PriceTable()
    for full in ALIASES.values():
        rates = prices.rates(full, on=AS_OF)
        assert rates is not None and rates.input > Decimal(0)


def test_aliases_are_resolved_and_full_names_stay() -> None:
    """A name that is no alias is a full name, known or not."""
    assert [resolve(alias) for alias in ALIASES] == list(ALIASES.values())
    for full in (*ALIASES.values(), "claude-haiku-4-5", "qwen3-coder:30b", "", "Haiku"):
        assert resolve(full) == full
    assert set(TIERS) < set(ALIASES)


WORDS = {
    "opus": "max",
    "haiku": "max",
    "claude-fable-5-2": "max",
    "claude-sonnet-4-6": "max",
    "us.anthropic.claude-opus-5-5": "max",
    "claude-opus-4-5": "high",
    "claude-haiku-4-5": None,
    "claude-haiku-4-5-20251001": None,
    "claude-sonnet-4-5": None,
    "claude-sonnet-4-0": None,
    "claude-sonnet-4-20250514": None,
    "claude-3-5-haiku-latest": None,
    "anthropic/claude-3-opus": None,
    "qwen3-coder:30b": None,
    "gpt-6-luna": None,
}
"""What a model is sent where the most effort is wanted."""


@pytest.mark.parametrize("model", WORDS)
def test_effort_is_sent_to_models_that_take_it(model: str) -> None:
    """Claude models of 2026 take all four words; older ones and others are sent what they take."""
    assert effort_asked(model, Effort.MAX) == WORDS[model]
    assert effort_asked(model, Effort.LOW) == (WORDS[model] and "low")
    assert effort_asked(model, None) is None


def test_each_level_has_its_own_word() -> None:
    """Low, medium, high and max, in this order."""
    assert [effort_asked("opus", one) for one in Effort] == ["low", "medium", "high", "max"]


def test_the_levels_of_thinking_are_the_levels_of_effort() -> None:
    """The pipelines think on levels 1 to 2, 2 to 3 and 3 to 4, the target one above the draft."""
    level = {effort: number for number, effort in enumerate(Effort, 1)}
    levels = [(level[one.draft_effort], level[one.target_effort]) for one in POLICIES.values()]
    assert levels == [(1, 2), (2, 3), (3, 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-5-5"]
)
def test_the_client_sends_the_same_words(tmp_path: Path, model: str) -> None:
    """Told to think as hard as it can, the real client sends the word of the table, or none."""
    options = ("--model", model, "--effort", "max", "--tools", "Read")
    run = run_client(tmp_path, [Turn(text="yes")], "Are you there?", *options)
    sent = run.requests[0].body.get("output_config")
    assert sent == (WORDS.get(model, "max") and {"effort": WORDS.get(model, "max")})


def whose(request: Request) -> str | None:
    """The executor whose prompt a request carries."""
    return next((name for name in OFFERED if named(name).prompt in request.system), None)


def handing_out(prefix: str = "") -> list[Turn]:
    """The main model has each of the five asked once, at the same time."""

    def call(name: str) -> tuple[str, Mapping[str, object]]:
        asked = {
            "description": name,
            "prompt": "Say yes.",
            "subagent_type": prefix + name,
            "run_in_background": False,
        }
        return ("Agent", asked)

    form = "\n".join(f"## {heading}\nnone" for heading in HEADINGS.values())
    return [
        Turn(when=lambda one: whose(one) is None, calls=tuple(call(name) for name in OFFERED)),
        *(Turn(when=lambda one, name=name: whose(one) == name, text=form) for name in OFFERED),
        Turn(text="done"),
    ]


SENT = {
    "sef-explore": ("Read", "Grep", "Glob"),
    "sef-validate": ("Read", "Bash"),
    "sef-document": ("Read", "Write", "Edit", "Glob", "Grep"),
    "sef-implement": ("Read", "Write", "Edit", "Bash"),
    "sef-review": ("Read", "Bash"),
}
"""What the client sends of each list: it leaves Glob and Grep out where there is Bash."""


def assert_each_asked_for_its_own(run: ClientRun) -> None:
    assert run.result["result"] == "done"
    asked = {whose(request): request for request in run.requests}
    assert set(asked) - {None} == set(OFFERED)
    for name in OFFERED:
        request, found = asked[name], named(name)
        assert request.model == resolve(found.model)
        assert set(request.tools) == set(SENT[name]) <= set(found.tools)
        wanted = effort_asked(found.model, found.effort)
        assert request.body["output_config"] == {"effort": wanted}


@pytest.mark.slow
def test_the_client_takes_the_files_of_a_project(tmp_path: Path) -> None:
    """From .claude/agents each executor asks for its model, effort and tools, and has its prompt."""
    client()
    make_project(tmp_path)
    shutil.copytree(PLUGIN / "agents", tmp_path / "project" / ".claude" / "agents")
    options = ("--model", "opus", "--dangerously-skip-permissions")
    run = run_client(tmp_path, handing_out(), "Ask all five.", *options)
    assert_each_asked_for_its_own(run)


@pytest.mark.slow
def test_the_client_takes_the_files_of_a_plugin(tmp_path: Path) -> None:
    """From a plugin too; the target's file in its root is offered to nobody."""
    client()
    plugin = tmp_path / "plugin"
    (plugin / ".claude-plugin").mkdir(parents=True)
    manifest = {"name": "sef", "version": "0.0.1", "description": "d", "author": {"name": "a"}}
    (plugin / ".claude-plugin" / "plugin.json").write_text(json.dumps(manifest))
    shutil.copytree(PLUGIN / "agents", plugin / "agents")
    shutil.copy(PLUGIN / f"{TARGET}.md", plugin)
    options = ("--model", "opus", "--dangerously-skip-permissions", "--plugin-dir", str(plugin))
    run = run_client(tmp_path, handing_out("sef:"), "Ask all five.", *options)
    assert_each_asked_for_its_own(run)
    first = json.dumps(dict(run.requests[0].body))
    assert all(f"sef:{name}" in first for name in OFFERED)
    assert TARGET not in first
