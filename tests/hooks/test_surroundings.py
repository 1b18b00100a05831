"""What the user does beside an executor, and repositories of every make: nothing is lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hooks.cutting import files_in
from tests.hooks.events import git, repository
from tests.hooks.hosting import CALC, FILES, REPORT, Host

from sef.hooks.closing import catch_up
from sef.hooks.dropping import dropped
from sef.hooks.hiding import LINES, hide
from sef.hooks.records import load, save

pytestmark = pytest.mark.slow

TASK = "Add to notes.md that more is known."
MORE = "one\n\nMore is known.\n"
DOCUMENT = "sef-document"


def documents(host: Host, agent: str = "a1") -> Path:
    """An executor without a shell that has written notes.md."""
    tree = host.start(agent, DOCUMENT)
    (tree / "notes.md").write_text(MORE)
    host.shell(agent, used=False)
    return tree


def ends(host: Host, agent: str = "a1") -> str:
    return host.end(agent, DOCUMENT, TASK, REPORT.replace("calc.py", "notes.md"))


def commits(project: Path) -> None:
    git(project, "commit", "-qam", "mine")


def amends(project: Path) -> None:
    git(project, "commit", "-qa", "--amend", "-m", "amended")


def stashes(project: Path) -> None:
    git(project, "stash")


@pytest.mark.parametrize("move", [commits, amends, stashes])
def test_the_user_commits_amends_or_stashes_meanwhile(
    tmp_path: Path, move: Callable[[Path], None]
) -> None:
    """The draft is merged with what the files are then; commits and stash are the user's own."""
    host = Host(tmp_path)
    (host.project / "calc.py").write_text(CALC + "# mine\n")
    documents(host)
    move(host.project)
    before, git_before = files_in(host.project), host.untouched()
    assert ends(host).startswith("SEF ACCEPTED")
    found = files_in(host.project)
    assert found.pop("notes.md")[1] == MORE.encode()
    before.pop("notes.md")
    assert found == before
    assert (host.untouched()[1], host.untouched()[3]) == (git_before[1], git_before[3])


def switches(project: Path) -> None:
    git(project, "switch", "-qc", "other")


def merges(project: Path) -> None:
    git(project, "switch", "-qc", "other")
    (project / "calc.py").write_text("OTHER = 1\n")
    git(project, "commit", "-qam", "other")
    git(project, "switch", "-q", "main")
    (project / "calc.py").write_text("MAIN = 1\n")
    git(project, "commit", "-qam", "main")
    with pytest.raises(Exception, match="non-zero"):
        git(project, "merge", "other")


@pytest.mark.parametrize(
    ("move", "named"),
    [(switches, "the user went from main to other"), (merges, "a merge is in progress")],
)
def test_a_draft_is_kept_where_the_user_went_elsewhere(
    tmp_path: Path, move: Callable[[Path], None], named: str
) -> None:
    """To another branch, or into a merge: the draft belongs to where it began."""
    host = Host(tmp_path)
    documents(host)
    move(host.project)
    before, index = files_in(host.project), git(host.project, "ls-files", "--stage")
    said = ends(host)
    assert said.startswith("SEF REJECTED") and named in said and "kept/a1.patch" in said
    assert files_in(host.project) == before
    assert git(host.project, "ls-files", "--stage") == index


def test_the_user_moves_the_file_makes_it_run_or_deletes_it_meanwhile(tmp_path: Path) -> None:
    """The draft goes with the file to its new name, the bit stays; of a deleted one it is kept."""
    host = Host(tmp_path)
    long = "".join(f"line {number}\n" for number in range(20))
    (host.project / "notes.md").write_text(long)
    git(host.project, "commit", "-qam", "long")
    more = long.replace("line 9\n", "line 9\nMore is known.\n")

    def asked(agent: str, path: str) -> None:
        tree = host.start(agent, DOCUMENT)
        (tree / path).write_text(more)
        host.shell(agent, used=False)

    asked("a1", "notes.md")
    (host.project / "notes.md").rename(host.project / "moved.md")
    assert "Merged into the user's files: moved.md." in ends(host)
    assert (host.project / "moved.md").read_text() == more
    assert not (host.project / "notes.md").exists()
    (host.project / "moved.md").write_text(long)
    asked("a2", "moved.md")
    (host.project / "moved.md").chmod(0o755)
    assert "Merged into the user's files: moved.md." in ends(host, "a2")
    assert (host.project / "moved.md").stat().st_mode & 0o111 == 0o111
    assert (host.project / "moved.md").read_text() == more
    (host.project / "moved.md").write_text(long)
    asked("a3", "moved.md")
    (host.project / "moved.md").unlink()
    said = ends(host, "a3")
    assert "conflicts with what the user changed" in said and "kept/a3.patch" in said
    assert not (host.project / "moved.md").exists()


def with_settings(*settings: tuple[str, str]) -> Callable[[Host, Path], None]:
    def made(host: Host, root: Path) -> None:
        for name, value in settings:
            git(host.project, "config", name, value.format(root=root))

    return made


def with_hooks(host: Host, root: Path) -> None:
    """Hooks of the user's, each of which leaves a trace."""
    for name in ("post-checkout", "post-merge", "pre-commit", "post-commit", "post-index-change",
                 "reference-transaction", "post-rewrite"):  # fmt: skip
        hook = host.project / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {root}/ran\n")
        hook.chmod(0o755)


def with_submodule(host: Host, root: Path) -> None:
    """A submodule with uncommitted work in it."""
    other = repository(root / "other", {"inside.txt": "one\n"})
    allowed = ("-c", "protocol.file.allow=always")
    git(host.project, *allowed, "submodule", "--quiet", "add", str(other), "module")
    git(host.project, "commit", "-qm", "module")
    (host.project / "module/inside.txt").write_text("mine\n")


def sparsely(*options: str) -> Callable[[Host, Path], None]:
    def made(host: Host, root: Path) -> None:
        for folder in ("shown", "hidden"):
            (host.project / folder).mkdir()
            (host.project / folder / "a.txt").write_text("a\n")
        git(host.project, "add", "-A")
        git(host.project, "commit", "-qm", "folders")
        git(host.project, "sparse-checkout", "set", "--cone", *options, "shown", "tests")
        assert not (host.project / "hidden").exists()

    return made


REPOSITORIES = {
    "autocrlf": with_settings(("core.autocrlf", "true")),
    "fsmonitor": with_settings(("core.fsmonitor", "echo monitored >> {root}/ran; false")),
    "gpgsign": with_settings(("commit.gpgsign", "true"), ("gpg.program", "/bin/false")),
    "hooks": with_hooks,
    "hooks elsewhere": with_settings(("core.hooksPath", "/nowhere")),
    "submodule": with_submodule,
    "sparse": sparsely(),
    "sparse index": sparsely("--sparse-index"),
    "quiet untracked": with_settings(
        ("status.showUntrackedFiles", "no"), ("core.quotePath", "true")
    ),
    "merge driver": with_settings(
        ("merge.conflictStyle", "diff3"), ("diff.external", "/bin/false")
    ),
}


@pytest.mark.parametrize("name", REPOSITORIES)
def test_repositories_of_every_make(tmp_path: Path, name: str) -> None:
    """A draft beside uncommitted work is merged, or a conflict is kept; no hook of the user's runs."""
    host = Host(tmp_path)
    REPOSITORIES[name](host, tmp_path)
    (host.project / "calc.py").write_bytes(CALC.replace("\n", "\r\n").encode())
    (host.project / "untracked.txt").write_text("mine\n")
    before, git_before = files_in(host.project), host.untouched()
    tree = documents(host)
    if name == "submodule":
        assert not list((tree / "module").iterdir())
    (host.project / "tests/mine.txt").write_text("meanwhile\n")
    (tmp_path / "ran").unlink(missing_ok=True)  # what the host and this test ran is not ours
    said = ends(host)
    assert said.startswith("SEF ACCEPTED"), said
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    found = files_in(host.project)
    assert found.pop("notes.md")[1].replace(b"\r\n", b"\n") == MORE.encode()
    assert found.pop("tests/mine.txt")[1] == b"meanwhile\n"
    assert found == {path: one for path, one in before.items() if path != "notes.md"}
    assert host.untouched() == git_before
    tree = documents(host, "a2")
    (tree / "notes.md").write_text(f"{MORE}Even more.\n")
    (host.project / "notes.md").write_text("mine\n")
    said = ends(host, "a2")
    assert "conflicts with what the user changed" in said, said
    assert (host.project / "notes.md").read_text() == "mine\n"
    assert host.untouched() == git_before


def test_what_is_hidden_from_a_sparse_tree_stays(tmp_path: Path) -> None:
    """Files that the user does not have checked out are no deletions; what was written there is a
    change."""
    host = Host(tmp_path)
    sparsely()(host, tmp_path)
    tree = documents(host)
    (tree / "hidden").mkdir(exist_ok=True)
    (tree / "hidden/new.md").write_text("# New\n")
    said = ends(host)
    assert said.startswith(
        "SEF ACCEPTED. Merged into the user's files: hidden/new.md, notes.md."
    ), said
    assert (host.project / "hidden/new.md").read_text() == "# New\n"
    assert not (host.project / "hidden/a.txt").exists()
    assert " D " not in git(host.project, "status", "--porcelain")


def test_an_ignored_file_in_the_way_is_kept_and_so_is_the_draft(tmp_path: Path) -> None:
    """It may be the only copy."""
    host = Host(tmp_path)
    (host.project / ".git/info/exclude").write_text("new.md\n")
    tree = documents(host)
    (tree / "new.md").write_text("# New\n")
    (host.project / "new.md").write_text("mine\n")
    git(tree, "add", "--force", "new.md")
    (host.project / ".gitignore").write_text("*.md\n!notes.md\n")
    (host.project / ".git/info/exclude").write_text("")
    said = ends(host)
    assert (host.project / "new.md").read_text() == "mine\n"
    assert "an ignored file is in the way of new.md" in said and "kept/a1.patch" in said


def test_their_trees_are_hidden_while_they_are_there(tmp_path: Path) -> None:
    """Every byte of git's own list is back when the last has ended, also one without a line end."""
    host = Host(tmp_path)
    exclude = host.project / ".git/info/exclude"
    for number, said in enumerate((b"*.log\n# no end", b"", None)):
        one, other = f"a{number}", f"b{number}"
        exclude.unlink(missing_ok=True)
        if said is not None:
            exclude.parent.mkdir(exist_ok=True)
            exclude.write_bytes(said)
            exclude.chmod(0o640)
        documents(host, one)
        documents(host, other)
        assert git(host.project, "status", "--porcelain", "-uall") == ""
        assert exclude.read_bytes() == LINES + (said or b"")
        host.end(one, report="NOTE: this agent stopped at its 1-turn limit")
        assert LINES in exclude.read_bytes()
        host.end(other, report="NOTE: this agent stopped at its 1-turn limit")
        assert exclude.read_bytes() == said if said else not exclude.exists()
        assert not said or exclude.stat().st_mode & 0o777 == 0o640
    hide(host.project / ".git", str(host.state()))
    asyncio.run(catch_up({"session_id": "s-9", "cwd": str(host.project)}))
    assert not exclude.exists()


def noted(host: Host, agent: str, call: str, tree: Path) -> None:
    """What Claude Code writes beside an executor's transcript."""
    folder = host.transcript.with_suffix("") / "subagents"
    folder.mkdir(parents=True, exist_ok=True)
    note = f'{{"toolUseId": "{call}", "worktreePath": "{tree}"}}'
    (folder / f"agent-{agent}.meta.json").write_text(note)


def failure(host: Host, call: str) -> dict[str, object]:
    return {
        "session_id": "s-1",
        "cwd": str(host.project),
        "transcript_path": str(host.transcript),
        "tool_use_id": call,
        "tool_input": {"subagent_type": DOCUMENT},
        "error": "API Error",
    }


def test_a_failed_call_takes_its_own_executor_and_no_other(tmp_path: Path) -> None:
    """It is found by what Claude Code notes, with a record of its start or without."""
    host = Host(tmp_path)
    one, other = documents(host, "a1"), documents(host, "a2")
    noted(host, "a1", "toolu_1", one)
    noted(host, "a2", "toolu_2", other)
    asyncio.run(dropped(failure(host, "toolu_1")))
    assert not one.exists() and other.exists()
    assert load(str(host.state()), "agents/a1") is None
    asyncio.run(dropped(failure(host, "toolu_3")))
    assert other.exists()
    (host.state() / "agents/a2.json").unlink()  # as where its start could not be recorded
    asyncio.run(dropped(failure(host, "toolu_2")))
    assert not other.exists()
    assert "agent-" not in git(host.project, "for-each-ref")
    assert host.events()[-3:] == ["failed"] * 3


def test_a_branch_goes_though_git_is_making_another_tree(tmp_path: Path) -> None:
    """While `commondir` of the other is empty git lists no branches; soon it is not."""
    host = Host(tmp_path)
    tree = documents(host, "a1")
    noted(host, "a1", "toolu_1", tree)
    half = host.project / ".git/worktrees/half"
    half.mkdir()
    (half / "gitdir").write_text(f"{tmp_path}/half/.git\n")
    (half / "HEAD").write_text("0" * 40 + "\n")
    (half / "commondir").touch()
    soon = threading.Timer(0.2, (half / "commondir").write_text, ("../..\n",))
    soon.start()
    asyncio.run(dropped(failure(host, "toolu_1")))
    soon.join()
    assert "agent-" not in git(host.project, "for-each-ref")


def test_only_trees_of_the_host_are_forsaken(tmp_path: Path) -> None:
    """A note that names another folder has nothing removed."""
    host = Host(tmp_path)
    mine = tmp_path / "mine/.claude/worktrees/agent-a1"
    mine.mkdir(parents=True)
    for tree in (host.project, mine, tmp_path):
        noted(host, "a1", "toolu_1", tree)
        asyncio.run(dropped(failure(host, "toolu_1")))
        assert tree.exists() and (host.project / "calc.py").exists()


def test_without_a_record_nothing_stays(tmp_path: Path) -> None:
    """A start that could not be recorded: rejected, and its tree goes, so that it cannot resume."""
    host = Host(tmp_path)
    tree = documents(host)
    (host.state() / "agents/a1.json").unlink()
    said = host.end("a1", DOCUMENT, worktreePath=str(tree))
    assert "no record of its start" in said and not tree.exists()
    assert "agent-a1" not in git(host.project, "for-each-ref")


def test_what_is_written_again_after_the_end_goes_at_the_next_start(tmp_path: Path) -> None:
    """Only where an executor of sef was; a folder of the user's of such a name stays."""
    host = Host(tmp_path)
    tree = documents(host)
    ends(host)
    theirs = tree.with_name("agent-theirs")
    for one in (tree, theirs):
        (one / "deep").mkdir(parents=True)
        (one / "deep/late.txt").write_text("late\n")
    asyncio.run(catch_up({"session_id": "s-9", "cwd": str(host.project)}))
    assert not tree.exists() and theirs.exists()
    assert host.events()[-1] == "collected"


def test_an_executor_of_a_linked_work_tree_gets_that_one(tmp_path: Path) -> None:
    """Its tree lies in the main one; the session's folder is known from the call."""
    host = Host(tmp_path)
    linked = tmp_path / "linked"
    git(host.project, "worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "notes.md").write_text("mine\n")
    save(str(host.state()), "open/s-1", {"cwd": str(linked)})
    tree = host.start("a1", DOCUMENT)
    assert (tree / "notes.md").read_text() == "mine\n"
    (tree / "notes.md").write_text("mine\n\nMore is known.\n")
    host.shell(used=False)
    (host.state() / "open/s-1.json").unlink()
    said = ends(host)
    assert f"it began from the files in {linked}" in said and "kept/a1.patch" in said
    assert (host.project / "notes.md").read_text() == FILES["notes.md"]
    for elsewhere in (str(tmp_path), "/nowhere", 7, None):
        save(str(host.state()), "open/s-1", {"cwd": elsewhere})
        tree = host.start(f"b{len(str(elsewhere))}", DOCUMENT)
        assert (tree / "notes.md").read_text() == FILES["notes.md"]
    assert os.path.isdir(linked)
