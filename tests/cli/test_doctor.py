"""`sef doctor`: what it finds, what it says of each check, what it leaves behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import git
from sef.cli.doctor import run_doctor
from sef.environment.bubblewrap import bubblewrap
from sef.errors import ConfigError, RepositoryError, UsageError
from sef.testing.provider import LoopbackProvider

Make = Callable[..., Path]
Capture = pytest.CaptureFixture[str]
DOCS = Path(__file__).parents[2] / "docs/reference/doctor.md"

PYTHON = {
    "calc/__init__.py": "",
    "tests/__init__.py": "",
    "tests/test_calc.py": (
        "import unittest\nimport calc\n\n\nclass T(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertTrue(calc)\n"
    ),
}
NODE = {
    "package.json": '{"name": "calc", "scripts": {"test": "node --test"}}',
    "calc.test.js": 'require("node:test").test("it", () => {});\n',
}
EXECUTOR = '[executors.light]\nuse = "scripted"\ntier = 1\nscript = "script.toml"\n'


def said(capsys: Capture, code: int, **asked: object) -> dict[str, object]:
    assert run_doctor(as_json=True, **asked) == code  # type: ignore[arg-type]
    printed: dict[str, object] = json.loads(capsys.readouterr().out)
    assert printed["schema"] == 1
    return printed


def only(printed: dict[str, object]) -> dict[str, object]:
    checks = printed["checks"]
    assert isinstance(checks, list)
    (one,) = checks
    assert isinstance(one, dict)
    return one


def left(root: Path) -> tuple[str, ...]:
    """What git knows of forks and of kept snapshots, and what changed in the tree."""
    return (
        git(root, "worktree", "list"),
        git(root, "for-each-ref"),
        git(root, "status", "--porcelain", "--ignored"),
    )


def test_the_programs_and_the_executors(repository: Make, capsys: Capture) -> None:
    """Versions as the programs say them, and every executor that sef.toml names."""
    root = repository({"sef.toml": EXECUTOR, "script.toml": ""})
    found = said(capsys, 0, start=root)
    tools = found["tools"]
    assert isinstance(tools, list)
    assert [tool["name"] for tool in tools] == ["git", "python", "rg", "bwrap"]
    assert all(tool["works"] and tool["version"] for tool in tools if tool["needed"])
    (light,) = found["executors"]  # type: ignore[misc]
    assert (light["name"], light["use"], light["tier"], light["usable"]) == (
        "light",
        "scripted",
        1,
        True,
    )
    assert run_doctor(start=root) == 0
    assert "tier 1: light (scripted, no model)" in capsys.readouterr().out


def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No login, no key, and nobody at Ollama's address."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")


def test_a_bare_machine_has_no_model(
    repository: Make, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be asked; every source says what it lacks; the sandbox in force is named."""
    bare(monkeypatch)
    found = said(capsys, 0, start=repository({"a.txt": ""}))
    assert found["executors"] == []
    sources = found["sources"]
    assert isinstance(sources, list)
    assert not any(one["usable"] for one in sources)
    sandbox = found["sandbox"]
    assert isinstance(sandbox, dict)
    assert (sandbox["mode"], sandbox["level"]) == ("required", sandbox["level"])
    assert sandbox["words"]


def test_a_key_gives_executors_and_is_not_told(
    repository: Make, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of each tier, by the name of the variable alone."""
    pytest.importorskip("pydantic_ai_harness", reason="needs the extra api")
    bare(monkeypatch)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-canary-canary-canary")
    root = repository({"a.txt": ""})
    assert run_doctor(start=root, as_json=True) == 0
    out = capsys.readouterr().out
    assert "canary" not in out
    found = json.loads(out)
    assert [one["tier"] for one in found["executors"]] == [1, 2, 3]
    assert [one["model"] for one in found["executors"]] == ["haiku", "sonnet", "opus"]


def test_a_local_ollama_serves_the_light_tier(
    repository: Make, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by asking its address on this machine for the models it has."""
    pytest.importorskip("pydantic_ai_harness", reason="needs the extra api")
    with LoopbackProvider(models=("qwen3-coder:30b", "llama3:8b")) as provider:
        monkeypatch.setenv("OLLAMA_HOST", provider.url)
        found = said(capsys, 0, start=repository({"a.txt": ""}))
    (local,) = found["executors"]  # type: ignore[misc]
    assert (local["tier"], local["provider"], local["use"]) == (1, "ollama", "api")


def test_outside_of_a_repository(tmp_path: Path, capsys: Capture) -> None:
    """The programs and models are told all the same; the checks of nothing are not."""
    assert said(capsys, 0, start=tmp_path)["tools"]
    assert run_doctor(start=tmp_path) == 0
    with pytest.raises(RepositoryError):
        run_doctor(start=tmp_path, environment=True)


def test_what_is_missing_is_told(
    repository: Make, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without git the exit code is 1; without bubblewrap sef is only weaker."""
    root = repository({"a": ""})
    monkeypatch.setenv("PATH", str(tmp_path))
    found = said(capsys, 1, start=root)
    tools = found["tools"]
    assert isinstance(tools, list)
    assert found["status"] == "missing"
    assert "not found" in tools[0]["remark"]
    assert (tools[3]["needed"], tools[3]["path"]) == (False, None)


def test_bad_use(repository: Make) -> None:
    """`--run` alone means nothing, and neither does a configuration with a mistake."""
    with pytest.raises(UsageError):
        run_doctor(run=True)
    with pytest.raises(ConfigError):
        run_doctor(start=repository({"sef.toml": "polcy = 1"}))


def test_a_repository_without_checks(repository: Make, capsys: Capture) -> None:
    """Nothing could judge a draft there, which the exit code says."""
    root = repository({"a.txt": ""})
    assert said(capsys, 1, start=root, environment=True)["checks"] == []
    assert run_doctor(start=root, environment=True) == 1
    assert "[checks]" in capsys.readouterr().out


def test_an_undecided_check_has_a_reason(repository: Make, capsys: Capture) -> None:
    """A runner of which nothing is known, with what a draft would meet."""
    root = repository({"Makefile": "test:\n\ttrue\n"})
    way = only(said(capsys, 1, start=root, environment=True))
    assert (way["proved"], way["level"], way["mechanism"]) == (False, "undecided", None)
    assert way["reason"]
    assert way["mend"]
    assert "rejected" in str(way["unproved"])


@pytest.mark.slow
def test_a_python_project(repository: Make, capsys: Capture) -> None:
    """A shadow is made and witnessed; with `run` the tests are; nothing is left behind."""
    root = repository(PYTHON)
    (root / "more.py").write_text("")
    before = left(root)
    way = only(said(capsys, 0, start=root, environment=True))
    assert (way["mechanism"], way["proved"], way["run"]) == ("shadow", True, None)
    assert way["level"] in ("in-process", "hidden")
    way = only(said(capsys, 0, start=root, environment=True, run=True))
    assert isinstance(way["run"], dict)
    assert (way["run"]["counts"], way["run"]["exit_code"]) == ("1 passed", 0)
    assert run_doctor(start=root, environment=True) == 0
    assert "shadow, ready in" in capsys.readouterr().out
    assert left(root) == before


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_a_node_project(repository: Make, capsys: Capture) -> None:
    """Mounted where that works, with copies where it does not."""
    way = only(said(capsys, 0, start=repository(NODE), environment=True))
    expected = "mounted" if bubblewrap() else "copied"
    assert (way["mechanism"], way["level"], way["proved"]) == (expected, expected, True)


def test_the_documentation_names_every_field(repository: Make, capsys: Capture) -> None:
    """And nothing that is not there."""
    from sef.cli.doctor import Tool
    from sef.cli.examine import Ran, Way

    text = DOCS.read_text()
    for kind in (Tool, Way, Ran):
        for name in kind.__slots__:
            assert f"`{name}`" in text, name
