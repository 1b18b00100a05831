"""Replayed policies: what they cost and reach, on tables small enough to count by hand."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from tables import THREE, made_rows, write_rows

from sef.errors import UsageError
from sef.gate import Rule
from sef.replay import bootstrap
from sef.replay.case import Case, draw_scores, make_case
from sef.replay.contest import Contest, contest
from sef.replay.html import page
from sef.replay.outcomes import Outcomes, load
from sef.replay.pairs import pairs, play_pair, play_pairs, summary
from sef.replay.settings import Settings
from sef.replay.thresholds import Limits, Tuner
from sef.replay.verifier import Verifier


def quiet(_: int, __: int) -> None:
    pass


def asked(auc: float = 0.95, **more: object) -> Settings:
    values: dict[str, object] = {
        "verifier": Verifier(auc=auc),
        "seed": 1,
        "rule": Rule(),
        "orders": 3,
    }
    return Settings(**(values | more))  # type: ignore[arg-type]


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    return load(write_rows(tmp_path / "three.csv", made_rows(THREE)))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    path = tmp_path_factory.mktemp("played") / "three.csv"
    outcomes = load(write_rows(path, made_rows(THREE)))
    return contest(make_case(outcomes, "strong", ("cheap", "middle")), asked(), quiet)


def test_always_target_is_the_unit(played: Contest) -> None:
    """It costs 1, changes no quality, and its intervals have no width."""
    one = played.standings["always_target"]
    assert (one.cost_ratio, one.quality_delta) == (1, 0)
    assert one.cost_ci == pytest.approx((1, 1))
    assert (one.draft, one.verify) == (0, 0)
    assert (one.redo, one.time_ratio) == pytest.approx((1, 1))


def test_the_parts_of_a_cost_make_the_whole(played: Contest) -> None:
    """Draft, verify and redo add up, and an estimate lies in its interval."""
    for one in played.standings.values():
        assert one.draft + one.verify + one.redo == pytest.approx(one.cost_ratio)
        assert one.cost_ci[0] <= one.cost_ratio + 1e-9 <= one.cost_ci[1] + 2e-9
        assert one.quality_ci[0] <= one.quality_delta + 1e-9 <= one.quality_ci[1] + 2e-9


def test_the_oracle_is_beaten_by_nobody(played: Contest) -> None:
    """Nobody reaches its quality for less."""
    best = played.standings["oracle"]
    for one in played.standings.values():
        assert one.quality_delta <= best.quality_delta + 1e-9
    assert best.cost_ratio <= played.standings["ours"].cost_ratio


def test_ours_takes_the_cheap_draft_and_saves(played: Contest) -> None:
    """A draft at 4 % that is right in 60 % of tasks pays; one at 80 % is no first choice."""
    ours = played.standings["ours"]
    assert ours.cost_ratio < 0.7
    assert played.drafted["cheap"] > 0.9
    assert played.modes["draft"] > 0.9


def test_ours_leaves_a_dear_draft_alone(outcomes: Outcomes) -> None:
    """With only the draft at 80 % always-draft loses, and ours stays at the target's cost."""
    found = contest(make_case(outcomes, "strong", ("middle",)), asked(), quiet).standings
    assert found["always_draft"].cost_ratio > 1.05
    assert found["ours"].cost_ratio <= 1.02


def test_a_perfect_verifier_has_no_regressions(outcomes: Outcomes) -> None:
    """What it accepts is right, so quality never falls."""
    found = contest(make_case(outcomes, "strong", ("cheap",)), asked(auc=1), quiet).standings
    for name in ("always_draft", "cascade", "ours", "seed"):
        assert found[name].regressions == 0
        assert found[name].quality_delta >= 0


def test_one_draft_costs_what_the_formula_says(outcomes: Outcomes) -> None:
    """c + v + (1 - a) * kappa of the table itself is always-draft under a perfect verifier."""
    case = make_case(outcomes, "strong", ("cheap",))
    found = contest(case, asked(auc=1), quiet).standings["always_draft"]
    cheap, strong = case.drafts[0], case.target
    whole = sum(run.cost for run in strong)
    redone = [s for c, s in zip(cheap, strong, strict=True) if not c.resolved]
    rate = 1 - len(redone) / len(strong)
    kappa = sum(run.cost for run in redone) / len(redone) / (whole / len(strong))
    c = sum(run.cost for run in cheap) / whole
    assert found.cost_ratio == pytest.approx(c + 0.03 + (1 - rate) * kappa)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(outcomes: Outcomes) -> None:
    """And another seed others."""
    case = make_case(outcomes, "strong", ("cheap",))
    first, again, other = (contest(case, asked(seed=seed), quiet) for seed in (1, 1, 2))
    assert first.standings == again.standings
    assert first.standings["ours"] != other.standings["ours"]


def test_thresholds_never_see_the_tasks_they_are_used_on(outcomes: Outcomes) -> None:
    """Other outcomes in a held-out repository leave its thresholds as they were."""
    case = make_case(outcomes, "strong", ("cheap",))
    held = case.folds[0]
    assert {case.repos[task] for task in held}.isdisjoint(
        case.repos[task] for task in range(len(case.tasks)) if task not in held
    )
    scores = draw_scores(case, Verifier(auc=0.9), random.Random(1))
    flipped = tuple(
        tuple(-one for one in row) if task in held else row for task, row in enumerate(scores)
    )
    training = [task for task in range(len(case.tasks)) if task not in held]
    found = {_tuner(case, draws).tune((0,), training) for draws in (scores, flipped)}
    assert len(found) == 1


def _tuner(case: Case, scores: tuple[tuple[float, ...], ...], **limits: float) -> Tuner:
    return Tuner(case=case, draws=(scores,), verify=0.03, limits=Limits(**limits))


@pytest.mark.parametrize("stages", [(0,), (0, 1), (1, 0)])
def test_thresholds_keep_their_limits(outcomes: Outcomes, stages: tuple[int, ...]) -> None:
    """On the training tasks quality is not below the target's, nor regressions above the cap."""
    case = make_case(outcomes, "strong", ("cheap", "middle"))
    scores = draw_scores(case, Verifier(auc=0.85), random.Random(4))
    tuned = _tuner(case, scores, quality=0.0, regressions=0.03).tune(stages, range(len(case.tasks)))
    gained = lost = 0
    for task, strong in enumerate(case.target):
        for stage, threshold in zip(stages, tuned, strict=True):
            if scores[task][stage] >= threshold:
                right = case.drafts[stage][task].resolved
                gained += right - strong.resolved
                lost += strong.resolved and not right
                break
    assert gained >= 0
    assert lost <= 0.03 * len(case.tasks)


def test_impossible_limits_accept_nothing(outcomes: Outcomes) -> None:
    """Where no threshold keeps the limits, no score is high enough."""
    case = make_case(outcomes, "strong", ("cheap",))
    scores = draw_scores(case, Verifier(auc=0.9), random.Random(1))
    assert _tuner(case, scores, quality=0.9).tune((0,), range(100)) == (math.inf,)


def test_a_rejecting_verdict_is_never_accepted(outcomes: Outcomes) -> None:
    """With verdicts for scores the floor keeps 0 out, however much quality is to spare."""
    case = make_case(outcomes, "strong", ("cheap",))
    scores = draw_scores(case, Verifier(auc=1), random.Random(1))
    tuned = _tuner(case, scores, quality=-1.0, regressions=1.0, floor=0.5).tune((0,), range(100))
    assert tuned == (1.0,)


@pytest.mark.slow
def test_bootstrap_intervals_cover() -> None:
    """Of 200 samples of 60 normal values, about 95 % of the intervals hold the true mean."""
    rng, held = random.Random(5), 0
    for _ in range(200):
        values = [rng.gauss(1, 2) for _ in range(60)]
        low, high = bootstrap.mean(values, bootstrap.drawn(60, rng, 200))
        held += low <= 1 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_pairs_are_dearer_and_better(outcomes: Outcomes) -> None:
    """strong is dearer and better than both; middle is so than cheap, if its outcomes say so."""
    found = pairs(outcomes)
    assert ("cheap", "strong") in found
    assert all(draft != target and (target, draft) not in found for draft, target in found)


def test_the_gate_loses_little_against_either_arm(outcomes: Outcomes) -> None:
    """After the warm-up ours is near the better of always-target and always-draft."""
    good = play_pair(make_case(outcomes, "strong", ("cheap",)), asked())
    bad = play_pair(make_case(outcomes, "strong", ("middle",)), asked())
    assert good.draft_cost_ratio < 0.7
    assert bad.draft_cost_ratio > 1
    assert good.ratio_to_best < 1.05
    assert bad.ratio_to_best < 1.05
    assert bad.warmup_regret > 0


def test_the_summary_counts_pairs(outcomes: Outcomes) -> None:
    """The worst is the greatest ratio; progress goes from none to all."""
    told: list[tuple[int, int]] = []
    found = play_pairs(outcomes, asked(), lambda done, of: told.append((done, of)))
    figures = summary(found)
    assert figures["worst_ratio_to_best"] == max(one.ratio_to_best for one in found)
    assert told[0] == (0, len(found))
    assert told[-1] == (len(found), len(found))


def test_a_warm_up_without_an_end_is_refused(outcomes: Outcomes) -> None:
    """120 tasks leave nothing after a warm-up of 120."""
    with pytest.raises(UsageError, match="120 tasks leave none"):
        play_pairs(outcomes, asked(rule=Rule(warm_up=120)), quiet)


def test_one_repository_is_refused(tmp_path: Path) -> None:
    """Nothing could be tuned apart from where it is scored."""
    rows = [(task, "only", *rest) for task, _, *rest in made_rows(THREE, 40)]
    found = load(write_rows(tmp_path / "a.csv", rows))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="one repository"):
        make_case(found, "strong", ("cheap",))


@pytest.mark.parametrize("drafts", [(), ("strong",), ("cheap", "cheap")])
def test_drafts_are_others_than_the_target(outcomes: Outcomes, drafts: tuple[str, ...]) -> None:
    """None, the target itself, or one twice is refused."""
    with pytest.raises(UsageError, match="drafts are one or more models"):
        make_case(outcomes, "strong", drafts)


def test_the_page_is_whole_and_escaped(played: Contest) -> None:
    """It loads and runs nothing, and names from the table are text in it."""
    text = page(played, {"target": "<script>alert(1)</script>", "tasks": 3, "repositories": 2}, {})
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "prefers-color-scheme: dark" in text
    assert all(word not in text for word in ("http://", "https://", "src=", "@import", "url("))
    assert text.count("<circle") == len(played.standings)
    assert text.rstrip().endswith("</html>")
