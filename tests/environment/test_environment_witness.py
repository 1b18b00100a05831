"""What a trace proves, and everything that leaves it undecided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sef.environment.listener import Heard
from sef.environment.witness import Expectation, judge

EXPECTED = Expectation(fork="/fork", shadow="/shadow", own=frozenset({"a"}))
START = ("start", 7, "/shadow/bin/python", "pytest")
FOUND = ("found", 7, "a.b", "/fork/src/a/b.py")
END = ("ended", 7, "", "")


def trace(*lines: tuple[object, ...]) -> list[Heard]:
    return [(line[1] if isinstance(line[1], int) else None, ascii(line).encode()) for line in lines]


def test_the_fork_was_judged() -> None:
    """Seen in the fork only, by the shadow's Python, the runner among the witnesses."""
    proof = judge(trace(START, FOUND, END), EXPECTED, 7)
    assert proof.proved
    assert proof.level == "in-process"


@pytest.mark.parametrize(
    ("line", "offender"),
    [
        (("found", 8, "a", "/user/a.py"), "/user/a.py"),
        (("found", 8, "a", "/forked/a.py"), "/forked/a.py"),
        (("user", 8, "open", "/user/data.txt"), "/user/data.txt"),
        (("tampered", 8, "sys.meta_path", "/shadow/bin/python"), "sys.meta_path"),
        (("untracked", 8, "a.gen", "/user/a/gen.py"), "/user/a/gen.py"),
        (("start", 8, "/usr/bin/python3", "x"), "/usr/bin/python3"),
        (("broken", 8, "/shadow/bin/python", "ValueError()"), "/shadow/bin/python"),
    ],
)
def test_one_bad_line_is_enough(line: tuple[object, ...], offender: str) -> None:
    """However much was found in the fork, one process elsewhere leaves the run undecided."""
    own = ("start", line[1], "/shadow/bin/python", "child")
    proof = judge(trace(START, FOUND, own, line), EXPECTED, 7)
    assert not proof.proved
    assert proof.level == "undecided"
    assert proof.offender == offender


@pytest.mark.parametrize(
    "damage",
    [
        "nonsense",
        "('found', 1)",
        "('found', '1', 'a', 'b')",
        "('other', 1, 'a', 'b')",
        "('found', 7, 'a',",
        "[[",
        "",
        "(" * 500,
        "\xff",
    ],
)
def test_a_damaged_trace(damage: str) -> None:
    """A line that cannot be read might have said anything."""
    heard = [*trace(START, FOUND), (7, damage.encode("latin-1"))]
    assert not judge(heard, EXPECTED, 7).proved
    assert not judge(None, EXPECTED, 7).proved


def test_another_process_cannot_speak_for_the_runner() -> None:
    """Where the kernel says who sent a line, the line must say the same."""
    assert not judge([*trace(START), (8, ascii(FOUND).encode())], EXPECTED, 7).proved
    assert judge([(None, line) for _, line in trace(START, FOUND, END)], EXPECTED, 7).proved


def test_where_processes_have_numbers_of_their_own() -> None:
    """The kernel's number and the process's own belong together, one to one, whatever they are."""
    apart = replace(EXPECTED, apart=True)

    def told(*lines: tuple[int | None, tuple[object, ...]]) -> list[Heard]:
        return [(sender, ascii(line).encode()) for sender, line in lines]

    child = ("start", 8, "/shadow/bin/python", "")
    run = ((107, START), (107, FOUND), (108, child), (107, END))
    assert judge(told(*run), apart, 7).proved
    assert not judge(told(*run), EXPECTED, 7).proved
    assert not judge(told(*run), apart, 9).proved
    for forged in ((108, FOUND), (109, FOUND), (107, child), (107, ("start", 9, "/shadow/x", ""))):
        proof = judge(told(*run[:-1], forged, run[-1]), apart, 7)
        assert not proof.proved, forged
    assert not judge(told(*[(None, line) for _, line in run]), apart, 7).proved


def test_a_process_that_was_not_watched() -> None:
    """Whoever tells of modules must have been watched from its start."""
    found = ("found", 8, "a", "/fork/a.py")
    assert not judge(trace(START, found), EXPECTED, 7).proved


def test_a_python_without_its_start_up_files() -> None:
    """It leaves no witness: that is no matter only where it cannot reach the user's files."""
    unhooked = ("unhooked", 7, "python -S -c pass", "/shadow/bin/python")
    heard = trace(START, FOUND, unhooked, END)
    assert not judge(heard, EXPECTED, 7).proved
    proof = judge(heard, replace(EXPECTED, hidden=True), 7)
    assert (proof.proved, proof.level) == (True, "hidden")


def test_where_the_fork_is_mounted() -> None:
    """Every process must see the fork's own folder at the user's path."""
    expected = replace(EXPECTED, hidden=True, mounted="1:2", linked=("big",))
    here, there = ("mounted", 7, "1:2", "/fork"), ("mounted", 7, "1:3", "/fork")
    proof = judge(trace(START, FOUND, here, END), expected, 7)
    assert proof.proved
    assert "big" in proof.reason
    assert not judge(trace(START, FOUND, here, there, END), expected, 7).proved
    assert not judge(trace(START, FOUND, END), expected, 7).proved


def test_the_runner_must_be_a_witness() -> None:
    """The pid, where one is given, must have started a Python of the shadow."""
    assert not judge(trace(START, FOUND), EXPECTED, 8).proved
    assert judge(trace(START, FOUND, END), EXPECTED, None).proved


def test_nothing_of_the_project_was_imported() -> None:
    """Tests alone prove nothing, and neither does silence."""
    test = ("found", 7, "test_x", "/fork/tests/test_x.py")
    for heard in (trace(START, test, END), trace(START, END), []):
        proof = judge(heard, EXPECTED)
        assert proof.reason == "the tests imported nothing of this project"
        assert not proof.proved


def test_unknown_modules() -> None:
    """Where no module is known to be own, any that is no test will do."""
    expected = Expectation(fork="/fork", shadow="/shadow", own=frozenset())
    assert judge(trace(START, ("found", 7, "x", "/fork/lib/x.py"), END), expected, 7).proved
    assert not judge(trace(START, ("found", 7, "x", "/fork/tests/x.py"), END), expected, 7).proved


def test_a_copied_version_is_no_offence() -> None:
    """A module that the shadow holds is accounted for."""
    version = ("found", 7, "a._version", "/shadow/a._version.py")
    assert judge(trace(START, FOUND, version, END), EXPECTED, 7).proved


def test_the_runner_must_come_to_its_own_end() -> None:
    """What goes on after a process has ended, or instead of it, has no exit code."""
    child, more = ("start", 8, "/shadow/bin/python", ""), ("found", 8, "a", "/fork/src/a.py")
    for lines in ((START, FOUND), (START, END, FOUND), (START, FOUND, child, more)):
        proof = judge(trace(*lines), EXPECTED, 7)
        assert "its own end" in proof.reason
        assert not judge(trace(*lines), EXPECTED, None).proved
    for pid in (7, None):  # of a launcher's processes the first is what it launches
        assert judge(trace(START, FOUND, child, END, more), EXPECTED, pid).proved
        assert judge(trace(START, START, FOUND, END), EXPECTED, pid).proved
        assert not judge(trace(START, FOUND, START, END), EXPECTED, pid).proved


def test_scripts_are_witnessed_unless_they_run_the_tests() -> None:
    """A program of the fork that a test starts is seen; the test runner itself does not count."""
    child = ("start", 8, "/shadow/bin/python", "")
    script = ("found", 8, "__main__", "/fork/app.py")
    runner = ("found", 7, "__main__", "/fork/runtests.py")
    assert judge(trace(START, child, script, END), EXPECTED, 7).proved
    assert not judge(trace(START, runner, END), EXPECTED, 7).proved
