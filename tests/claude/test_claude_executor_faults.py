"""Every fault of a provider ends a call of the claude executor in one defined way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from claude.client import FAKE_KEY
from claude.executing import MODEL, done, make_world, run
from sef.errors import DraftFailure, Transient
from sef.executors.settings import Limits
from sef.steps import together
from sef.testing.provider import FAULTS, Refused, Turn, Used

pytestmark = pytest.mark.slow

FREE, UNKNOWN, EACH = Decimal(0), None, Decimal("0.0000035")
HTTP = {"rate limited": "HTTP 429", "overloaded": "HTTP 529", "server error": "HTTP 500"}
LOST = "the connection failed or was cut"
UNREADABLE = "the answer could not be read"

PASSING = {
    # What the steps say: (why it failed, US dollars), one a request that the client tells of.
    **{name: [(said, FREE), ("", EACH)] for name, said in HTTP.items()},
    "stream cut": [(LOST, UNKNOWN), ("", EACH)],
    "connection reset": [(LOST, UNKNOWN), ("", EACH)],
    "garbage JSON": [("", EACH)],
    "wrong content type": [("", EACH)],
    "malformed tool input": [("", EACH), ("", EACH)],
    "unknown tool": [("", EACH), ("", EACH)],
    "max_tokens": [("", EACH), ("", EACH)],
    "another model": [("", UNKNOWN), ("", EACH)],
    "slow first byte": [("", EACH), ("", EACH)],
}
STAYING: dict[str, tuple[type[DraftFailure], str, list[tuple[str, Decimal | None]]]] = {
    "rate limited": (Transient, r"\(429\)", [("HTTP 429", FREE)] * 3),
    "overloaded": (Transient, r"\(529\)", [("HTTP 529", FREE)] * 3),
    "server error": (Transient, r"\(500\)", [("HTTP 500", FREE)] * 3),
    "stream cut": (Transient, LOST, [(LOST, UNKNOWN)] * 3),
    "connection reset": (Transient, LOST, [(LOST, UNKNOWN)] * 3),
    "garbage JSON": (Transient, UNREADABLE, [(UNREADABLE, UNKNOWN)]),
    "wrong content type": (Transient, UNREADABLE, [(UNREADABLE, UNKNOWN)]),
    "malformed tool input": (DraftFailure, "its 3 requests", [("", EACH)] * 3),
    "unknown tool": (DraftFailure, "its 3 requests", [("", EACH)] * 3),
    "max_tokens": (DraftFailure, "cut at its longest", [("", EACH)] * 4),
    "refusal": (DraftFailure, "refused", [("", EACH)]),
    "another model": (DraftFailure, "without handing back", [("", UNKNOWN)] * 2),
    "slow first byte": (DraftFailure, "without handing back", [("", EACH)] * 2),
}


def test_no_fault_is_left_out() -> None:
    """Each fault that a provider is known to show is in both tables; no refusal passes."""
    assert set(STAYING) == set(FAULTS)
    assert set(PASSING) == set(FAULTS) - {"refusal"}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_survived(tmp_path: Path, name: str) -> None:
    """A fault and then good answers end in a proposal; each request has a step with its price."""
    world = make_world(tmp_path)
    proposal, _ = asyncio.run(run(world, [FAULTS[name], done()]))
    assert proposal.answer.text.startswith("It says alpha.")
    assert [(one.failed, one.usage.cost_usd) for one in world.models] == PASSING[name]
    costs = [cost for _, cost in PASSING[name]]
    assert proposal.usage.cost_usd == (None if None in costs else sum(map(Decimal, costs)))  # type: ignore[arg-type]
    assert proposal.usage.requests == len(costs)


@pytest.mark.parametrize("name", STAYING)
def test_a_fault_that_stays_ends_the_call(tmp_path: Path, name: str) -> None:
    """It ends as transient or for good, in words, with every request paid for or unknown."""
    kind, words, steps = STAYING[name]
    world = make_world(tmp_path)
    # The client goes on four times after max_tokens; the loops are ended by the limit.
    few = Limits(requests=3) if "its 3 requests" in words else Limits()
    with pytest.raises(DraftFailure, match=words) as caught:
        asyncio.run(run(world, [replace(FAULTS[name], times=None)], limits=few))
    assert type(caught.value) is kind
    assert [(one.failed, one.usage.cost_usd) for one in world.models] == steps
    assert caught.value.usage is not None
    assert caught.value.usage.requests == len(steps)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_request_that_is_refused_is_not_sent_again_by_us(tmp_path: Path, status: int) -> None:
    """A 4xx ends the call for good, free of charge; a key that is refused has a way out."""
    world = make_world(tmp_path)
    refused = Turn(fault=Refused(status=status, kind="invalid_request_error"), times=None)
    with pytest.raises(DraftFailure, match=str(status)) as caught:
        asyncio.run(run(world, [refused]))
    assert type(caught.value) is DraftFailure
    assert bool(caught.value.hint) == (status == 401)
    assert {one.usage.cost_usd for one in world.models} == {FREE}


def test_the_form_may_be_text(tmp_path: Path) -> None:
    """Five headings are a hand-back; a text without them is kept in the failure, bounded."""
    text = "## Result\nAlpha.\n## Files read\none.txt:1\n## Files changed\nnone\n"
    text += "## Checks run\nnone\n## Doubts\nnone"
    proposal, _ = asyncio.run(run(make_world(tmp_path / "a"), [Turn(text=text, times=None)]))
    assert proposal.answer.text == "Alpha."
    assert [(one.path, one.line) for one in proposal.answer.matches] == [("one.txt", 1)]
    with pytest.raises(DraftFailure, match="half of it works") as caught:
        asyncio.run(
            run(make_world(tmp_path / "b"), [Turn(text="half of it works" * 2_000, times=None)])
        )
    assert len(str(caught.value)) < 5_000


def test_a_key_that_somebody_says_is_in_no_failure(tmp_path: Path) -> None:
    """Should the key come back from a provider or a model, the failure does not hold it."""
    script = [Turn(text=f"the key is {FAKE_KEY}", times=None)]
    with pytest.raises(DraftFailure, match="the key is") as caught:
        asyncio.run(run(make_world(tmp_path), script))
    assert FAKE_KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(tokens=1_000), "its 1000 tokens, with 1500"),
        (Limits(usd=Decimal("0.0002")), "its 0.0002 US dollars"),
    ],
)
def test_a_limit_that_is_crossed_ends_the_call(tmp_path: Path, limits: Limits, words: str) -> None:
    """The failure names the limit and has the cost of all; the client may have sent one request
    more by the time that it is stopped."""
    world = make_world(tmp_path)
    look = ("Read", {"file_path": str(world.fork / "one.txt")})
    much = Turn(calls=(look,), used=Used(input_tokens=1_000, output_tokens=500), times=None)
    with pytest.raises(DraftFailure, match=words) as caught:
        asyncio.run(run(world, [much], limits=limits))
    first, *more = (one.usage for one in world.models)
    assert first.cost_usd == Decimal("0.00035") and len(more) <= 1
    assert caught.value.usage is not None
    assert caught.value.usage.cost_usd in (first.cost_usd, together((first, *more)).cost_usd)


def test_another_model_is_named(tmp_path: Path) -> None:
    """Where another model answers, the step names both, and the price is unknown."""
    world = make_world(tmp_path)
    asyncio.run(run(world, [FAULTS["another model"], done()]))
    assert (world.models[0].requested, world.models[0].billed) == (MODEL, "another-model")
