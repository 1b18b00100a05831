"""What a draft may be and may touch."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import git
from sef.git import Git
from sef.model import (
    Answer,
    Change,
    Checkout,
    Draft,
    Kind,
    Patch,
    Route,
    Task,
    Tier,
    Usage,
    Verdict,
)
from sef.protocols import Case
from sef.verifiers.applies import Applies
from sef.verifiers.scope import Scope

Make = Callable[..., Path]


def case(
    *changes: Change,
    text: str = "implement it",
    kind: Kind = Kind.IMPLEMENT,
    paths: tuple[str, ...] = (),
    base: str = "b",
    commit: str = "c",
    files: tuple[str, ...] = (),
    root: Path = Path("/f"),
) -> Case:
    patch = Patch(base=base, commit=commit, changes=changes)
    return Case(
        task=Task(id="t", text=text, paths=paths),
        route=Route(tier=Tier.LIGHT, kind=kind, policy="fast", score=1, reason=""),
        draft=Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None)),
        checkout=Checkout(path=root, commit=commit, users=False, files=files, base_files=files),
        base=base,
    )


def changed(path: str, status: str = "M", mode: str = "100644") -> Change:
    return Change(path=path, status=status, mode=mode)


def scope(one: Case) -> Verdict:
    return asyncio.run(Scope().verify(one))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (".github/workflows/ci.yml", "M"),
        ("poetry.lock", "M"),
        ("web/package-lock.json", "M"),
        ("tests/conftest.py", "A"),
        ("conftest.py", "M"),
        ("sitecustomize.py", "A"),
        ("pytest.ini", "A"),
        ("sef.toml", "M"),
        (".claude/settings.json", "A"),
        ("tests/test_a.py", "M"),
        ("tests/test_a.py", "D"),
        ("src/pkg/test_b.py", "M"),
        ("web/a.spec.ts", "M"),
        ("polls/tests.py", "M"),
        (".pytest.ini", "A"),
        ("pytest.toml", "A"),
        (".pytest.toml", "A"),
        ("tox.toml", "A"),
        ("GNUmakefile", "A"),
        ("makefile", "A"),
        ("tests/pyvenv.cfg", "A"),
        ("x.dist-info/entry_points.txt", "A"),
        ("src/x.egg-info/PKG-INFO", "A"),
        ("sub/pyproject.toml", "A"),
        ("sub/setup.cfg", "A"),
        ("pytest.py", "A"),
        ("src/unittest/__init__.py", "A"),
        ("tests/json.py", "A"),
        ("pluggy/hooks.py", "A"),
    ],
)
def test_protected_paths_are_out_of_scope(path: str, status: str) -> None:
    """Unless the task names the file in its words or by its whole name in its paths."""
    verdict = scope(case(changed(path, status)))
    assert not verdict.accepted
    assert path in verdict.reason
    name = path.rsplit("/", 1)[-1]
    assert scope(case(changed(path, status), text=f"change {name} so")).accepted
    assert scope(case(changed(path, status), paths=(path,))).accepted
    assert not scope(case(changed(path, status), paths=("**",))).accepted


@pytest.mark.parametrize("path", ["src/a.py", "README.md", "attest.py", "contest/data.json"])
def test_ordinary_files_are_in_scope(path: str) -> None:
    """Also names that only look like tests."""
    assert scope(case(changed(path))).accepted


def test_the_target_may_touch_what_judges_drafts_but_not_ci() -> None:
    """Nothing judges it by them."""
    bounds = Scope(judges=False)
    for path, allowed in (("uv.lock", True), ("conftest.py", True), (".ci/run", False)):
        assert asyncio.run(bounds.verify(case(changed(path)))).accepted is allowed


def test_a_new_test_is_welcome_and_a_task_about_tests_may_edit_them() -> None:
    """Existing tests are what judges the draft."""
    assert scope(case(changed("tests/test_new.py", "A"))).accepted
    assert scope(case(changed("tests/test_a.py"), text="extend the tests of a")).accepted


@pytest.mark.parametrize(
    "text",
    [
        "Fix sub() in calc/ops.py so that the tests pass",
        "Fix TypeError in sub(), seen in test_a.py",
        "Add a multiply function to calc/ops.py as in the spec",
        "Add multiply to calc/ops.py; the tests must pass",
        "Fix sub() and make the tests pass",
        "Add multiply and run the tests",
        "Add a --no-tests flag",
        "Update the test command",
        "Fix the bug that the tests found",
    ],
)
def test_speaking_of_tests_does_not_open_them(text: str) -> None:
    """Only a task that asks to change tests may edit or delete those that are there."""
    for status in "MD":
        assert not scope(case(changed("tests/test_a.py", status), text=text)).accepted


@pytest.mark.parametrize(
    "text",
    [
        "Write tests for add() with a shared fixture",
        "Remove sub() from calc/ops.py and its tests",
        "Rename add to plus in calc/ops.py and its uses in the tests",
        "Add multiply to calc/ops.py with tests",
        "Implement caching and update the tests",
        "Fix the flaky test",
        "Add a case to test_a.py",
        "Move x.py, y.py and `tests/test_a.py`.",
    ],
)
def test_a_task_about_tests_opens_them(text: str) -> None:
    """A verb near the noun, or before the file's name."""
    assert scope(case(changed("tests/test_a.py"), text=text)).accepted


def test_paths_of_tests_open_tests_but_not_their_settings() -> None:
    """So does a shared fixture that is new, where the task is about tests."""
    tests = changed("tests/test_a.py")
    assert scope(case(tests, paths=("tests/**",))).accepted
    assert not scope(case(tests, paths=("**",))).accepted
    assert not scope(case(changed("tests/pytest.ini", "A"), paths=("tests/**",))).accepted
    new = changed("tests/conftest.py", "A")
    assert scope(case(new, text="Write tests for add() with a shared fixture")).accepted
    assert not scope(case(changed("tests/conftest.py"), text="Write tests for add()")).accepted


def test_a_folder_of_tests_is_one_that_holds_tests() -> None:
    """Its data decide what they say; a package of the product may be called spec."""
    files = ("calc/spec/load.py", "tests/data.json", "tests/test_a.py")
    assert scope(case(changed("calc/spec/load.py"), files=files)).accepted
    assert not scope(case(changed("tests/data.json"), files=files)).accepted


def test_a_package_of_tests_may_hold_no_code(tmp_path: Path) -> None:
    """It would run before the tests; an empty one, or one with a docstring, does nothing."""
    (tmp_path / "tests").mkdir()
    for text, allowed in (("", True), ('"""Tests."""\n', True), ("import calc\n", False)):
        (tmp_path / "tests" / "__init__.py").write_text(text)
        one = case(changed("tests/__init__.py", "A"), root=tmp_path, files=("tests/test_a.py",))
        assert scope(one).accepted is allowed, text


def test_a_name_that_was_there_before_stands_in_front_of_nothing_new() -> None:
    """A project may have a calendar of its own."""
    files = ("calendar/__init__.py",)
    assert scope(case(changed("calendar/week.py", "A"), files=files)).accepted
    assert scope(case(changed("calc/json.py", "A"))).accepted


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("src/*", "src/a.py", True),
        ("src/*", "src/deep/a.py", False),
        ("src/**", "src/deep/a.py", True),
        ("**/a.py", "a.py", True),
        ("**/a.py", "x/y/a.py", True),
        ("docs/", "docs/x/y.md", True),
        ("*.py", "x/a.py", False),
        ("[a-c].py", "b.py", True),
        ("[!a].py", "a.py", False),
        ("[z-a].py", "b.py", False),
        ("a.py", "abpy", False),
    ],
)
def test_a_star_stays_within_its_folder(pattern: str, path: str, covered: bool) -> None:
    """Two of them do not."""
    assert scope(case(changed(path), paths=(pattern,))).accepted is covered


def test_a_task_with_paths_stays_in_them() -> None:
    """The message names both."""
    verdict = scope(case(changed("lib/a.py"), paths=("src/**", "docs/*")))
    assert not verdict.accepted
    assert "lib/a.py lies outside the task's paths src/**, docs/*" in verdict.reason
    assert scope(case(changed("src/deep/a.py"), paths=("src/**",))).accepted


def test_a_document_task_writes_documents() -> None:
    """Source files too, for their docstrings."""
    assert not scope(case(changed("setup.json"), kind=Kind.DOCUMENT)).accepted
    assert scope(case(changed("a.py"), changed("docs/x.md", "A"), kind=Kind.DOCUMENT)).accepted


@pytest.mark.parametrize(
    "path", ["CHANGELOG", "LICENSE", "a.mdx", "mkdocs.yml", "docs/x.css", "n.ipynb"]
)
def test_documents_need_no_suffix(path: str) -> None:
    """And the target decides for itself what a document is."""
    assert scope(case(changed(path), kind=Kind.DOCUMENT)).accepted
    bounds = Scope(judges=False)
    assert asyncio.run(bounds.verify(case(changed("x.json"), kind=Kind.DOCUMENT))).accepted


def test_a_question_changes_nothing_and_its_work_is_not_lost() -> None:
    """The message names the commit that keeps it."""
    verdict = scope(case(changed("a.py"), kind=Kind.REVIEW, commit="0123456789abcdef"))
    assert not verdict.accepted
    assert "0123456789ab" in verdict.reason


def applied(root: Path, kind: Kind = Kind.IMPLEMENT, **files: str) -> Verdict:
    """The verdict on a commit that adds the files to HEAD."""
    base = git(root, "rev-parse", "HEAD").strip()
    for name, text in files.items():
        target = root / name
        if text.startswith("-> "):
            target.symlink_to(text[3:])
        else:
            target.write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "draft")
    commit = git(root, "rev-parse", "HEAD").strip()
    raw = git(root, "diff-tree", "-r", base, commit).splitlines()
    found = [changed(line.split("\t")[1], mode=line.split()[1]) for line in raw]
    git_view = Git(git_dir=root / ".git", work_tree=root)
    one = case(*found, kind=kind, base=base, commit=commit)
    return asyncio.run(Applies(git_view).verify(one))


def test_an_empty_change_is_no_implementation(repository: Make) -> None:
    """An answer may well change nothing."""
    root = repository({"a": "1\n"})
    assert not applied(root).accepted
    assert applied(root, kind=Kind.REVIEW).accepted


def test_conflict_markers_links_outside_and_nested_repositories_are_rejected(
    repository: Make,
) -> None:
    """Links within the tree are fine."""
    root = repository({"a": "1\n"})
    assert applied(root, fine="x\n", link="-> a").accepted
    assert "leads out" in applied(root, out="-> ../../etc/passwd").reason
    assert "leads out" in applied(root, absolute="-> /etc/passwd").reason
    marked = applied(root, b="<<<<<<< ours\n1\n=======\n2\n>>>>>>> theirs\n")
    assert "conflict marker was added: b:1" in marked.reason
    assert applied(root, c="Title\n=======\n\ntext\n").accepted
    nested = root / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    git(nested, "commit", "-q", "--allow-empty", "-m", "x")
    assert "repository inside" in applied(root).reason


def test_links_are_followed_through_other_links(repository: Make) -> None:
    """A path with `..` behind a link ends elsewhere than it reads; git's folder is no place."""
    root = repository({"a": "1\n", "y/k": "", "p/q/k": ""})
    (root / "p/q/l1").symlink_to("../../y")
    assert applied(root, inside="-> p/q/l1/../a").accepted
    assert "out is a link" in applied(root, out="-> p/q/l1/../../attackme").reason
    assert "leads out" in applied(root, config="-> .git/config").reason
    (root / "loop").symlink_to("loop")
    assert "leads out" in applied(root).reason


def test_a_link_that_led_out_before_is_not_the_drafts(repository: Make) -> None:
    """One that leads out because another was changed is."""
    root = repository({"a": "1\n", "d/e/k": "", "y": ""})
    (root / "old").symlink_to("/etc/hostname")
    (root / "far").symlink_to("d/e/../../a")
    applied(root)
    assert applied(root, b="2\n").accepted
    shutil.rmtree(root / "d/e")
    (root / "d/e").symlink_to("../x")
    assert "far is a link that leads out" in applied(root).reason


@pytest.mark.parametrize(
    ("text", "status", "accepted"),
    [
        ("Rename add to plus in the whole project", "M", True),
        ("Rename add to plus in the whole project", "D", False),
        ("Move add to module calc.sums", "M", False),
        ("Make add faster", "M", False),
    ],
)
def test_a_rename_may_change_tests(text: str, status: str, accepted: bool) -> None:
    """They use the name; what else changes in them is for integrity to tell."""
    one = case(changed("tests/test_ops.py", status), text=text, files=("tests/test_ops.py",))
    assert scope(one).accepted is accepted


@pytest.mark.parametrize(
    ("path", "status", "accepted"),
    [
        ("tests/test_ops.py", "M", True),
        ("tests/test_ops.py", "D", False),
        ("tests/conftest.py", "M", True),
        ("tests/conftest.py", "A", False),
        ("pytest.ini", "M", False),
        (".github/workflows/ci.yml", "M", False),
    ],
)
def test_a_document_task_may_document_tests(path: str, status: str, accepted: bool) -> None:
    """Its exact check proves that the code of Python files stayed; settings have no such proof."""
    text = "Improve the docstrings and comments"
    one = case(changed(path, status), text=text, kind=Kind.DOCUMENT, files=(path,))
    assert scope(one).accepted is accepted
