"""Prices by model, date, length of the prompt, cache class and mode."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as st

from sef.prices import PriceTable, Rates, Tokens

DAY = date(2026, 11, 20)
counts = st.integers(min_value=0, max_value=400_000)


def test_an_unknown_model_has_no_price() -> None:
    """It is unknown, never free; and a name that resembles another vendor's is unknown too."""
    table = PriceTable()
    for model in ("my-local-model", "gpt-5", "<synthetic>", "", "claude-nonsense-9"):
        assert table.price(Tokens(input=1), model, on=DAY) is None


def test_every_cache_class_has_its_price() -> None:
    """Haiku 5.5, by hand: 0.10 in, 0.01 read, 0.125 and 0.20 written, 0.50 out, a million each."""
    tokens = Tokens(
        input=10_000, cache_read=20_000, cache_write_5m=30_000, cache_write_1h=5_000, output=1_000
    )
    # 0.001 + 0.0002 + 0.00375 + 0.001 + 0.0005
    assert PriceTable().price(tokens, "claude-haiku-5-5", on=DAY) == Decimal("0.00645")


def test_a_prompt_above_the_step_is_dearer_as_a_whole() -> None:
    """Haiku 5.5: 99,000 in and 1,000 out cost 0.0104; 101,000 and 1,000 cost 0.0530."""
    table = PriceTable()
    short, edge, long = (
        table.price(Tokens(input=n, output=1_000), "claude-haiku-5-5", on=DAY)
        for n in (99_000, 100_000, 101_000)
    )
    assert (short, edge, long) == (Decimal("0.0104"), Decimal("0.0105"), Decimal("0.0530"))


def test_batch_is_half_and_fast_is_dearer() -> None:
    """Opus 5.5: 4 in, 2 in a batch, 8 in fast mode; Haiku 4.5 has no fast price."""
    table, tokens = PriceTable(), Tokens(input=1_000_000)
    price = [
        table.price(tokens, "claude-opus-5-5", on=DAY, batch=batch, fast=fast)
        for batch, fast in ((False, False), (True, False), (False, True))
    ]
    assert price == [Decimal(4), Decimal(2), Decimal(8)]
    assert table.price(tokens, "claude-haiku-4-5", on=DAY, fast=True) is None


def test_the_date_of_the_request_counts() -> None:
    """The batch prices in the table begin on 14 October 2026; before, none is known for certain."""
    table, tokens = PriceTable(), Tokens(input=1_000_000)
    known, before = date(2026, 10, 14), date(2026, 10, 13)
    assert table.price(tokens, "claude-opus-5-5", on=known, batch=True) == Decimal(2)
    assert table.price(tokens, "claude-opus-5-5", on=before, batch=True) is None


def test_names_with_dates_and_context_marks_are_known() -> None:
    """Dated ids, `[1m]`, and Bedrock's form."""
    table, tokens = PriceTable(), Tokens(output=1_000_000)
    assert table.price(tokens, "claude-haiku-4-5-20251001", on=DAY) == Decimal(5)
    assert table.price(tokens, "claude-opus-5-5[1m]", on=DAY) == Decimal(20)
    bedrock = "global.anthropic.claude-opus-4-5-20251101-v1:0"
    assert table.price(tokens, bedrock, on=DAY) == Decimal(25)


def test_searches_are_priced_by_the_thousand() -> None:
    """Ten dollars a thousand; unknown where the table has no price for them."""
    table = PriceTable()
    assert table.price(Tokens(web_searches=3), "claude-opus-5-5", on=DAY) == Decimal("0.03")
    own = Rates(
        input=Decimal(1), output=Decimal(1), cache_read=Decimal(1), cache_write_5m=Decimal(1),
        cache_write_1h=Decimal(1),
    )  # fmt: skip
    assert own.price(Tokens(web_searches=1)) is None


def test_inference_in_the_us_alone_costs_a_tenth_more() -> None:
    """Tokens 2.2 instead of 2, above the step 0.55 instead of 0.5; searches stay as they are."""
    table = PriceTable()
    tokens = Tokens(input=1_000_000, web_searches=100)
    assert table.price(tokens, "claude-sonnet-5-5", on=DAY, us_only=True) == Decimal("3.2")
    assert table.price(tokens, "claude-haiku-5-5", on=DAY, us_only=True) == Decimal("1.55")


def test_the_longest_pass_decides_on_the_step() -> None:
    """Two passes of 60,000 tokens each are no prompt above 100,000."""
    tokens = Tokens(input=120_000, longest=60_000)
    assert PriceTable().price(tokens, "claude-haiku-5-5", on=DAY) == Decimal("0.012")


def test_own_prices_go_before_the_table() -> None:
    """A local model may be free because its owner says so."""
    free = Rates(
        input=Decimal(0), output=Decimal(0), cache_read=Decimal(0), cache_write_5m=Decimal(0),
        cache_write_1h=Decimal(0),
    )  # fmt: skip
    table = PriceTable({"my-local-model": free})
    assert table.price(Tokens(input=5), "my-local-model", on=DAY) == 0


def test_own_prices_hold_in_every_mode() -> None:
    """A batch, fast mode and the US alone change nothing; searches come from the table."""
    one = Decimal(1)
    own = Rates(input=one, output=one, cache_read=one, cache_write_5m=one, cache_write_1h=one)
    table = PriceTable({"claude-opus-5-5": own, "lab": own})
    tokens = Tokens(input=1_000_000)
    for mode in ({}, {"batch": True}, {"fast": True}, {"us_only": True}):
        assert table.price(tokens, "claude-opus-5-5", on=DAY, **mode) == 1
        searched = Tokens(web_searches=100)
        assert table.price(searched, "claude-opus-5-5", on=DAY, **mode) == 1
        assert table.price(searched, "lab", on=DAY, **mode) is None


def test_the_table_says_what_it_is() -> None:
    """Name, version and the day of its newest price."""
    name, newest = PriceTable().source()
    assert name.startswith("genai-prices ")
    assert newest is not None
    assert newest >= date(2026, 10, 14)


@pytest.mark.parametrize(
    "model", ["claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-5-5", "claude-fable-5-2"]
)
@given(data=st.tuples(counts, counts, counts, counts, counts))
def test_prices_are_the_librarys_own(model: str, data: tuple[int, int, int, int, int]) -> None:
    """The same sum as `calc_price` for any mix of the five classes."""
    fresh, read, short, hour, out = data
    tokens = Tokens(
        input=fresh, cache_read=read, cache_write_5m=short, cache_write_1h=hour, output=out
    )
    usage = Usage(
        input_tokens=tokens.prompt,
        cache_read_tokens=read,
        cache_write_tokens=short + hour,
        cache_write_1h_tokens=hour,
        output_tokens=out,
    )
    theirs = calc_price(usage, model, provider_id="anthropic").total_price
    assert PriceTable().price(tokens, model, on=DAY) == theirs


def test_importing_prices_does_not_import_the_table() -> None:
    """The table takes a fifth of a second to load, so that is done when it is asked."""
    code = "import sys, sef.prices; print('genai_prices' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
