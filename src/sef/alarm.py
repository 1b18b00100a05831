"""When drafting stops: regressions above the promise, or a draft that got worse.

Two alarms for each stratum, both folds over tasks in their order. `Watch` is sure and slow: it
bets on the audited losses themselves. `Shift` is quick: every draft has a verdict, so it sees every
task, and a draft that fails more often is doubted more often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_STAKES = (0.5, 1.0, 2.0, 6.0)
"""In units of 1 / clip: good for losses of weight 20 down to 2 at two to four times epsilon."""
_BLOCK = 50
"""Tasks that join the usual doubt at once."""
_LEAST = 0.02
"""The usual doubt is taken to be no less: three times next to nothing is still little."""
_MOST = 0.9
"""The usual doubt is taken to be no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The kill switch: proof, valid at any time, that regressions are above epsilon.

    With the weighted losses L of `sef.certificate.Judged.loss`, clipped, each product of
    1 + lam * (L - epsilon) is a nonnegative supermartingale while the rate is at most epsilon
    (clipping lowers L, so it errs on the side of no alarm). A change comes late, so the wealth is
    a mean over the task s at which betting starts, with weights T(s) - T(s + 1), T(s) =
    1 / (1 + ln s), that sum to 1, and over four stakes fixed beforehand: again a supermartingale,
    from 1. By Ville's inequality it ever reaches 1 / delta with probability at most delta.
    """

    epsilon: float
    delta: float
    clip: float = 20.0
    """The largest weight that counts."""
    seen: int = 0
    """Tasks since the certificate came in force."""
    wealth: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    """Of the bets that have started, one for each stake."""
    fired: bool = False
    """True for good once the wealth has reached 1 / delta."""

    @property
    def value(self) -> float:
        """The wealth, with the part whose betting has not started."""
        return sum(self.wealth) / len(_STAKES) + _kept(self.seen)

    def after(self, loss: float) -> Watch:
        """The watch after one task in force, with its weighted loss (0 where not audited)."""
        seen = self.seen + 1
        start = _kept(self.seen) - _kept(seen)
        over = min(loss, self.clip) - self.epsilon
        wealth = tuple(
            (old + start) * (1 + stake / self.clip * over)
            for old, stake in zip(self.wealth, _STAKES, strict=True)
        )
        value = sum(wealth) / len(_STAKES) + _kept(seen)
        fired = self.fired or value >= 1 / self.delta
        return Watch(
            epsilon=self.epsilon,
            delta=self.delta,
            clip=self.clip,
            seen=seen,
            wealth=wealth,
            fired=fired,
        )


def _kept(seen: int) -> float:
    """The part of the money whose betting has not started after so many tasks."""
    return 1 / (1 + math.log1p(seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The quick alarm: drafts are doubted more than they used to be.

    A doubt is 1 - p for a verifier that gives a probability, else 0 for accept and 1 for reject.
    With the usual doubt f, the factor 1 + (k - 1) * (u - f) / (1 - f) of a doubt u in [0, 1] has
    expectation at most 1 while the mean doubt is at most f, whatever its distribution; for a
    calibrated p it is the likelihood ratio of "fails k times as often" to "fails as usual". The
    Shiryaev-Roberts statistic S <- (1 + S) * factor then makes S - t a supermartingale, so with f
    known the mean number of tasks to a false alarm at S >= run_length is at least run_length.
    f is not known: it is the mean of the tasks before, without the latest (up to `_BLOCK`), so that
    figure is approximate, and measured by `sef replay --certificate`.
    """

    run_length: float = 400.0
    """Where the alarm goes off: with the allowance below a false one comes after some 2,000 tasks,
    where 1,000 are wanted (measured by `sef replay --certificate`)."""
    times: float = 3.0
    """How many times the usual doubt is looked for."""
    allowed: float = 1.25
    """How many times the usual doubt is no change: without that, doubts that are always the same
    would make the statistic grow by 1 a task."""
    learn: int = 150
    """Tasks before which nothing is said."""
    usual: tuple[int, float] = (0, 0.0)
    """Tasks that the usual doubt rests on, and the sum of their doubts."""
    latest: tuple[int, float] = (0, 0.0)
    """The same of the tasks that are not part of it yet."""
    statistic: float = 0.0
    fired: bool = False
    """True for good once the statistic has reached `run_length`."""

    @property
    def mean(self) -> float:
        """The usual doubt, a little drawn to one half, between `_LEAST` and `_MOST`."""
        number, total = self.usual
        return min(max((total + 0.5) / (number + 1), _LEAST), _MOST)

    def after(self, doubt: float) -> Shift:
        """The alarm after one draft. Raises ValueError for a doubt outside [0, 1]."""
        if not 0 <= doubt <= 1:
            raise ValueError(f"a doubt is in [0, 1], not {doubt}")
        usual, latest, statistic = self.usual, self.latest, self.statistic
        if usual[0] >= self.learn:
            statistic = (1 + statistic) * change_factor(
                doubt, min(self.allowed * self.mean, _MOST), self.times
            )
        latest = latest[0] + 1, latest[1] + doubt
        if latest[0] >= _BLOCK:
            usual, latest = (usual[0] + latest[0], usual[1] + latest[1]), (0, 0.0)
        return Shift(
            run_length=self.run_length,
            times=self.times,
            allowed=self.allowed,
            learn=self.learn,
            usual=usual,
            latest=latest,
            statistic=statistic,
            fired=self.fired or statistic >= self.run_length,
        )


def change_factor(doubt: float, usual: float, times: float) -> float:
    """The bet on one doubt: mean at most 1 while the mean doubt is at most `usual`, never negative.

    A doubt is in [0, 1], 0 < usual < 0.95; `times` is lowered to where the mean would be 0.95.
    """
    times = min(times, 0.95 / usual)
    return 1 + (times - 1) * (doubt - usual) / (1 - usual)


def stop_reason(stratum: str, watch: Watch, shift: Shift) -> str:
    """Why drafting stops for a stratum, in words; empty while it goes on."""
    if watch.fired:
        return (
            f"{stratum}: drafting is off, audits prove regressions above {watch.epsilon:.2%} of"
            f" tasks at {1 - watch.delta:.0%} confidence"
        )
    if shift.fired:
        return (
            f"{stratum}: drafting is off, drafts are doubted far more than their usual"
            f" {shift.mean:.1%}; the certificate no longer speaks of them"
        )
    return ""
