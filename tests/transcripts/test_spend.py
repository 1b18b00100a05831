"""Sums, and what is reckoned from them, by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sef.model import Kind, Tier
from sef.prices import PriceTable, Rates
from sef.routers import ROUTERS
from sef.spend.estimate import AGAIN, CHECK, PRIORS, estimate
from sef.spend.kinds import classify
from sef.spend.ledger import BookedTask
from sef.spend.spend import TaskSums, quantile
from sef.spend.statement import Statement, statement
from sef.spend.sums import Missing, Sums
from sef.transcripts.session import Task
from transcripts.claude_logs import (
    HAIKU,
    OPUS,
    SONNET,
    answered,
    asked,
    booked,
    put,
    result,
    session,
    tool,
    usage,
)

MODELS = {Tier.LIGHT: HAIKU, Tier.STANDARD: SONNET}


def audited(root: Path, *, whole: bool = True) -> Statement:
    return statement(booked(root), PriceTable(), MODELS, whole=whole)


def test_cost_by_hand(tmp_path: Path) -> None:
    """Opus 0.004 + 0.02 + 0.05 + 0.008 + 0.02 = 0.102; Haiku above 100,000 tokens 0.0505 + 0.0025."""
    session(
        tmp_path,
        asked("fix the typo"),
        answered(usage(fresh=1_000, read=100_000, short=10_000, hour=1_000, out=1_000)),
        answered(usage(fresh=101_000, out=1_000), model=HAIKU),
    )
    spend = audited(tmp_path).spend
    assert spend.models[OPUS].cost == Decimal("0.102")
    assert spend.models[HAIKU].cost == Decimal("0.053")
    assert spend.total.cost == Decimal("0.155")
    assert spend.days["2026-11-20"].cost == Decimal("0.155")
    assert spend.projects["/home/ada/shop"].requests == 2
    assert spend.classes == {
        "input": Decimal("0.0545"),
        "cache_read": Decimal("0.02"),
        "cache_write_5m": Decimal("0.05"),
        "cache_write_1h": Decimal("0.008"),
        "output": Decimal("0.0225"),
        "web_searches": 0,
    }


def test_a_model_without_a_price_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    """The whole is unknown; the part that has a price stands beside it."""
    session(tmp_path, answered(usage(out=1_000)), answered(usage(out=9), model="my-local-model"))
    total = audited(tmp_path).spend.total
    assert (total.cost, total.priced, total.unpriced, total.output) == (
        None,
        Decimal("0.02"),
        1,
        1_009,
    )


def test_an_old_clients_price_is_used_where_the_table_has_none(tmp_path: Path) -> None:
    """The table goes first: it knows Opus, at 20 dollars a million."""
    session(
        tmp_path,
        answered(usage(out=1_000), costUSD=9.0),
        answered(usage(out=9), model="claude-of-2023", costUSD=0.5),
    )
    spend = audited(tmp_path).spend
    assert spend.total.cost == Decimal("0.52")
    assert spend.client_priced == 1


def test_a_request_without_a_date_has_no_price(tmp_path: Path) -> None:
    """No table says what it cost on an unknown day."""
    undated = answered(usage(out=1))
    del undated["timestamp"]
    session(tmp_path, undated)
    spend = audited(tmp_path).spend
    assert list(spend.days) == ["unknown"]
    assert spend.total.cost is None


def test_main_and_agents_kinds_and_tiers(tmp_path: Path) -> None:
    """An agent's cost belongs to the instruction that started it: 0.02 + 0.04 of 0.08."""
    own = session(
        tmp_path,
        asked("where is the class Basket defined?"),
        answered(usage(out=1_000), tools=[tool("Agent", "t1")]),
        asked("design the split of billing from the shop"),
        answered(usage(out=1_000), tools=[tool("Write", "w1", file_path="plan.md")]),
    )
    agent = own.with_suffix("") / "subagents" / "agent-a.jsonl"
    put(agent, [answered(usage(out=2_000))])
    agent.with_suffix(".meta.json").write_text('{"toolUseId": "t1"}')
    spend = audited(tmp_path).spend
    assert {name: one.cost for name, one in spend.makers.items()} == {
        "main": Decimal("0.04"), "agent": Decimal("0.04"),
    }  # fmt: skip
    assert spend.kinds["explore"].cost == Decimal("0.06")
    assert spend.tasks[0].sums.cost == Decimal("0.06")
    assert (spend.tasks[0].steps, spend.tasks[0].sums.requests) == (1, 2)


@pytest.mark.parametrize(
    ("text", "facts", "kind"),
    [
        ("where is the class Basket defined?", {"edited_code": True}, Kind.IMPLEMENT),
        ("where is the class Basket defined?", {"edited_documents": True}, Kind.DOCUMENT),
        ("where is the class Basket defined?", {"ran_programs": True}, Kind.EXPLORE),
        ("implement pagination for orders", {}, Kind.EXPLORE),
        ("implement pagination for orders", {"ran_programs": True}, Kind.IMPLEMENT),
        ("implement pagination for orders", {"edited_documents": True}, Kind.IMPLEMENT),
    ],
)
def test_the_tools_that_followed_correct_the_kind(
    text: str, facts: dict[str, bool], kind: Kind
) -> None:
    """Who edited code implemented; who only read explored, whatever the instruction said."""
    found = classify(Task(text=text, **facts), ROUTERS["rules"]())
    assert found is not None
    assert found[1] is kind


def test_work_without_an_instruction_has_no_kind() -> None:
    """A session that begins with an answer, or with a picture alone."""
    assert classify(Task(text=""), ROUTERS["rules"]()) is None


def test_failed_calls_cost_their_share(tmp_path: Path) -> None:
    """One of two calls of a request of 0.02 failed: 0.01."""
    session(
        tmp_path,
        asked("fix it"),
        answered(usage(out=1_000), tools=[tool("Bash", "b1"), tool("Bash", "b2")]),
        result("b1", "boom", error=True),
        result("b2", "ok"),
    )
    waste = audited(tmp_path).spend.waste
    assert (waste.tools, waste.failed, waste.failed_usd) == (2, 1, Decimal("0.01"))


def test_a_switch_costs_the_cache_write(tmp_path: Path) -> None:
    """Of what was read before, as much as was written anew; and no more than was read before.

    90,000 read, 50,000 written: 50,000 at Sonnet's 2.50 less 0.10 a million, 0.12. Then 50,000
    read, 200,000 written: 50,000 at Opus's 5 less 0.20, 0.24.
    """
    session(
        tmp_path,
        answered(usage(read=90_000)),
        answered(usage(short=50_000), model=SONNET),
        answered(usage(short=200_000)),
    )
    switches = audited(tmp_path).delegations.switches
    assert (switches.switches, switches.tokens, switches.cost) == (2, 100_000, Decimal("0.36"))


def test_repeated_reads_are_reckoned_at_four_characters_a_token(tmp_path: Path) -> None:
    """400,000 characters are 100,000 tokens, written at Opus's 5 dollars a million: 0.50."""
    reads = [tool("Read", f"r{n}", file_path="/a") for n in range(2)]
    session(
        tmp_path,
        answered(tools=[reads[0]]), result("r0", "x" * 400_000),
        answered(tools=[reads[1]]), result("r1", "x" * 400_000),
    )  # fmt: skip
    assert audited(tmp_path).delegations.repeated_usd == Decimal("0.5")


def handed_over(root: Path, steps: int, *, context: int) -> Statement:
    """A parent that reads `context` tokens hands work to an agent of the same model."""
    later = [answered(usage(read=context)) for _ in range(20)]
    own = session(
        root, asked("x"), answered(usage(read=context), tools=[tool("Agent", "t1")]), *later
    )
    agent = own.with_suffix("") / "subagents" / "agent-a.jsonl"
    grown = [
        answered(usage(read=25_000 + 3_000 * n, short=25_000 if n == 0 else 3_000, out=400))
        for n in range(steps)
    ]
    put(agent, grown)
    agent.with_suffix(".meta.json").write_text('{"toolUseId": "t1"}')
    return audited(root)


def test_a_short_hand_over_loses_money_and_says_how_much(tmp_path: Path) -> None:
    """Two steps of an agent beside a context of 20,000 tokens: the new context costs more."""
    found = handed_over(tmp_path, 2, context=20_000).handovers
    assert (found.agents, found.judged, found.lost, found.short) == (1, 1, 1, 1)
    assert found.saved_high < 0
    assert found.lost_usd == -found.saved_high


def test_a_long_hand_over_from_a_big_context_saves(tmp_path: Path) -> None:
    """Forty steps that would each have read 200,000 tokens, at the same model."""
    found = handed_over(tmp_path, 40, context=200_000).handovers
    assert found.lost == 0
    assert found.saved_low > 0


TASK = BookedTask(session=0, tier=Tier.LIGHT, kind=Kind.IMPLEMENT, text="")


def task_sums(cost: str, draft: str, model: str = OPUS, requests: int = 5) -> TaskSums:
    sums = Sums(requests=requests, priced=Decimal(cost))
    return TaskSums(
        sums=sums, steps=requests, models={model: requests}, drafts={HAIKU: Decimal(draft)}
    )


def test_the_policy_by_hand() -> None:
    """Cost 1, the same tokens at the drafting model 0.1.

    Low: 1 - (1.8 * 0.1 + 0.06 + 0.55 * 1.40) = -0.01. Middle: 1 - (0.15 + 0.04 + 0.35 * 1.35) =
    0.3375. High: 1 - (0.12 + 0.02 + 0.15 * 1.30) = 0.665.
    """
    found = estimate(iter([(TASK, task_sums("1", "0.1"))]), MODELS)
    assert [found.saved(end) for end in range(3)] == [
        Decimal("-0.01"),
        Decimal("0.3375"),
        Decimal("0.665"),
    ]
    assert (found.tasks, found.cost) == (1, Decimal(1))


def test_drafts_that_would_lose_are_left_alone_and_told() -> None:
    """A task that the drafting model did itself: drafted, it would have cost more."""
    found = estimate(iter([(TASK, task_sums("1", "1", model=HAIKU))]), MODELS)
    assert found.tasks == 0
    assert found.saved(1) == 0
    assert not found.tiers[0].drafted
    assert found.tiers[0].saved[2] < 0
    assert found.left_alone == {"drafting would lose money": 1}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tier": None, "kind": None}, "no instruction to judge by"),
        ({"tier": Tier.NONE, "kind": Kind.EXPLORE}, "mechanical, needs no model"),
        ({"tier": Tier.TARGET}, "for the target"),
        ({"kind": Kind.EXPLORE}, "an answer, nothing to verify"),
        ({"tier": Tier.STANDARD}, "a price is unknown"),
    ],
)
def test_what_is_not_drafted_has_a_reason(changes: dict[str, object], reason: str) -> None:
    """Each task that stays as it was is counted under one."""
    task = BookedTask(
        **{
            "session": 0,
            "tier": Tier.LIGHT,
            "kind": Kind.IMPLEMENT,
            "text": "",
            **changes,
        }
    )
    assert estimate(iter([(task, task_sums("1", "0.1"))]), MODELS).left_alone == {reason: 1}


def test_a_task_below_five_requests_is_never_drafted() -> None:
    """Not even where it would be cheaper."""
    found = estimate(iter([(TASK, task_sums("1", "0", requests=4))]), MODELS)
    assert found.left_alone == {"fewer than 5 requests": 1}


def test_the_ranges_go_from_worst_to_best() -> None:
    """So that their corners bound everything between them."""
    for prior in PRIORS.values():
        assert list(prior.acceptance) == sorted(prior.acceptance)
        assert list(prior.inflation) == sorted(prior.inflation, reverse=True)
    assert list(CHECK) == sorted(CHECK, reverse=True)
    assert list(AGAIN) == sorted(AGAIN, reverse=True)


def test_the_clients_own_total_stands_beside_ours(tmp_path: Path) -> None:
    """0.05 by the client, 0.02 in the records: 0.03 are in no record; copies are not compared."""
    total = {"type": "cost-state", "totalCostUSD": 0.05}
    session(tmp_path, answered(usage(out=1_000)), total, name="own")
    copied = answered(usage(out=1_000))
    session(tmp_path, copied, total, name="fork1")
    session(tmp_path, copied, total, name="fork2")
    client = audited(tmp_path).spend.client
    assert (client.sessions, client.left_out) == (1, 2)
    assert client.client - client.ours == Decimal("0.03")
    assert audited(tmp_path, whole=False).spend.client.sessions == 0


def test_own_prices_are_used(tmp_path: Path) -> None:
    """A local model at 1 dollar a million."""
    one = Decimal(1)
    own = Rates(input=one, output=one, cache_read=one, cache_write_5m=one, cache_write_1h=one)
    session(tmp_path, answered(usage(out=5_000), model="my-local-model"))
    done = statement(booked(tmp_path), PriceTable({"my-local-model": own}), MODELS)
    assert done.spend.total.cost == Decimal("0.005")


def test_a_client_total_without_any_request_is_told(tmp_path: Path) -> None:
    """A stream that was cut is booked by the client and recorded nowhere: all of it is missing."""
    session(tmp_path, asked("x"), {"type": "cost-state", "totalCostUSD": 0.02662})
    client = audited(tmp_path).spend.client
    assert (client.sessions, client.left_out) == (1, 0)
    assert (client.client, client.ours) == (Decimal("0.02662"), 0)
    assert audited(tmp_path, whole=False).spend.client.left_out == 1


SEARCHED = usage(out=1_000) | {"server_tool_use": {"web_search_requests": 3}}


def own_rates(price: str = "1") -> Rates:
    one = Decimal(price)
    return Rates(input=one, output=one, cache_read=one, cache_write_5m=one, cache_write_1h=one)


def test_own_prices_of_a_known_model_take_the_tables_price_of_searches(tmp_path: Path) -> None:
    """1,000 tokens at 1 dollar a million, three searches at the table's 10 dollars a thousand."""
    session(tmp_path, answered(SEARCHED))
    done = statement(booked(tmp_path), PriceTable({OPUS: own_rates()}), MODELS)
    assert done.spend.total.cost == Decimal("0.031")
    assert done.spend.missing == {}


@pytest.mark.parametrize("model", ["my-local-model", "us.anthropic.claude-opus-5-5-v1:0"])
def test_searches_without_a_price_are_told_as_that(tmp_path: Path, model: str) -> None:
    """Where neither the user nor the table has one, the searches are missing, not the model."""
    session(tmp_path, answered(SEARCHED, model=model), answered(usage(out=1_000), model=model))
    spend = statement(booked(tmp_path), PriceTable({model: own_rates()}), MODELS).spend
    ((key, lost),) = spend.missing.items()
    assert key == (model, Missing.SEARCHES)
    assert (lost.requests, lost.tokens, lost.web_searches) == (1, 1_000, 3)
    assert spend.total.priced == sum(spend.classes.values()) == Decimal("0.001")


def test_classes_are_what_was_priced(tmp_path: Path) -> None:
    """Searches have a class, an old client's price has one, a request without a price has none."""
    session(
        tmp_path,
        answered(SEARCHED),
        answered(usage(out=9), model="claude-of-2023", costUSD=0.5),
        answered(usage(out=9), model="lab-model"),
        answered(SEARCHED, model="us.anthropic.claude-opus-4-5-20251101-v1:0"),
    )
    spend = audited(tmp_path).spend
    assert spend.total.unpriced == 2
    assert spend.classes["web_searches"] == Decimal("0.03")
    assert spend.classes["undivided"] == Decimal("0.5")
    assert sum(spend.classes.values()) == spend.total.priced == Decimal("0.55")


def test_only_requests_without_a_price_are_missing(tmp_path: Path) -> None:
    """By their reason: no date, no fast price of a known model, a model that nobody knows."""
    undated = answered(usage(out=1))
    del undated["timestamp"]
    session(
        tmp_path,
        undated,
        answered(usage(out=100)),
        answered(usage(out=10) | {"speed": "fast"}, model="claude-haiku-4-5"),
        answered(usage(out=50), model="claude-haiku-4-5"),
        answered(usage(out=20) | {"speed": "fast"}, model="lab-model"),
    )
    missing = audited(tmp_path).spend.missing
    assert {key: one.tokens for key, one in missing.items()} == {
        (OPUS, Missing.DATE): 1,
        ("claude-haiku-4-5", Missing.MODE): 10,
        ("lab-model", Missing.MODEL): 20,
    }


@pytest.mark.parametrize(("share", "found"), [(0.0, 1), (0.5, 3), (0.9, 5), (1.0, 5)])
def test_quantiles(share: float, found: int) -> None:
    """Of 1 to 5; of nothing there is none."""
    assert quantile([5, 3, 1, 2, 4], share) == found
    assert quantile([], share) is None
