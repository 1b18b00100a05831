"""The router that has seen outcomes, on outcomes made up for it."""

from __future__ import annotations

from itertools import product

import pytest

from sef.model import Kind, Route, Task, Tier
from sef.routers import ROUTERS
from sef.routers.learned import ENOUGH, Example, LearnedRouter
from sef.routers.rules import RulesRouter
from sef.routers.wilson import wilson

NOUNS = ("cart", "till", "receipt", "price", "tax", "order", "customer", "invoice", "stock", "shop")
VERBS = ("Rename", "Move", "Sort", "Extend", "Replace", "Split", "Return")
TASK = Task(id="t", text="Rename the cart function in shop.py")


def outcomes(count: int, accepted: int | None = None, *, executor: str = "light") -> list[Example]:
    """Drafts of tier 1 for ordinary requests of tier 2; the first ones were accepted."""
    pairs = list(product(VERBS, NOUNS, range(9)))[:count]
    texts = [f"{verb} the {noun} function in shop{at or ''}.py" for verb, noun, at in pairs]
    good = count if accepted is None else accepted
    return [
        Example(text=text, tier=Tier.LIGHT, accepted=at < good, executor=executor)
        for at, text in enumerate(texts)
    ]


def route(examples: list[Example], task: Task = TASK) -> Route:
    return LearnedRouter(examples).route(task)


def test_it_moves_down_where_outcomes_allow_it() -> None:
    """With enough accepted outcomes of the kind a task goes one tier lower, and the reason says so."""
    assert RulesRouter().route(TASK).tier is Tier.STANDARD
    made = route(outcomes(2 * ENOUGH))
    assert made.tier is Tier.LIGHT
    assert "40 of 40" in made.reason
    assert 0.85 <= made.score < 1


def test_too_few_outcomes_change_nothing() -> None:
    """Below the number that is stated, the rules stand, whatever the outcomes."""
    assert route(outcomes(ENOUGH - 1)) == RulesRouter().route(TASK)
    assert route(outcomes(ENOUGH)).tier is Tier.LIGHT


def test_rejections_nearby_keep_the_tier() -> None:
    """A tenth rejected is within chance of too many: the rules stand."""
    mixed = outcomes(120)
    bad = [Example(text=one.text, tier=one.tier, accepted=False, executor="light") for one in mixed]
    assert route(mixed[::2] + bad[1::10] * 6).tier is Tier.STANDARD
    assert route(outcomes(120, accepted=0)).tier is Tier.STANDARD


def test_outcomes_of_other_kinds_and_tiers_do_not_count() -> None:
    """Reading tasks, and drafts of the same tier, say nothing about writing one tier lower."""
    reading = [
        Example(
            text=f"Explain the {noun} function in shop{at}.py",
            tier=Tier.LIGHT,
            accepted=True,
            executor="light",
        )
        for noun, at in product(NOUNS, range(12))
    ]
    same = [
        Example(text=one.text, tier=Tier.STANDARD, accepted=True, executor="light")
        for one in outcomes(120)
    ]
    assert route(reading).tier is Tier.STANDARD
    assert route(same).tier is Tier.STANDARD


def test_texts_that_are_far_away_do_not_count() -> None:
    """Outcomes without a word in common are no neighbours."""
    assert route(outcomes(120), Task(id="t", text="add pagination")).tier is Tier.STANDARD


def test_only_executors_that_serve_count() -> None:
    """Outcomes of an executor that is gone are left out."""
    gone = outcomes(120, executor="gone")
    assert LearnedRouter(gone, executors={"light"}).route(TASK).tier is Tier.STANDARD
    assert LearnedRouter(gone, executors={"gone"}).route(TASK).tier is Tier.LIGHT


@pytest.mark.parametrize("text", ["run the tests", "Explain the cart function", "yes do that"])
def test_what_is_light_mechanical_or_without_context_stays(text: str) -> None:
    """It never moves what is at tier 0 or 1, or what cannot be judged alone."""
    task = Task(id="t", text=text)
    assert route(outcomes(120), task) == RulesRouter().route(task)


def test_it_goes_one_tier_and_never_up() -> None:
    """A retained task goes to tier 2 at most, and only by outcomes of tier 2."""
    deep = Task(id="t", text="Rename the cart function in shop.py, it is racy")
    assert route(outcomes(120), deep).tier is Tier.TARGET
    tried = [
        Example(text=f"{one.text}, it is racy", tier=Tier.STANDARD, accepted=True, executor="s")
        for one in outcomes(120)
    ]
    assert route(tried, deep).tier is Tier.STANDARD


def test_it_can_be_chosen_by_name() -> None:
    """The table names it; made of nothing it says what the rules say."""
    assert ROUTERS["learned"]().route(TASK) == RulesRouter().route(TASK)
    assert ROUTERS["learned"](outcomes(120)).route(TASK).tier is Tier.LIGHT


def test_the_authors_kind_picks_the_outcomes() -> None:
    """A task whose author calls it a review is compared with reviews."""
    task = Task(id="t", text=TASK.text, kind=Kind.REVIEW)
    assert route(outcomes(120), task).tier is Tier.STANDARD


def test_wilson() -> None:
    """The interval holds the share, narrows with more, and fits a published value."""
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(
        81, 263
    )  # Newcombe, Statistics in Medicine 17 (1998), 857-872: 0.2553, 0.3662
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(40, 40)[0] > 0.91
    assert wilson(38, 40)[0] < 0.85
