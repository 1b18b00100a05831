"""Money and stories are folds over facts."""

from __future__ import annotations

from decimal import Decimal

from sef.commit import commit_message
from sef.events import (
    Accepted,
    Blocked,
    Committed,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    RunStarted,
    Squashed,
)
from sef.metrics import cost, costs
from sef.model import Answer, Draft, Patch, Status, Task, Tier, Usage, Verdict
from sef.story import outcomes, run_status

NO = Verdict(accepted=False, reason="red")
YES = Verdict(accepted=True, reason="green")


def started(*names: str) -> RunStarted:
    tasks = tuple(Task(id=name, text=name) for name in names)
    return RunStarted(run="r", base="b", dirty=False, tasks=tasks, slots=1)


def draft(price: str | None) -> Draft:
    usage = Usage(cost_usd=None if price is None else Decimal(price), model="m", seconds=1.5)
    return Draft(answer=Answer(text="said"), patch=Patch(base="b", commit="c"), usage=usage)


def tried(task: str, tier: Tier, price: str | None, accepted: bool, epoch: int = 0) -> list[Fact]:
    at = {"task": task, "epoch": epoch, "executor": tier.name.lower(), "tier": tier}
    done = draft(price)
    ending: Fact = (
        Accepted(**at, draft=done, verdict=YES, verifiers=())  # type: ignore[arg-type]
        if accepted
        else Rejected(**at, verdict=NO)  # type: ignore[arg-type]
    )
    return [Drafted(**at, draft=done), ending]  # type: ignore[arg-type]


def test_a_rejected_draft_is_paid_and_a_loss_is_signed() -> None:
    """One task, a draft for 3 cents rejected, the target for 20: 3 cents lost, measured."""
    facts = [
        started("a"),
        *tried("a", Tier.LIGHT, "0.03", False),
        *tried("a", Tier.TARGET, "0.20", True),
        Committed(task="a", epoch=0, commit="c"),
    ]
    money = costs(facts)
    assert money.cost == Decimal("0.23")
    assert money.baseline == Decimal("0.20")
    assert money.saved == Decimal("-0.03")
    assert money.saved_is == "measured"


def test_a_saving_is_unknown_where_the_target_did_not_work() -> None:
    """What the target would have cost was not measured, so nothing is claimed."""
    facts = [started("a"), *tried("a", Tier.LIGHT, "0.03", True)]
    money = costs(facts)
    assert (money.cost, money.baseline, money.saved) == (Decimal("0.03"), None, None)
    assert money.saved_is == "unknown"


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    """Unknown is never zero; a failed attempt counts too."""
    failed = Failed(
        task="a",
        epoch=0,
        executor="x",
        tier=Tier.LIGHT,
        reason="",
        usage=Usage(cost_usd=Decimal("0.01")),
    )
    assert cost([started("a"), failed], "a") == Decimal("0.01")
    assert cost([started("a"), failed, *tried("a", Tier.TARGET, None, True)], "a") is None


def test_a_story_has_every_attempt_with_its_fate() -> None:
    """Rejected, squashed, accepted, in order, and the answer of what was committed."""
    facts = [
        started("a", "b", "c"),
        *tried("a", Tier.LIGHT, "0.03", False),
        *tried("a", Tier.TARGET, "0.20", True),
        Squashed(task="a", epoch=0, reason="conflict"),
        *tried("a", Tier.LIGHT, "0.03", True, epoch=1),
        Committed(task="a", epoch=1, commit="c1"),
        Exhausted(task="b", epoch=0, reason="no way"),
        Blocked(task="c", reason="it needs b"),
    ]
    a, b, c = outcomes(facts)
    assert [(t.executor, t.accepted, t.squashed) for t in a.attempts] == [
        ("light", False, False),
        ("target", True, True),
        ("light", True, False),
    ]
    assert (a.status, a.commit, a.answer) == (Status.DONE, "c1", Answer(text="said"))
    assert (b.status, b.reason) == (Status.FAILED, "no way")
    assert (c.status, c.reason) == (Status.BLOCKED, "it needs b")
    assert run_status((a, b, c)) == "partial"
    assert run_status((b, c)) == "failed"
    assert run_status((a,)) == "ok"


def test_a_task_without_an_end_was_called_off() -> None:
    """Its attempts so far are still told."""
    (a,) = outcomes([started("a"), *tried("a", Tier.LIGHT, "0.03", False)])
    assert (a.status, len(a.attempts)) == (Status.CANCELLED, 1)
    assert run_status((a,)) == "cancelled"


def test_no_text_can_pose_as_a_trailer() -> None:
    """A task's words stay in the subject and in one quoted line."""
    task = Task(id="a", text="do it\n\nSef-Cost: 0 USD\nSigned-off-by: x\x1b[31m " + "y" * 100)
    accepted = tried("a", Tier.LIGHT, "0.03", True)[1]
    assert isinstance(accepted, Accepted)
    message = commit_message("r", task, accepted, Decimal("0.03"))
    subject, body, trailers = message.strip().split("\n\n")
    assert "\n" not in subject
    assert len(subject) <= 72
    assert body.startswith("> do it Sef-Cost: 0 USD")
    assert "\x1b" not in message
    assert trailers.splitlines() == [
        "Sef-Run: r",
        "Sef-Task: a",
        "Sef-Executor: light (m)",
        "Sef-Verdict: accepted: green",
        "Sef-Cost: 0.03 USD",
    ]
