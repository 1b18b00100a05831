"""Finding transcripts: a session's own file, and the files of the agents that it started."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.errors import UsageError

_PEEKED: Final = 1 << 20
_LINES: Final = 20
_LARGEST_META: Final = 1 << 16


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
    """Where the client keeps its transcripts: CLAUDE_CONFIG_DIR, else its folders at home."""
    if named := environment.get("CLAUDE_CONFIG_DIR"):
        return (Path(named).expanduser() / "projects",)
    home = Path.home()
    both = (home / ".claude/projects", home / ".config/claude/projects")
    return tuple(path for path in both if path.is_dir()) or both[:1]


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
    files = sorted(
        found for root in roots for found in _files(root, unreadable) if _may_be(found, project)
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


def _files(root: Path, unreadable: list[Path]) -> Iterator[tuple[Path, int]]:
    def refused(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename or root)))

    for folder, _, names in os.walk(root, onerror=refused):
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


def _may_be(found: tuple[Path, int], project: Path | None) -> bool:
    """False where the folder's name says that the session is about another project."""
    if project is None:
        return True
    encoded = [part for part in found[0].parts if part.startswith("-")]
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
            session = _session_of(path, unreadable)
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


def _session_of(path: Path, unreadable: list[Path]) -> str | None:
    """The session that an agent's file beside the sessions' own belongs to, by its records."""
    try:
        with path.open("rb") as file:
            for line in file.readlines(_PEEKED)[:_LINES]:
                if name := _named(line):
                    return name
    except OSError:
        unreadable.append(path)
    return None


def _named(line: bytes) -> str | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    name = said.get("sessionId") if isinstance(said, dict) else None
    return name if isinstance(name, str) and re.fullmatch(r"[\w-]{1,80}", name) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is known of an agent's beginning."""

    tool_use: str = ""
    """Id of the tool use that started it."""
    depth: int = 0
    """Agents between it and the session."""


def beginning(path: Path) -> Beginning:
    """What the meta file beside an agent's file says; nothing where it cannot be read."""
    try:
        with path.with_suffix(".meta.json").open("rb") as file:
            said = json.loads(file.read(_LARGEST_META))
    except (OSError, ValueError, RecursionError):
        return Beginning()
    if not isinstance(said, dict):
        return Beginning()
    use, depth = said.get("toolUseId"), said.get("spawnDepth")
    return Beginning(
        tool_use=use if isinstance(use, str) else "", depth=depth if type(depth) is int else 0
    )
