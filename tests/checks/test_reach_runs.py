"""Runs that are kept, repeated, capped."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from sef.checks import PYTHON, Check, CheckRun
from sef.checks.memory import limits
from sef.environment import Proof
from sef.model import Counts
from sef.reach import Bases, Key, rejects_early, settle, suspects

_CHECK = Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest"), python=True)
_KEY = Key(tree="t1", check=_CHECK)


def outcome(*failing: str, passed: int = 3, proved: bool = True, stopped: str = "") -> CheckRun:
    return CheckRun(
        check=_CHECK,
        exit_code=1 if failing else 0,
        counts=Counts(passed=passed, failed=len(failing)),
        failing=frozenset(failing),
        failures=(),
        summary="said",
        output_tail="",
        proof=Proof(proved=proved, level="hidden", reason="r"),
        seconds=1.0,
        timed_out=False,
        stopped=stopped,
    )


class Runs:
    """Counts how often it is asked."""

    def __init__(self, run: CheckRun | None) -> None:
        self.run = run
        self.asked = 0

    async def __call__(self) -> CheckRun | None:
        self.asked += 1
        await asyncio.sleep(0)
        return self.run


def test_a_base_is_run_once_for_all_who_ask() -> None:
    """Also where they ask at the same time, and where it has no such check."""

    async def go(run: CheckRun | None) -> int:
        bases, runs = Bases(), Runs(run)
        await asyncio.gather(*(bases.of(_KEY, runs) for _ in range(5)))
        return runs.asked

    assert asyncio.run(go(outcome("a"))) == 1
    assert asyncio.run(go(None)) == 1


def test_a_key_is_of_tree_and_command() -> None:
    """Each of them makes another one."""
    other = Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest", "-q"), python=True)
    keys = {_KEY, Key(tree="t2", check=_CHECK), Key(tree="t1", check=other)}
    assert len(keys) == 3
    assert Key(tree="t1", check=_CHECK) in keys


Answers = Mapping[tuple[str, bool], CheckRun | None]


async def settled(names: tuple[str, ...], answers: Answers) -> tuple[set[str], set[str]]:
    """`answers` by side, and by whether only some tests were asked for."""

    async def again(side: str, some: tuple[str, ...]) -> CheckRun | None:
        return answers[side, bool(some)]

    found = await settle(names, again)
    return set(found.flaky), set(found.red)


def test_what_passes_alone_and_among_all_is_flaky() -> None:
    """It ended differently on one tree."""
    answers = {("draft", True): outcome(), ("draft", False): outcome()}
    assert asyncio.run(settled(("a",), answers)) == ({"a"}, set())


def test_what_passes_only_alone_stays_red() -> None:
    """The draft made it depend on what ran before it."""
    answers = {("draft", True): outcome(), ("draft", False): outcome("a")}
    assert asyncio.run(settled(("a",), answers)) == (set(), {"a"})


def test_what_fails_again_and_not_on_the_base_stays_red() -> None:
    """That is a regression."""
    answers = {("draft", True): outcome("a"), ("base", True): outcome()}
    assert asyncio.run(settled(("a",), answers)) == (set(), {"a"})


def test_what_fails_on_the_base_too_is_flaky_there() -> None:
    """It had passed there before."""
    answers = {key: outcome("a") for key in [("draft", True), ("base", True), ("base", False)]}
    assert asyncio.run(settled(("a",), answers)) == ({"a"}, set())


def test_a_test_that_never_passes_alone_excuses_nobody() -> None:
    """On the base it fails alone and passes among the others, as always."""
    answers = {
        ("draft", True): outcome("a"),
        ("base", True): outcome("a"),
        ("base", False): outcome(),
    }
    assert asyncio.run(settled(("a",), answers)) == (set(), {"a"})


@pytest.mark.parametrize("run", [None, outcome(proved=False), outcome(passed=0)])
def test_a_repetition_that_says_nothing_excuses_nobody(run: CheckRun | None) -> None:
    """Doubt rejects."""
    assert asyncio.run(settled(("a",), {("draft", True): run})) == (set(), {"a"})


def test_only_new_failures_with_names_are_suspects() -> None:
    """And no more than chance explains."""
    assert suspects(outcome("a", "b"), outcome("b")) == ("a",)
    assert suspects(outcome("a"), None) == ()
    assert suspects(outcome(*(f"t{n}" for n in range(6))), outcome()) == ()


def test_a_part_of_the_tests_rejects_only_by_failures() -> None:
    """A green part, one that was stopped, and one that is not proved say nothing."""
    assert rejects_early(outcome("a"))
    assert not rejects_early(outcome())
    assert not rejects_early(outcome("a", stopped="-x"))
    assert not rejects_early(outcome("a", proved=False))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mappings count on Linux only")
def test_memory_is_capped_and_the_process_stays_the_same() -> None:
    """More than allowed raises MemoryError; less does not; the shell has become the program."""
    code = "import os; x = bytearray(300 * 2**20); print(os.getpid())"
    done = subprocess.run(
        limits((sys.executable, "-c", code), 128), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
    with subprocess.Popen(
        limits((sys.executable, "-c", code), 1024), stdout=subprocess.PIPE, text=True
    ) as process:
        said, _ = process.communicate()
    assert said.strip() == str(process.pid)


def test_a_cap_changes_nothing_where_there_is_none_or_no_program() -> None:
    """A program that is missing fails to start as it would."""
    assert limits(("python", "-c", "1"), None) == ("python", "-c", "1")
    missing = ("/no/such/program", "x")
    assert limits(missing, 100, variables=dict(os.environ)) == missing
