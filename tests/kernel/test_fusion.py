"""Evidence is weighed, added up, and calibrated on audits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.fusion import ACCEPT, Fusion, fitted, score
from sef.model import Evidence, Verdict
from sef.reasons import with_gaps
from sef.weights import DRAFT, PRIOR, WEIGHTS

STRATUM = "implement/1"


def found(*signs: tuple[str, bool | None]) -> tuple[Evidence, ...]:
    return tuple(Evidence(verifier="v", passed=p, detail="d", sign=sign) for sign, p in signs)


GREEN = found(("tests-hold", True))


def test_without_audits_the_probability_is_the_prior() -> None:
    """Of a draft that passes the project's tests, and of one of which nothing is known."""
    assert Fusion().of(STRATUM, GREEN) == pytest.approx(PRIOR)
    assert Fusion().of(STRATUM, ()) == pytest.approx(DRAFT)


def test_a_sign_counts_once() -> None:
    """However often it was found."""
    assert score(GREEN * 3) == score(GREEN)


def test_what_rejects_is_improbable() -> None:
    """Also where no weight was measured for it."""
    assert Fusion().of(STRATUM, found(("test-deleted", False))) < 0.01
    assert Fusion().of(STRATUM, found(("anything", None))) == pytest.approx(DRAFT)


@given(st.lists(st.sampled_from(sorted(WEIGHTS, key=str)), max_size=8))
def test_more_in_favour_is_never_less_probable(signs: list[tuple[str, bool | None]]) -> None:
    """Each listed weight in favour of a draft raises its score."""
    for sign in signs:
        raised = score(found(*signs)) - score(found(*(s for s in signs if s != sign)))
        assert raised * WEIGHTS[sign] >= 0


def test_audits_draw_the_probability_to_their_share() -> None:
    """A hundred audits of which six in ten were right; other strata stay as they were."""
    known = Fusion()
    for number in range(100):
        known = known.plus(STRATUM, GREEN, right=number % 10 < 6)
    assert known.of(STRATUM, GREEN) == pytest.approx(0.62, abs=0.03)
    assert known.of("document/1", GREEN) == pytest.approx(PRIOR)
    assert known.without(STRATUM).of(STRATUM, GREEN) == pytest.approx(PRIOR)


def test_wrong_drafts_bring_it_below_what_is_accepted() -> None:
    """Evidence that was wrong most of the time accepts no longer."""
    known = Fusion()
    for number in range(40):
        known = known.plus(STRATUM, GREEN, right=number % 5 == 0)
    assert known.of(STRATUM, GREEN) < ACCEPT


@given(st.lists(st.tuples(st.floats(-12, 12), st.booleans()), max_size=60))
def test_the_curve_never_falls(audited: list[tuple[float, bool]]) -> None:
    """Better evidence is never thought worse, whatever audits say; and it stays a probability."""
    curve = fitted(audited)
    assert 0 <= curve.of(-12) <= curve.of(0) <= curve.of(12) <= 1


def test_an_accepted_verdict_tells_its_first_doubts() -> None:
    """The rest are counted: they stand in the evidence, and a commit's trailer is one line."""
    doubts = tuple(
        Evidence(verifier="integrity", passed=None, detail=f"doubt {number}") for number in range(5)
    )
    said = with_gaps(Verdict(accepted=True, reason="tests: 3 passed"), doubts)
    assert said == (
        "tests: 3 passed; integrity: doubt 0; integrity: doubt 1; integrity: doubt 2; "
        "and 2 more of which nobody could say"
    )
    rejected = Verdict(accepted=False, reason="tests: 1 failed")
    assert with_gaps(rejected, doubts) == "tests: 1 failed"
