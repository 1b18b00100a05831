"""`sef run` as a person or a program meets it: in a process of its own, on real repositories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROJECT, SEF, sef

from conftest import git
from sef.report_model import AttemptReport, RunReport, TaskReport

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every command is a process of its own
DOCS = Path(__file__).parents[2] / "docs/reference"


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of the tree and of git's folder that sef may not change, byte for byte."""
    kept = [root / ".git/index", root / ".git/HEAD", root / ".git/config"]
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {str(path): path.read_bytes() for path in (*kept, *files) if path.exists()}


def test_tier_0_answers_in_json_and_leaves_nothing_behind(repository: Make) -> None:
    """Counts, path and line are right, cost is 0, and what is not known is null."""
    root = repository(PROJECT)
    before = snapshot(root)
    done = sef(root, "run", "run the tests", "find the definition of class Adder", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    tests, found = said["tasks"]
    assert (said["schema"], said["status"], said["branch"]) == (1, "ok", None)
    assert (said["cost_usd"], said["baseline_usd"], said["saved_usd"]) == (0, None, None)
    assert said["saved_is"] == "unknown"
    assert (tests["tier"], tests["kind"], tests["executor"]) == (0, "validate", "tests")
    assert (tests["counts"]["passed"], tests["exit_code"]) == (1, 0)
    assert (found["matches"][0]["path"], found["matches"][0]["line"]) == ("calc/core.py", 1)
    assert snapshot(root) == before
    assert git(root, "status", "--porcelain", "--ignored") == ""


def test_red_tests_are_told_with_exit_code_3(repository: Make) -> None:
    """The task is done, and what it found is bad news."""
    wrong = {"calc/core.py": "class Adder:\n    def add(self, a, b):\n        return a - b\n"}
    done = sef(repository({**PROJECT, **wrong}), "run", "run the tests")
    assert done.returncode == 3
    assert "1 failed" in done.stdout
    assert "test_add" in done.stdout


def test_a_task_that_needs_a_model_says_so(repository: Make) -> None:
    """Exit 1, and the message names sef.toml."""
    done = sef(repository(PROJECT), "run", "implement subtraction in calc/core.py")
    assert done.returncode == 1
    assert "sef.toml" in done.stdout


def test_a_dry_run_shows_the_route_and_runs_nothing(repository: Make) -> None:
    """Each task with its tier and the reason; nobody can take the second one."""
    root = repository(PROJECT)
    done = sef(root, "run", "run the tests", "redesign the architecture", "--dry-run", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["status"]) == (1, "planned")
    assert [task["executor"] for task in said["tasks"]] == ["tests", None]
    assert [task["tier"] for task in said["tasks"]] == [0, 3]
    assert all(task["reason"] and not task["attempts"] for task in said["tasks"])
    assert git(root, "branch", "--list", "sef/*") == ""


def test_a_dry_run_of_what_nobody_can_do_says_so_as_the_run_does(repository: Make) -> None:
    """The whole way out is told, and the exit code is the run's."""
    root = repository(PROJECT)
    dry = sef(root, "run", "redesign the architecture", "--dry-run")
    real = sef(root, "run", "redesign the architecture")
    (said,) = (line for line in real.stdout.splitlines() if line.startswith("✗ redesign"))
    assert "sef.toml" in said
    assert said in dry.stdout.splitlines()
    assert "Nothing could run: no executor can take any of the tasks." in dry.stdout
    assert (dry.returncode, real.returncode) == (1, 1)
    mixed = sef(root, "run", "run the tests", "redesign the architecture", "--dry-run")
    assert "Nothing could run" not in mixed.stdout
    assert sef(root, "run", "run the tests", "--dry-run").returncode == 0


PLANS = {
    "cycle.toml": '[[task]]\nid="a"\ntext="x"\nneeds=["b"]\n[[task]]\nid="b"\ntext="y"\nneeds=["a"]\n',
    "unknown.toml": '[[task]]\nid="a"\ntext="x"\nneeds=["zz"]\n',
    "twice.toml": '[[task]]\nid="a"\ntext="x"\n[[task]]\nid="a"\ntext="y"\n',
    "typo.toml": '[[task]]\nid="a"\ntxt="x"\n',
}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "nothing was asked for"),
        (("   ",), "a request is empty"),
        (("-f", "cycle.toml"), "cycle"),
        (("-f", "unknown.toml"), "'zz'"),
        (("-f", "twice.toml"), "more than once"),
        (("-f", "typo.toml"), "text"),
        (("-f", "missing.toml"), "missing.toml"),
        (("-f", "cycle.toml", "run the tests"), "both"),
        (("run the tests", "--policy", "quick"), "quick"),
        (("run the tests", "--config", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_requests_end_with_exit_2_and_nothing_changed(
    repository: Make, args: tuple[str, ...], message: str
) -> None:
    """The cause is on standard error, and as an object with --json."""
    root = repository({**PROJECT, **PLANS})
    before = snapshot(root)
    done = sef(root, "run", *args)
    assert done.returncode == 2, done.stderr
    assert any(part in done.stderr for part in message.split("|"))
    assert "Traceback" not in done.stderr
    as_json = json.loads(sef(root, "run", *args, "--json").stdout)
    assert as_json["schema"] == 1
    assert any(part in as_json["error"] for part in message.split("|"))
    assert snapshot(root) == before


def test_an_unknown_key_in_sef_toml_is_named_with_the_nearest_one(repository: Make) -> None:
    """Exit 2."""
    done = sef(repository({**PROJECT, "sef.toml": 'polcy = "fast"\n'}), "run", "run the tests")
    assert done.returncode == 2
    assert 'did you mean "policy"' in done.stderr


def broken_repositories(root: Path, make: Make) -> dict[str, tuple[Path, str]]:
    """Folders sef cannot work in, with a word of the message."""
    none, empty, bare = root / "none", root / "empty", root / "bare.git"
    none.mkdir()
    subprocess.run(("git", "init", "-q", str(empty)), check=True)
    subprocess.run(("git", "init", "-q", "--bare", str(bare)), check=True)
    merging = make({"a": "1\n"}, name="merging")
    git(merging, "checkout", "-q", "-b", "other")
    (merging / "a").write_text("2\n")
    git(merging, "commit", "-qam", "2")
    git(merging, "checkout", "-q", "main")
    (merging / "a").write_text("3\n")
    git(merging, "commit", "-qam", "3")
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    merge = ("git", *named, "merge", "other")
    subprocess.run(merge, cwd=merging, capture_output=True, check=False)
    return {
        "none": (none, "not in a git repository"),
        "empty": (empty, "no commits"),
        "bare": (bare, "bare"),
        "merging": (merging, "merge is in progress"),
    }


def test_repositories_that_cannot_be_worked_on_are_refused(
    repository: Make, tmp_path: Path
) -> None:
    """Exit 2 with the way out, and every byte as before."""
    for path, message in broken_repositories(tmp_path, repository).values():
        before = snapshot(path)
        done = sef(path, "run", "run the tests")
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
        assert snapshot(path) == before


def test_help_and_version() -> None:
    """Help has examples and exit codes."""
    done = sef(Path.cwd(), "run", "--help")
    assert "Examples:" in done.stdout
    assert "Exit codes" in done.stdout
    assert sef(Path.cwd(), "--version").stdout.startswith("sef ")


def test_no_color_is_honoured(repository: Make) -> None:
    """No escape code reaches a pipe, whatever a file says."""
    root = repository({"a.py": "class Alpha:  # \x1b[31mred\x1b]0;title\x07\n    pass\n"})
    done = sef(root, "run", "find the definition of class Alpha")
    assert "a.py:1" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


SCRIPTED = {
    "sef.toml": '[executors.slow]\nuse = "scripted"\ntier = 3\nscript = "slow.toml"\n',
    "slow.toml": '[[script]]\ntask = "wait"\nsays = "."\nseconds = 60\ncost_usd = 0.0\n',
    "plan.toml": (
        '[[task]]\nid = "wait"\ntext = "implement patience"\n'
        '[[task]]\nid = "find"\ntext = "find the definition of class Adder"\n'
    ),
}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_calling_off_reports_cleans_up_and_exits_130(repository: Make, how: int) -> None:
    """The report says cancelled; no fork, no branch, no folder is left."""
    root = repository({**PROJECT, **SCRIPTED})
    cache = Path(os.environ["HOME"]) / ".cache/sef/runs"
    work = subprocess.Popen(
        (*SEF, "run", "-f", "plan.toml", "--json"),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(500):
        if len(git(root, "worktree", "list").splitlines()) > 1:
            break
        time.sleep(0.02)
    work.send_signal(how)
    stdout, stderr = work.communicate(timeout=20)
    assert work.returncode == 130, stderr
    said = json.loads(stdout)
    assert said["status"] == "cancelled"
    assert {task["id"]: task["status"] for task in said["tasks"]}["wait"] == "cancelled"
    assert len(git(root, "worktree", "list").splitlines()) == 1
    assert list(cache.iterdir()) == []
    assert "Traceback" not in stderr


@pytest.mark.parametrize("model", [RunReport, TaskReport, AttemptReport])
def test_every_json_field_is_documented(model: type[RunReport]) -> None:
    """docs/reference/run-json.md names each of them."""
    text = (DOCS / "run-json.md").read_text()
    fields = model.model_json_schema(by_alias=True)["properties"]
    missing = [name for name in fields if f"`{name}`" not in text]
    assert missing == []
