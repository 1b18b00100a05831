"""`sef runs`, `report`, `explain`, `clean` and `--resume`, on real runs."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROJECT, TARGET, sef, started

from conftest import git

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every command is a process of its own
SCRIPTS = (
    '[[script]]\ntask = "first"\ncost_usd = 0.25\n'
    '[[script.write]]\npath = "first.txt"\ntext = "1\\n"\n'
    '[[script]]\ntask = "second"\ncost_usd = 0.5\nseconds = 0.0\n'
    '[[script.write]]\npath = "second.txt"\ntext = "2\\n"\n'
)
PLAN = (
    '[[task]]\nid = "first"\ntext = "implement a first file"\n'
    '[[task]]\nid = "second"\ntext = "implement a second file"\nneeds = ["first"]\n'
)
TWO = {**PROJECT, "sef.toml": TARGET, "target.toml": SCRIPTS, "plan.toml": PLAN}


@pytest.fixture
def run(repository: Make) -> tuple[Path, str]:
    """A repository with one run of two tasks."""
    root = repository(TWO)
    done = sef(root, "run", "-f", "plan.toml", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return root, json.loads(done.stdout)["run"]


def test_runs_are_listed_with_a_date_that_fits(run: tuple[Path, str]) -> None:
    root, name = run
    sef(root, "run", "where is Adder defined?")
    narrow = sef(root, "runs", COLUMNS="80").stdout.splitlines()
    assert len(narrow) == 3
    row = rf"{name}  20\d\d-\d\d-\d\d \d\d:\d\d  ok      2      implement a first file *"
    assert re.fullmatch(row, narrow[1])
    (first, second) = json.loads(sef(root, "runs", "--json").stdout)["runs"]
    assert (first["run"], first["status"], first["tasks"]) == (name, "ok", 2)
    assert second["first"] == "where is Adder defined?"


def test_what_was_called_off_is_not_cut_off(repository: Make) -> None:
    """Ctrl-C is told from a kill; a dry run is neither."""
    slow = SCRIPTS.replace("seconds = 0.0", "seconds = 60")
    root = repository({**TWO, "target.toml": slow})
    work = started(root, "run", "-f", "plan.toml")
    for _ in range(1000):
        if git(root, "branch", "--list", "sef/*"):
            break
        time.sleep(0.02)
    work.send_signal(signal.SIGTERM)
    work.communicate()
    sef(root, "run", "run the tests", "--dry-run")
    off, dry = json.loads(sef(root, "runs", "--json").stdout)["runs"]
    assert (off["status"], off["resume"]) == ("cancelled", f"sef run --resume {off['run']}")
    assert (dry["status"], dry["resume"]) == ("not begun", None)
    assert json.loads(sef(root, "report", "--json").stdout)["run"] == off["run"]
    for command in ("report", "explain"):
        told = sef(root, command, dry["run"])
        assert told.returncode == 2 and f"nothing is known of run {dry['run']}" in told.stderr


def test_a_report_is_the_runs_own_with_rates(run: tuple[Path, str]) -> None:
    root, name = run
    said = json.loads(sef(root, "report", "--json").stdout)
    assert (said["run"], said["status"], said["cost_usd"]) == (name, "ok", 0.75)
    assert said["branch"] == f"sef/{name}"
    assert said["rates"]["rejection_rate"] is None
    assert said["rates"]["completion_time_s"] > 0
    told = sef(root, "report", name).stdout
    assert "rejection_rate           n/a" in told
    assert f"git merge sef/{name}" in told
    assert sef(root, "report", "nope").returncode == 2


def test_a_run_is_explained_task_after_task(run: tuple[Path, str]) -> None:
    root, name = run
    lines = sef(root, "explain").stdout.splitlines()
    assert "2 tasks" in lines[0]
    assert "finished; the result is on sef/" in lines[-1]
    first = lines.index("first: implement a first file")
    second = lines.index("second: implement a second file")
    of_first, of_second = lines[first + 1 : second], lines[second + 1 : -1]
    assert any("  first: target works on" in line for line in of_first)
    assert any("  second: target works on" in line for line in of_second)
    assert not any("  second: " in line for line in of_first)
    for part in (of_first, of_second):
        times = [float(line.split(" s ")[0]) for line in part if re.match(r" *\d+\.\d\d s", line)]
        assert times == sorted(times)
    only = sef(root, "explain", name, "second").stdout
    assert "first: " not in only
    refused = sef(root, "explain", name, "third")
    assert (refused.returncode, "first, second" in refused.stderr) == (2, True)


def test_cleaning_forgets_runs_and_keeps_their_branches(run: tuple[Path, str]) -> None:
    root, name = run
    assert "0 runs" in sef(root, "clean").stdout
    assert "1 run" in sef(root, "clean", "--all").stdout
    assert sef(root, "runs").stdout.strip() == "No run yet."
    assert sef(root, "report").returncode == 2
    assert f"sef/{name}" in git(root, "branch", "--list", "sef/*")


def test_a_killed_run_is_resumed_and_pays_for_nothing_twice(repository: Make) -> None:
    """What was committed stays, the rest is done; then there is nothing to resume."""
    slow = SCRIPTS.replace("seconds = 0.0", "seconds = 60")
    root = repository({**TWO, "target.toml": slow})
    work = started(root, "run", "-f", "plan.toml")
    for _ in range(1000):
        if git(root, "branch", "--list", "sef/*"):
            break
        time.sleep(0.02)
    time.sleep(0.3)
    work.send_signal(signal.SIGKILL)
    work.communicate()
    killed = json.loads(sef(root, "report", "--json").stdout)
    assert (killed["status"], killed["branch"]) == ("cancelled", f"sef/{killed['run']}")
    assert [task["status"] for task in killed["tasks"]] == ["done", "cancelled"]
    go_on = f"sef run --resume {killed['run']}"
    (row,) = json.loads(sef(root, "runs", "--json").stdout)["runs"]
    assert (row["status"], row["resume"]) == ("cut off", go_on)
    assert f"was cut off; go on with it: {go_on}" in sef(root, "runs").stdout
    (root / "target.toml").write_text(SCRIPTS)
    done = sef(root, "run", "--resume", killed["run"], "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["status"], said["run"]) == (0, "ok", killed["run"])
    assert [len(task["attempts"]) for task in said["tasks"]] == [1, 1]
    asked = ("log", "--format=%(trailers:key=Sef-Task,valueonly)", f"main..sef/{said['run']}")
    assert git(root, *asked).split() == ["second", "first"]
    assert len(git(root, "worktree", "list").splitlines()) == 1
    again = sef(root, "run", "--resume", killed["run"])
    assert (again.returncode, "at its end" in again.stderr) == (2, True)
    assert json.loads(sef(root, "report", "--json").stdout)["status"] == "ok"


def test_a_budget_stops_what_was_not_begun(repository: Make) -> None:
    """The first task is done; the second is refused at no cost, and the way out is said."""
    root = repository(TWO)
    done = sef(root, "run", "-f", "plan.toml", "--budget", "0.2", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["status"], said["cost_usd"]) == (1, "partial", 0.25)
    first, second = said["tasks"]
    assert (first["status"], second["status"]) == ("done", "failed")
    assert "--budget" in second["attempts"][0]["reason"]
    assert second["attempts"][0]["cost_usd"] == 0
