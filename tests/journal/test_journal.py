"""The journal keeps facts: in order, durable when settled, readable by another process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

import sef.journal
from sef.advice import Advice, Advised, Consulted
from sef.errors import JournalError
from sef.events import (
    Accepted,
    Answered,
    Committed,
    Dispatched,
    Drafted,
    Fact,
    Recorded,
    Rejected,
    Routed,
    RunStarted,
)
from sef.filesystem import file_system, is_far
from sef.journal import Journal, RunJournal
from sef.model import (
    Answer,
    Cascade,
    Change,
    Counts,
    Draft,
    Effort,
    Evidence,
    Kind,
    Lane,
    Match,
    Patch,
    Proposal,
    Request,
    Route,
    Stage,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.owner import Owner, this_process

ANSWER = Answer(
    text="ü\ud83d\n", counts=Counts(passed=3), matches=(Match(path="a", line=1, text="x"),)
)
USAGE = Usage(cost_usd=Decimal("0.1"), seconds=1.25, model="m", input_tokens=7)
DRAFT = Draft(
    answer=Answer(text="x"),
    patch=Patch(base="b", commit="c", changes=(Change(path="p", status="M", mode="100644"),)),
    usage=USAGE,
)
STAGE = Stage(
    executor="e", tier=Tier.LIGHT, effort=Effort.LOW, verifiers=("trust",), deadline_s=1.5
)
ROUTE = Route(
    tier=Tier.NONE,
    kind=Kind.EXPLORE,
    policy="fast",
    score=0.5,
    reason="r",
    request=Request(executor="search", what="text", subject="s"),
)
TASK = Task(id="t", text="do", needs=("u",), kind=Kind.REVIEW, paths=("*",), lane=Lane.URGENT)
AT = {"task": "t", "epoch": 1, "executor": "e", "tier": Tier.LIGHT}
FACTS: tuple[Fact, ...] = (
    RunStarted(run="r", base="b", dirty=True, tasks=(TASK,), slots=3),
    Routed(task="t", route=ROUTE, cascade=Cascade(stages=(STAGE,), checks=("tests",))),
    Dispatched(**AT, stage=0, base="b", call="k"),  # type: ignore[arg-type]
    Answered(task="t", epoch=1, call="k", proposal=Proposal(answer=Answer(text=""), usage=USAGE)),
    Drafted(**AT, draft=DRAFT),  # type: ignore[arg-type]
    Rejected(  # type: ignore[call-arg]
        **AT,  # type: ignore[arg-type]
        verdict=Verdict(
            accepted=False,
            reason="no",
            evidence=(Evidence(verifier="v", passed=None, detail="d"),),
        ),
    ),
    Accepted(  # type: ignore[call-arg]
        **AT,  # type: ignore[arg-type]
        draft=DRAFT,
        verdict=Verdict(accepted=True, reason="y"),
        verifiers=("v",),
    ),
    Consulted(task="t", epoch=1, verifier="judge", executor="e", key="q", call="k"),
    Advised(
        task="t",
        epoch=1,
        verifier="judge",
        executor="e",
        key="q",
        call="k",
        advice=Advice(text='{"verdict": "right"}', usage=USAGE, patch=DRAFT.patch, failed="no"),
    ),
    Committed(task="t", epoch=1, commit=None),
)


def write(journal: Journal, run: str, facts: tuple[Fact, ...] = FACTS) -> None:
    async def work() -> None:
        ledger = RunJournal(journal, run)
        for number, fact in enumerate(facts):
            ledger.append(Recorded(fact=fact, seconds=float(number)))
        await ledger.settled()

    asyncio.run(work())


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    """Every nested value, money to the last digit, in order, with their times."""
    with closing(Journal(tmp_path)) as journal:
        write(journal, "r")
        back = journal.recorded("r")
    assert tuple(one.fact for one in back) == FACTS
    assert [one.seconds for one in back] == [float(n) for n in range(len(FACTS))]


def test_text_that_is_no_text_is_kept_without_a_crash(tmp_path: Path) -> None:
    """A file name that is not UTF-8 arrives with a surrogate in it."""
    proposal = Proposal(answer=Answer(text="a\udcff"), usage=USAGE)
    fact = Answered(task="t", epoch=0, call="k", proposal=proposal)
    with closing(Journal(tmp_path)) as journal:
        write(journal, "r", (fact,))
        (back,) = journal.recorded("r")
    assert isinstance(back.fact, Answered)
    assert back.fact.proposal.answer.text.startswith("a")


def test_what_is_settled_survives_kill_minus_9(tmp_path: Path) -> None:
    """A process that is killed the moment `settled` returned has lost nothing."""
    code = (
        "import os, sys; sys.path[:0] = [sys.argv[2], sys.argv[3]]\n"
        "from pathlib import Path; import test_journal as t; from sef.journal import Journal\n"
        "t.write(Journal(Path(sys.argv[1])), 'r'); os.kill(os.getpid(), 9)"
    )
    here = Path(__file__).parent
    argv = (sys.executable, "-c", code, str(tmp_path), str(here), str(here.parent))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    with closing(Journal(tmp_path)) as journal:
        assert len(journal.recorded("r")) == len(FACTS)


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """Each finds its own run whole."""
    with closing(Journal(tmp_path)) as one, closing(Journal(tmp_path)) as two:

        async def both() -> None:
            first, second = RunJournal(one, "a"), RunJournal(two, "b")
            for _ in range(50):
                for ledger in (first, second):
                    ledger.append(Recorded(fact=FACTS[-1], seconds=0.0))
                await asyncio.gather(first.settled(), second.settled())

        asyncio.run(both())
        assert len(one.recorded("b")) == len(two.recorded("a")) == 50


def test_a_journal_that_cannot_be_written_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: whoever waits is told, then and ever after, with the way out."""
    connect = sef.journal._connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("pragma max_page_count = 12")
        return connection

    monkeypatch.setattr(sef.journal, "_connect", small)
    big = Committed(task="x" * 100_000, epoch=0, commit=None)
    with closing(Journal(tmp_path)) as journal:
        with pytest.raises(JournalError, match=r"full[\s\S]*resume the run"):
            write(journal, "r", (big,))
        with pytest.raises(JournalError, match="full"):
            write(journal, "r", FACTS[:1])


def test_a_journal_held_by_another_program_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After waiting, not at once; a lock of a process that died is none."""
    monkeypatch.setattr(sef.journal, "_BUSY_S", 0.2)
    with closing(Journal(tmp_path)) as journal:
        holder = sqlite3.connect(journal.path, isolation_level=None)
        holder.execute("begin immediate")
        with pytest.raises(JournalError, match="locked"):
            write(journal, "r")
        holder.close()
    with closing(Journal(tmp_path)) as journal:
        write(journal, "r")
        assert len(journal.recorded("r")) == len(FACTS)


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's locks do not hold there."""
    monkeypatch.setattr(sef.journal, "file_system", lambda _: "nfs4")
    with pytest.raises(JournalError, match="nfs4"):
        Journal(tmp_path)
    assert is_far("cifs")
    assert not is_far(file_system(tmp_path))


def test_a_fact_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    """It is not skipped: a story with a gap would be another story."""
    with closing(Journal(tmp_path)) as journal:
        write(journal, "r")
        journal._reading.execute("update facts set kind = 'Teleported' where id = 3")
        with pytest.raises(JournalError, match="Teleported"):
            journal.recorded("r")


def test_a_forgotten_run_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    """With the space it took."""
    with closing(Journal(tmp_path)) as journal:
        for run in ("a", "b"):
            journal.begin(run, this_process())
            write(journal, run, FACTS * 200)
        before = journal.size()
        journal.forget("a")
        journal.compact()
        assert [row.run for row in journal.runs()] == ["b"]
        assert journal.recorded("a") == ()
        assert len(journal.recorded("b")) == len(FACTS) * 200
        assert journal.size() <= before


def test_an_owner_is_told_from_a_later_process_with_its_pid() -> None:
    """By the time at which the kernel started it; a zombie is no owner."""
    me = this_process()
    assert me.is_alive()
    assert not Owner(pid=me.pid, began="1").is_alive()
    child = subprocess.Popen((sys.executable, "-c", ""))
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not Owner(pid=child.pid, began="1").is_alive()
    child.wait()
    assert not Owner(pid=child.pid, began="1").is_alive()
