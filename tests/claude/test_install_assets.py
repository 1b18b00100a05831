"""The assets of Claude Code: one copy, two flavours, a budget."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from sef.agents import AS_OF, OFFERED, named, parsed
from sef.cli.install import Flags
from sef.installation.__main__ import OPTIONS
from sef.installation.assets import (
    INSTALLED_ONLY,
    always_on,
    installed_files,
    plugin_files,
    tokens,
)
from sef.installation.capabilities import capabilities
from sef.installation.hooks import HOOKS as REAL_HOOKS
from sef.installation.hooks import plugin_entries
from sef.installation.section import TEXT
from sef.prices import PriceTable

PLUGIN = Path(str(files("sef") / "claude" / "plugin"))
REPOSITORY = Path(__file__).parents[2]
SKILLS = ("sef", "sef-calibrate", "sef-explain")
VERSION = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())["version"]


def test_the_core_skill_is_short() -> None:
    """At most 1,500 words, with its references beside it; each reference it names is there."""
    skill = plugin_files()["skills/sef/SKILL.md"]
    assert len(skill.split()) <= 1500
    for path in re.findall(r"\]\(([^)]+)\)", skill):
        assert f"skills/sef/{path}" in plugin_files()


def test_the_core_skill_names_every_executor_and_waits_for_verdicts() -> None:
    """All five in the plugin's name space, and agents in the foreground."""
    skill = plugin_files()["skills/sef/SKILL.md"]
    assert all(f"`sef:{name}`" in skill for name in OFFERED)
    assert "run_in_background: false" in skill


def test_the_price_reference_is_that_of_the_table() -> None:
    """The stored text is what the price table gives; make it anew as `capabilities` says."""

    def without_version(text: str) -> str:
        return re.sub(r"genai-prices [\d.]*\d", "genai-prices", text)

    stored = plugin_files()["skills/sef/references/model-capabilities.md"]
    assert without_version(stored) == without_version(capabilities(PriceTable()))


def test_another_price_makes_another_reference() -> None:
    """The generator goes by the table it is given."""
    table = PriceTable()
    cheap = table.rates("claude-haiku-5-5", on=AS_OF)
    assert cheap is not None
    other = PriceTable({"claude-haiku-5-5": cheap.times(Decimal(2))})
    assert "| `haiku` | 5 % | 5 % |" in capabilities(other)


def test_always_on_text_has_a_budget() -> None:
    """A session pays at most 300 tokens for either flavour, outside a skill that was called."""
    installed = {path: data.decode() for path, data in installed_files().items()}
    for told in (always_on(plugin_files(), space="sef:"), always_on(installed)):
        assert len(told.splitlines()) == 6
        assert 0 < tokens(told) <= 300


def test_only_the_core_skill_is_offered() -> None:
    """The commands that the user types cost nothing until then."""
    told = always_on(plugin_files(), space="sef:")
    assert "sef:sef:" in told
    assert not any(f"- sef:{name}:" in told for name in ("explain", "calibrate"))


def test_installed_files_leave_the_name_space() -> None:
    """No installed text says `sef:`; the commands are named `sef-...`."""
    for path, data in installed_files().items():
        assert b"sef:sef" not in data and b"/sef:" not in data, path
    assert {path.split("/")[1] for path in installed_files() if "skills/" in path} == set(SKILLS)
    for name in SKILLS:
        assert f"\nname: {name}\n" in installed_files()[f"skills/{name}/SKILL.md"].decode()
    assert (
        "`/sef-explain` and `/sef-calibrate`" in installed_files()["skills/sef/SKILL.md"].decode()
    )


@pytest.mark.parametrize("name", OFFERED)
def test_an_installed_agent_is_the_plugins_with_lines_more(name: str) -> None:
    """Tools, model, effort and prompt are the same; what a plugin may not say is added."""
    text = installed_files()[f"agents/{name}.md"].decode()
    for key, value in INSTALLED_ONLY.get(name, {}).items():
        assert f"\n{key}: {value}\n" in text.split("---\n")[1]
        text = text.replace(f"\n{key}: {value}\n", "\n", 1)
    assert parsed(name, text) == named(name)
    assert "permissionMode" not in plugin_files()[f"agents/{name}.md"]


def test_the_plugin_has_the_version_of_the_package() -> None:
    """plugin.json, marketplace.json and pyproject.toml agree."""
    market = json.loads((REPOSITORY / ".claude-plugin" / "marketplace.json").read_text())
    (plugin,) = market["plugins"]
    assert plugin["version"] == VERSION
    assert (REPOSITORY / plugin["source"]).resolve() == PLUGIN.resolve()
    assert f'\nversion = "{VERSION}"\n' in (REPOSITORY / "pyproject.toml").read_text()


def test_the_plugins_hooks_are_those_of_the_table() -> None:
    """hooks/hooks.json is there exactly where the table names hooks, and says the same."""
    stored = PLUGIN / "hooks" / "hooks.json"
    assert stored.exists() == bool(REAL_HOOKS)
    if stored.exists():
        assert json.loads(stored.read_text()) == {"hooks": plugin_entries(REAL_HOOKS)}


def test_the_section_is_short_and_has_the_aims() -> None:
    """At most 150 words, with the numbers of the design."""
    assert len(TEXT.split()) <= 150
    for said in ("at most 10 agents", "80 %", "70 %", "5 %", "90 %"):
        assert said in TEXT


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("SKILL.md", "skills/sef/SKILL.md"),
        ("agents", "agents"),
        ("references", "skills/sef/references"),
    ],
)
def test_the_root_shows_the_one_copy(name: str, path: str) -> None:
    """The names that the paper has in the repository's root lead to the plugin's files."""
    link = REPOSITORY / name
    assert link.is_symlink() and not link.readlink().is_absolute()
    assert link.resolve() == (PLUGIN / path).resolve()


def test_every_option_is_documented() -> None:
    """Script and command take the same ones, and the reference page has a row for each."""
    page = (REPOSITORY / "docs/reference/claude-install.md").read_text()
    for name in (*OPTIONS, "json"):
        assert f"| `--{name}` |" in page
    flags = {field.name.replace("_", "-") for field in fields(Flags)}
    assert flags == set(OPTIONS)
