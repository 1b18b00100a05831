"""From the start of an executor to the user's files: accepted whole, or nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.hooks.events import git
from tests.hooks.hosting import CALC, FILES, REPORT, RIGHT, Host

from sef.hooks.fence import used_shell
from sef.hooks.starting import started
from sef.hooks.trees import hosted

pytestmark = pytest.mark.slow


def gone(host: Host, agent: str = "a1") -> bool:
    """True where neither tree, branch, record of git nor snapshot of an executor is left."""
    refs = git(host.project, "for-each-ref", "--format=%(refname)")
    left = [one for one in refs.splitlines() if agent in one]
    trees = git(host.project, "worktree", "list")
    tree = host.project / f".claude/worktrees/agent-{agent}"
    return not left and f"agent-{agent}" not in trees and not tree.exists()


def test_the_tree_holds_what_the_user_has_not_committed(tmp_path: Path) -> None:
    """Changed, staged, untracked and deleted files; no tree of another executor."""
    host = Host(tmp_path)
    (host.project / "calc.py").write_text(CALC + "# mine\n")
    (host.project / "new.txt").write_text("new\n")
    git(host.project, "add", "calc.py")
    (host.project / "notes.md").unlink()
    before = host.untouched()
    tree = host.start("a1")
    other = host.start("a2")
    for one in (tree, other):
        assert (one / "calc.py").read_text() == CALC + "# mine\n"
        assert (one / "new.txt").read_text() == "new\n"
        assert not (one / "notes.md").exists() and not (one / ".claude").exists()
    assert host.untouched()[:2] == before[:2]


def test_accepted_work_is_merged_and_nothing_else_moves(tmp_path: Path) -> None:
    """Beside uncommitted work in the same file; index, HEAD, branches and stash stay."""
    host = Host(tmp_path)
    (host.project / "calc.py").write_text(CALC + "# mine\n")
    git(host.project, "add", "calc.py")
    before = host.untouched()
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT + "# mine\n")
    host.shell(used=True)
    said = host.end()
    assert said.startswith("SEF ACCEPTED. Merged into the user's files: calc.py.")
    assert "tests holds" in said and len(said.splitlines()) == 3
    assert (host.project / "calc.py").read_text() == RIGHT + "# mine\n"
    assert host.untouched() == before and gone(host)
    assert host.events() == ["started", "merged", "accepted"]


def test_rejected_work_vanishes(tmp_path: Path) -> None:
    """A draft whose tests fail leaves the user's files as they were, and nothing of itself."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT.replace("return 2", "return 3"))
    host.shell(used=True)
    said = host.end()
    assert said.startswith("SEF REJECTED: rejected") and "Mended" not in said
    assert (host.project / "calc.py").read_text() == CALC and gone(host)
    assert git(host.project, "status", "--porcelain") == ""
    assert host.events() == ["started", "rejected"]


def test_a_second_end_of_the_same_executor_is_not_accepted(tmp_path: Path) -> None:
    """Work is settled once."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    host.shell(used=False)
    assert host.end().startswith("SEF ACCEPTED")
    assert "no record of its start" in host.end()


def test_what_a_shell_did_outside_the_tree_is_not_accepted(tmp_path: Path) -> None:
    """A right draft, and a file of the user's written beside it: refused, its patch is kept."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    (host.project / "notes.md").write_text("written by a shell\n")
    host.shell(used=True)
    said = host.end()
    assert "outside its tree" in said and "notes.md" in said
    assert (host.project / "calc.py").read_text() == CALC
    patch = host.state() / "kept/a1.patch"
    assert str(patch) in said.replace("\n", "")
    git(host.project, "apply", "--check", str(patch))


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (("config", "user.name", "Eve"), "git's configuration"),
        (("branch", "other"), "branches"),
        (("commit", "--allow-empty", "-qm", "x"), "HEAD"),
        (("rm", "-q", "--cached", "notes.md"), "the index"),
    ],
)
def test_what_a_shell_did_to_the_repository_is_not_accepted(
    tmp_path: Path, what: tuple[str, ...], named: str
) -> None:
    """Configuration, branches, HEAD and index are looked at as well."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    git(host.project, *what)
    host.shell(used=True)
    assert named in host.end()
    assert (host.project / "calc.py").read_text() == CALC


def test_the_user_may_work_beside_an_executor_without_a_shell(tmp_path: Path) -> None:
    """Both changes are in the file then, and the merged tree was judged."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    (host.project / "calc.py").write_text(CALC.replace("return 2", "return 1 + 1"))
    host.shell(used=False)
    assert host.end().startswith("SEF ACCEPTED")
    assert (host.project / "calc.py").read_text() == RIGHT.replace("return 2", "return 1 + 1")


def test_a_shell_that_was_offered_is_not_one_that_was_used(tmp_path: Path) -> None:
    """A transcript names the tools of an executor; what cannot be read counts as used."""
    transcript = tmp_path / "agent-a1.jsonl"
    tools = {"type": "api-request-shape", "shape": {"tools": [{"name": "Bash"}], "x": "tool_use"}}
    edit = {"message": {"content": [{"type": "tool_use", "name": "Edit", "input": {"a": "Bash"}}]}}
    bash = {"message": {"content": [{"type": "tool_use", "name": "Bash", "input": {}}]}}
    transcript.write_text(f"{json.dumps(tools)}\n{json.dumps(edit)}\n")
    assert not used_shell(transcript)
    transcript.write_text(f"{json.dumps(tools)}\n{json.dumps(bash)}\n")
    assert used_shell(transcript)
    transcript.write_text(f"{json.dumps(bash)[:-3]}\n")
    assert used_shell(transcript) and used_shell(tmp_path / "none")


def test_a_conflict_is_kept_aside(tmp_path: Path) -> None:
    """The user's change of the same line stays; the draft is a patch outside of the tree."""
    host = Host(tmp_path)
    tree = host.start()
    (tree / "calc.py").write_text(RIGHT)
    mine = CALC.replace("a - b", "b + a")
    (host.project / "calc.py").write_text(mine)
    host.shell(used=False)
    said = host.end()
    assert "conflicts with what the user changed" in said and "kept/a1.patch" in said
    assert (host.project / "calc.py").read_text() == mine
    assert "a + b" in (host.state() / "kept/a1.patch").read_text() and gone(host)


def test_two_executors_side_by_side_are_both_merged(tmp_path: Path) -> None:
    """What sef merged of the one is no escape of the other's shell."""
    host = Host(tmp_path)
    one, other = host.start("a1"), host.start("a2", "sef-document")
    (one / "calc.py").write_text(RIGHT)
    (other / "notes.md").write_text("one\n\nMore is known.\n")
    for agent in ("a1", "a2"):
        host.shell(agent, used=True)
    task = "Add to notes.md that more is known."
    said = host.end("a2", "sef-document", task, REPORT.replace("calc.py", "notes.md"))
    assert said.startswith("SEF ACCEPTED"), said
    said = host.end("a1")
    assert said.startswith("SEF ACCEPTED"), said
    assert (host.project / "calc.py").read_text() == RIGHT
    assert "More is known" in (host.project / "notes.md").read_text()


def test_who_stopped_at_the_limit_of_turns_is_rejected(tmp_path: Path) -> None:
    """Even where what it left would have passed."""
    host = Host(tmp_path)
    for agent, before in (("a1", ""), ("a2", "<tools-used-before-summary>Write</...>\n\n")):
        tree = host.start(agent)
        (tree / "calc.py").write_text(RIGHT)
        host.shell(agent, used=False)
        report = f"{before}NOTE: this agent stopped at its 1-turn limit before finishing."
        assert "turn limit" in host.end(agent, report=report)
        assert (host.project / "calc.py").read_text() == CALC and gone(host, agent)


def test_no_change_is_not_accepted(tmp_path: Path) -> None:
    """Whatever the report says was done."""
    host = Host(tmp_path)
    host.start()
    host.shell(used=False)
    assert "nothing was changed" in host.end()


def test_an_answer_that_holds_is_passed_on(tmp_path: Path) -> None:
    """A reader's report is its product: it follows the verdict where its citations are right,
    and is left out where they are not."""
    host = Host(tmp_path)
    host.start("a1", "sef-explore")
    report = "## Result\n`add` is defined in calc.py.\n## Files read\ncalc.py:1\n"
    said = host.end("a1", "sef-explore", "Where is the function add defined?", report)
    assert said.startswith("SEF ACCEPTED") and "defined in calc.py" in said, said
    host.start("a2", "sef-explore")
    wrong = report.replace("calc.py:1", "nowhere.py:77").replace("calc.py", "nowhere.py")
    said = host.end("a2", "sef-explore", "Where is the function add defined?", wrong)
    assert said.startswith("SEF REJECTED") and "is defined in" not in said, said


def test_only_trees_of_the_host_are_moved(tmp_path: Path) -> None:
    """The user's own folder, or a folder of the right name without git's record, is none."""
    host = Host(tmp_path)
    fake = host.project / ".claude/worktrees/agent-a9"
    fake.mkdir(parents=True)
    for cwd in (host.project, fake, tmp_path):
        assert hosted({"agent_id": "a9", "cwd": str(cwd)}) is None
    assert hosted({"agent_id": "../a9", "cwd": str(fake)}) is None
    assert set(FILES) <= set(git(host.project, "ls-files").split())


def test_who_is_sent_a_message_after_its_verdict_is_told_that_it_has_ended(tmp_path: Path) -> None:
    """It has no record, as no verdict will follow: nothing of it is left, or looks at work."""
    host = Host(tmp_path)
    host.start("a1", "sef-explore")
    assert "SEF REJECTED" in host.end("a1", "sef-explore", report="See nowhere.py:99.")
    event = {"session_id": "s-1", "cwd": str(host.project), "agent_id": "a1"}
    told = asyncio.run(started({**event, "agent_type": "sef-explore"}))
    assert told is not None
    assert "task has ended" in told["hookSpecificOutput"]["additionalContext"]
    assert not list((host.state() / "agents").iterdir())
    assert host.events()[-1] == "resumed"
    host.start("a2", "sef-explore")
    assert [one.name for one in (host.state() / "agents").iterdir()] == ["a2.json"]
