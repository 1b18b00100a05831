"""The state that `/sef` shows: what the end of the journal and the records say."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.hooks.events import call, repository, told
from tests.hooks.hosting import Host

from sef.hooks.booking import begin, provisional
from sef.hooks.closing import close
from sef.hooks.dropping import dropped
from sef.hooks.records import append, save
from sef.hooks.status import state
from sef.hooks.status_lines import lines
from sef.hooks.sums import LARGEST, of_all
from sef.owner import owner_of

OPUS = "claude-opus-5-5"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return repository(tmp_path / "project", {"a": "a\n"})


def folder(home: Path) -> str:
    return str(home / ".git/sef/hooks")


def asked(home: Path, command: str = "sef", words: str = "", **more: object) -> dict[str, Any]:
    """A command that the user typed."""
    return {
        "hook_event_name": "UserPromptExpansion",
        "session_id": "s-1",
        "cwd": str(home),
        "expansion_type": "slash_command",
        "command_name": command,
        "command_args": words,
        **more,
    }


def outcome(home: Path, event: str, executor: str = "sef-explore", **more: object) -> None:
    append(folder(home), {"event": event, "session": "s-1", "executor": executor, **more})


def booked(home: Path, session: str, usd: str | None = None, tokens: int = 10) -> None:
    models = {OPUS: {"requests": 1, "input": tokens, "output": 1}}
    row = {"event": "booked", "session": session, "final": usd is not None, "models": models}
    append(folder(home), {**row, **({} if usd is None else {"usd": usd, "other_usd": 0.5})})


def test_the_skill_alone_shows_the_state(home: Path) -> None:
    """Bare and with `status`, installed and as a plugin; all else goes on to the skill."""
    for command in ("sef", "sef:sef"):
        for words in ("", "status", " status \n"):
            code, found = told(asked(home, command, words), "--scope", "project")
            assert code == 0 and found is not None and found["decision"] == "block"
            assert found["reason"].startswith("sef is on: the project's hooks")
            assert found["hookSpecificOutput"]["suppressOriginalPrompt"] is True
        for words in ("log on", "statusx", "fix it"):
            assert told(asked(home, command, words)) == (0, None)
    assert told(asked(home, "compact")) == (0, None)


def test_no_session_and_no_repository_are_no_fault(tmp_path: Path, home: Path) -> None:
    """There is a state everywhere, also in a folder that no hook has seen."""
    for cwd in (tmp_path, home):
        said = lines(state(str(cwd)))
        assert said[0].startswith("sef is off") and "At work: nobody." in said
        assert "The last 14 days: nothing was handed out." in said


def test_sums_are_of_the_rows_that_hooks_write(tmp_path: Path) -> None:
    """Real rows: a delegation, one refused, one failed by its call, one accepted."""
    host = Host(tmp_path)
    told(call(host.project, "sef-explore"))
    told(call(host.project, "sef-implement", tool_use_id="toolu_2"))
    told(call(host.project, "sef-review", asked={"model": "opus"}))
    event = {"session_id": "s-1", "cwd": str(host.project), "tool_use_id": "toolu_2"}
    asyncio.run(dropped({**event, "tool_input": {"subagent_type": "sef-implement"}}))
    row = {"session": "s-1", "call": "toolu_1", "agent": "a1", "executor": "sef-explore"}
    append(str(host.state()), {"event": "accepted", **row, "reason": '"executor": "sef-x"'})
    sums = state(str(host.project), session="s-1")["session"]["executors"]
    counts = {name: {k: v for k, v in one.items() if v} for name, one in sums.items()}
    assert sums["sef-explore"]["usd"] is None
    one = {"delegated": 1, "delegation_rate": 1.0}
    assert counts == {
        "sef-explore": {**one, "accepted": 1},
        "sef-implement": {**one, "failed": 1},
        "sef-review": {"refused": 1},
    }


def test_rates_are_shares_of_calls_and_of_verdicts(home: Path) -> None:
    """Rows of other sessions and other times: the session has its own, the fortnight all recent."""
    for event in ("delegated", "delegated", "delegated", "refused", "accepted", "rejected"):
        outcome(home, event)
    outcome(home, "delegated", session="s-2")
    outcome(home, "delegated", at=time.time() - 15 * 86_400)
    found = state(str(home), session="s-1")
    mine, every = (found[one]["executors"]["sef-explore"] for one in ("session", "days_14"))
    assert (mine["delegated"], every["delegated"]) == (4, 4)
    assert (every["delegation_rate"], every["rejection_rate"]) == (0.8, 0.5)
    assert any("80% of calls let through, 50% of verdicts" in line for line in lines(found))


def test_dollars_are_said_only_where_the_end_priced_them(home: Path) -> None:
    """The newest row of a session holds; a provisional one has tokens alone."""
    outcome(home, "delegated")
    booked(home, "s-1", tokens=1_000)
    assert "so far, without prices, 1,001 tokens in 1 request" in "\n".join(lines(state(str(home))))
    booked(home, "s-1", usd="0.25", tokens=2_000)
    used = state(str(home), session="s-1")["session"]["used"]
    assert used["usd"] == pytest.approx(0.75) and used["unpriced_sessions"] == 0
    booked(home, "s-1", tokens=3_000)
    booked(home, "s-2", usd="nan")
    booked(home, "s-3", usd="1")
    found = state(str(home), session="s-1")
    assert found["session"]["used"]["usd"] is None
    used = found["days_14"]["used"]
    assert used["usd"] == pytest.approx(1.5) and used["unpriced_tokens"] == 3_012
    assert (used["priced_sessions"], used["unpriced_sessions"]) == (1, 2)


def test_what_executors_cost_is_summed_by_executor(home: Path) -> None:
    """From the rows of their verdicts, beside the target's prices; none where nobody priced it."""
    outcome(home, "accepted", usd="0.010", target_usd="0.40")
    outcome(home, "rejected", usd="0.02", target_usd="0.8", reason='"usd": "9"')
    outcome(home, "accepted", "sef-review", usd=None, target_usd=None)
    said = "\n".join(lines(state(str(home), session="s-1")))
    assert "sef-explore: 0 delegated, 1 accepted, 1 rejected, $0.03 ($1.20 at the target's" in said
    assert "sef-review: 0 delegated, 1 accepted, 0 rejected\n" in said
    assert "Saved about $0.37" in said  # 0.40 for 0.01, less the 0.02 of the rejected one
    outcome(home, "rejected", usd="1", target_usd="9")
    assert "Lost about $0.63" in "\n".join(lines(state(str(home), session="s-1")))


def test_what_real_bookings_say_is_what_is_shown(home: Path, tmp_path: Path) -> None:
    """Provisional first, then the final price of one request on opus."""
    begin(folder(home), "s-1")
    outcome(home, "delegated")
    usage = {"input_tokens": 1_000, "output_tokens": 100}
    message = {"id": "m1", "model": OPUS, "usage": usage}
    main = tmp_path / "s-1.jsonl"
    main.write_text(json.dumps({"type": "assistant", "message": message}) + "\n")
    event = {"session_id": "s-1", "cwd": str(home), "transcript_path": str(main)}
    provisional(event, str(home / ".git"))
    assert "1,100 tokens in 1 request" in "\n".join(lines(state(str(home), session="s-1")))
    close(folder(home), "s-1", str(main))
    used = state(str(home), session="s-1")["session"]["used"]
    assert used["usd"] == pytest.approx(0.006), "$4 and $20 a million, 2026-11-23"


def test_who_is_at_work_has_a_host_that_lives(home: Path) -> None:
    """With executor, tree and time; of a process that is gone, or another by now, nobody is."""
    living = owner_of(os.getpid())
    record = {"executor": "sef-implement", "session": "s-1", "tree": "/t/agent-a1"}
    record["at"] = time.time() - 300
    save(folder(home), "agents/a1", {**record, "pid": living.pid, "began": living.began})
    for at in (float("inf"), True, "x", 1e300):
        save(
            folder(home),
            "agents/a1",
            {**record, "at": at, "pid": os.getpid(), "began": living.began},
        )
        assert isinstance(state(str(home))["at_work"][0]["seconds"], int | None)
    save(folder(home), "agents/a1", {**record, "pid": living.pid, "began": living.began})
    for name, pid, began in (("a2", 2**30, "1"), ("a3", os.getpid(), "other"), ("a4", 10**30, "")):
        save(folder(home), f"agents/{name}", {**record, "pid": pid, "began": began})
    (one,) = state(str(home))["at_work"]
    assert one["seconds"] in range(299, 420)
    assert re.search(
        r"sef-implement, for 5 min, in /t/agent-a1", "\n".join(lines(state(str(home))))
    )


def test_a_long_journal_is_read_from_its_end(home: Path) -> None:
    """The first rows are not counted, and it is said; half a line is no row."""
    outcome(home, "delegated", "sef-review")
    with open(f"{folder(home)}/journal.jsonl", "a") as file:
        file.write('{"at": 1, "event": "filler", "text": "' + "x" * LARGEST + '"}\n')
    outcome(home, "delegated")
    mine, _, cut = of_all(folder(home), "s-1", time.time())
    assert cut and set(mine.outcomes) == {"sef-explore"}
    assert any("only its end was read" in line for line in lines(state(str(home))))


def test_what_is_no_row_is_passed_over(home: Path) -> None:
    """Torn lines, other types, no Unicode, names of nobody: nothing breaks, nothing is guessed."""
    outcome(home, "accepted", "evil\x1b[31m")
    wrong = [
        b'{"at": "x", "event": "accepted", "session": "s-1", "executor": "sef-explore"}',
        b'{"at": 1, "event": "accepted", "session": "s-1", "executor": "sef-explore"',
        b'{"event": "booked", "session": "s-1", "models": [1], "usd": {}, "final": true}',
        b'{"event": "booked", "session": "s-1", "models": {"a": {"input": -5, "output": "1"}}}',
        b'{"event": "booked"',
        b"\xff\xfe[]",
    ]
    with open(f"{folder(home)}/journal.jsonl", "ab") as file:
        file.write(b"\n".join(wrong) + b"\n")
    found = state(str(home), session="s-1")
    assert found["session"]["executors"]["sef-explore"]["accepted"] == 1
    assert found["session"]["executors"]["others"]["accepted"] == 1
    assert found["session"]["used"]["tokens"] == 0 and found["days_14"]["used"]["usd"] is None


def test_nothing_that_is_shown_reaches_the_terminal(home: Path) -> None:
    """Control codes of records, tables and settings are taken out, each line is bounded."""
    bad = "\x1b]0;title\x07\x1b[31mred\n" + "y" * 5_000
    living = owner_of(os.getpid())
    record = {"executor": bad, "session": bad, "tree": bad}
    save(folder(home), "agents/a1", {**record, "pid": living.pid, "began": living.began})
    save(folder(home), "table", {bad: {"pays": False, "reason": bad}})
    (home / ".claude/sef").mkdir(parents=True)
    (home / ".claude/sef/installed.json").write_text(json.dumps({"version": bad}))
    said = lines(state(str(home), session=bad))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(said))
    assert any("red" in line for line in said) and max(map(len, said)) <= 320


def test_a_pipe_in_place_of_the_journal_is_not_waited_for(home: Path) -> None:
    """Nor one in place of the settings."""
    (home / ".git/sef/hooks").mkdir(parents=True)
    os.mkfifo(f"{folder(home)}/journal.jsonl")
    (home / ".claude").mkdir()
    os.mkfifo(home / ".claude/settings.json")
    done = subprocess.run(
        (sys.executable, "-c", f"from sef.hooks.status import state; state({str(home)!r})"),
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0


def test_a_pipe_in_place_of_a_record_is_not_waited_for(home: Path) -> None:
    """Of the gate's table, of an executor, of the installer."""
    save(folder(home), "table", {})
    Path(folder(home), "table.json").unlink()
    (home / ".claude/sef").mkdir(parents=True)
    Path(folder(home), "agents").mkdir()
    for path in ("table.json", "agents/a.json"):
        os.mkfifo(f"{folder(home)}/{path}")
    os.mkfifo(home / ".claude/sef/installed.json")
    assert told(asked(home))[1]["decision"] == "block"


def test_what_breaks_it_asks_no_model(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.git` file that says anything, a folder that cannot be told: blocked all the same."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / ".git").write_bytes(b"gitdir: /x\0y")
    for cwd in (str(odd), "/\ud800"):
        found = told(asked(home, cwd=cwd))[1]
        assert found["decision"] == "block" and found["reason"].startswith("sef ")
    for words in ("STATUS", " Status "):
        assert told(asked(home, words=words))[1]["decision"] == "block"


def test_refusals_and_kept_patches_are_shown(home: Path) -> None:
    """With reason and folder."""
    pays = {"sef-review": {"pays": False, "reason": "it would lose"}, "sef-explore": {"pays": True}}
    save(folder(home), "table", pays)
    (home / ".git/sef/hooks/kept").mkdir()
    (home / ".git/sef/hooks/kept/a1.patch").write_text("x")
    found = state(str(home))
    assert found["refused"] == {"sef-review": "it would lose"}
    said = "\n".join(lines(found))
    assert "Refused for now: sef-review. it would lose" in said and "merged: 1, in " in said


def test_where_it_is_installed_and_whether_it_is_on(home: Path, tmp_path: Path) -> None:
    """Hooks of settings, a plugin that settings enable, and disableAllHooks, which ends both."""
    (home / ".claude").mkdir()
    settings = home / ".claude/settings.json"
    settings.write_text('{"enabledPlugins": {"sef@somewhere": true, "other@x": true}}')
    assert lines(state(str(home)))[0].startswith("sef is on: the plugin's hooks")
    local = home / ".claude/settings.local.json"
    local.write_text('{"hooks": {"Stop": [{"args": ["/x/sef/hooks/entry.py"]}]}}')
    assert lines(state(str(home)))[0].startswith("sef is on: the project's hooks")
    settings.write_text('{"disableAllHooks": true}')
    found = state(str(home))
    assert found["on"] is False and str(settings) in lines(found)[0]
    settings.write_text('{"disableAllHooks": false}')
    assert state(str(home))["on"] is True


def test_the_command_prints_the_same(home: Path) -> None:
    """In words and as one object; of the newest session, or the one that is named."""
    outcome(home, "delegated", session="s-7")
    command = (sys.executable, "-c", "from sef.cli import main; main()", "claude", "status")

    def said(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            (*command, *words), cwd=home, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    assert "The newest session (s-7):" in said() and "1 delegated" in said()
    found = json.loads(said("--json", "--session", "s-8"))
    assert found["schema"] == 1 and found["session"]["executors"] == {}
    assert json.loads(said("--json", "--session", "../x", code=2))["hint"]
