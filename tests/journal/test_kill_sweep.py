"""kill -9 at many points of a run: nothing completed is called again, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from conftest import git
from sef.events import Answered, Resumed
from sef.explain import explained
from sef.journal import Journal
from sef.report import report
from sef.report_model import RunReport

Make = Callable[..., Path]
SWEEP = Path(__file__).with_name("sweep.py")
CONFIG = 'slots = 4\n[executors.x]\nuse = "scripted"\ntier = 3\nscript = "s.toml"\n'
SCRIPT = '[[script]]\ntask = "none"\nsays = "."\ncost_usd = 0.0\n'


def swept(tree: Path, cache: Path, seconds: float, *run: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (sys.executable, str(SWEEP), str(tree), str(cache), str(seconds), *run),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def facts_of(tree: Path) -> tuple[str, RunReport, int]:
    """The newest run, its report, and how many calls its resumptions counted as in flight."""
    with closing(Journal(tree / ".git/sef")) as journal:
        run = journal.runs()[-1].run
        facts = [one.fact for one in journal.recorded(run)]
    flights = sum(len(fact.in_flight) for fact in facts if isinstance(fact, Resumed))
    return run, report(facts), flights


def answered_in(tree: Path) -> set[str]:
    """The tasks whose paid answers are in the journal of the newest run."""
    with closing(Journal(tree / ".git/sef")) as journal:
        facts = [one.fact for one in journal.recorded(journal.runs()[-1].run)]
    return {fact.task for fact in facts if isinstance(fact, Answered)}


def story_of(tree: Path, tasks: set[str]) -> str:
    """What the journal tells of some tasks, for a failed assertion."""
    with closing(Journal(tree / ".git/sef")) as journal:
        recorded = journal.recorded(journal.runs()[-1].run)
    told = [line for task in sorted(tasks) for line in explained(recorded, task)]
    return "an answer that was durable was paid again:\n" + "\n".join(told)


def resumed(tree: Path, cache: Path, seconds: float) -> RunReport:
    """Resumes the newest run and returns its report."""
    run, _, _ = facts_of(tree)
    work = swept(tree, cache, seconds, run)
    _, errors = work.communicate(timeout=100)
    assert work.returncode == 0, errors.decode()
    return facts_of(tree)[1]


def killed(tree: Path, cache: Path, seconds: float, after: float) -> bool:
    """Starts a run and kills it after some seconds; False when it had not begun or was over."""
    work = swept(tree, cache, seconds)
    log = cache / "calls.log"
    while work.poll() is None and not log.exists():
        time.sleep(0.005)
    time.sleep(after)
    work.send_signal(signal.SIGKILL)
    _, errors = work.communicate()
    assert work.returncode in (0, -signal.SIGKILL), errors.decode()
    return work.returncode == -signal.SIGKILL


def one_kill(tree: Path, cache: Path, seconds: float, after: float) -> tuple[int, int]:
    """A kill and its resumption: calls in flight, and how many of them had just ended.

    (-1, 0) where the run was over before it was killed.
    """
    cache.mkdir()
    if not killed(tree, cache, seconds, after):
        return (-1, 0)
    log = (cache / "calls.log").read_text().splitlines()
    ended = {line.split()[1] for line in log if line.startswith("end ")}
    if facts_of(tree)[1].status == "ok":
        git(tree, "branch", "-qD", str(facts_of(tree)[1].branch))
        return (-1, 0)
    answered = answered_in(tree)
    result = resumed(tree, cache, seconds)
    after_kill = (cache / "calls.log").read_text().splitlines()[len(log) :]
    again = {line.split()[1] for line in after_kill if line.startswith("begin ")}
    assert not again & answered, story_of(tree, again & answered)
    # Ended, and killed before the answer was flushed: no journal can tell that from in flight.
    window = len(again & ended)
    assert result.status == "ok", str(
        [(o.id, o.reason) for o in result.tasks if o.status != "done"]
    )
    begun = Counter(line for line in [*log, *after_kill] if line.startswith("begin "))
    flights = facts_of(tree)[2]
    assert sum(begun.values()) - 20 <= flights <= 4
    landed = git(tree, "ls-tree", "--name-only", str(result.branch)).split()
    assert {f"t{n}" for n in range(20)} <= set(landed)
    assert git(tree, "log", "--format=%s", f"main..{result.branch}").count("implement") == 20
    assert git(tree, "status", "--porcelain") == ""
    assert len(git(tree, "worktree", "list").splitlines()) == 1
    assert git(tree, "fsck", "--no-dangling") == ""
    git(tree, "branch", "-qD", str(result.branch))
    return flights, window


def sweep(
    make: Make, tmp_path: Path, seconds: float, points: int, seed: int
) -> Counter[tuple[int, int]]:
    """Kills at random moments; returns how often each outcome of `one_kill` was seen."""
    rng = random.Random(seed)
    tree = make({"a": "1\n", "sef.toml": CONFIG, "s.toml": SCRIPT})
    whole = 5 * (seconds + 0.3)
    found: Counter[tuple[int, int]] = Counter()
    for point in range(points):
        found[one_kill(tree, tmp_path / f"cache{point}", seconds, rng.uniform(0, whole))] += 1
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_completed_is_paid_again_after_a_kill(repository: Make, tmp_path: Path) -> None:
    """Six kills at calls of 20 ms; SWEEP_POINTS and SWEEP_SECONDS make it another sweep."""
    points = int(os.environ.get("SWEEP_POINTS", "6"))
    seconds = float(os.environ.get("SWEEP_SECONDS", "0.02"))
    found = sweep(repository, tmp_path, seconds, points, seed=1)
    told = (
        f"{points} kills at calls of {seconds} s; (in flight, of these just ended): {dict(found)}"
    )
    sys.stderr.write(told + "\n")
    assert sum(count for (flights, _), count in found.items() if flights >= 0) >= points // 2


@pytest.mark.slow
def test_two_runs_at_once_in_one_repository(repository: Make, tmp_path: Path) -> None:
    """Each lands its twenty tasks on its own branch; neither disturbs the other."""
    tree = repository({"a": "1\n", "sef.toml": CONFIG, "s.toml": SCRIPT})
    caches = [tmp_path / "one", tmp_path / "two"]
    for cache in caches:
        cache.mkdir()
    works = [swept(tree, cache, 0.02) for cache in caches]
    for work in works:
        _, errors = work.communicate(timeout=100)
        assert work.returncode == 0, errors.decode()
    branches = git(tree, "for-each-ref", "--format=%(refname:short)", "refs/heads/sef").split()
    assert len(branches) == 2
    for branch in branches:
        assert git(tree, "log", "--format=%s", f"main..{branch}").count("implement") == 20
    assert git(tree, "status", "--porcelain") == ""
    assert len(git(tree, "worktree", "list").splitlines()) == 1
    assert git(tree, "for-each-ref", "refs/sef") == ""
