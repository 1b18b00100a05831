"""Checks of drafts in real repositories, with real runners, held against real bases."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sef.checks import Check, CheckRun, CheckRunner, Overrides
from sef.environment import Environments
from sef.model import Answer, Checkout, Draft, Kind, Route, Task, Tier, Usage, Verdict
from sef.protocols import Case
from sef.repository import find_repository
from sef.verifiers.checks import Checks
from sef.workspace import Workspace

Make = Callable[..., Path]
_OPS = "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return a - b\n"
_MUL = _OPS + "\ndef mul(a, b):\n    return a * b\n"
_BAD = _OPS.replace("a - b", "a + b")
_TESTS = (
    "from calc.ops import add, sub\n\ndef test_add():\n    assert add(2, 3) == 5\n\n"
    "def test_sub():\n    assert sub(2, 3) == -1\n"
)
_PROJECT = {"calc/__init__.py": "", "calc/ops.py": _OPS, "tests/test_ops.py": _TESTS}
_UNITTEST = {
    "calc/__init__.py": "",
    "calc/ops.py": _OPS,
    "tests/test_ops.py": (
        "import unittest\nfrom calc.ops import add\n\nclass T(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n"
    ),
}
_RUFF = "[tool.ruff.lint]\nselect = ['F']\n"
_TEXT = "Add a multiply function to calc/ops.py"
_GOOD = {"calc/ops.py": _MUL}


def judge(
    root: Path,
    tmp_path: Path,
    writes: Mapping[str, str | None],
    *,
    name: str = "tests",
    text: str = _TEXT,
    python: Path = Path(sys.executable),
    timeout_s: float = 60,
    variables: Mapping[str, str] | None = None,
    asked: list[str] | None = None,
    **overrides: str,
) -> Verdict:
    """The verdict on a draft that writes these files, None deletes; `asked`: commits run on."""

    async def go() -> Verdict:
        repository = await find_repository(root)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        workspace = Workspace(repository, run="r1", scratch=scratch)
        await workspace.open()
        environments = Environments(
            tree=root, scratch=scratch, python=python, variables={**os.environ, **(variables or {})}
        )
        runner = _Noted(environments, scratch, timeout_s, Overrides(**overrides))
        runner.asked.clear()
        async with workspace.fork(workspace.base) as fork:
            for path, content in writes.items():
                target = fork.checkout.path / path
                if content is None:
                    target.unlink()
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(content)
            patch = await workspace.capture(fork)
        route = Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason="")
        draft = Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None))
        async with workspace.fork(patch.commit) as fork:
            verdict = await Checks(name, runner, workspace).verify(
                Case(
                    task=Task(id="t", text=text),
                    route=route,
                    draft=draft,
                    checkout=fork.checkout,
                    base=patch.base,
                )
            )
        if asked is not None:
            asked.extend("base" if commit == patch.base else "draft" for commit in runner.asked)
        return verdict

    return asyncio.run(go())


class _Noted(CheckRunner):
    """Writes down which commits it was asked to judge."""

    asked: list[str] = []  # noqa: RUF012

    async def run(self, check: Check, checkout: Checkout, *, only: str | None = None) -> CheckRun:
        self.asked.append(checkout.commit)
        return await super().run(check, checkout, only=only)


def with_venv(root: Path) -> Path:
    """An environment in the tree, as people have it, with pytest from here."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", root / ".venv"), check=True)
    (site,) = (root / ".venv").glob("lib/*/site-packages")
    here = next(path for path in map(Path, sys.path) if (path / "pytest").is_dir())
    (site / "here.pth").write_text(f"{here}\n")
    script = root / ".venv/bin/pytest"
    script.write_text(
        f"#!{root}/.venv/bin/python\nimport pytest\nraise SystemExit(pytest.main())\n"
    )
    script.chmod(0o755)
    return root / ".venv/bin/python"


@pytest.mark.slow
def test_a_green_draft_is_held_against_its_base(repository: Make, tmp_path: Path) -> None:
    """Its own code could have ended the run early."""
    asked: list[str] = []
    verdict = judge(repository(_PROJECT), tmp_path, _GOOD, asked=asked)
    assert (verdict.accepted, verdict.reason, asked) == (True, "tests: 2 passed", ["draft", "base"])


@pytest.mark.slow
@pytest.mark.parametrize("project", [_PROJECT, _UNITTEST], ids=["pytest", "unittest"])
def test_a_runner_that_was_ended_has_passed_nothing(
    project: Mapping[str, str], repository: Make, tmp_path: Path
) -> None:
    verdict = judge(repository(project), tmp_path, {"calc/ops.py": "import os\nos._exit(0)\n"})
    assert not verdict.accepted
    assert verdict.undecided
    assert "its own end" in verdict.reason


@pytest.mark.slow
def test_a_line_printed_at_the_end_is_not_the_report(repository: Make, tmp_path: Path) -> None:
    fake = (
        "import atexit, os\ndef bye():\n    os.write(1, b'\\n99 passed in 0.1s\\n')\n    os._exit(0)\n"
        f"atexit.register(bye)\n{_BAD}"
    )
    assert not judge(repository(_PROJECT), tmp_path, {"calc/ops.py": fake}).accepted


@pytest.mark.slow
def test_a_deleted_source_may_not_turn_its_tests_into_skips(
    repository: Make, tmp_path: Path
) -> None:
    skipping = (
        "import pytest\nfast = pytest.importorskip('calc.fast')\ndef test_f(): assert fast.add\n"
    )
    root = repository({**_PROJECT, "calc/fast.py": _OPS, "tests/test_fast.py": skipping})
    asked: list[str] = []
    verdict = judge(root, tmp_path, {"calc/fast.py": None}, asked=asked)
    assert "fewer tests pass than before: 2 passed, 1 skipped (was 3 passed)" in verdict.reason
    assert asked == ["draft", "base"]


@pytest.mark.slow
def test_a_new_test_is_counted_against_the_base(repository: Make, tmp_path: Path) -> None:
    """It is welcome; an existing one that is gone is not, unless the task removes tests."""
    root = repository(_PROJECT)
    new = "from calc.ops import mul\ndef test_mul(): assert mul(2, 3) == 6\n"
    (tmp_path / "a").mkdir()
    assert judge(root, tmp_path / "a", {**_GOOD, "tests/test_mul.py": new}).accepted
    one = {"tests/test_ops.py": _TESTS.partition("def test_sub")[0]}
    for number, (text, accepted) in enumerate(
        (("Update the tests of calc", False), ("Remove sub() and its tests", True))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert judge(root, folder, one, text=text).accepted is accepted


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [
        "import absent\ndef test_x(): pass\n",
        "import pytest\n@pytest.fixture\ndef db(): raise OSError('no db')\ndef test_x(db): pass\n",
        "def test_x(): assert 0\n",
    ],
    ids=["collection", "fixture", "failure"],
)
@pytest.mark.parametrize("line", ["pytest", "pytest -x"])
def test_what_was_broken_before_is_no_reason_to_reject(
    broken: str, line: str, repository: Make, tmp_path: Path
) -> None:
    """And hides nothing: every other test is run, whatever the options say."""
    root = repository({**_PROJECT, "tests/test_aa.py": broken})
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    verdict = judge(root, tmp_path / "good", _GOOD, tests=line)
    assert verdict.accepted, verdict.reason
    assert "failed on the base in a fork too" in verdict.reason
    verdict = judge(root, tmp_path / "bad", {"calc/ops.py": _BAD}, tests=line)
    assert "1 new failing: tests/test_ops.py::test_sub" in verdict.reason


@pytest.mark.slow
def test_a_test_that_the_task_names_is_to_pass(repository: Make, tmp_path: Path) -> None:
    """No worse than the base is not enough there."""
    root = repository({**_PROJECT, "tests/test_aa.py": "def test_broken(): assert 0\n"})
    for text, accepted in (("Mend what test_broken shows", False), ("Improve calc", True)):
        folder = tmp_path / text.partition(" ")[0]
        folder.mkdir()
        verdict = judge(root, folder, _GOOD, text=text)
        assert verdict.accepted is accepted and not verdict.undecided, verdict.reason
    folder = tmp_path / "again"
    folder.mkdir()
    verdict = judge(root, folder, _GOOD, text="Fix the failing tests")
    assert "asks for tests to be mended that fail: tests/test_aa.py::test_broken" in verdict.reason


@pytest.mark.slow
def test_a_session_that_stops_early_is_undecided(repository: Make, tmp_path: Path) -> None:
    stop = "import pytest\nfrom calc import ops\ndef test_a(): pass\ndef test_b(): pytest.exit('d', returncode=0)\n"
    verdict = judge(repository(_PROJECT), tmp_path, {"tests/aaa/test_a.py": stop})
    assert verdict.undecided
    assert "before every test was run" in verdict.reason


@pytest.mark.slow
def test_a_script_that_runs_the_tests_is_not_the_drafts(repository: Make, tmp_path: Path) -> None:
    """A task that names it may change it; the base is asked then."""
    script = "import sys, pytest\nsys.exit(pytest.main())\n"
    root = repository({**_PROJECT, "run_tests.py": script})
    draft = {"run_tests.py": "import calc.ops\n"}
    (tmp_path / "named").mkdir()
    (tmp_path / "not").mkdir()
    verdict = judge(root, tmp_path / "not", draft, tests="python run_tests.py")
    assert "run_tests.py is run by `python run_tests.py`" in verdict.reason
    verdict = judge(
        root, tmp_path / "named", draft, text="Change run_tests.py", tests="python run_tests.py"
    )
    assert verdict.undecided
    assert "the base gave: 2 passed" in verdict.reason


@pytest.mark.slow
def test_a_command_without_totals_is_judged_by_its_exit_code(
    repository: Make, tmp_path: Path
) -> None:
    root = repository({**_PROJECT, "check.py": "from calc.ops import add\nassert add(1, 2) == 3\n"})
    verdict = judge(root, tmp_path, _GOOD, tests="python check.py")
    assert verdict.accepted
    assert "by exit code only" in verdict.reason


def test_settings_of_the_checks_are_not_the_drafts(repository: Make, tmp_path: Path) -> None:
    """Other tables of pyproject.toml are; so are those of a tool that the task names."""
    root = repository({**_PROJECT, "pyproject.toml": _RUFF})
    draft = {"pyproject.toml": f"{_RUFF}[tool.ruff]\nexclude = ['calc']\n"}
    for folder, text, words in (
        ("not", _TEXT, "pyproject.toml changes the settings of ruff"),
        ("named", "Let ruff leave calc out", "lint: clean"),
    ):
        (tmp_path / folder).mkdir()
        assert words in judge(root, tmp_path / folder, draft, name="lint", text=text).reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("lint", "python -m ruff check calc", "exit code 1"),
        ("lint", "{root}/.tool/ruff check {root}", "undecided"),
        ("lint", "ruff check {root}", "exit code 1"),
        ("lint", "make lint", "exit code 2"),
        ("lint", "ruff-not-there check .", "undecided: ruff-not-there was found neither"),
        ("lint", "python slow.py", "did not end in time"),
        ("types", "python -m mypy calc", "exit code 1"),
    ],
)
def test_a_named_lint_or_type_check_must_be_judged(
    name: str, line: str, words: str, repository: Make, tmp_path: Path
) -> None:
    root = repository(
        {
            **_PROJECT,
            "Makefile": "lint:\n\tpython -m ruff check $(PWD)/calc\n",
            "slow.py": "import time\n\ntime.sleep(60)\n",
            "ruff.toml": "lint.select = ['F']\n",
        }
    )
    bad = "import os\n" + _OPS + "\ndef mul(a: int, b: int) -> str:\n    return a * b\n"
    verdict = judge(
        root,
        tmp_path,
        {"calc/ops.py": bad},
        name=name,
        timeout_s=3 if "slow" in line else 60,
        variables={"PWD": str(root)},
        **{name: line.format(root=root)},
    )
    assert not verdict.accepted
    assert words in verdict.reason


@pytest.mark.slow
def test_a_clean_make_target_is_accepted_without_a_witness(
    repository: Make, tmp_path: Path
) -> None:
    root = repository({**_PROJECT, "Makefile": "lint:\n\tpython -m ruff check calc\n"})
    verdict = judge(root, tmp_path, _GOOD, name="lint", lint="make lint")
    assert (verdict.accepted, verdict.reason) == (True, "lint: clean")


@pytest.mark.slow
def test_a_linter_that_is_only_found_may_be_missing_and_the_verdict_says_so(
    repository: Make, tmp_path: Path
) -> None:
    root = repository({**_PROJECT, ".flake8": "[flake8]\n", "ruff.toml": ""})
    path = os.pathsep.join(("/usr/bin", "/bin"))
    python = with_venv(root)
    verdict = judge(root, tmp_path, _GOOD, name="lint", python=python, variables={"PATH": path})
    assert verdict.accepted
    assert "not judged: flake8 was found neither" in verdict.reason
    assert [one.passed for one in verdict.evidence] == [None, None]


@pytest.mark.slow
@pytest.mark.parametrize("line", [".venv/bin/pytest", ".venv/bin/python -m pytest", "{root}/.venv/bin/python -m pytest", "make test"])  # fmt: skip
def test_the_users_environment_by_its_path_is_the_forks_in_a_fork(
    line: str, repository: Make, tmp_path: Path
) -> None:
    makefile = "test:\n\t. .venv/bin/activate && .venv/bin/python -m pytest\n"
    root = repository({**_PROJECT, "Makefile": makefile, ".gitignore": ".venv/\n__pycache__/\n"})
    python = with_venv(root)
    for name, source, accepted in (("good", _MUL, True), ("bad", _BAD, False)):
        (tmp_path / name).mkdir()
        verdict = judge(
            root,
            tmp_path / name,
            {"calc/ops.py": source},
            python=python,
            tests=line.format(root=root),
        )
        assert verdict.accepted is accepted, verdict.reason
        assert "\n" not in verdict.reason
