"""Finding transcripts: a session's own file, and the files of the agents that it started."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sef.errors import UsageError
from sef.transcripts.beginnings import session_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFiles:
    """The files of one session."""

    name: str
    """The session's id: the name of its own file without the ending."""
    folder: str
    """Name of the project's folder: the working folder with `-` for what is no letter or digit."""
    own: Path | None
    """None where only files of agents are left."""
    agents: tuple[Path, ...]
    """Files of agents, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found below some folders."""

    sessions: tuple[SessionFiles, ...]
    """Sorted by folder and name."""
    unreadable: tuple[Path, ...]
    """Folders and files that could not be looked into."""
    size: int
    """Bytes of all files."""


def default_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the client keeps its transcripts: CLAUDE_CONFIG_DIR, else its folders at home.

    Raises UsageError where a home is asked for that nobody knows.
    """
    if named := environment.get("CLAUDE_CONFIG_DIR"):
        return (at_home(Path(named), "CLAUDE_CONFIG_DIR") / "projects",)
    home = at_home(Path("~"), "the user's folder")
    both = (home / ".claude/projects", home / ".config/claude/projects")
    return tuple(path for path in both if path.is_dir()) or both[:1]


def at_home(path: Path, what: str) -> Path:
    """The path with its `~` resolved. Raises UsageError, which names `what`, where it cannot be."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(
            f"{what}: nobody knows the home folder of {path.parts[0]}",
            hint="Name the folder by its whole path.",
        ) from None


def find_sessions(folders: tuple[Path, ...], project: Path | None = None) -> Found:
    """All sessions below the folders; with `project` only those that may be about it.

    Raises UsageError when none of the folders is there.
    """
    roots = [path / "projects" if (path / "projects").is_dir() else path for path in folders]
    if not any(root.is_dir() for root in roots):
        raise UsageError(
            f"no transcripts: there is no folder {roots[0]}",
            hint="Name the folder that holds them: sef claude audit --transcripts DIR",
        )
    unreadable: list[Path] = []
    seen: set[tuple[int, int]] = set()
    files = sorted(
        (path, size)
        for root in roots
        for path, size, linked in _files(root, seen, unreadable)
        if linked or _may_be(path, project)
    )
    sessions = _grouped([path for path, _ in files], unreadable)
    return Found(
        sessions=sessions,
        unreadable=tuple(dict.fromkeys(unreadable)),
        size=sum(size for _, size in files),
    )


def folder_name(path: str) -> str:
    """The name that the client gives the transcripts' folder of a working folder."""
    return re.sub(r"[^A-Za-z0-9]", "-", path)


def _files(
    root: Path, seen: set[tuple[int, int]], unreadable: list[Path]
) -> Iterator[tuple[Path, int, bool]]:
    """The transcripts below a folder, their sizes, and whether a link to a folder led there.

    Each folder is looked into once, by its own name rather than by a link's.
    """

    def refused(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename or root)))

    above = {found for path in (root, *root.resolve().parents) if (found := _identity(path))}
    todo = deque([root])
    while todo:
        top = todo.popleft()
        if top is not root and _identity(top) in above:
            unreadable.append(top)  # it would lead out of the transcripts, and back
            continue
        for folder, names, files in os.walk(top, onerror=refused):
            found = _identity(Path(folder))
            if found is None or found in seen:
                names.clear()
                continue
            seen.add(found)
            todo += (path for name in names if _is_link(path := Path(folder, name)))
            for path, size in _transcripts(folder, files, unreadable):
                yield path, size, top is not root


def _is_link(path: Path) -> bool:
    """False too for what may not be looked at; looking into it tells that."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _transcripts(
    folder: str, names: list[str], unreadable: list[Path]
) -> Iterator[tuple[Path, int]]:
    for name in names:
        if not name.endswith(".jsonl"):
            continue
        path = Path(folder, name)
        try:
            found = path.stat()
        except OSError:
            unreadable.append(path)
            continue
        if stat.S_ISREG(found.st_mode):
            yield path, found.st_size


def _may_be(path: Path, project: Path | None) -> bool:
    """False where the folder's name says that the session is about another project."""
    if project is None:
        return True
    encoded = [part for part in path.parts if part.startswith("-")]
    # Long names are cut and get a hash; the record of the working folder decides on those.
    wanted = folder_name(str(project))[:180]
    return not encoded or any(part.startswith(wanted) for part in encoded)


def _grouped(files: list[Path], unreadable: list[Path]) -> tuple[SessionFiles, ...]:
    own: dict[Path, Path] = {}
    agents: dict[Path, list[Path]] = {}
    for path in files:
        if "subagents" in path.parts:
            at = len(path.parts) - 1 - path.parts[::-1].index("subagents")
            agents.setdefault(Path(*path.parts[:at]), []).append(path)
        elif path.name.startswith("agent-"):
            try:
                session = session_of(path)
            except OSError:
                unreadable.append(path)
                session = None
            agents.setdefault(path.with_name(session or path.stem), []).append(path)
        else:
            own[path.with_suffix("")] = path
    return tuple(
        SessionFiles(
            name=key.name,
            folder=key.parent.name,
            own=own.get(key),
            agents=tuple(agents.get(key, ())),
        )
        for key in sorted({*own, *agents})
    )
