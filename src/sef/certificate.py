"""Certified acceptance: the loosest threshold at which regressions are proved to be rare.

A regression is a draft that was accepted, is wrong, and whose task the target gets right. The rate
R(tau) = P(probability >= tau, draft wrong, target right) is per task of the stratum; a task whose
draft is below tau cannot be one, so it needs no audit and counts all the same.

The outcome of an accepted draft is seen only where it is audited, with a probability (propensity)
that was fixed before anybody looked. So a task's loss is weighted: X = loss / propensity where it
was audited, else 0, and E[X | past] = R(tau) whatever the propensities are, as long as each is
positive. Equal propensities would allow Clopper and Pearson's exact bound; unequal ones do not
(the weighted sum is not binomial). Here instead one bets against the claim R(tau) >= epsilon:

    wealth = sum over STAKES (f, w) of w * prod of 1 + f (epsilon - X) / (W - epsilon)

where W = 1 / (least propensity that any task could have had) is known before the task comes, so
X <= W and no factor is negative. Validity: given the past, the mean of each factor is
1 + f (epsilon - R) / (W - epsilon) <= 1 where the claim is true. Each product is thus a nonnegative
supermartingale from 1, and so is their weighted mean. By Ville's inequality the wealth ever reaches
1 / delta with probability at most delta: one may look after every task and stop at any time. X is
never clipped: that would lower its mean and break the argument.

Thresholds are tried from strict to loose and the first that is not proved ends the trial (fixed
sequence testing of Angelopoulos et al. 2021, arXiv:2110.01052): a false certificate needs the
first threshold that is truly above epsilon to be proved, which is one event of probability at
most delta, so there is no price for the length of the grid. The betting form is that of
Waudby-Smith and Ramdas (2024, arXiv:2010.09686).

What is assumed: the rate does not change while the trial goes on (`sef.alarm` watches for that),
and the audits are drawn as the propensities say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sef.beta import beta_quantile
from sef.errors import UsageError

GRID = (0.99, 0.98, 0.97, 0.95, 0.925, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Thresholds from strict to loose."""
STAKES = ((1.0, 0.2), (0.75, 0.6), (0.5, 0.2))
"""Shares f of the largest stake, with weights w, fixed before any task. They are the best ones
where the true rate is 0, a quarter of epsilon, half of it."""
_STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One task whose draft has a verdict. Every such task of the stratum counts, audited or not.

    Raises ValueError where a probability is not one, or 0 < floor <= propensity <= 1 is not so.
    """

    probability: float
    """The verifier's, that the draft is right; of a rejected draft too, where it gave one."""
    audited: bool
    """True where its outcome was looked at, by draw or because the target did the task anyway."""
    regression: bool | None = False
    """Draft wrong and target right. None: looked at and undecided, which counts as a regression."""
    propensity: float = 1.0
    """The probability with which it was to be audited."""
    floor: float = 0.05
    """The least propensity that any task could have had then, fixed before the task came: the same
    for a rejected draft as for an accepted one. 1 only while the target does every task."""

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"the probability of a draft is not in [0, 1]: {self.probability}")
        if not 0 < self.floor <= self.propensity <= 1:
            raise ValueError(
                f"a propensity lies between its floor and 1: {self.propensity}, {self.floor}"
            )

    def loss(self, tau: float) -> float:
        """The weighted loss at a threshold: 1 / propensity for a regression that an audit found."""
        lost = self.audited and self.regression is not False and self.probability >= tau
        return 1 / self.propensity if lost else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is proved about the drafts of one stratum."""

    stratum: str
    epsilon: float
    """The largest regression rate that is tolerated, per task."""
    delta: float
    """The probability with which a certificate may be false."""
    tau: float | None
    """Drafts of this probability and above are accepted; None where nothing is proved."""
    tasks: int
    """Tasks with a verdict, audited or not."""
    audited: int
    """Of the drafts at or above `tau` (where that is None, above the threshold under trial)."""
    regressions: int
    """Found among those."""
    interval: tuple[float, float]
    """Bounds of the rate there; each holds with probability 1 - delta at any time."""
    reason: str
    """In words."""


def accepts(probability: float, tau: float | None, *, exact: bool = False) -> bool:
    """True where a draft may be accepted.

    Exact or executable evidence (`exact`) accepts by itself. A probability accepts at or above a
    certified threshold only: with none (`tau` is None), it does not accept at all.
    """
    return exact or (tau is not None and probability >= tau)


def clopper_pearson(hits: int, tried: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a binomial share (Clopper and Pearson 1934).

    (0, 1) where nothing was tried. For a fixed number of equally likely draws only. Raises
    ValueError unless 0 <= hits <= tried and 0 < confidence < 1.
    """
    if not (0 <= hits <= tried and 0 < confidence < 1):
        raise ValueError(f"no share: {hits} of {tried} at confidence {confidence}")
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, hits, tried - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, hits + 1, tried - hits) if hits < tried else 1.0
    return low, high


def fixed_sequence(proved: Iterable[bool]) -> int:
    """How many hypotheses are rejected when the first that is not proved ends the sequence."""
    number = 0
    for one in proved:
        if not one:
            break
        number += 1
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The state of one stratum's trial: what was seen, and how many thresholds are proved.

    Raises UsageError unless 0 < epsilon < 1, 0 < delta < 1 and the grid goes from strict to loose.
    """

    epsilon: float
    delta: float
    grid: tuple[float, ...] = GRID
    seen: tuple[tuple[float, int], ...] = ()
    """Tasks by the floor of their propensities."""
    losses: tuple[Judged, ...] = ()
    """Audited tasks that count as regressions at some threshold."""
    audits: tuple[int, ...] = ()
    """Audited drafts at or above each threshold."""
    proved: int = 0
    """Thresholds proved so far, from the strict end; a proof is not taken back."""

    def __post_init__(self) -> None:
        for name, value in (("epsilon", self.epsilon), ("delta", self.delta)):
            if not 0 < value < 1:
                raise UsageError(
                    f"{name} is {value}, not between 0 and 1", hint="Typical: 0.02 and 0.05."
                )
        if not self.grid or list(self.grid) != sorted(set(self.grid), reverse=True):
            raise UsageError(f"thresholds go from strict to loose: {self.grid}")

    @property
    def tau(self) -> float | None:
        """The loosest threshold that is proved."""
        return self.grid[self.proved - 1] if self.proved else None

    @property
    def tasks(self) -> int:
        """Tasks seen, audited or not."""
        return sum(number for _, number in self.seen)

    def after(self, *judged: Judged) -> Trial:
        """The trial after these tasks, with one look at the wealth when all are counted.

        Looking seldom is valid too, and cheaper.
        """
        seen = dict(self.seen)
        audits = list(self.audits or (0,) * len(self.grid))
        losses = self.losses
        for one in judged:
            seen[one.floor] = seen.get(one.floor, 0) + 1
            if one.loss(self.grid[-1]):
                losses = (*losses, one)
            if one.audited:
                for place, tau in enumerate(self.grid):
                    audits[place] += one.probability >= tau
        counted = replace(self, seen=tuple(seen.items()), losses=losses, audits=tuple(audits))
        return counted._looked()

    def _looked(self) -> Trial:
        enough = -math.log(self.delta)
        rest = self.grid[self.proved :]
        more = fixed_sequence(self.log_wealth(tau, self.epsilon) >= enough for tau in rest)
        return replace(self, proved=self.proved + more) if more else self

    def log_wealth(self, tau: float, rate: float) -> float:
        """The logarithm of the wealth of betting against R(tau) >= rate."""
        weights = [(one.loss(tau), one.floor) for one in self.losses if one.probability >= tau]
        return _log_mean([self._growth(share, rate, weights) for share, _ in STAKES])

    def _growth(self, share: float, rate: float, weights: Sequence[tuple[float, float]]) -> float:
        """One product's logarithm: as if no loss had been seen, then set right for each loss."""
        stakes = {floor: share / (1 / floor - rate) for floor, _ in self.seen}
        total = sum(number * math.log1p(stakes[floor] * rate) for floor, number in self.seen)
        for weight, floor in weights:
            left = 1 + stakes[floor] * (rate - weight)
            # The whole stake on no loss, and a loss: this product is zero for good.
            if left <= 1e-12:
                return -math.inf
            total += math.log(left) - math.log1p(stakes[floor] * rate)
        return total

    def interval(self, tau: float) -> tuple[float, float]:
        """Bounds of R(tau), each with probability 1 - delta at any time: the rates not refuted."""
        enough = -math.log(self.delta)
        upper = _edge(1.0, 0.0, lambda rate: self.log_wealth(tau, rate) >= enough)
        return _edge(0.0, upper, lambda rate: self._log_mirrored(tau, rate) >= enough), upper

    def _log_mirrored(self, tau: float, rate: float) -> float:
        """The wealth of betting against R(tau) <= rate; stakes below the floor never go broke."""
        weights = [(one.loss(tau), one.floor) for one in self.losses if one.probability >= tau]
        found = []
        for share in (0.9 * most for most, _ in STAKES):
            total = sum(n * math.log1p(-share * floor * rate) for floor, n in self.seen)
            for weight, floor in weights:
                stake = share * floor
                total += math.log1p(stake * (weight - rate)) - math.log1p(-stake * rate)
            found.append(total)
        return _log_mean(found)

    def certificate(self, stratum: str) -> Certificate:
        """What the trial has proved so far."""
        place = max(self.proved - 1, 0)
        tau = self.grid[place]
        interval = self.interval(tau)
        audited = self.audits[place] if self.audits else 0
        regressions = sum(one.probability >= tau for one in self.losses)
        found = f"{regressions} in {audited} audited drafts, {self.tasks} tasks"
        if self.proved:
            reason = (
                f"at probability {tau:g} and above, regressions are at most {self.epsilon:.2%} of"
                f" tasks, at {1 - self.delta:.0%} confidence: {found}"
            )
        else:
            reason = (
                f"not proved: at probability {tau:g} and above the bound is {interval[1]:.2%} of"
                f" tasks, {self.epsilon:.2%} is wanted ({found});"
                " only exact or executable evidence accepts"
            )
        return Certificate(
            stratum=stratum,
            epsilon=self.epsilon,
            delta=self.delta,
            tau=self.tau,
            tasks=self.tasks,
            audited=audited,
            regressions=regressions,
            interval=interval,
            reason=reason,
        )


def certify(
    judged: Iterable[Judged],
    *,
    stratum: str,
    epsilon: float,
    delta: float,
    grid: tuple[float, ...] = GRID,
) -> Certificate:
    """The certificate after these tasks, in the order in which they were judged.

    Looks after every task. Raises UsageError for an epsilon, delta or grid that is none.
    """
    trial = Trial(epsilon=epsilon, delta=delta, grid=grid)
    for one in judged:
        trial = trial.after(one)
    return trial.certificate(stratum)


def _edge(refuted: float, kept: float, refutes: Callable[[float], bool]) -> float:
    """Where the refuted rates end on the way to `kept`; where it starts if none is refuted."""
    for _ in range(_STEPS):
        middle = (refuted + kept) / 2
        refuted, kept = (middle, kept) if refutes(middle) else (refuted, middle)
    return refuted


def _log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the weighted mean over the stakes."""
    most = max(logs)
    if most == -math.inf:
        return most
    parts = (weight * math.exp(one - most) for one, (_, weight) in zip(logs, STAKES, strict=True))
    return most + math.log(sum(parts))
