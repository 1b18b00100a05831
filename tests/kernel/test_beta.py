"""The Beta distribution: known values and identities."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sef.beta import beta_cdf, beta_quantile

SHAPES = st.floats(min_value=0.05, max_value=3000)
PROBABILITIES = st.floats(min_value=1e-6, max_value=1 - 1e-6)


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(at least k of n), summed exactly term by term."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize("x", [1e-12, 0.01, 0.3, 0.5, 0.77, 0.999])
def test_simple_shapes_have_closed_forms(x: float) -> None:
    """Beta(1, 1) is uniform, Beta(a, 1) a power, Beta(1/2, 1/2) the arcsine law."""
    assert beta_cdf(x, 1, 1) == pytest.approx(x, abs=1e-12)
    assert beta_cdf(x, 7.5, 1) == pytest.approx(x**7.5, rel=1e-10)
    assert beta_cdf(x, 1, 3) == pytest.approx(1 - (1 - x) ** 3, abs=1e-12)
    assert beta_cdf(x, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(x)), abs=1e-11)


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 20), (7, 20), (20, 20), (3, 150), (140, 400)])
@pytest.mark.parametrize("p", [0.005, 0.1, 0.35, 0.9])
def test_whole_shapes_are_binomial_tails(k: int, n: int, p: float) -> None:
    """P(Beta(k, n-k+1) <= p) is the probability of k or more successes among n."""
    assert beta_cdf(p, k, n - k + 1) == pytest.approx(binomial_tail(k, n, p), abs=1e-11)


@pytest.mark.parametrize(
    ("q", "a", "b", "known"),
    [
        # upper 95 % Clopper-Pearson bounds without an event: 1 - 0.05^(1/n)
        (0.95, 1, 149, 1 - 0.05 ** (1 / 149)),
        (0.95, 1, 59, 1 - 0.05 ** (1 / 59)),
        # Clopper and Pearson's interval of 2 among 10, two-sided 95 %
        (0.025, 2, 9, 0.025210726326833),
        (0.975, 3, 8, 0.556095462307641),
        (0.5, 2.5, 2.5, 0.5),
    ],
)
def test_known_quantiles(q: float, a: float, b: float, known: float) -> None:
    """Quantiles that are in tables or follow from a closed form."""
    assert beta_quantile(q, a, b) == pytest.approx(known, abs=1e-9)


@given(q=PROBABILITIES, a=SHAPES, b=SHAPES)
def test_the_quantile_inverts_the_distribution(q: float, a: float, b: float) -> None:
    """One after the other gives the probability back, as far as a float can hold the place."""
    x = beta_quantile(q, a, b)
    assert 0 <= x <= 1
    near = beta_cdf(math.nextafter(x, 0), a, b), beta_cdf(math.nextafter(x, 1), a, b)
    assert near[0] - 1e-9 <= q <= near[1] + 1e-9


@given(x=PROBABILITIES, a=SHAPES, b=SHAPES)
def test_the_distribution_is_symmetric(x: float, a: float, b: float) -> None:
    """P(Beta(a, b) <= x) and P(Beta(b, a) <= 1 - x) make one."""
    other = beta_cdf(1 - x, b, a)
    slack = abs(beta_cdf(x + 1e-16, a, b) - beta_cdf(x - 1e-16, a, b))  # 1 - x is rounded
    assert beta_cdf(x, a, b) + other == pytest.approx(1, abs=1e-9 + slack)


@given(x=PROBABILITIES, a=st.floats(0.5, 500), b=st.floats(0.5, 500))
def test_a_shape_is_raised_by_recurrence(x: float, a: float, b: float) -> None:
    """I_x(a, b) - I_x(a+1, b) = x^a (1-x)^b / (a B(a, b))."""
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    gap = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
    assert beta_cdf(x, a, b) - beta_cdf(x, a + 1, b) == pytest.approx(gap, abs=1e-9)


def test_the_ends() -> None:
    """Outside 0 to 1 there is nothing; the quantiles of 0 and 1 are the ends."""
    assert (beta_cdf(-1, 2, 3), beta_cdf(0, 2, 3), beta_cdf(1, 2, 3)) == (0, 0, 1)
    assert (beta_quantile(0, 2, 3), beta_quantile(1, 2, 3)) == (0, 1)


def test_large_shapes_are_nearly_normal() -> None:
    """With a million of each, the 97.5 % quantile is 1.96 standard deviations from the mean."""
    deviation = math.sqrt(0.25 / (2e6 + 1))
    assert beta_quantile(0.975, 1e6, 1e6) == pytest.approx(0.5 + 1.959964 * deviation, abs=1e-8)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, -2), (math.nan, 1), (1, math.inf)])
def test_shapes_are_positive_and_finite(a: float, b: float) -> None:
    """Anything else is refused by both functions."""
    with pytest.raises(ValueError, match="positive and finite"):
        beta_cdf(0.5, a, b)
    with pytest.raises(ValueError, match="positive and finite"):
        beta_quantile(0.5, a, b)


def test_arguments_are_numbers() -> None:
    """NaN is no place, and 1.5 no probability."""
    with pytest.raises(ValueError, match="not a number"):
        beta_cdf(math.nan, 1, 1)
    for wrong in (1.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="probability"):
            beta_quantile(wrong, 1, 1)
