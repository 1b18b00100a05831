"""`sef calibrate` in a repository with a journal of runs."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from command import sef

from sef.events import (
    Accepted,
    Audited,
    Committed,
    Drafted,
    Fact,
    Recorded,
    Rejected,
    Routed,
    RunStarted,
    Sampled,
)
from sef.journal import Journal
from sef.learning import past_runs, router
from sef.model import Answer, Draft, Kind, Patch, Route, Task, Tier, Usage, Verdict
from sef.owner import this_process
from sef.routers.learned import LearnedRouter
from sef.routers.rules import RulesRouter

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # programs that are started
DOCUMENTED = Path(__file__).parents[2] / "docs/reference/calibrate-json.md"
ROUTE = Route(tier=Tier.LIGHT, kind=Kind.DOCUMENT, policy="fast", score=1, reason="r")


def one_task(name: str, *, accepted: bool, regression: bool | None, floor: float) -> Iterable[Fact]:
    usage = Usage(cost_usd=Decimal("0.01"), seconds=1, model="m")
    draft = Draft(answer=Answer(text=""), patch=Patch(base="b", commit="c"), usage=usage)
    verdict = Verdict(accepted=accepted, reason="r", probability=0.95 if accepted else None)
    who = {"task": name, "epoch": 0, "executor": "light", "tier": Tier.LIGHT}
    yield Routed(task=name, route=ROUTE, cascade=None, begins="draft")
    yield Drafted(**who, draft=draft)
    if not accepted:
        yield Rejected(**who, verdict=verdict)
        return
    yield Accepted(**who, draft=draft, verdict=verdict, verifiers=("tests",))
    yield Sampled(task=name, epoch=0, probability=0.95, propensity=1.0, floor=floor, drawn=True)
    yield Committed(task=name, epoch=0, commit=None)
    yield Audited(task=name, epoch=0, regression=regression, reason="r", usage=usage)


def journal_of(
    root: Path, tasks: int, *, rejected: int = 0, regressions: int = 0, audit: float = 0.05
) -> Journal:
    """A journal of one run in which so many drafts were judged."""
    journal = Journal(root / ".git/sef")
    journal.begin("r1", this_process())
    plan = tuple(Task(id=f"t{n}", text=f"document module number {n}") for n in range(tasks))
    facts: list[Fact] = [
        RunStarted(run="r1", base="b", dirty=False, tasks=plan, slots=1, audit=audit)
    ]
    for number, task in enumerate(plan):
        facts += one_task(
            task.id,
            accepted=number >= rejected,
            regression=number < regressions + rejected,
            floor=audit,
        )
    for fact in facts:
        journal.append("r1", Recorded(fact=fact, seconds=0.0))
    asyncio.run(journal.settled())
    return journal


def told(root: Path, *more: str) -> dict[str, object]:
    done = sef(root, "calibrate", "--json", *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_an_empty_journal_has_nothing_to_tell(repository: Make) -> None:
    """And that is no error."""
    root = repository({"a.py": ""})
    assert told(root)["strata"] == []
    assert "No draft has been judged" in sef(root, "calibrate").stdout


def test_counts_bounds_and_every_documented_key(repository: Make) -> None:
    """Each key of the object has its row, and each row its key."""
    root = repository({"a.py": ""})
    journal_of(root, 40, rejected=10, regressions=3).close()
    found = told(root)
    (stratum,) = found["strata"]  # type: ignore[misc]
    assert (stratum["stratum"], stratum["drafts"], stratum["accepted"]) == ("document/1", 40, 30)
    assert (stratum["audited"], stratum["regressions"], stratum["acceptance"]) == (30, 3, 0.75)
    low, high = stratum["regression_rate_interval"]
    assert 0 <= low < high <= 1
    assert (stratum["tau"], stratum["proved_tau"]) == (None, None)
    assert found["rates"]["rejection"]["value"] == 0.25  # type: ignore[index]
    assert found["rates"]["delegation"]["value"] == 1.0  # type: ignore[index]
    named = set(re.findall(r"`(\w+)`", DOCUMENTED.read_text()))
    keys = {*found, *stratum, *found["rates"], *found["rates"]["rejection"]}  # type: ignore[misc]
    assert keys <= named


def test_many_regressions_are_told_and_stop_drafting(repository: Make) -> None:
    """With the reason."""
    root = repository({"a.py": ""})
    journal_of(root, 80, regressions=80).close()
    (stratum,) = told(root)["strata"]  # type: ignore[misc]
    assert "drafting is off" in stratum["stopped"]
    assert "drafting is off" in sef(root, "calibrate").stdout


def test_applying_puts_in_force_what_is_proved(repository: Make) -> None:
    """Once; then nothing would change."""
    root = repository({"a.py": ""})
    journal_of(root, 400, audit=1.0).close()
    (before,) = told(root)["strata"]  # type: ignore[misc]
    assert before["proved_tau"] is not None, before["why"]
    assert "would be rejected" in before["change"]
    (after,) = told(root, "--apply")["strata"]  # type: ignore[misc]
    (again,) = told(root)["strata"]  # type: ignore[misc]
    assert again["tau"] == before["proved_tau"]
    assert again["change"] == "nothing would change"
    assert after["proved_tau"] == before["proved_tau"]


def test_a_router_learns_from_a_journal_that_has_enough(repository: Make) -> None:
    """Below that the rules stand alone."""
    root = repository({"a.py": ""})
    with closing(journal_of(root, 30)) as journal:
        assert isinstance(router(past_runs(journal), ["light"]), RulesRouter)
    other = repository({"b.py": ""})
    with closing(journal_of(other, 70)) as journal:
        assert isinstance(router(past_runs(journal), ["light"]), LearnedRouter)
