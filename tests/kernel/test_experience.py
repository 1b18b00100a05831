"""What past runs teach: a fold over their facts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sef.events import (
    Accepted,
    Audited,
    Calibrated,
    Drafted,
    Fact,
    Failed,
    Rejected,
    Routed,
    RunStarted,
    Sampled,
    Squashed,
)
from sef.experience import Experience, Past, Promise, experience
from sef.model import Answer, Draft, Evidence, Kind, Patch, Route, Tier, Usage, Verdict
from sef.weights import PRIOR

ROUTE = Route(tier=Tier.LIGHT, kind=Kind.IMPLEMENT, policy="fast", score=1, reason="r")
STRATUM = "implement/1"
GREEN = (Evidence(verifier="tests", passed=True, detail="3 passed", sign="tests-hold"),)


def draft(cost: str | None) -> Draft:
    usage = Usage(cost_usd=None if cost is None else Decimal(cost), seconds=2, model="small")
    return Draft(answer=Answer(text=""), patch=Patch(base="b", commit="c"), usage=usage)


def verdict(accepted: bool) -> Verdict:
    return Verdict(accepted=accepted, reason="ran", evidence=GREEN)


def drafted(task: str, tier: Tier, cost: str | None, epoch: int = 0) -> Drafted:
    name = "light" if tier is Tier.LIGHT else "target"
    return Drafted(task=task, epoch=epoch, executor=name, tier=tier, draft=draft(cost))


def accepted(task: str, tier: Tier = Tier.LIGHT, epoch: int = 0) -> Accepted:
    name = "light" if tier is Tier.LIGHT else "target"
    return Accepted(
        task=task, epoch=epoch, executor=name, tier=tier, draft=draft("0.1"),
        verdict=verdict(True), verifiers=("tests",),
    )  # fmt: skip


def rejected(task: str, epoch: int = 0) -> Rejected:
    return Rejected(
        task=task, epoch=epoch, executor="light", tier=Tier.LIGHT, verdict=verdict(False)
    )


def routed(task: str, begins: str = "draft", risk: float = 0.0) -> Routed:
    return Routed(task=task, route=ROUTE, cascade=None, begins=begins, risk_usd=risk)


def sampled(task: str, *, drawn: bool, propensity: float = 0.5) -> Sampled:
    return Sampled(
        task=task, epoch=0, probability=0.9, propensity=propensity, floor=0.05, drawn=drawn
    )


def audit(task: str, regression: bool | None, cost: str = "1.0") -> Audited:
    usage = Usage(cost_usd=Decimal(cost))
    return Audited(task=task, epoch=0, regression=regression, reason="r", usage=usage)


def run_of(*facts: Fact, audit: float = 0.05, day: int = 0) -> Past:
    began = RunStarted(run="r", base="b", dirty=False, tasks=(), slots=1, audit=audit)
    return Past(at=day, facts=(began, *facts))


def learned(*facts: Fact, runs: int = 1) -> Experience:
    return experience([run_of(*facts, day=day) for day in range(runs)], Promise())


def test_a_rejected_draft_and_its_redo() -> None:
    """Both prices are taken in, and that the hard task was dearer."""
    facts = [
        routed("a"), drafted("a", Tier.LIGHT, "0.1"), rejected("a"),
        drafted("a", Tier.TARGET, "3.0"), accepted("a", Tier.TARGET),
        routed("b", ""), drafted("b", Tier.TARGET, "1.0"), accepted("b", Tier.TARGET),
    ]  # fmt: skip
    known = learned(*facts, runs=50)
    seen = known.estimates.of(STRATUM, "light", Tier.LIGHT)
    assert seen.acceptance.mean < 0.2
    assert seen.target.value == pytest.approx(1.0)
    assert seen.cost.value == pytest.approx(0.1, abs=0.02)
    assert seen.kappa.value > 2
    assert known.purse.spent == pytest.approx(50 * 4.1)


def test_a_draft_that_failed_counts_like_one_that_was_rejected() -> None:
    """It is no rejection, but it is paid and deferred."""
    failed = Failed(
        task="a", epoch=0, executor="light", tier=Tier.LIGHT, reason="r",
        usage=Usage(cost_usd=Decimal("0.1")),
    )  # fmt: skip
    facts = [routed("a"), failed, drafted("a", Tier.TARGET, "1"), accepted("a", Tier.TARGET)]
    known = learned(*facts, runs=30)
    assert known.estimates.of(STRATUM, "light", Tier.LIGHT).acceptance.mean < 0.2
    assert known.standings[STRATUM].drafts == 0


def test_only_the_last_epoch_of_a_task_counts() -> None:
    """A draft that did not merge was judged on a tree that is gone."""
    facts = [
        routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a"),
        Squashed(task="a", epoch=0, reason="r"),
        drafted("a", Tier.LIGHT, "0.1", 1), rejected("a", 1),
    ]  # fmt: skip
    assert (
        learned(*facts).standings[STRATUM].drafts,
        learned(*facts).standings[STRATUM].accepted,
    ) == (1, 0)


def test_an_unknown_price_is_not_taken_for_free() -> None:
    """The prior stands in for it."""
    facts = [routed("a"), drafted("a", Tier.LIGHT, None), accepted("a")]
    known = learned(*facts, runs=40)
    assert known.estimates.of(STRATUM, "light", Tier.LIGHT).cost.value == pytest.approx(0.05)
    assert known.purse.spent == 0


def test_audits_are_weighed_by_their_propensity() -> None:
    """What was not drawn says nothing, and counts as a task."""
    seen = [routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a")]
    known = learned(*seen, sampled("a", drawn=True), audit("a", True))
    standing = known.standings[STRATUM]
    assert (standing.audited, standing.regressions, standing.trial.tasks) == (1, 1, 1)
    assert standing.trial.losses[0].loss(0.5) == 2.0
    assert standing.certificate.tau is None
    unseen = learned(*seen, sampled("a", drawn=False)).standings[STRATUM]
    assert (unseen.audited, unseen.trial.tasks) == (0, 1)
    untold = learned(*seen, sampled("a", drawn=True), audit("a", None)).standings[STRATUM]
    assert (untold.untold, untold.regressions) == (1, 0)
    assert untold.trial.losses
    assert not untold.watch.fired
    assert learned(*seen).standings[STRATUM].trial.tasks == 0


def test_many_regressions_turn_drafting_off() -> None:
    """And a stratum of its own goes on."""
    facts = [
        routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a"),
        sampled("a", drawn=True, propensity=1.0), audit("a", True),
    ]  # fmt: skip
    known = learned(*facts, runs=80)
    assert "regressions above" in known.stopped(STRATUM)
    assert known.stopped("document/1") == ""


def test_right_audits_certify() -> None:
    """The wealth of betting on regressions grows with each that was none."""
    facts = [
        routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a"),
        sampled("a", drawn=True, propensity=1.0), audit("a", False),
    ]  # fmt: skip
    known = learned(*facts, runs=4)
    assert known.standings[STRATUM].certificate.tau is None
    found = experience([run_of(*facts)] * 4000, Promise()).standings[STRATUM]
    assert found.certificate.tau is not None
    assert found.certificate.tau <= 0.9
    assert found.stopped == ""
    unaudited = experience([run_of(*facts, audit=0.0)] * 4000, Promise()).standings[STRATUM]
    assert unaudited.certificate.tau is None


def test_a_draft_below_the_threshold_proves_nothing_for_looser_ones() -> None:
    """The target did its task, but nobody compared the two."""
    low = Verdict(accepted=False, reason="r", evidence=GREEN, probability=0.7, doubted=True)
    below = Rejected(task="a", epoch=0, executor="light", tier=Tier.LIGHT, verdict=low)
    facts = [routed("a"), drafted("a", Tier.LIGHT, "0.1"), below]
    trial = learned(*facts).standings[STRATUM].trial
    assert trial.losses[0].loss(0.6) == 1.0
    assert trial.losses[0].loss(0.8) == 0.0
    assert (
        not learned(routed("a"), drafted("a", Tier.LIGHT, "0.1"), rejected("a"))
        .standings[STRATUM]
        .trial.losses
    )


def test_the_newest_calibration_is_in_force() -> None:
    """And one without a threshold takes it back."""

    def put(tau: float | None, models: str = "") -> Calibrated:
        return Calibrated(stratum=STRATUM, tau=tau, reason="r", models=models)

    assert experience([], Promise(), [put(0.9), put(0.8)]).thresholds == {STRATUM: 0.8}
    assert experience([], Promise(), [put(0.9), put(None)]).thresholds == {}
    run = run_of(routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a"))
    assert experience([run], Promise(), [put(0.9, "light=small")]).thresholds == {STRATUM: 0.9}
    assert experience([run], Promise(), [put(0.9, "light=older")]).thresholds == {}


def test_another_model_begins_anew() -> None:
    """What was proved of the old one says nothing about it."""
    old = [
        routed("a"), drafted("a", Tier.LIGHT, "0.1"), accepted("a"),
        sampled("a", drawn=True, propensity=1.0), audit("a", True),
    ]  # fmt: skip
    fresh = drafted("b", Tier.LIGHT, "0.1")
    usage = replace(fresh.draft.usage, model="newer")
    new = replace(fresh, draft=replace(fresh.draft, usage=usage))
    runs = [run_of(*old)] * 80
    assert experience(runs, Promise()).stopped(STRATUM)
    known = experience([*runs, run_of(routed("b"), new, accepted("b"))], Promise())
    assert known.stopped(STRATUM) == ""
    assert known.standings[STRATUM].drafts == 1
    assert known.fusion.of(STRATUM, verdict(True).evidence) == pytest.approx(PRIOR)


def test_exploring_is_charged_to_the_purse() -> None:
    """Only where a draft was made to learn."""
    facts = [routed("a", "explore", 0.2), routed("b", "draft", 0.0)]
    assert learned(*facts, runs=2).purse.explored == pytest.approx(0.4)


def test_what_a_model_was_paid_to_judge_a_draft_is_the_drafts_price() -> None:
    """Without the draft it had not been asked; where it is unknown, so is the draft's."""

    def seen(price: Decimal | None) -> tuple[float, float]:
        judged = replace(rejected("a"), verdict=replace(verdict(False), cost_usd=price))
        facts = [
            routed("a"), drafted("a", Tier.LIGHT, "0.1"), judged,
            drafted("a", Tier.TARGET, "3.0"), accepted("a", Tier.TARGET),
            routed("b", ""), drafted("b", Tier.TARGET, "1.0"), accepted("b", Tier.TARGET),
        ]  # fmt: skip
        known = learned(*facts, runs=50)
        return known.estimates.of(STRATUM, "light", Tier.LIGHT).cost.value, known.purse.spent

    cost, spent = seen(Decimal("0.2"))
    assert cost == pytest.approx(0.3, abs=0.03)
    assert spent == pytest.approx(50 * 4.3)
    assert seen(None)[0] == pytest.approx(0.05)
