"""From rows to figures: what counts where."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.verifier.cases import Commit, Mutant, Sample, Sort, fits, samples
from benchmarks.verifier.figures import figures, fitted
from benchmarks.verifier.judge import Judged, Seen
from benchmarks.verifier.measure import Row


def row(sort: Sort, p: float, *, killable: bool | None = None, right: bool = False) -> Row:
    sample = Sample(
        name="n",
        commit="c",
        base="b",
        sort=sort,
        right=right,
        text="t",
        changes={},
        killable=killable,
    )
    accepted = p > 0.5
    judged = Judged(
        probability=p,
        accepted=accepted,
        signs=(("tests", accepted), ("tests", accepted), ("scope", True)),
        seconds=2.0,
        stages=(
            Seen(stage="scope", passed=True, probability=1, seconds=0.5),
            Seen(stage="tests", passed=accepted, probability=p, seconds=1.5),
        ),
    )
    tests_s = 1.6 if sort is Sort.RIGHT else None
    return Row(sample=sample, consistent=True, judged=judged, first=False, tests_s=tests_s)


ROWS = [
    row(Sort.RIGHT, 0.9, right=True),
    row(Sort.RIGHT, 0.1, right=True),
    row(Sort.MUTANT, 0.0, killable=True),
    row(Sort.MUTANT, 0.9, killable=False),
    row(Sort.TAMPERING, 0.0),
    row(Sort.DOCUMENT, 0.9, right=True),
    row(Sort.DOCUMENT, 0.9),
    row(Sort.WHOLE, 0.0, right=True),
]


def test_every_figure_counts_its_own_drafts() -> None:
    """Planted drafts and whole commits do not mix with those of the history."""
    said = figures([ROWS])
    assert said["cases"] == 8
    assert said["auc_killable"] == 1
    assert said["auc_other"] == 0.25
    assert (said["tar"], said["far"], said["far_killable"]) == (0.5, 0.5, 0)
    assert (said["tampering_caught"], said["document_exact"]) == (1, 0.5)
    assert (said["false_alarms"], said["time_over_tests"]) == (0, 1.25)


def test_without_planted_drafts_nothing_is_said_of_them() -> None:
    """Unknown, not zero."""
    said = figures([ROWS[:4]])
    assert said["tampering_caught"] is None
    assert said["document_exact"] is None


def test_a_stage_is_scored_on_the_drafts_that_came_to_it() -> None:
    """Scope says the same of all: it separates nothing."""
    stages = figures([ROWS])["stages"]
    assert isinstance(stages, dict)
    assert stages["scope"]["auc"] == 0.5
    assert stages["lint"]["judged"] == 0


def test_a_fit_counts_a_sign_once_a_draft() -> None:
    """Right and wrong drafts of the history; tampering apart."""
    table = fitted([ROWS])
    assert table["drafts"] == {"right": 2, "wrong": 2, "tampering": 1}
    signs = table["signs"]
    assert isinstance(signs, list)
    assert {"sign": "tests", "passed": "yes", "right": 1, "wrong": 1, "tampering": 0} in signs
    assert {"sign": "scope", "passed": "yes", "right": 2, "wrong": 2, "tampering": 1} in signs


def test_drafts_of_a_commit_lie_in_one_half() -> None:
    """The halves part commits, and are about equal."""
    halves = [fits(f"{number:040x}", 1) for number in range(1000)]
    assert 450 < sum(halves) < 550


def test_a_commit_gives_its_drafts() -> None:
    """Mutants first, then its code alone, then with its tests."""
    mutant = Mutant(class_name="operator", line=1, what="", changes={"a.py": "0"}, killable=True)
    commit = Commit(
        sha="c" * 40,
        parent="b",
        subject="Say it",
        code={"a.py": "1"},
        tests={"test_a.py": "2"},
        hidden=1,
        consistent=True,
        tests_s=1,
        mutants=(mutant,),
    )
    first, right, whole = samples(commit)
    assert (first.right, first.killable, right.right) == (False, True, True)
    assert (dict(right.changes), set(whole.changes)) == ({"a.py": "1"}, {"a.py", "test_a.py"})


def test_fresh_tests_take_away_what_they_would_catch() -> None:
    """Each half of the hidden tests counts once."""
    caught = replace(row(Sort.MUTANT, 0.9, killable=False), halves=(True, False))
    details = figures([[row(Sort.RIGHT, 0.9, right=True), caught]])["details"]
    assert isinstance(details, dict)
    assert details["fresh_tests"] == {"accepted_mutants": 1, "caught": 0.5, "auc_other": 0.75}
