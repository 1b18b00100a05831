"""Which folders a client may have worked in: the server's own, and those that its person opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sef.errors import RepositoryError, UsageError
from sef.repository import Repository, find_repository
from sef.text import one_line

Opened = Callable[[], Awaitable[Sequence[str]]]
"""The folders that a client says its person opened, as URIs."""
_MOST = 64


class Jail:
    """Repositories below the folder that the server was started in, or below the client's roots."""

    def __init__(self, start: Path) -> None:
        self._start = start.resolve()

    async def repository(self, root: str | None, opened: Opened) -> Repository:
        """The repository that is worked in; the server's own where `root` is None.

        Links are followed before it is judged where a folder lies. Raises UsageError where that
        is out of bounds, RepositoryError where there is no repository to work on.
        """
        if root is None:
            return await find_repository(self._start)
        folder = await asyncio.to_thread(_folder, self._start, root)
        bounds = await self._bounds()
        if not _within(folder, bounds):
            bounds = (*bounds, *await asyncio.to_thread(_folders, tuple(await opened())))
        if not _within(folder, bounds):
            raise UsageError(
                f"root {one_line(root, 200)!r} is out of bounds",
                hint=f"Take a folder below {_said(bounds)}, or start a server there.",
            )
        found = await find_repository(folder)
        inside = all(_within(one.resolve(), bounds) for one in (found.root, found.common_dir))
        if not inside:
            raise UsageError(
                f"the repository of {one_line(root, 200)!r} is out of bounds: {found.common_dir}",
                hint=f"Take one that lies below {_said(bounds)} with its git folder.",
            )
        return found

    async def _bounds(self) -> tuple[Path, ...]:
        """The server's folder, the whole of its repository, and that one's git folder."""
        try:
            own = await find_repository(self._start)
        except RepositoryError:
            return (self._start,)
        return (self._start, own.root.resolve(), own.common_dir.resolve())


def _folder(start: Path, root: str) -> Path:
    try:
        folder = (start / root).resolve(strict=True)
        if folder.is_dir():
            return folder
    except (OSError, ValueError, RuntimeError):  # absent, forbidden, a NUL, a loop of links
        pass
    raise UsageError(
        f"root {one_line(root, 200)!r} is no folder here", hint="Leave it away, or name a folder."
    )


def _folders(uris: Sequence[str]) -> tuple[Path, ...]:
    """The folders that file URIs name; others are passed over."""
    found = []
    for uri in uris[:_MOST]:
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            continue
        try:
            found.append(Path(unquote(parts.path)).resolve(strict=True))
        except (OSError, ValueError, RuntimeError):
            continue
    return tuple(found)


def _within(folder: Path, bounds: Sequence[Path]) -> bool:
    return any(folder.is_relative_to(one) for one in bounds)


def _said(bounds: Sequence[Path]) -> str:
    return " or ".join(dict.fromkeys(str(one) for one in bounds[:5]))
