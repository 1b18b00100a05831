"""Drafts as transactions in the real client: nothing of the user's is lost, whatever happens when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.claude.hooked import results
from tests.claude.walking import (
    FORM,
    Walk,
    after,
    agent_of,
    answers,
    documenting,
    from_main,
    hands_out,
    implementing,
    until,
    writes,
)
from tests.hooks.cutting import files_in
from tests.hooks.events import git
from tests.hooks.hosting import CALC, FILES, RIGHT, TASK

from sef.testing.provider import Refused, Request, Turn

pytestmark = pytest.mark.slow

STRANGE = 'a "strange"\tname\n\u00e9.txt'
NOTES = "Add to notes.md that more is known."
MORE = "one\n\nMore is known.\n"
DONE = Turn(when=from_main, text="done")


def dirty(walk: Walk) -> None:
    """Uncommitted work of every kind."""
    project = walk.project
    for name in ("gone.txt", "old.txt", "tool.sh", "crlf.txt"):
        (project / name).write_text(f"{name} one\n{name} two\n")
    (project / "link").symlink_to("calc.py")
    (project / ".gitignore").write_text(".env\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "more")
    (project / "calc.py").write_text(CALC + "# staged\n")
    git(project, "add", "calc.py")
    (project / "calc.py").write_text(CALC + "# staged\n# not staged\n")
    git(project, "mv", "old.txt", "renamed.txt")
    (project / "gone.txt").unlink()
    (project / "tool.sh").chmod(0o755)
    (project / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (project / "link").unlink()
    (project / "link").symlink_to("notes.md")
    (project / ".env").write_text("SECRET=1\n")
    (project / STRANGE).write_text("mine\n")


def test_accepted_conflicting_and_rejected_work_beside_uncommitted_work(tmp_path: Path) -> None:
    """While the user edits the same file: another place of it, both are there; the same place, the
    user's stays and the draft is a patch. A draft that fails a test is sent back once, then
    vanishes, and nobody can go on with it."""
    walk = Walk(tmp_path)
    dirty(walk)
    before, git_before, project = files_in(walk.project), walk.untouched(), walk.project
    mine = CALC.replace("return 2", "return 1 + 1") + "# staged\n# not staged\n"
    both = mine.replace("a - b", "a + b")
    wrong = both.replace("return 1 + 1", "return 3")
    last: dict[str, object] = {"summary": "go on", "message": "Go on."}

    def resumes(request: Request) -> bool:
        if from_main(request):
            said = json.dumps(request.messages)
            last["to"] = agent_of(said[said.rindex("agentId: ") :])
        return from_main(request)

    run = walk.run(
        [
            hands_out(("sef-implement", TASK)),
            *writes(
                implementing,
                "calc.py",
                RIGHT + "# staged\n# not staged\n",
                lambda: (project / "calc.py").write_text(mine),
            ),
            hands_out(("sef-document", NOTES)),
            *writes(
                documenting, "notes.md", MORE, lambda: (project / "notes.md").write_text("mine\n")
            ),
            hands_out(("sef-implement", "Change two in calc.py.")),
            *writes(implementing, "calc.py", wrong),
            Turn(when=implementing, text=FORM.format("calc.py")),
            Turn(when=resumes, calls=(("SendMessage", last),)),
            DONE,
        ]
    )
    accepted, conflict, rejected, resumed = answers(run)
    assert "SEF ACCEPTED. Merged into the user's files: calc.py." in accepted
    assert "SEF REJECTED: it was right, and conflicts" in conflict
    assert "SEF REJECTED: rejected" in rejected and "test_two" in rejected
    assert "no longer exists" in resumed
    assert "MY-OWN-STORY" not in str(answers(run))
    asked = [json.dumps(one.messages) for one in run.requests if implementing(one)]
    assert ["Not acceptable yet" in one for one in asked] == [False] * 6 + [True]
    assert "test_two" in asked[-1].partition("Not acceptable yet")[2]
    assert walk.events() == [
        *("delegated", "started", "looked_at", "merged", "accepted"),
        *("delegated", "started", "looked_at", "rejected"),
        *("delegated", "started", "sent_back", "rejected"),
    ]
    found = files_in(project)
    assert found.pop("calc.py")[1].decode() == both
    assert found.pop("notes.md")[1] == b"mine\n"
    assert found == {n: one for n, one in before.items() if n not in ("calc.py", "notes.md")}
    assert walk.untouched() == git_before
    (patch,) = (walk.state() / "kept").iterdir()
    assert patch.name == f"{agent_of(conflict)}.patch" and "+More is known." in patch.read_text()
    walk.assert_nothing_left()


def test_the_limit_of_turns_and_a_failed_call_leave_nothing(tmp_path: Path) -> None:
    """Neither has an end of its own: the one is rejected, of the other all goes at once."""
    walk = Walk(tmp_path)
    definition = tmp_path / "config/agents/sef-document.md"
    text = definition.read_text()
    limit = next(line for line in text.splitlines() if line.startswith("maxTurns:"))
    definition.write_text(text.replace(limit, "maxTurns: 1"))
    before, git_before = files_in(walk.project), walk.untouched()
    write = Turn(
        when=documenting, calls=(("Write", {"file_path": "new.md", "content": "# New\n"}),)
    )
    broken = Refused(status=400, kind="invalid_request_error")
    run = walk.run(
        [
            hands_out(("sef-document", "Write new.md.")),
            write,
            hands_out(("sef-implement", TASK)),
            *writes(implementing, "calc.py", RIGHT)[:2],
            Turn(when=implementing, fault=broken),
            Turn(when=after(from_main, walk.assert_nothing_left), text="done"),
        ]
    )
    limited, failed = answers(run)
    assert "SEF REJECTED: it stopped at its turn limit" in limited
    assert "API Error: 400" in failed and run.result["result"] == "done"
    events = ["delegated", "started", "rejected", "delegated", "started", "failed"]
    assert walk.events() == events
    assert files_in(walk.project) == before and walk.untouched() == git_before
    walk.assert_nothing_left()


def test_killed_while_an_executor_works(tmp_path: Path) -> None:
    """Its tree and branch go at the start of the next session; nothing else moved."""
    walk = Walk(tmp_path)
    dirty(walk)
    before, git_before = files_in(walk.project), walk.untouched()
    script = [
        hands_out(("sef-implement", TASK)),
        *writes(implementing, "calc.py", RIGHT, walk.kill),
    ]
    walk.run(script)
    assert list((walk.project / ".claude/worktrees").iterdir())
    assert ".claude" not in git(walk.project, "status", "--porcelain", "-uall")
    assert files_in(walk.project) == before
    walk.next_session()
    assert walk.events() == ["delegated", "started", "collected"]
    assert files_in(walk.project) == before and walk.untouched() == git_before
    walk.assert_nothing_left()


def hook_at_work(walk: Walk) -> int:
    """The process of the hook that has a private folder; 0 where there is none."""
    folder = next(iter(walk.state().glob("scratch-*")), None)
    return int(folder.name.split("-")[1]) if folder else 0


@pytest.mark.parametrize("stage", ["started", "looked_at"], ids=["look", "verdict"])
def test_killed_while_a_hook_verifies(tmp_path: Path, stage: str) -> None:
    """Client and hook are killed in the middle of the first look, or of the verdict: the next
    session removes what there is, and the executor after that is merged."""
    walk = Walk(tmp_path)
    before, git_before = files_in(walk.project), walk.untouched()
    killed: list[int] = []

    def kills() -> None:
        until(lambda: stage in walk.events() and hook_at_work(walk), f"{stage}, and a hook")
        killed.append(hook_at_work(walk))
        walk.kill(*killed)

    murderer = threading.Thread(target=kills)
    script = [
        hands_out(("sef-implement", TASK)),
        *writes(implementing, "calc.py", RIGHT, murderer.start),
    ]
    walk.run(script)
    murderer.join()
    assert killed and walk.events()[-1] == stage
    assert files_in(walk.project) == before
    script = [hands_out(("sef-document", NOTES)), *writes(documenting, "notes.md", MORE), DONE]
    run = walk.run(script)
    assert "SEF ACCEPTED" in results(run)
    assert walk.events()[walk.events().index(stage) + 1] == "collected"
    notes = before["notes.md"]
    assert files_in(walk.project) == {**before, "notes.md": (notes[0], MORE.encode())}
    assert walk.untouched() == git_before
    walk.assert_nothing_left()


def test_killed_between_two_files_of_a_merge(tmp_path: Path) -> None:
    """A git that is first on PATH kills hook and client when the merge has been noted; the next
    session ends it, as it does at every other step (tests/hooks/test_cut_off.py)."""
    walk = Walk(tmp_path)
    before, git_before = files_in(walk.project), walk.untouched()
    tools = tmp_path / "tools"
    tools.mkdir()
    real = subprocess.run(("which", "git"), capture_output=True, text=True, check=True).stdout
    deadly = tools / "git"
    deadly.write_text(
        "#!/bin/sh\n"
        'case "$*" in *update-ref*refs/sef/hook-*/merging*)\n'
        f'    touch "{tmp_path}/there"; kill -KILL $PPID $(cat "{tmp_path}/client") ;;\n'
        f'esac\nexec {real.strip()} "$@"\n'
    )
    deadly.chmod(0o755)
    path = {"PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}"}

    def tell() -> None:
        (tmp_path / "client").write_text(str(walk.pid))

    script = [
        hands_out(("sef-document", NOTES)),
        *writes(documenting, "notes.md", MORE, tell),
    ]
    walk.run(script, environment=path)
    assert (tmp_path / "there").exists() and walk.events()[-1] == "looked_at"
    walk.next_session()
    assert walk.events()[-1] == "collected"
    assert files_in(walk.project) == before and walk.untouched() == git_before
    walk.assert_nothing_left()


def about(word: str) -> Callable[[Request], bool]:
    """True for what the executor asks whose task has that word."""
    return lambda request: not from_main(request) and word in json.dumps(request.messages[:1])


def test_two_executors_that_end_at_once(tmp_path: Path) -> None:
    """On two files both are merged; on one place of one file one is, the other is a patch."""
    walk = Walk(tmp_path)
    before, git_before = files_in(walk.project), walk.untouched()
    asked = [("sef-document", f"Say more in notes.md: {one}.") for one in ("ALPHA", "BETA")]
    run = walk.run(
        [
            hands_out(("sef-implement", TASK), ("sef-document", NOTES)),
            *writes(implementing, "calc.py", RIGHT),
            *writes(documenting, "notes.md", MORE),
            hands_out(*asked),
            *writes(about("ALPHA"), "notes.md", f"{MORE}ALPHA\n"),
            *writes(about("BETA"), "notes.md", f"{MORE}BETA\n"),
            DONE,
        ]
    )
    told = answers(run)
    assert ["SEF ACCEPTED" in one for one in told[:2]] == [True, True], told[:2]
    assert sorted("SEF ACCEPTED" in one for one in told[2:]) == [False, True], told[2:]
    lost = next(one for one in told[2:] if "SEF ACCEPTED" not in one)
    assert "conflicts with what the user changed" in lost
    won = (walk.project / "notes.md").read_text().removeprefix(MORE).strip()
    (patch,) = (walk.state() / "kept").iterdir()
    assert {won} < {"ALPHA", "BETA"} and won not in patch.read_text().replace(MORE, "")
    assert (walk.project / "calc.py").read_text() == RIGHT
    assert files_in(walk.project).keys() == before.keys() and walk.untouched() == git_before
    walk.assert_nothing_left()


def test_five_thousand_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are snapshot, judged and merged like five; what the hooks took is told."""
    many = {f"many/{n // 100}/{n}.txt": f"{n}\n" for n in range(5_000)}
    walk = Walk(tmp_path, {**FILES, **many})
    (walk.project / "many/7/700.txt").write_text("mine\n")
    before, git_before = files_in(walk.project), walk.untouched()
    script = [hands_out(("sef-document", NOTES)), *writes(documenting, "notes.md", MORE), DONE]
    run = walk.run(script)
    assert "SEF ACCEPTED" in results(run)
    after_it = files_in(walk.project)
    assert after_it.pop("notes.md")[1] == MORE.encode()
    assert after_it == {name: one for name, one in before.items() if name != "notes.md"}
    assert walk.untouched() == git_before
    walk.assert_nothing_left()
    at = {str(row["event"]): float(str(row["at"])) for row in walk.rows()}
    with capsys.disabled():
        took = at["accepted"] - at["looked_at"]
        sys.stdout.write(f"\n5,000 files: from the first look to the verdict {took:.1f} s\n")


def test_a_session_in_a_subfolder_of_a_linked_work_tree(tmp_path: Path) -> None:
    """Claude Code makes the executor's tree in the main work tree: what it gets, and where it is
    merged, is the linked one's all the same."""
    walk = Walk(tmp_path)
    linked = tmp_path / "linked"
    git(walk.project, "worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "sub").mkdir()
    (linked / "sub/mine.txt").write_text("mine\n")
    (linked / "notes.md").write_text("one\ntwo\n")
    before, main, git_before = files_in(linked), files_in(walk.project), walk.untouched()
    index = git(linked, "ls-files", "--stage")
    more = "one\ntwo\n\nMore is known.\n"
    script = [hands_out(("sef-document", NOTES)), *writes(documenting, "notes.md", more), DONE]
    run = walk.run(script, cwd=linked / "sub")
    assert "SEF ACCEPTED" in results(run)
    asked = [one for one in run.requests if documenting(one)]
    assert "works in its subfolder sub." in json.dumps(asked[0].messages)
    assert "1\\tone\\n2\\ttwo" in json.dumps(asked[1].messages)
    found = files_in(linked)
    assert found.pop("notes.md")[1].decode() == more
    assert found == {name: one for name, one in before.items() if name != "notes.md"}
    assert files_in(walk.project) == main and walk.untouched() == git_before
    assert git(linked, "ls-files", "--stage") == index
    walk.assert_nothing_left()


def test_what_outlives_an_executor_reaches_nobody(tmp_path: Path) -> None:
    """A process in background that makes the tree again after the verdict: the folder is not shown
    by git for longer than to the next start of a session, and nothing of it is merged."""
    walk = Walk(tmp_path)
    before = files_in(walk.project)
    late = 'T=$PWD; (until [ ! -e "$T" ]; do sleep 0.1; done; sleep 2; mkdir -p "$T";'
    late += ' echo late > "$T/calc.py") >/dev/null 2>&1 & sed -i s/-/+/ calc.py'
    script = [
        hands_out(("sef-implement", TASK)),
        Turn(when=implementing, calls=(("Bash", {"command": late, "description": "late"}),)),
        Turn(when=implementing, text=FORM.format("calc.py")),
        DONE,
    ]
    run = walk.run(script)
    assert "SEF ACCEPTED" in results(run)
    trees = walk.project / ".claude/worktrees"
    until(lambda: list(trees.glob("agent-*/calc.py")), "the late write")
    walk.next_session()
    assert "collected" in walk.events()
    after_it = files_in(walk.project)
    assert after_it.pop("calc.py")[1].decode() == RIGHT
    assert after_it == {name: one for name, one in before.items() if name != "calc.py"}
    walk.assert_nothing_left()
