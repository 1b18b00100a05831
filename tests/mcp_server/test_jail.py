"""Which folders a client may have worked in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mcp_server.serving import Session, mcp, talk
from sef.errors import RepositoryError, UsageError
from sef.mcp.jail import Jail

Make = Callable[..., Path]
CODE = {"a.py": "A = 1\n"}


def found(start: Path, root: str | None, *opened: str) -> Path:
    async def roots() -> Sequence[str]:
        return opened

    return asyncio.run(Jail(start).repository(root, roots)).root


def test_the_servers_own_folder_is_the_default(repository: Make) -> None:
    """Started in a folder of a repository, the server works in the whole of it."""
    root = repository({**CODE, "deep/b.py": ""})
    assert found(root / "deep", None) == root
    assert found(root / "deep", ".") == root
    assert found(root / "deep", str(root)) == root


def test_folders_outside_are_refused(repository: Make, tmp_path: Path) -> None:
    """By name, by dots, by a link, and where there is nothing."""
    root, other = repository(CODE), repository(CODE, "other")
    (root / "link").symlink_to(other)
    (root / "loop").symlink_to(root / "loop")
    for name in (str(other), "../other", "link", "link/../../other", "/", "~"):
        with pytest.raises(UsageError):
            found(root, name)
    for name in ("nowhere", "a.py", "loop", "a\0b", "x" * 5_000):
        with pytest.raises(UsageError, match="no folder"):
            found(root, name)


def test_a_repository_inside_is_allowed_where_its_git_folder_is_inside_too(
    repository: Make,
) -> None:
    """A `.git` file that names a folder elsewhere leads out."""
    root, other = repository(CODE), repository(CODE, "other")
    inner = repository(CODE, "project/inner")
    assert found(root, "inner") == inner
    (root / "trap").mkdir()
    (root / "trap" / ".git").write_text(f"gitdir: {other / '.git'}\n")
    with pytest.raises(UsageError, match="out of bounds"):
        found(root, "trap")


def test_the_clients_roots_are_allowed(repository: Make) -> None:
    """As file URIs, percent signs undone; other addresses and what is not there are passed over."""
    root, other = repository(CODE), repository(CODE, "an other")
    uri = other.as_uri()
    assert "%20" in uri
    assert found(root, str(other), uri) == other
    for strange in ("https://example.org/", "file://host" + str(other), "file:///nowhere", "%"):
        with pytest.raises(UsageError, match="out of bounds"):
            found(root, str(other), strange)


def test_a_folder_without_a_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not in a git repository"):
        found(tmp_path, None)


@pytest.mark.slow
def test_a_client_is_asked_for_its_roots(repository: Make, tmp_path: Path) -> None:
    """What it names is worked in; a client that names nothing is refused."""
    root, other = repository(CODE), repository(CODE, "other")

    async def roots(_: object) -> object:
        return mcp.types.ListRootsResult(roots=[mcp.types.Root(uri=other.as_uri())])

    async def allowed(session: Session) -> None:
        said = await session.call("sef_run", tasks=["find the definition of A"], root=str(other))
        assert said["tasks"][0]["matches"][0]["path"] == "a.py"

    async def refused(session: Session) -> None:
        words = await session.refused("sef_run", tasks=["find A"], root=str(other))
        assert "out of bounds" in words and str(root) in words

    talk(root, allowed, mode="legacy", list_roots_callback=roots)
    talk(root, refused, mode="legacy")
    talk(root, refused)
    assert not (root / ".git/sef").exists() and (other / ".git/sef").exists()


@pytest.mark.slow
def test_a_server_without_a_repository_still_plans(tmp_path: Path) -> None:
    """What needs one says how to come by one."""

    async def body(session: Session) -> None:
        assert len((await session.call("sef_plan", texts="run the tests"))["tasks"]) == 1
        assert "git init" in await session.refused("sef_run", tasks=["run the tests"])

    talk(tmp_path, body)
    talk(Path(os.sep), body, "--root", str(tmp_path))
