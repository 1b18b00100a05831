"""What an executor's shell may have done outside its tree: the user's repository before and after.

Claude Code keeps Write and Edit inside an executor's tree, and nothing keeps Bash there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sef.hooks.hiding import LINES
from sef.hooks.records import opened, parsed
from sef.listing import changes_of
from sef.repository import Repository

_OWN: Final = ("refs/heads/worktree-agent-", "refs/heads/sef/", "refs/sef/")
"""References that executors and sef itself move."""
_OWN_KEYS: Final = "branch.worktree-agent-"
_LARGEST: Final = 64 * 2**20


async def fingerprint(repository: Repository) -> dict[str, str]:
    """What can be seen of the repository beside its files, by what a person calls it."""
    git = repository.git
    head = await git.run("symbolic-ref", "-q", "HEAD")
    named = await git.ask("for-each-ref", "--format=%(refname) %(objectname)")
    refs = [line for line in named.splitlines() if not line.startswith(_OWN)]
    common = repository.common_dir
    config = ("config", "--file", str(common / "config"), "--list")
    keys = (await git.run(*config)).stdout.decode(errors="replace").splitlines()
    own = "\n".join(one for one in keys if not one.startswith(_OWN_KEYS)).encode()
    # With -v files that git was told not to look at are told apart.
    index = await git.ask("ls-files", "--stage", "-v", "-z")
    return {
        "HEAD": _digest(head.stdout + (await git.ask("rev-parse", "HEAD")).encode()),
        "branches, tags or the stash": _digest("\n".join(refs).encode()),
        "the index": _digest(index.encode(errors="replace")),
        "git's configuration": _digest(own + _beside(repository)),
        "git's hooks": _digest(_folder(common / "hooks")),
        "what git ignores": _digest(_said(common / "info/exclude").replace(LINES, b"")),
        "settings of Claude Code": _digest(_settings(repository.root / ".claude")),
    }


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What differs, in words."""
    return tuple(name for name in after if before.get(name) != after[name])


async def changed_files(
    repository: Repository, base: str, now: str, ours: Mapping[str, str]
) -> tuple[str, ...]:
    """Paths in which the user's files differ from what they were, less what sef merged itself.

    `ours` holds what sef wrote meanwhile: git's name of the content at each path, or nothing.
    """
    changes = await changes_of(repository.git, base, now)
    blobs = await blobs_of(repository, now, (one.path for one in changes))
    return tuple(path for path, blob in blobs.items() if ours.get(path) != blob)


async def blobs_of(repository: Repository, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """git's names of files' content and mode; empty where the commit has no such file."""
    lines = await repository.git.names("ls-tree", "-r", "-z", commit)
    held = {path: named for named, _, path in (one.partition("\t") for one in lines)}
    return {path: held.get(path, "") for path in paths}


async def branch_of(repository: Repository) -> str:
    """The user's branch; empty where HEAD is a commit."""
    said = await repository.git.run("symbolic-ref", "-q", "--short", "HEAD")
    return said.stdout.decode(errors="replace").strip()


def used_shell(transcript: Path) -> bool:
    """True where the executor called Bash, or nobody can tell."""
    try:
        with opened(transcript) as file:
            said = file.read(_LARGEST + 1)
    except OSError:
        return True
    return len(said) > _LARGEST or any(map(_calls_shell, said.splitlines()))


def _calls_shell(line: bytes) -> bool:
    """True for a record with a call of Bash; other records name it in the list of tools."""
    if b'"tool_use"' not in line or b'"Bash"' not in line:
        return False
    record = parsed(line)
    if record is None:
        return True
    message = record.get("message")
    blocks = message.get("content") if isinstance(message, dict) else None
    return any(
        one.get("type") == "tool_use" and one.get("name") == "Bash"
        for one in (blocks if isinstance(blocks, list) else ())
        if isinstance(one, dict)
    )


def _folder(path: Path) -> bytes:
    files = sorted(path.iterdir()) if path.is_dir() else []
    found = [(one.name, one.stat().st_mode, _said(one)) for one in files if one.is_file()]
    return repr(found).encode()


def _beside(repository: Repository) -> bytes:
    """What bends git beside its configuration, where there is any."""
    common = repository.common_dir
    files = (
        repository.git_dir / "config.worktree",
        common / "info/attributes",
        common / "info/grafts",
        common / "objects/info/alternates",
    )
    return b"".join(repr((one.name, _said(one))).encode() for one in files if one.exists())


def _settings(folder: Path) -> bytes:
    """Less the permissions: the user grants those to the very executor that runs."""
    found = []
    for name in ("settings.json", "settings.local.json"):
        said = _said(folder / name)
        known = parsed(said)
        rest = {key: one for key, one in (known or {}).items() if key != "permissions"}
        found.append(json.dumps(rest, sort_keys=True) if known or not said else repr(said))
    return "\n".join(found).encode()


def _said(file: Path) -> bytes:
    try:
        with opened(file) as held:
            return held.read(_LARGEST)
    except OSError:
        return b""


def _digest(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()[:32]
