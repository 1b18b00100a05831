"""The workspace keeps the user's tree untouched and takes patches from git."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conftest import git
from sef.errors import ApplyConflict, GitError, RepositoryError
from sef.repository import find_repository
from sef.workspace import Workspace

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # real repositories


def state(root: Path) -> dict[str, object]:
    """Everything of a tree that sef may not change: files, index, HEAD, branches, status."""
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
    return {
        "files": files,
        "index": (root / ".git/index").read_bytes(),
        "head": git(root, "rev-parse", "HEAD"),
        "branches": git(root, "for-each-ref", "refs/heads/main"),
    }


async def opened(root: Path, scratch: Path) -> Workspace:
    scratch.mkdir(exist_ok=True)
    workspace = Workspace(await find_repository(root), run="r1", scratch=scratch)
    await workspace.open()
    return workspace


def in_workspace(root: Path, tmp_path: Path, work: Callable[[Workspace], Awaitable[None]]) -> None:
    async def run() -> None:
        await work(await opened(root, tmp_path / "scratch"))

    asyncio.run(run())


async def commit_change(workspace: Workspace, base: str, path: str, text: str) -> str:
    async with workspace.fork(base) as fork:
        (fork.checkout.path / path).write_text(text)
        patch = await workspace.capture(fork)
    merged = await workspace.merge(patch)
    assert merged is not None
    return await workspace.land(merged, "a change\n")


def test_a_snapshot_holds_uncommitted_and_untracked_work_but_not_ignored(
    repository: Make, tmp_path: Path
) -> None:
    """A fork shows the user's tree as it is, less what git ignores."""
    root = repository({"a.txt": "1\n", ".gitignore": "*.log\n", "gone.txt": "x\n"})
    (root / "a.txt").write_text("2\n")
    (root / "new.txt").write_text("3\n")
    (root / "noise.log").write_text("4\n")
    (root / "gone.txt").unlink()
    before = state(root)

    async def work(workspace: Workspace) -> None:
        assert workspace.dirty
        async with workspace.fork(workspace.base) as fork:
            names = sorted(p.name for p in fork.checkout.path.iterdir() if p.name != ".git")
            assert names == [".gitignore", "a.txt", "new.txt"]
            assert (fork.checkout.path / "a.txt").read_text() == "2\n"
            assert not fork.checkout.path.is_relative_to(root)

    in_workspace(root, tmp_path, work)
    assert state(root) == before


def test_a_snapshot_sees_a_change_of_the_same_size_in_the_same_second(
    repository: Make, tmp_path: Path
) -> None:
    """git compares whole seconds and sizes; its rule for fresh files must survive the copy."""
    root = repository({"a.txt": "1\n"})
    written = (root / "a.txt").stat()
    times = (written.st_atime_ns, written.st_mtime_ns)
    os.utime(root / ".git/index", ns=times)
    (root / "a.txt").write_text("2\n")
    os.utime(root / "a.txt", ns=times)

    async def work(workspace: Workspace) -> None:
        assert git(root, "show", f"{workspace.base}:a.txt") == "2\n"

    in_workspace(root, tmp_path, work)


def test_a_clean_tree_is_its_own_snapshot(repository: Make, tmp_path: Path) -> None:
    """No commit is made where HEAD already says it all."""
    root = repository({"a.txt": "1\n"})

    async def work(workspace: Workspace) -> None:
        assert workspace.base == workspace.head
        assert not workspace.dirty

    in_workspace(root, tmp_path, work)


def test_a_patch_is_what_git_sees(repository: Make, tmp_path: Path) -> None:
    """Added, changed, deleted, mode and binary changes are all in it; ignored files are not."""
    root = repository({"a": "1\n", "b": "1\n", "c": "1\n", ".gitignore": "ignored\n"})

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            path = fork.checkout.path
            (path / "a").write_text("2\n")
            (path / "b").unlink()
            (path / "c").chmod(0o755)
            (path / "é \n.bin").write_bytes(b"\0\1")
            (path / "ignored").write_text("x")
            patch = await workspace.capture(fork)
        found = {one.path: (one.status, one.mode, one.binary) for one in patch.changes}
        assert found == {
            "a": ("M", "100644", False),
            "b": ("D", "000000", False),
            "c": ("M", "100755", False),
            "é \n.bin": ("A", "100644", True),
        }

    in_workspace(root, tmp_path, work)


def test_a_draft_that_rewrites_its_git_pointer_changes_nothing(
    repository: Make, tmp_path: Path
) -> None:
    """git is told where the repository is; it does not ask the draft."""
    root = repository({"a": "1\n"})
    evil = tmp_path / "evil"
    subprocess.run(["git", "init", "-q", str(evil)], check=True)
    marker = tmp_path / "ran"
    subprocess.run(
        ["git", "-C", str(evil), "config", "core.fsmonitor", f"touch {marker}"], check=True
    )

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            (fork.checkout.path / ".git").write_text(f"gitdir: {evil}/.git\n")
            (fork.checkout.path / "a").write_text("2\n")
            patch = await workspace.capture(fork)
        assert [one.path for one in patch.changes] == ["a"]

    in_workspace(root, tmp_path, work)
    assert not marker.exists()


def test_hooks_of_the_repository_do_not_run(repository: Make, tmp_path: Path) -> None:
    """Forking would run post-checkout otherwise."""
    root = repository({"a": "1\n"})
    hook = root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base):
            pass

    in_workspace(root, tmp_path, work)
    assert not (tmp_path / "ran").exists()


def test_forks_leave_nothing_behind(repository: Make, tmp_path: Path) -> None:
    """Neither a folder nor an entry in `git worktree list`, also when the work raises."""
    root = repository({"a": "1\n"})

    async def work(workspace: Workspace) -> None:
        with pytest.raises(ZeroDivisionError):
            async with workspace.fork(workspace.base):
                raise ZeroDivisionError
        assert len(git(root, "worktree", "list").splitlines()) == 1
        assert [p.name for p in (tmp_path / "scratch").iterdir()] == ["before.index"]

    in_workspace(root, tmp_path, work)


def test_disjoint_patches_merge_and_overlapping_ones_conflict(
    repository: Make, tmp_path: Path
) -> None:
    """The second patch on the same base is merged onto what the first one made."""
    root = repository({"a": "1\n2\n3\n4\n5\n"})

    async def work(workspace: Workspace) -> None:
        patches = []
        for text in ("one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "uno\n2\n3\n4\n5\n"):
            async with workspace.fork(workspace.base) as fork:
                (fork.checkout.path / "a").write_text(text)
                patches.append(await workspace.capture(fork))
        for patch in patches[:2]:
            merged = await workspace.merge(patch)
            assert merged
            await workspace.land(merged, "x\n")
        assert await workspace.merge(patches[2]) is None
        assert git(root, "show", "sef/r1:a") == "one\n2\n3\n4\nfive\n"

    in_workspace(root, tmp_path, work)
    assert (root / "a").read_text().startswith("1\n")


def test_apply_changes_files_only(repository: Make, tmp_path: Path) -> None:
    """Index, HEAD and branches stay; uncommitted work elsewhere stays; new and deleted files go."""
    root = repository({"a": "1\n", "b": "1\n", "mine": "1\n"})
    (root / "mine").write_text("half done\n")
    before = state(root)

    async def work(workspace: Workspace) -> None:
        await commit_change(workspace, workspace.base, "a", "2\n")
        await commit_change(workspace, workspace.tip, "new", "3\n")
        await workspace.apply()

    in_workspace(root, tmp_path, work)
    after = state(root)
    assert {key: after[key] for key in ("index", "head", "branches")} == {
        key: before[key] for key in ("index", "head", "branches")
    }
    assert after["files"] == {"a": b"2\n", "b": b"1\n", "mine": b"half done\n", "new": b"3\n"}


def test_apply_merges_with_what_the_user_did_meanwhile(repository: Make, tmp_path: Path) -> None:
    """Edits made during the run, committed or not, survive beside the result."""
    root = repository({"a": "1\n2\n3\n4\n5\n", "b": "1\n"})

    async def work(workspace: Workspace) -> None:
        await commit_change(workspace, workspace.base, "a", "one\n2\n3\n4\n5\n")
        (root / "a").write_text("1\n2\n3\n4\nFIVE\n")
        git(root, "commit", "-aqm", "meanwhile")
        (root / "b").write_text("mine\n")
        await workspace.apply()

    in_workspace(root, tmp_path, work)
    assert (root / "a").read_text() == "one\n2\n3\n4\nFIVE\n"
    assert (root / "b").read_text() == "mine\n"


def test_apply_refuses_a_conflict_with_nothing_changed(repository: Make, tmp_path: Path) -> None:
    """The message names the branch that holds the work."""
    root = repository({"a": "1\n"})

    async def work(workspace: Workspace) -> None:
        await commit_change(workspace, workspace.base, "a", "theirs\n")
        (root / "a").write_text("mine\n")
        with pytest.raises(ApplyConflict, match="safe on the branch sef/r1"):
            await workspace.apply()

    in_workspace(root, tmp_path, work)
    assert (root / "a").read_text() == "mine\n"


def test_apply_never_overwrites_an_ignored_file(repository: Make, tmp_path: Path) -> None:
    """A result that adds a file where the user keeps an ignored one is refused."""
    root = repository({".gitignore": "secret\n", "a": "1\n"})
    (root / "secret").write_text("precious\n")

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            (fork.checkout.path / ".gitignore").write_text("")
            (fork.checkout.path / "secret").write_text("overwritten\n")
            patch = await workspace.capture(fork)
        merged = await workspace.merge(patch)
        assert merged
        await workspace.land(merged, "x\n")
        with pytest.raises(ApplyConflict):
            await workspace.apply()

    in_workspace(root, tmp_path, work)
    assert (root / "secret").read_text() == "precious\n"


@pytest.mark.parametrize("marker", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"])
def test_an_unfinished_operation_is_refused(repository: Make, tmp_path: Path, marker: str) -> None:
    """The message names the command that ends it."""
    root = repository({"a": "1\n"})
    (root / ".git" / marker).write_text(git(root, "rev-parse", "HEAD"))

    async def work() -> None:
        with pytest.raises(RepositoryError, match="--abort"):
            await opened(root, tmp_path / "scratch")

    asyncio.run(work())


def test_what_is_no_repository_to_work_on_is_refused(tmp_path: Path) -> None:
    """No repository, no commit, bare: each with its way out."""
    empty, bare, none = tmp_path / "empty", tmp_path / "bare", tmp_path / "none"
    none.mkdir()
    subprocess.run(["git", "init", "-q", str(empty)], check=True)
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    for path, message in ((none, "git init"), (empty, "no commits"), (bare, "bare")):
        with pytest.raises(RepositoryError, match=message):
            asyncio.run(find_repository(path))


def test_an_old_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the version that is needed."""
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho git version 2.37.1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RepositoryError, match=r"2\.38"):
        asyncio.run(find_repository(tmp_path))


def test_git_variables_of_the_caller_do_not_redirect(
    repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sef started from a git hook works on the repository it was started in."""
    root, other = repository({"a": "1\n"}), repository({"b": "1\n"}, name="other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert asyncio.run(find_repository(root)).root == root


def test_apply_is_all_or_nothing(repository: Make, tmp_path: Path) -> None:
    """A file that cannot be written leaves every other one as it was, and no scrap."""
    root = repository({"a": "1\n", "z/b": "1\n"})

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            (fork.checkout.path / "a").write_text("2\n")
            (fork.checkout.path / "new").mkdir()
            (fork.checkout.path / "new/c").write_text("3\n")
            (fork.checkout.path / "z/b").write_text("2\n")
            patch = await workspace.capture(fork)
        merged = await workspace.merge(patch)
        assert merged
        await workspace.land(merged, "x\n")
        before = state(root)
        rename, calls = Path.replace, []

        def failing(self: Path, target: Path) -> Path:
            calls.append(target)
            if len(calls) == 3:
                raise PermissionError(13, "Permission denied", str(target))
            return rename(self, target)

        with pytest.MonkeyPatch.context() as patched, pytest.raises(ApplyConflict, match="denied"):
            patched.setattr(Path, "replace", failing)
            await workspace.apply()
        assert state(root) == before
        assert sorted(path.name for path in root.iterdir()) == [".git", "a", "z"]

    in_workspace(root, tmp_path, work)


def test_calling_off_during_apply_waits_for_its_end(repository: Make, tmp_path: Path) -> None:
    """The files are then applied whole, and the call returns as usual."""
    root = repository({f"f{number}": "1\n" for number in range(300)})

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            for number in range(300):
                (fork.checkout.path / f"f{number}").write_text("2\n")
            patch = await workspace.capture(fork)
        merged = await workspace.merge(patch)
        assert merged
        await workspace.land(merged, "x\n")
        applying = asyncio.create_task(workspace.apply())
        await asyncio.sleep(0)
        while not applying.done():
            applying.cancel()
            await asyncio.sleep(0.001)
        applying.result()

    in_workspace(root, tmp_path, work)
    assert {path.read_text() for path in root.glob("f*")} == {"2\n"}
    assert git(root, "diff", "--cached", "--name-only") == ""


def test_apply_keeps_modes_links_and_deletions(repository: Make, tmp_path: Path) -> None:
    """What a checkout would write is what appears; emptied folders go."""
    root = repository({"run.sh": "#!/bin/sh\n", "old/x": "1\n", "link": "text\n"})

    async def work(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            path = fork.checkout.path
            (path / "run.sh").chmod(0o755)
            (path / "old/x").unlink()
            (path / "link").unlink()
            (path / "link").symlink_to("run.sh")
            patch = await workspace.capture(fork)
        merged = await workspace.merge(patch)
        assert merged
        await workspace.land(merged, "x\n")
        await workspace.apply()

    in_workspace(root, tmp_path, work)
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "link").readlink() == Path("run.sh")
    assert not (root / "old").exists()


def test_a_repository_inside_a_draft_runs_nothing_when_the_draft_is_taken(
    repository: Make, tmp_path: Path
) -> None:
    """A filter in the configuration of a submodule that the draft made is no command of sef's."""
    root, ran = repository({"a.txt": "1\n"}), tmp_path / "ran"

    async def look(workspace: Workspace) -> None:
        async with workspace.fork(workspace.base) as fork:
            inner = fork.checkout.path / "sub"
            inner.mkdir()
            git(inner, "init", "-q")
            (inner / "f").write_text("1\n")
            git(inner, "add", "f")
            git(inner, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "x")
            git(inner, "config", "filter.own.clean", f"sh -c 'touch {ran}; cat'")
            (inner / ".gitattributes").write_text("* filter=own\n")
            (inner / "f").write_text("2\n")
            modules = '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tignore = none\n'
            (fork.checkout.path / ".gitmodules").write_text(modules)
            await workspace.capture(fork)  # from now on the index has a submodule
            with pytest.raises(GitError, match=r"sub/\.git was made in the fork"):
                await workspace.capture(fork)

    in_workspace(root, tmp_path, look)
    assert not ran.exists()
