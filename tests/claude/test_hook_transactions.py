"""Transactions of the real client, whose hooks are sef's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.claude.client import client, client_environment, make_project, run_client
from tests.claude.hooked import delegates, hooked_run, of, results
from tests.hooks.events import git

from sef.hooks.records import rows
from sef.installation.order import Action, Order, obey
from sef.installation.places import Scope
from sef.testing.provider import Turn

SOURCE = {"calc.py": "def add(a, b):\n    return a - b\n", "notes.md": "one\n"}
TESTS = {
    "tests/test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    "conftest.py": "",
}
FORM = "## Result\nMended. MY-OWN-STORY\n## Files changed\ncalc.py\n## Checks run\n## Doubts\n"


def from_main(request: object) -> bool:
    return not of("sef-implement", request)


def implementing(*turns: Turn) -> list[Turn]:
    """The main conversation has the executor do its turns, once."""
    call = delegates("sef-implement", "Fix the function add in calc.py so that it adds.")
    return [Turn(when=from_main, calls=(call,)), *turns, Turn(when=from_main, text="done")]


def of_it(request: object) -> bool:
    return of("sef-implement", request)


def writes(path: str, text: str) -> Turn:
    """A turn of the executor that writes a file of its tree, wherever that is."""
    command = f"cat > {path} <<'E'\n{text}E"
    return Turn(when=of_it, calls=(("Bash", {"command": command, "description": "write"}),))


@pytest.mark.slow
def test_an_accepted_draft_is_merged_and_told(tmp_path: Path) -> None:
    """Uncommitted work included: the executor sees it, the merge keeps it, index and HEAD stay."""
    right = SOURCE["calc.py"].replace("-", "+")
    script = implementing(writes("calc.py", right), Turn(when=of_it, text=FORM))
    run = hooked_run(tmp_path, script, {**SOURCE, **TESTS})
    project = tmp_path / "project"
    assert run.result["result"] == "done"
    said = results(run)
    assert "SEF ACCEPTED" in said and "MY-OWN-STORY" not in said, said[-3000:]
    assert (project / "calc.py").read_text() == right
    assert "worktree-agent" not in git(project, "branch", "--list")
    assert not list((project / ".claude/worktrees").glob("*"))
    events = [str(row["event"]) for row in rows(str(project / ".git/sef/hooks"))]
    assert events[:5] == ["delegated", "started", "looked_at", "merged", "accepted"]
    booked = [row for row in rows(str(project / ".git/sef/hooks")) if row["event"] == "booked"]
    assert [row["final"] for row in booked] == [False, True]
    paid = run.result["total_cost_usd"]
    assert float(booked[-1]["usd"]) == pytest.approx(paid, abs=1e-9) and paid > 0
    assert booked[-1]["other_usd"] == pytest.approx(0, abs=1e-9)
    assert not booked[-1]["not_as_requested"] and not booked[-1]["unpriced"]


@pytest.mark.slow
def test_who_hands_back_too_early_is_sent_back_once(tmp_path: Path) -> None:
    """A leftover conflict marker is told to the executor, which mends it; then it is accepted.
    A second fault is not told again: it is rejected, and nothing of it stays."""
    right = SOURCE["calc.py"].replace("-", "+")
    wrong = f"<<<<<<< HEAD\n{right}=======\n>>>>>>> x\n"
    script = implementing(
        writes("calc.py", wrong),
        Turn(when=of_it, text=FORM),
        writes("calc.py", right),
        Turn(when=of_it, text=FORM),
    )
    run = hooked_run(tmp_path, script, {**SOURCE, **TESTS})
    project = tmp_path / "project"
    last = [one for one in run.requests if of("sef-implement", one)][-1]
    assert "Not acceptable yet" in str(last.messages) and "conflict" in str(last.messages)
    assert "SEF ACCEPTED" in results(run)
    assert (project / "calc.py").read_text() == right
    again = [
        Turn(when=from_main, calls=(delegates("sef-implement", "Change calc.py."),)),
        writes("calc.py", wrong),
        Turn(when=of_it, text=FORM),
        Turn(when=of_it, text=FORM),
        Turn(when=from_main, text="done"),
    ]
    run = hooked_run(tmp_path, again)
    assert "SEF REJECTED" in results(run) and (project / "calc.py").read_text() == right
    events = [str(row["event"]) for row in rows(str(project / ".git/sef/hooks"))]
    assert events.count("sent_back") == 2 and events.count("rejected") == 1


@pytest.mark.slow
def test_installed_for_user_and_project_each_event_is_answered_once(tmp_path: Path) -> None:
    """The installer's own entries do the whole transaction; the project's go first."""
    client()
    make_project(tmp_path)
    project = tmp_path / "project"
    for name, text in {**SOURCE, **TESTS}.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    order = Order(action=Action.INSTALL, scopes=tuple(Scope))
    obey(order, variables=client_environment(tmp_path, ""), start=project)
    right = SOURCE["calc.py"].replace("-", "+")
    script = implementing(writes("calc.py", right), Turn(when=of_it, text=FORM))
    options = ("--model", "opus", "--dangerously-skip-permissions")
    run = run_client(tmp_path, script, "Have it done.", *options)
    assert "SEF ACCEPTED" in results(run) and (project / "calc.py").read_text() == right
    events = [str(row["event"]) for row in rows(str(project / ".git/sef/hooks"))]
    assert events == [
        "delegated", "started", "looked_at", "merged", "accepted", "booked", "booked",
    ]  # fmt: skip
