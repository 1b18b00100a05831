"""Delegations in the journal that headless runs are in: their facts, what they teach, audits."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from tests.hooks.events import call, git, told
from tests.hooks.hosting import CALC, RIGHT, Host

from cli.command import sef
from sef.attempts import courses
from sef.calibration import calibration, unaudited
from sef.events import Fact, RunStarted
from sef.experience import Promise
from sef.hooks.booking import begin
from sef.hooks.closing import catch_up
from sef.hooks.dropping import dropped
from sef.hooks.records import append, load, rows, save
from sef.hooks.sums import of_session
from sef.journal import Journal
from sef.learning import ALL, learned, past_runs
from sef.owner import NOBODY
from sef.report import report

pytestmark = pytest.mark.slow
SONNET = "claude-sonnet-5-5"
PRICE = Decimal("0.007")
"""Of one request below: $2 and $10 a million tokens, as of 2026-11-22."""


def asked(host: Host, agent: str = "a1", *, billed: str = SONNET, requests: int = 1) -> None:
    """The transcript of an executor that asked its model."""
    file = host.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    usage = {"input_tokens": 1_000, "output_tokens": 500}
    lines = [
        {"id": f"{agent}-{n}", "model": billed, "content": [], "usage": usage}
        for n in range(requests)
    ]
    rows = ({"type": "assistant", "requestedModel": SONNET, "message": one} for one in lines)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def facts(host: Host, agent: str = "a1") -> tuple[Fact, ...]:
    with closing(Journal(host.project / ".git/sef")) as journal:
        return tuple(one.fact for one in journal.recorded(f"claude-{agent}"))


def drafted(host: Host, text: str, agent: str = "a1", **more: int) -> str:
    """What the orchestrator reads of a draft of calc.py."""
    tree = host.start(agent)
    (tree / "calc.py").write_text(text)
    asked(host, agent, **more)  # type: ignore[arg-type]
    return host.end(agent)


def configured(host: Host, text: str, **files: str) -> None:
    for name, said in {"sef.toml": text, **files}.items():
        (host.project / name).write_text(said)
    git(host.project, "add", "-A")
    git(host.project, "commit", "-qm", "settings")


def test_an_accepted_draft_is_a_run(tmp_path: Path) -> None:
    """With its task, its price, its verdict, and no branch: the result is in the user's files."""
    host = Host(tmp_path)
    assert drafted(host, RIGHT, requests=2).startswith("SEF ACCEPTED")
    found = report(facts(host))
    (task,) = found.tasks
    (attempt,) = task.attempts
    assert (found.status, found.applied, found.branch) == ("ok", True, None)
    assert (task.text[:20], attempt.executor, attempt.model) == (
        "Fix the function add", "sef-implement", SONNET,
    )  # fmt: skip
    assert found.cost_usd == attempt.cost_usd == 2 * PRICE
    assert 0 < attempt.seconds < 600
    (row,) = (one for one in rows(str(host.state())) if one["event"] == "accepted")
    assert (row["usd"], row["target_usd"]) == ("0.014", "0.028")
    assert "Applied to your files." in sef(host.project, "report").stdout
    assert "Claude Code, session s-1" in sef(host.project, "explain", "claude-a1").stdout
    assert "claude-a1" in sef(host.project, "runs").stdout


def test_what_is_not_accepted_is_left_to_the_conversation(tmp_path: Path) -> None:
    """Rejected by a verdict, or ended without one: paid, and with nothing said to be saved."""
    host = Host(tmp_path)
    assert drafted(host, RIGHT.replace("return 2", "return 3")).startswith("SEF REJECTED")
    host.start("a2")
    asked(host, "a2", requests=3)
    host.end("a2", report="NOTE: this agent stopped at its 3-turn limit")
    for agent, verdict, cost in (("a1", False, PRICE), ("a2", None, 3 * PRICE)):
        found = report(facts(host, agent))
        (task,) = found.tasks
        assert (task.attempts[0].accepted, found.cost_usd, found.saved_usd) == (verdict, cost, None)
        assert str(task.reason).startswith("left to the main conversation")
    assert sef(host.project, "run", "--resume", "claude-a1").returncode == 2


def test_a_draft_that_did_not_merge_is_nobodys_mistake(tmp_path: Path) -> None:
    """It is paid, and neither accepted nor rejected in what is learned."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    (host.project / "calc.py").write_text(CALC.replace("a - b", "b + a"))
    asked(host)
    assert "conflicts" in host.end()
    assert courses(facts(host)) == () and report(facts(host)).cost_usd == PRICE


def test_a_failed_call_was_paid_until_then(tmp_path: Path) -> None:
    """Its run tells what, and the row in the state too."""
    host = Host(tmp_path)
    tree = host.start()
    asked(host)
    note = {"toolUseId": "toolu_a1", "worktreePath": str(tree)}
    folder = host.transcript.with_suffix("") / "subagents"
    (folder / "agent-a1.meta.json").write_text(json.dumps(note))
    event = {
        "session_id": "s-1", "cwd": str(host.project), "transcript_path": str(host.transcript),
        "tool_use_id": "toolu_a1", "tool_input": {"subagent_type": "sef-implement"},
        "error": "API Error: 529",
    }  # fmt: skip
    asyncio.run(dropped(event))
    found = report(facts(host))
    assert (found.status, found.cost_usd) == ("failed", PRICE)
    assert "its call failed: API Error: 529" in str(found.tasks[0].reason)
    assert list(rows(str(host.state())))[-1]["usd"] == str(PRICE)
    assert not tree.exists()


def killed(host: Host, agent: str = "a1") -> None:
    """The executor's Claude Code is dead, and the next session begins."""
    record = load(str(host.state()), f"agents/{agent}")
    assert record is not None
    save(str(host.state()), f"agents/{agent}", {**record, "pid": 2**30, "began": "1"})
    asyncio.run(catch_up({"session_id": "s-9", "cwd": str(host.project)}))


def test_what_was_cut_off_was_paid_until_then(tmp_path: Path) -> None:
    """By a kill while it worked, after it was merged, or while it was booked; and once."""
    host = Host(tmp_path)
    for agent, merged in (("a1", False), ("a2", True), ("a3", False)):
        host.start(agent)
        asked(host, agent, requests=2)
        if merged:  # its hook was killed behind the merge
            row = {"event": "merged", "agent": agent, "blobs": {"calc.py": "0" * 40}}
            append(str(host.state()), row)
        if agent == "a3":
            with closing(Journal(host.project / ".git/sef")) as journal:
                journal.begin("claude-a3", NOBODY)
        killed(host, agent)
        found = report(facts(host, agent))
        reason = str(found.tasks[0].reason)
        assert (found.status, found.cost_usd, found.saved_usd) == ("failed", 2 * PRICE, None)
        assert "session was cut off before there was a verdict" in reason
        assert ("it was merged (calc.py)" in reason) == merged
        assert found.tasks[0].attempts[0].seconds < 600
    sums = of_session(str(host.state()), "s-1").told()
    assert sums["executors"]["sef-implement"]["failed"] == 3
    assert sums["saved_estimate_usd"] == pytest.approx(float(-6 * PRICE))


def test_what_was_booked_before_the_kill_is_not_booked_again(tmp_path: Path) -> None:
    """Its hook was killed behind the booking: the verdict stays what it was."""
    host = Host(tmp_path)
    host.start()
    before = load(str(host.state()), "agents/a1")
    asked(host)
    host.end(report="NOTE: this agent stopped at its 3-turn limit")
    told = facts(host)
    assert before is not None
    save(str(host.state()), "agents/a1", before)
    killed(host)
    assert facts(host) == told and host.events()[-1] == "collected"


def test_what_nobody_knows_is_not_free(tmp_path: Path) -> None:
    """Without a transcript the price is unknown; another model than asked for is told."""
    host = Host(tmp_path)
    host.start()
    host.end()
    assert report(facts(host)).cost_usd is None
    drafted(host, RIGHT, "a2", billed="claude-haiku-5-5")  # type: ignore[arg-type]
    told_of = json.loads(sef(host.project, "report", "claude-a2", "--json").stdout)
    (attempt,) = told_of["tasks"][0]["attempts"]
    assert (attempt["model"], attempt["requested"]) == ("claude-haiku-5-5", SONNET)


def test_a_journal_that_cannot_be_written_hides_no_price(tmp_path: Path) -> None:
    """It undoes no verdict either; there is a line in the log, and no run."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    asked(host)
    (host.project / ".git/sef/journal.sqlite3").write_bytes(b"damaged" * 1_000)
    assert host.end().startswith("SEF ACCEPTED")
    (row,) = (one for one in rows(str(host.state())) if one["event"] == "accepted")
    assert (row["usd"], row["target_usd"]) == ("0.007", "0.014")


def test_no_secret_of_the_environment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from the task nor from the report."""
    monkeypatch.setenv("SOME_API_KEY", "canary-canary-canary")
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    asked(host)
    host.end(task="Fix add in calc.py. Key: canary-canary-canary", report="canary-canary-canary")
    kept = b"".join(one.read_bytes() for one in (host.project / ".git/sef").glob("journal*"))
    assert b"[hidden]" in kept and b"canary" not in kept


def test_headless_runs_learn_from_it(tmp_path: Path) -> None:
    """The same fold: a stratum, acceptances, rates, the executor's model."""
    host = Host(tmp_path)
    drafted(host, RIGHT)
    git(host.project, "checkout", "-q", "calc.py")
    drafted(host, RIGHT.replace("return 2", "return 3"), "a2")
    with closing(Journal(host.project / ".git/sef")) as journal:
        runs = past_runs(journal, ALL)
        known = learned(journal, runs, Promise())
    standing = known.standings["implement/2"]
    assert (standing.drafts, standing.accepted) == (2, 1)
    assert standing.models == {"sef-implement": SONNET}
    found = calibration(runs, known)
    assert (found.delegation.value, found.rejection.value) == (1.0, 0.5)


def test_the_gate_is_the_users(tmp_path: Path) -> None:
    """`[drafts]` decides what may be lost to learn; what the gate keeps back is counted."""
    host = Host(tmp_path)
    configured(host, "[drafts]\nexploring = 0.0\nallowance_usd = 0.0\n")
    state = str(host.state())
    begin(state, "s-1")
    event = {"session_id": "s-1", "cwd": str(host.project), "transcript_path": ""}
    assert told({**event, "hook_event_name": "SessionEnd"}) == (0, None)
    _, said = told(call(host.project, "sef-implement", tool_use_id="toolu_1234567890ab"))
    assert said is not None
    assert "may save" in said["hookSpecificOutput"]["permissionDecisionReason"]
    _, said = told(call(host.project, "sef-explore"))
    assert said is not None and "updatedInput" in said["hookSpecificOutput"]
    for _ in range(2):  # a second end of the session counts nothing twice
        begin(state, "s-1")
        assert told({**event, "hook_event_name": "SessionEnd"}) == (0, None)
    rates = json.loads(sef(host.project, "calibrate", "--json").stdout)["rates"]
    assert (rates["delegation"]["hits"], rates["delegation"]["tried"]) == (0, 1)
    assert "may save" in sef(host.project, "explain", "claude-1234567890ab").stdout


TARGET = """
[drafts]
audit = 1.0

[executors.target]
use = "scripted"
tier = 3
script = "target.toml"
"""
SCRIPT = """
[[script]]
task = "implement"
says = "Mended."
cost_usd = 0.25
[[script.write]]
path = "calc.py"
text = {code}
[[script.write]]
path = "tests/test_more.py"
text = {test}
"""
TEST = "from calc import add\n\n\ndef test_more():\n    assert add({}, {}) == {}\n"


WRONG = CALC.replace("a - b", "3")
"""Right for what the old test asks of it, and no more."""


@pytest.mark.parametrize(("draft", "regression"), [(RIGHT, False), (WRONG, True)])
def test_what_was_drawn_is_audited_when_asked_for(
    tmp_path: Path, draft: str, regression: bool
) -> None:
    """The target does the task again, once; what it cost and found is in the journal."""
    host = Host(tmp_path)
    script = SCRIPT.format(
        code=json.dumps(RIGHT + "# done\n"), test=json.dumps(TEST.format(2, 2, 4))
    )
    configured(host, TARGET, **{"target.toml": script})
    assert drafted(host, draft).startswith("SEF ACCEPTED")
    with closing(Journal(host.project / ".git/sef")) as journal:
        assert unaudited(past_runs(journal, ALL)) == ("claude-a1",)
    assert "1 draft accepted in Claude Code wait" in sef(host.project, "calibrate").stdout
    before = (host.project / "calc.py").read_text()
    done = sef(host.project, "calibrate", "--audit", "--json")
    assert done.returncode == 0, done.stderr
    said = "A REGRESSION: with the target's tests" if regression else "it passes the target's tests"
    assert said in done.stderr and "$0.25" in done.stderr, done.stderr
    found = json.loads(done.stdout)
    (stratum,) = found["strata"]
    assert (stratum["audited"], stratum["untold"], stratum["regressions"]) == (1, 0, regression)
    assert found["audits_waiting"] == 0
    assert report(facts(host)).cost_usd == PRICE + Decimal("0.25")
    assert (host.project / "calc.py").read_text() == before
    assert git(host.project, "for-each-ref", "refs/sef") == ""
    assert "claude-a1" not in sef(host.project, "calibrate", "--audit").stderr


def test_a_budget_is_for_all_audits_together(tmp_path: Path) -> None:
    """Once it is spent none is begun, and what was not begun waits on."""
    host = Host(tmp_path)
    script = SCRIPT.format(
        code=json.dumps(RIGHT + "# done\n"), test=json.dumps(TEST.format(2, 2, 4))
    )
    configured(host, TARGET, **{"target.toml": script})
    for agent in ("a1", "a2", "a3"):
        assert drafted(host, RIGHT, agent).startswith("SEF ACCEPTED")
        git(host.project, "checkout", "-q", "calc.py")
    for budget, waiting in (("0", 3), ("0.3", 1), ("0.1", 0)):
        done = sef(host.project, "calibrate", "--audit", "--budget", budget, "--json")
        assert json.loads(done.stdout)["audits_waiting"] == waiting, done.stderr
        assert done.stderr.count("is used up: it waits") == waiting
    (stratum,) = json.loads(done.stdout)["strata"]
    assert (stratum["audited"], stratum["untold"]) == (3, 0)


def test_an_audit_that_was_cut_off_is_not_paid_again(tmp_path: Path) -> None:
    """As after kill -9 in the middle: it is told once, waits no longer, and its price is unknown."""
    host = Host(tmp_path)
    script = SCRIPT.format(
        code=json.dumps(RIGHT + "# done\n"), test=json.dumps(TEST.format(2, 2, 4))
    )
    configured(host, TARGET, **{"target.toml": script})
    drafted(host, RIGHT)
    sef(host.project, "calibrate", "--audit")
    with closing(sqlite3.connect(host.project / ".git/sef/journal.sqlite3")) as journal, journal:
        assert journal.execute("delete from facts where kind = 'Audited'").rowcount == 1
    git(host.project, "update-ref", "refs/sef/claude-a1/draft", "HEAD")
    again = sef(host.project, "calibrate", "--audit", "--json")
    assert "cut off: not paid again" in again.stderr
    assert json.loads(again.stdout)["audits_waiting"] == 0
    assert report(facts(host)).cost_usd is None
    assert git(host.project, "for-each-ref", "refs/sef") == ""
    assert "claude-a1" not in sef(host.project, "calibrate", "--audit").stderr


def test_an_audit_needs_a_target(tmp_path: Path) -> None:
    """Without one it is said, and the audit waits on."""
    host = Host(tmp_path)
    configured(host, "[drafts]\naudit = 1.0\n")
    drafted(host, RIGHT)
    done = sef(host.project, "calibrate", "--audit", PATH=os.environ["PATH"])
    assert done.returncode == 2 and "no target to audit with" in done.stderr
    assert json.loads(sef(host.project, "calibrate", "--json").stdout)["audits_waiting"] == 1


def test_old_ones_are_forgotten_with_all_they_kept(tmp_path: Path) -> None:
    """As headless runs are."""
    host = Host(tmp_path)
    configured(host, "[drafts]\naudit = 1.0\n")
    drafted(host, RIGHT)
    assert "claude-a1" in git(host.project, "for-each-ref", "refs/sef")
    assert "1 runs" in sef(host.project, "clean", "--all").stdout
    assert git(host.project, "for-each-ref", "refs/sef") == ""
    with closing(Journal(host.project / ".git/sef")) as journal:
        assert journal.runs() == ()


def test_the_journal_tells_its_host(tmp_path: Path) -> None:
    """Also of a draft that began on uncommitted work."""
    host = Host(tmp_path)
    (host.project / "notes.md").write_text("mine\n")
    drafted(host, RIGHT)
    began = next(one for one in facts(host) if isinstance(one, RunStarted))
    assert began.dirty and began.host == "Claude Code, session s-1"
