"""What a draft may be and may touch."""

from __future__ import annotations

import asyncio
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
) -> Case:
    patch = Patch(base=base, commit=commit, changes=changes)
    return Case(
        task=Task(id="t", text=text, paths=paths),
        route=Route(tier=Tier.LIGHT, kind=kind, policy="fast", score=1, reason=""),
        draft=Draft(answer=Answer(text=""), patch=patch, usage=Usage(cost_usd=None)),
        checkout=Checkout(path=Path("/f"), commit=commit, users=False, files=(), base_files=()),
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
    ],
)
def test_protected_paths_are_out_of_scope(path: str, status: str) -> None:
    """Unless the task names the file or its paths cover it."""
    verdict = scope(case(changed(path, status)))
    assert not verdict.accepted
    assert path in verdict.reason
    name = path.rsplit("/", 1)[-1]
    assert scope(case(changed(path, status), text=f"change {name} so")).accepted
    assert scope(case(changed(path, status), paths=("*",))).accepted


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
    nested = root / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    git(nested, "commit", "-q", "--allow-empty", "-m", "x")
    assert "repository inside" in applied(root).reason
