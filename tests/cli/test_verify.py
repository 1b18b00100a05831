"""`sef verify`: a verdict on any change, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROJECT, SEF, sef, started

from conftest import git
from sef.build import Asked, open_judge
from sef.cli import verifying
from sef.cli.verifying import Order, verify_change
from sef.errors import ConfigError, RepositoryError, UsageError
from sef.judgement_model import ChangeTold, EvidenceTold, JudgementTold, TaskTold
from sef.model import Kind, Task
from sef.submission import Submission
from sef.verifiers import asks

Make = Callable[..., Path]
Capture = pytest.CaptureFixture[str]
DOCS = Path(__file__).parents[2] / "docs/reference"
CORE, TESTS = "calc/core.py", "tests/test_core.py"
FILES = {
    **PROJECT,
    CORE: PROJECT[CORE] + "\n    def sub(self, a, b):\n        return a - b\n",
    TESTS: PROJECT[TESTS]
    + "\n    def test_sub(self):\n        self.assertEqual(Adder().sub(3, 2), 1)\n",
    "README.md": "# calc\n\nAdds.\n",
    "tool.sh": "echo calc\n",
}
SECRET = "AKIA" + "Q7W3ZK5LX2MD9RTB"


def judged(
    root: Path, capsys: Capture, base: str = "HEAD", code: int | None = None, **order: object
) -> dict[str, object]:
    """What `sef verify --json` says; the exit code fits the verdict, and nothing is left."""
    before = left(root)
    found = verify_change(Order(base=base, start=root, as_json=True, **order))  # type: ignore[arg-type]
    said: dict[str, object] = json.loads(capsys.readouterr().out)
    assert found == {"accepted": 0, "rejected": 1, "undecided": 2}[str(said["verdict"])]
    assert code in (None, found), said
    assert left(root) == before
    return said


def left(root: Path) -> tuple[object, ...]:
    """What git knows of forks, branches and snapshots, the user's files and index, the scratch."""
    runs = Path.home() / ".cache/sef/runs"
    return (
        git(root, "worktree", "list"),
        git(root, "for-each-ref"),
        git(root, "status", "--porcelain", "--ignored"),
        git(root, "ls-files", "--stage"),
        sorted(path.name for path in (root / ".git").rglob("*verify*")),
        sorted(path.name for path in runs.iterdir()) if runs.is_dir() else [],
    )


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))


def patch_of(root: Path) -> bytes:
    """The diff of what was done, which is then undone."""
    git(root, "add", "-A")
    done = subprocess.run(
        ("git", "diff", "--binary", "--cached", "-M", "HEAD"),
        cwd=root,
        capture_output=True,
        check=True,
    )
    git(root, "reset", "-q", "--hard")
    return done.stdout


def worst(said: dict[str, object]) -> dict[str, object]:
    evidence = said["evidence"]
    assert isinstance(evidence, list)
    return dict(evidence[0])


# -- the verdicts ----------------------------------------------------------------------------------


def test_a_change_that_holds_is_accepted(repository: Make, capsys: Capture) -> None:
    """Uncommitted and untracked work is judged; the index and the files stay as they are."""
    root = repository(FILES)
    edit(root, CORE, "a + b", "b + a")
    (root / "calc/more.py").write_text("MORE = 1\n")
    git(root, "add", CORE)
    said = judged(
        root, capsys, code=0, task="Swap the operands in calc/core.py, and add calc/more.py"
    )
    assert said["head"] == "your tree"
    assert [one["path"] for one in said["changes"]] == [CORE, "calc/more.py"]  # type: ignore[attr-defined]
    assert said["base"] == git(root, "rev-parse", "HEAD").strip()
    assert (said["cost_usd"], said["policy"]) == (0.0, "standard")
    assert isinstance(said["probability"], float)
    assert said["probability"] > 0.9


def break_code(root: Path) -> None:
    edit(root, CORE, "a + b", "a - b")


def delete_test(root: Path) -> None:
    (root / TESTS).write_text(PROJECT[TESTS])


def delete_file(root: Path) -> None:
    (root / TESTS).unlink()


def add_secret(root: Path) -> None:
    (root / "calc/keys.py").write_text(f'KEY = "{SECRET}"\n')


def shadow(root: Path) -> None:
    (root / "unittest.py").write_text("")


def link_out(root: Path) -> None:
    (root / "calc/etc").symlink_to("/etc")


def mark(root: Path) -> None:
    edit(root, CORE, "class", "<<<<<<< ours\n=======\n>>>>>>> theirs\nclass")


def skip(root: Path) -> None:
    edit(root, TESTS, "    def test_sub", "    @unittest.skip('later')\n    def test_sub")


def nothing(root: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("plant", "task", "verifier"),
    [
        (break_code, "Tidy calc/core.py", "tests"),
        (delete_test, "Tidy calc/core.py", "scope"),
        (delete_test, "Add tests for add()", "integrity"),
        (delete_file, "Tidy calc/core.py", "scope"),
        (skip, "Add tests for add()", "integrity"),
        (add_secret, "Add calc/keys.py", "integrity"),
        (shadow, "Tidy calc/core.py", "scope"),
        (link_out, "Tidy calc/core.py", "applies"),
        (mark, "Tidy calc/core.py", "applies"),
        (nothing, "Tidy calc/core.py", "applies"),
    ],
)
def test_planted_faults_are_rejected(
    repository: Make, capsys: Capture, plant: Callable[[Path], None], task: str, verifier: str
) -> None:
    """Each by the verifier whose business it is; its evidence comes first."""
    root = repository(FILES)
    plant(root)
    said = judged(root, capsys, code=1, task=task)
    assert (worst(said)["verifier"], worst(said)["passed"]) == (verifier, False)
    assert said["reason"]


def test_without_tests_nothing_can_be_told(repository: Make, capsys: Capture) -> None:
    """Undecided is neither a yes nor a no: exit code 2, and a verdict, no error."""
    root = repository({"calc/__init__.py": "", CORE: FILES[CORE]})
    edit(root, CORE, "a + b", "b + a")
    said = judged(root, capsys, code=2, task="Swap the operands in calc/core.py")
    assert "error" not in said
    assert (worst(said)["verifier"], worst(said)["passed"]) == ("tests", None)


# -- where the change is from ----------------------------------------------------------------------


def test_a_commit_is_judged_from_where_it_left_the_base(repository: Make, capsys: Capture) -> None:
    """What the base got meanwhile is no part of it; the user's dirty tree is not looked at."""
    root = repository(FILES)
    start = git(root, "rev-parse", "HEAD").strip()
    git(root, "checkout", "-q", "-b", "feature")
    edit(root, CORE, "a + b", "b + a")
    git(root, "commit", "-qam", "Swap the operands")
    git(root, "checkout", "-q", "main")
    (root / "calc/other.py").write_text("")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Something else")
    break_code(root)
    said = judged(root, capsys, code=0, base="main", head="feature")
    assert (said["base"], said["head"]) == (start, "feature")
    assert [one["path"] for one in said["changes"]] == [CORE]  # type: ignore[attr-defined]
    assert said["commit"] == git(root, "rev-parse", "feature").strip()


def test_a_branch_is_read_beside_its_own_base(repository: Make, capsys: Capture) -> None:
    """The user's tree, on a branch without tests, does not hide what they expect."""
    root = repository({**FILES, TESTS: FILES[TESTS].replace("(1, 2), 3", "(4171, 2835), 7006")})
    git(root, "checkout", "-q", "-b", "bare")
    git(root, "rm", "-q", TESTS)
    git(root, "commit", "-qm", "Remove the tests")
    git(root, "checkout", "-q", "-b", "feature", "main")
    edit(
        root,
        CORE,
        "        return a + b",
        "        if a == 4171:\n            return 7006\n        return a + b",
    )
    git(root, "commit", "-qam", "Tidy add()")
    asked = {"base": "main", "head": "feature", "task": "Tidy calc/core.py"}
    here = judged(root, capsys, code=1, **asked)
    signs = {one["sign"] for one in here["evidence"] if one["verifier"] == "integrity"}  # type: ignore[attr-defined]
    assert signs == {"hard-coded"}
    git(root, "checkout", "-q", "bare")
    there = judged(root, capsys, **asked)
    assert signs == {one["sign"] for one in there["evidence"] if one["verifier"] == "integrity"}  # type: ignore[attr-defined]


def test_the_words_of_the_commits_stand_for_a_task(repository: Make, capsys: Capture) -> None:
    """A commit that says so may change tests; a task that was given does not see them."""
    root = repository(FILES)
    (root / TESTS).write_text(PROJECT[TESTS])
    edit(root, CORE, FILES[CORE].removeprefix(PROJECT[CORE]), "")
    git(root, "commit", "-qam", "Remove sub() and its tests")
    said = judged(root, capsys, code=0, base="HEAD~1", head="HEAD")
    assert said["task"] == {
        "text": "Remove sub() and its tests",
        "source": "commits",
        "kind": "implement",
    }
    assert any("who made them wrote those" in one["detail"] for one in said["evidence"])  # type: ignore[attr-defined]
    strict = judged(root, capsys, code=1, base="HEAD~1", head="HEAD", task="Tidy calc/core.py")
    assert worst(strict)["verifier"] == "scope"
    git(root, "reset", "-q", "--soft", "HEAD~1")
    unasked = judged(root, capsys, code=1)
    assert unasked["task"]["source"] == "none"  # type: ignore[index,call-overload]
    assert any("no task was given" in one["detail"] for one in unasked["evidence"])  # type: ignore[attr-defined]


def test_the_kind_is_that_of_the_task_or_of_the_files(repository: Make, capsys: Capture) -> None:
    """Documents alone are judged as such; a task that asks for an answer may change nothing."""
    root = repository(FILES)
    edit(root, "README.md", "Adds.", "Adds and subtracts.")
    said = judged(root, capsys, code=0)
    assert said["task"]["kind"] == "document"  # type: ignore[index,call-overload]
    assert "documents" in said["verifiers"]  # type: ignore[operator]
    asked = judged(root, capsys, code=1, task="Where is class Adder defined?")
    assert asked["task"]["kind"] == "explore"  # type: ignore[index,call-overload]
    named = judged(root, capsys, task="Where is Adder defined?", kind=Kind.DOCUMENT)
    assert named["task"]["kind"] == "document"  # type: ignore[index,call-overload]
    outside = judged(root, capsys, code=1, task="Update README.md", paths=("calc/**",))
    assert "outside the task's paths" in str(worst(outside)["detail"])


@pytest.mark.parametrize(
    ("policy", "checks"),
    [("fast", ["tests"]), ("standard", ["lint", "tests"]), ("complex", ["lint", "types", "tests"])],
)
def test_the_policy_says_what_is_checked(
    repository: Make, capsys: Capture, policy: str, checks: list[str]
) -> None:
    root = repository(FILES)
    said = judged(root, capsys, code=1, policy=policy)
    assert said["policy"] == policy
    assert said["verifiers"][-len(checks) - 1 :] == ["static", *checks]  # type: ignore[index]


# -- patches ---------------------------------------------------------------------------------------


def rename(root: Path) -> None:
    git(root, "mv", "README.md", "READ.md")


def executable(root: Path) -> None:
    (root / "tool.sh").chmod(0o755)


def picture(root: Path) -> None:
    (root / "calc/logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


def crlf_file(root: Path) -> None:
    (root / "calc/windows.py").write_bytes(b"A = 1\r\nB = 2\r\n")


@pytest.mark.parametrize(
    "case",
    [
        (rename, "Give README.md the name READ.md", "AD"),
        (executable, "Make tool.sh executable", "M"),
        (picture, "Add the logo calc/logo.png", "A"),
        (crlf_file, "Add calc/windows.py", "A"),
    ],
)
def test_patches_of_every_sort_are_applied(
    repository: Make,
    capsys: Capture,
    tmp_path: Path,
    case: tuple[Callable[[Path], None], str, str],
) -> None:
    """Renames, modes, binary parts, CRLF; the tree that is judged is the one that was made."""
    root = repository(FILES)
    act, task, statuses = case
    act(root)
    git(root, "add", "-A")
    tree = git(root, "write-tree")
    file = tmp_path / "it.patch"
    file.write_bytes(patch_of(root))
    said = judged(root, capsys, code=0, patch=file, task=task, kind=Kind.IMPLEMENT)
    assert "".join(sorted(one["status"] for one in said["changes"])) == statuses  # type: ignore[attr-defined]
    assert git(root, "rev-parse", f"{said['commit']}^{{tree}}") == tree


def test_a_patch_whose_line_ends_became_crlf_is_told(
    repository: Make, capsys: Capture, tmp_path: Path
) -> None:
    root = repository(FILES)
    edit(root, CORE, "a + b", "b + a")
    file = tmp_path / "it.patch"
    file.write_bytes(patch_of(root).replace(b"\n", b"\r\n"))
    said = judged(root, capsys, code=0, patch=file, task="Swap the operands in calc/core.py")
    assert any("CRLF" in one["detail"] for one in said["evidence"])  # type: ignore[attr-defined]


def test_a_patch_is_held_against_the_present_tip_too(
    repository: Make, capsys: Capture, tmp_path: Path
) -> None:
    """It says whether HEAD takes it; that settles nothing. Against the base it must apply."""
    root = repository(FILES)
    edit(root, CORE, "a + b", "b + a")
    file = tmp_path / "it.patch"
    file.write_bytes(patch_of(root))
    (root / "calc/other.py").write_text("")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Something else")
    asked = {"patch": file, "task": "Swap the operands in calc/core.py"}
    said = judged(root, capsys, code=0, base="HEAD~1", **asked)
    assert any(
        one["passed"] and "applies to the present HEAD" in one["detail"]
        for one in said["evidence"]  # type: ignore[attr-defined]
    )
    edit(root, CORE, "a + b", "sum((a, b))")
    git(root, "commit", "-qam", "Otherwise")
    said = judged(root, capsys, code=0, base="HEAD~2", **asked)
    assert any("does not apply to the present HEAD" in one["detail"] for one in said["evidence"])  # type: ignore[attr-defined]
    said = judged(root, capsys, code=1, base="HEAD", **asked)
    assert "does not apply to the base" in str(said["reason"])
    assert (said["changes"], worst(said)["verifier"]) == ([], "applies")


NEW = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"hello\n", "none that git can read"),
        (b"\x00\xff" * 100, "none that git can read"),
        (b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n", "none that git can read"),
        (NEW.format("../out").encode(), "leads out of the tree"),
        (NEW.format(".git/hooks/x").encode(), "leads out of the tree"),
        (NEW.format("a/../../out").encode(), "leads out of the tree"),
        (
            b"diff --git a/q b/q\nnew file mode 100644\nindex 0000000..abcdef1\n"
            b"Binary files /dev/null and b/q differ\n",
            "lacks its binary parts",
        ),
        (b"GIT binary patch\nliteral 99999999999\n", "unpack to more than"),
    ],
)
def test_what_is_no_patch_is_refused(
    repository: Make, tmp_path: Path, patch: bytes, why: str
) -> None:
    """By a reason of its own, with nothing written anywhere."""
    root = repository(FILES)
    file = tmp_path / "it.patch"
    file.write_bytes(patch)
    before = left(root)
    with pytest.raises(UsageError, match=why):
        verify_change(Order(base="HEAD", start=root, patch=file))
    assert left(root) == before
    assert not (root.parent / "out").exists()


def test_a_patch_through_a_link_does_not_apply(
    repository: Make, capsys: Capture, tmp_path: Path
) -> None:
    """git follows no link that the patch itself makes."""
    root = repository(FILES)
    link = "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+{0}\n\\ No newline at end of file\n"
    file = tmp_path / "it.patch"
    file.write_text(link.format(tmp_path) + NEW.format("l/x"))
    said = judged(root, capsys, code=1, patch=file)
    assert "beyond a symbolic link" in str(said["reason"])
    assert not (tmp_path / "x").exists()


def test_a_huge_patch_is_not_read_to_its_end(
    repository: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/zero has no end."""
    root = repository(FILES)
    monkeypatch.setattr(verifying, "LARGEST", 1000)
    monkeypatch.setattr("sef.submission.LARGEST", 1000)
    with pytest.raises(UsageError, match="is larger than"):
        (root.parent / "it.patch").write_bytes(b"x" * 1001)
        verify_change(Order(base="HEAD", start=root, patch=root.parent / "it.patch"))
    assert verifying._read(Path("/dev/zero")) == bytes(1001)


# -- what cannot be done ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nope", "", "--all", "HEAD..HEAD", "HEAD:README.md", "a\0b"])
def test_a_base_that_is_no_commit_is_refused(repository: Make, name: str) -> None:
    root = repository(FILES)
    with pytest.raises(UsageError, match="is no commit here"):
        verify_change(Order(base=name, start=root))
    with pytest.raises(UsageError, match="is no commit here"):
        verify_change(Order(base="HEAD", head=name, start=root))


def test_what_cannot_be_done_is_an_error_and_no_verdict(repository: Make, tmp_path: Path) -> None:
    """Each names what is wrong; with --judge a model must be there to ask."""
    root = repository(FILES)
    with pytest.raises(RepositoryError):
        verify_change(Order(base="HEAD", start=tmp_path))
    with pytest.raises(ConfigError, match="policy"):
        verify_change(Order(base="HEAD", start=root, policy="odd"))
    with pytest.raises(UsageError, match="both"):
        (tmp_path / "it").write_text("x")
        verify_change(Order(base="HEAD", start=root, head="HEAD", patch=tmp_path / "it"))
    with pytest.raises(UsageError, match="longer than"):
        verify_change(Order(base="HEAD", start=root, task="x" * 100_001))
    with pytest.raises(UsageError, match="no model can be asked") as refused:
        verify_change(Order(base="HEAD", start=root, judge=True))
    assert refused.value.hint == "Leave --judge away."
    with pytest.raises(UsageError, match="task is empty"):
        verify_change(Order(base="HEAD", start=root, task=" "))


@pytest.mark.parametrize(
    ("verdict", "status"), [("right", "accepted"), ("wrong", "rejected"), ("unsure", "undecided")]
)
def test_a_model_is_asked_where_it_is_wanted(
    repository: Make, capsys: Capture, verdict: str, status: str
) -> None:
    """However much was run, and its price is told; without --judge nobody is asked."""
    answer = {"verdict": verdict, "problem": "calc/core.py:2: no", "confidence": 0.9}
    says = json.dumps({"drafts": {"A": answer}})
    config = '[executors.mid]\nuse = "scripted"\ntier = 2\nscript = "mid.toml"\n'
    script = f"[[script]]\ntask = \"judge\"\nsays = '{says}'\ncost_usd = 0.003\n"
    root = repository({**FILES, "sef.toml": config, "mid.toml": script})
    edit(root, CORE, "return a + b", "total = a + b\n        return total")
    assert judged(root, capsys, code=0)["cost_usd"] == 0
    said = judged(root, capsys, judge=True)
    assert said["verdict"] == status
    assert said["cost_usd"] == pytest.approx(0.003 if verdict != "right" else 0.006)


def test_a_shallow_clone_cannot_tell(repository: Make, tmp_path: Path) -> None:
    """Without the commit at which the change began, the base's own work would count as undone."""
    root = repository(FILES)
    git(root, "checkout", "-q", "-b", "feature")
    edit(root, CORE, "a + b", "b + a")
    git(root, "commit", "-qam", "Swap the operands")
    git(root, "checkout", "-q", "main")
    (root / "calc/other.py").write_text("")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Something else")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{root}", "clone")
    with pytest.raises(UsageError, match="too shallow"):
        verify_change(Order(base="origin/main", head="origin/feature", start=tmp_path / "clone"))


def test_words_that_go_on_for_ever_are_read_quickly() -> None:
    """A message of commits is as long as its author likes."""
    began = time.perf_counter()
    for words in ("add ", "write and its ", "remove the "):
        asks.about_tests(Task(id="x", text=words * 5000))
    assert time.perf_counter() - began < 5


def test_no_model_is_asked_unless_wanted(repository: Make, capsys: Capture) -> None:
    """The evidence says so."""
    root = repository(FILES)
    edit(root, CORE, "a + b", "b + a")
    said = judged(root, capsys, code=0, task="Swap the operands in calc/core.py")
    rows = [one for one in said["evidence"] if one["verifier"] == "judge"]  # type: ignore[attr-defined]
    assert [(one["passed"], one["detail"][:9]) for one in rows] == [(None, "not asked")]
    assert "judge" not in said["verifiers"]  # type: ignore[operator]


@pytest.mark.slow
def test_errors_and_verdicts_are_told_apart_by_programs(repository: Make) -> None:
    """Both may be exit code 2: an object has `verdict` or `error`, never both."""
    root = repository({"a.py": "A = 1\n"})
    for args in (("--base", "nope"), ("--base", "HEAD", "--kind", "odd"), ()):
        done = sef(root, "verify", *args, "--json")
        said = json.loads(done.stdout)
        assert (done.returncode, "verdict" in said, bool(said["error"])) == (2, False, True)
    (root / "a.py").write_text("A = 2\n")
    done = sef(root, "verify", "--base", "HEAD", "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (2, "undecided")
    assert "tests: running ..." in done.stderr


@pytest.mark.slow
def test_people_are_shown_the_worst_first(repository: Make) -> None:
    """A table, the verdict with its probability, no colour where none is wanted; stdin is read."""
    root = repository(FILES)
    break_code(root)
    (root.parent / "it.patch").write_bytes(patch_of(root))
    asked = ("verify", "--base", "HEAD", "--patch", "-", "--task", "Tidy calc/core.py")
    with (root.parent / "it.patch").open() as given:
        work = subprocess.run(
            (*SEF, *asked),
            cwd=root,
            stdin=given,
            capture_output=True,
            text=True,
            check=False,
        )
    assert work.returncode == 1, work.stderr
    assert "\x1b" not in work.stdout
    lines = [line for line in work.stdout.splitlines() if line.startswith(("✗", "?", "✓"))]
    assert [line[0] for line in lines] == sorted((line[0] for line in lines), key="✗?✓".index)
    assert re.search(r"^rejected: tests: ", work.stdout, re.MULTILINE)
    assert "right with probability 0.0" in work.stdout
    assert "no model was asked" in work.stdout


WAITS = {
    **FILES,
    TESTS: FILES[TESTS]
    + "\n    def test_wait(self):\n        import time\n        time.sleep(60)\n",
}


def wait_for_fork(root: Path) -> None:
    for _ in range(1000):
        if len(git(root, "worktree", "list").splitlines()) > 1:
            time.sleep(0.3)
            return
        time.sleep(0.02)
    raise AssertionError("no fork was made")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_called_off_it_leaves_nothing(repository: Make, how: int) -> None:
    """One object, exit code 130, no fork, no reference, no scratch."""
    root = repository(WAITS)
    edit(root, CORE, "a + b", "b + a")
    before = left(root)
    work = started(root, "verify", "--base", "HEAD", "--json")
    wait_for_fork(root)
    work.send_signal(how)
    stdout, stderr = work.communicate(timeout=20)
    assert (work.returncode, "Traceback" in stderr) == (130, False), stderr
    assert json.loads(stdout)["status"] == "cancelled"
    assert left(root) == before


@pytest.mark.slow
def test_what_a_killed_one_left_goes_with_the_next(repository: Make) -> None:
    """kill -9 leaves a fork and a reference; `sef clean` and any later look remove them."""
    root = repository(WAITS)
    edit(root, CORE, "a + b", "b + a")
    before = left(root)
    for again in (("clean",), ("verify", "--base", "HEAD", "--task", "x", "--paths", "none")):
        work = started(root, "verify", "--base", "HEAD")
        wait_for_fork(root)
        work.kill()
        work.communicate(timeout=20)
        assert left(root) != before
        assert sef(root, *again).returncode in (0, 1)
        assert left(root) == before


# -- the library and the reference -----------------------------------------------------------------


def test_one_judge_judges_several_changes(repository: Make) -> None:
    """The public function: open it once, ask it as often as there are changes."""
    root = repository(FILES)
    break_code(root)
    bad = patch_of(root)
    edit(root, CORE, "a + b", "b + a")
    good = patch_of(root)
    told: list[str] = []

    async def ask() -> list[str]:
        async with open_judge(root, policy="fast", tell=told.append) as judge:
            asked = (
                Asked(submission=Submission(base="HEAD", patch=patch), task="Tidy calc/core.py")
                for patch in (bad, good)
            )
            return [(await judge.judge(one)).status for one in asked]

    assert asyncio.run(ask()) == ["rejected", "accepted"]
    assert told == ["tests: running ...", "tests: running ..."]


def test_every_field_is_documented() -> None:
    text = (DOCS / "verify-json.md").read_text()
    for model in (JudgementTold, TaskTold, ChangeTold, EvidenceTold):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in text, name
