"""What a trace proves, and everything that leaves it undecided."""

from __future__ import annotations

import pytest

from sef.environment.witness import Expectation, judge

EXPECTED = Expectation(fork="/fork", shadow="/shadow", own=frozenset({"a"}))
START = ("start", 7, "/shadow/bin/python", "pytest")
FOUND = ("found", 7, "a.b", "/fork/src/a/b.py")


def trace(*lines: tuple[object, ...]) -> str:
    return "".join(f"{line!a}\n" for line in lines)


def test_the_fork_was_judged() -> None:
    """Seen in the fork only, by the shadow's Python, the runner among the witnesses."""
    proof = judge(trace(START, FOUND), EXPECTED, 7)
    assert proof.proved
    assert proof.level == "in-process"


@pytest.mark.parametrize(
    ("line", "offender"),
    [
        (("found", 8, "a", "/user/a.py"), "/user/a.py"),
        (("found", 8, "a", "/forked/a.py"), "/forked/a.py"),
        (("user", 8, "open", "/user/data.txt"), "/user/data.txt"),
        (("untracked", 8, "a.gen", "/user/a/gen.py"), "/user/a/gen.py"),
        (("start", 8, "/usr/bin/python3", "x"), "/usr/bin/python3"),
        (("broken", 8, "/shadow/bin/python", "ValueError()"), "/shadow/bin/python"),
    ],
)
def test_one_bad_line_is_enough(line: tuple[object, ...], offender: str) -> None:
    """However much was found in the fork, one process elsewhere leaves the run undecided."""
    proof = judge(trace(START, FOUND, line), EXPECTED, 7)
    assert not proof.proved
    assert proof.level == "undecided"
    assert proof.offender == offender


@pytest.mark.parametrize(
    "damage",
    [
        "nonsense\n",
        "('found', 1)\n",
        "('found', '1', 'a', 'b')\n",
        "('other', 1, 'a', 'b')\n",
        "('found', 7, 'a',",
        repr(FOUND),
        "[[\n",
        "\n",
        "(" * 500 + "\n",
    ],
)
def test_a_damaged_trace(damage: str) -> None:
    """A line that cannot be read might have said anything."""
    assert not judge(trace(START, FOUND) + damage, EXPECTED, 7).proved


def test_the_runner_must_be_a_witness() -> None:
    """The pid, where one is given, must have started a Python of the shadow."""
    assert not judge(trace(START, FOUND), EXPECTED, 8).proved
    assert judge(trace(START, FOUND), EXPECTED, None).proved


def test_nothing_of_the_project_was_imported() -> None:
    """Tests alone prove nothing, and neither does silence."""
    test = ("found", 7, "test_x", "/fork/tests/test_x.py")
    for text in (trace(START, test), trace(START), ""):
        proof = judge(text, EXPECTED)
        assert proof.reason == "the tests imported nothing of this project"
        assert not proof.proved


def test_unknown_modules() -> None:
    """Where no module is known to be own, any that is no test will do."""
    expected = Expectation(fork="/fork", shadow="/shadow", own=frozenset())
    assert judge(trace(START, ("found", 7, "x", "/fork/lib/x.py")), expected, 7).proved
    assert not judge(trace(START, ("found", 7, "x", "/fork/tests/x.py")), expected, 7).proved


def test_a_copied_version_is_no_offence() -> None:
    """A module that the shadow holds is accounted for."""
    version = ("found", 7, "a._version", "/shadow/a._version.py")
    assert judge(trace(START, FOUND, version), EXPECTED, 7).proved
