"""Keys: a canary key and canary variables of the user turn up nowhere."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from contracts.staff import HAND, Staff, read, run
from contracts.world import KEY, PLANTED, World, at_work
from sef.errors import DraftFailure
from sef.events import Failed, Recorded
from sef.journal import Journal, RunJournal
from sef.model import Tier, Usage
from sef.steps import fact_of
from sef.testing.provider import Refused, Turn

CANARIES = (KEY, *PLANTED.values())
LOOK = "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; true"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same variables in the environment of the process itself."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)


def found_in(text: str) -> list[str]:
    return [one for one in CANARIES if one in text]


def test_no_prompt_and_no_tool_sees_a_key(
    world: World, asking: Staff, planted: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by `env`, not through other processes, not in the log; and the provider gets the key."""
    caplog.set_level(logging.DEBUG)

    async def go() -> tuple[str, str]:
        async with at_work(world, asking, [run("env"), run(LOOK), read("one.txt")]) as worker:
            await worker.work(findings=(f"it printed {KEY} and went on",))
            for one in worker.asked:
                assert "[redacted]" in (
                    one.headers.get("authorization"),
                    one.headers.get("x-api-key"),
                )
            return worker.asked[1].last, worker.sent()

    environment, sent = asyncio.run(go())
    assert "PATH=" in environment
    assert "it printed [hidden] and went on" in sent
    assert found_in(environment) == []
    assert found_in(sent) == []
    logged = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert found_in(logged) == []


def test_no_command_line_or_environment_of_a_process_has_a_key(
    world: World, asking: Staff, planted: None
) -> None:
    """Other users of the machine read command lines: what runs for an attempt names no key."""
    seen: list[str] = []

    async def go() -> None:
        async with at_work(world, asking, [run("touch began; sleep 60")]) as worker:
            call = asyncio.ensure_future(worker.work())
            while not (world.fork / "began").exists():
                assert not call.done(), call
                await asyncio.sleep(0.02)
            seen.extend(of_children())
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(go())
    assert seen
    assert found_in("\n".join(seen)) == []


def of_children() -> list[str]:
    """Command lines and environments of all processes below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    todo, texts = [os.getpid()], []
    while todo:
        for child in parents.get(todo.pop(), ()):
            todo.append(child)
            try:
                text = Path(f"/proc/{child}/cmdline").read_bytes()
                text += Path(f"/proc/{child}/environ").read_bytes()
            except OSError:
                continue
            texts.append(text.decode(errors="replace"))
    return texts


def test_a_provider_that_quotes_the_key_is_not_repeated(
    world: World, asking: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the failure, with all that caused it, nor in the log, nor in the journal."""
    caplog.set_level(logging.DEBUG)
    refused = Turn(fault=Refused(status=401, kind=f"bad key {KEY}"), times=None)

    async def go() -> DraftFailure:
        async with at_work(world, asking, [refused]) as worker:
            with pytest.raises(DraftFailure) as caught:
                await worker.work()
            return caught.value

    failure = asyncio.run(go())
    assert found_in(f"{failure} {failure!r} {failure.args} {failure.hint}") == []
    assert found_in("\n".join(map(repr, world.steps))) == []
    logged = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert found_in(logged) == []
    whole = "".join(traceback.format_exception(failure))
    assert found_in(whole) == []


def test_the_journal_has_no_key(world: World, asking: Staff) -> None:
    """Facts of steps and failures are written without secrets, whatever a model or a provider
    said: the bytes of the file do not hold one."""
    folder = world.root / "journal"
    text = f"I found {KEY} and {next(iter(PLANTED.values()))}"
    script = [
        Turn(text=text, calls=(asking.call(run(f"echo {KEY}"), world.fork),)),
        Turn(text=text, model=f"other-{KEY}", calls=(asking.call(HAND, world.fork),)),
    ]

    async def go() -> None:
        async with at_work(world, asking, script) as worker:
            reason = ""
            try:
                proposal = await worker.work()
                reason = proposal.answer.text
            except DraftFailure as failure:
                reason = str(failure.args[0])
            with closing(Journal(folder)) as journal:
                ledger = RunJournal(journal, "r", worker.crew.redaction.of)
                facts = [fact_of(one, task="t", epoch=1, call="c") for one in world.steps]
                failed = Failed(
                    task="t",
                    epoch=1,
                    executor="worker",
                    tier=Tier.STANDARD,
                    reason=f"{reason} {KEY}",
                    usage=Usage(cost_usd=None),
                )
                for one in (*facts, failed):
                    ledger.append(Recorded(fact=one, seconds=0.0))
                await ledger.settled()

    asyncio.run(go())
    files = [one for one in folder.rglob("*") if one.is_file()]
    kept = b"".join(one.read_bytes() for one in files)
    assert b"worker" in kept
    assert KEY.encode() not in kept
    (database,) = [one for one in files if _is_database(one)]
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("select count(*) from facts").fetchone()[0] == len(world.steps) + 1


def _is_database(path: Path) -> bool:
    return path.read_bytes()[:15] == b"SQLite format 3"
