"""A repository's history: commits that touch code and tests, and the two parts of each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from benchmarks.verifier.cases import Skipped, Texts
from sef.checks.testfiles import TestFiles, is_test_file, named_as_test
from sef.git import Git

_DOCUMENTS = (".md", ".rst", ".txt")
_NOT_PRODUCT = frozenset({"setup.py", "noxfile.py", "conftest.py"})
_NOT_CODE = frozenset({"docs", "doc", "examples", "example", "scripts", "bench", "requirements"})
_MOST_FILES = 40
_LARGEST = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A commit that touches code and tests."""

    sha: str
    parent: str
    subject: str
    code: Texts
    """Its code and its documents; settings and what else there is are left out."""
    tests: Texts


async def candidates(git: Git, start: str, most: int) -> AsyncIterator[Candidate | Skipped]:
    """The newest commits that touch code and tests, at most `most`, newest first."""
    said = await git.ask("log", "--no-merges", "--format=%H %P", start)
    found = 0
    for sha, *parents in (line.split() for line in said.splitlines()):
        if found == most:
            return
        if len(parents) != 1:
            continue
        if one := await _candidate(git, sha, parents[0]):
            found += 1
            yield one


async def _candidate(git: Git, sha: str, parent: str) -> Candidate | Skipped | None:
    touched = await _touched(git, parent, sha)
    tests = tests_among((*await files_of(git, parent), *touched))
    if not any(is_product(path) for path in touched if path not in tests):
        return None
    if not any(is_test_file(path) for path in touched if path in tests):
        return None
    if len(touched) > _MOST_FILES:
        return Skipped(sha=sha, reason="it touches too many files", detail=str(len(touched)))
    subject = (await git.ask("log", "-1", "--format=%s", sha)).strip()
    code = [path for path in touched if path not in tests and is_draft(path)]
    try:
        return Candidate(
            sha=sha,
            parent=parent,
            subject=subject,
            code={path: await text_at(git, sha, path) for path in code},
            tests={path: await text_at(git, sha, path) for path in touched if path in tests},
        )
    except UnicodeDecodeError:
        return Skipped(sha=sha, reason="it holds what is no text")


async def _touched(git: Git, parent: str, sha: str) -> tuple[str, ...]:
    return await git.names("diff-tree", "-r", "-z", "--no-renames", "--name-only", parent, sha)


async def files_of(git: Git, commit: str) -> tuple[str, ...]:
    """Every path of a commit."""
    return await git.names("ls-tree", "-r", "-z", "--name-only", commit)


async def text_at(git: Git, commit: str, path: str) -> str | None:
    """The text of a file, None where it is not there. Raises UnicodeDecodeError."""
    done = await git.run("cat-file", "blob", f"{commit}:{path}")
    return done.stdout.decode("utf-8") if done.exit_code == 0 else None


async def texts_of(git: Git, commit: str) -> dict[str, str]:
    """Every file of a commit that is text and no larger than 400,000 bytes."""
    paths = [path for path in await files_of(git, commit) if "\n" not in path]
    asked = "".join(f"{commit}:{path}\n" for path in paths)
    done = await git.run("cat-file", "--batch", stdin=os.fsencode(asked))
    found, rest = {}, done.stdout
    for path in paths:
        head, _, rest = rest.partition(b"\n")
        _, kind, size = head.rsplit(b" ", 2)
        data, rest = rest[: int(size)], rest[int(size) + 1 :]
        if kind == b"blob" and len(data) <= _LARGEST and b"\0" not in data:
            found[path] = data.decode("utf-8", "replace")
    return found


def is_product(path: str) -> bool:
    """True for a Python file that a user of the project runs."""
    *folders, name = path.split("/")
    return path.endswith(".py") and name not in _NOT_PRODUCT and _NOT_CODE.isdisjoint(folders)


def is_draft(path: str) -> bool:
    """True for what belongs into a draft of the commit: code and documents."""
    name = PurePosixPath(path)
    return is_product(path) or (name.suffix in _DOCUMENTS and "requirements" not in path)


class _Beside:
    """Tests as the product knows them, and what lies in a folder of test files."""

    def __init__(self, files: Iterable[str]) -> None:
        paths = tuple(files)
        self._known = TestFiles(paths)
        named = (path.rpartition("/")[0] for path in paths if named_as_test(path))
        self._folders = {folder for folder in named if folder}

    def __contains__(self, path: str) -> bool:
        return path in self._known or path.rpartition("/")[0] in self._folders


def tests_among(files: Iterable[str]) -> _Beside:
    """Says which paths are tests or lie beside them."""
    return _Beside(files)
