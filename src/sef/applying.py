"""`--apply` that survives a kill: a note while the user's files are replaced, and its end."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TextIO

from sef.errors import ApplyConflict, GitError, RepositoryError, SefError
from sef.reasons import reason_of
from sef.repository import Repository
from sef.undoing import Pair, Undone, noted, undo

_NOTES: Final = "applying-*.json"
_BEGUN: Final = ".new"
"""How a note ends that is being written: nothing has changed by then."""
_PATIENCE_S: Final = 3.0
"""How long is waited for a living process to end what it applies."""
_TRIES: Final = 60


@asynccontextmanager
async def being_applied(repository: Repository, run: str, pair: Pair) -> AsyncIterator[None]:
    """While the block replaces the user's files a note says so on the disk, locked by this process.

    The note goes where the block ends, or raises ApplyConflict or GitError: then it has changed
    nothing.
    Raises ApplyConflict itself where no note can be written.
    """
    note = repository.common_dir / "sef" / f"applying-{run}.json"
    with ExitStack() as stack:
        try:
            note.parent.mkdir(exist_ok=True)
            file = stack.enter_context(note.with_suffix(_BEGUN).open("w", encoding="utf-8"))
            fcntl.flock(file, fcntl.LOCK_EX)
            _save(file, note, await noted(repository, run, pair))
        except OSError as error:
            raise ApplyConflict(f"it cannot be noted in {note}: {error.strerror}") from error
        try:
            yield
        except (ApplyConflict, GitError):
            note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)


def _save(file: TextIO, note: Path, record: Mapping[str, Any]) -> None:
    json.dump(record, file)
    file.flush()
    os.fsync(file.fileno())
    note.with_suffix(_BEGUN).rename(note)


async def put_back(repository: Repository) -> tuple[Undone, ...]:
    """Ends what killed processes were applying; the living are waited for, a little, and let be.

    Raises RepositoryError where the user's files may be half replaced and cannot be put back.
    """
    found = []
    for note in _notes(repository.common_dir / "sef"):
        with suppress(FileNotFoundError), _opened(note) as file:  # it may just end
            if await _is_left(file):
                if note.suffix != _BEGUN:
                    found.append(await _put_back(repository, note, file))
                note.unlink()
    return tuple(found)


def _notes(folder: Path) -> Iterator[Path]:
    """Those that are being written first: by the time of the others they may be among them."""
    yield from sorted(folder.glob(f"applying-*{_BEGUN}"))
    yield from sorted(folder.glob(_NOTES))


async def _put_back(repository: Repository, note: Path, file: TextIO) -> Undone:
    scratch = note.with_suffix(".undo")  # one name, so that who comes after a kill finds it
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        return await undo(json.load(file), repository.common_dir, scratch)
    except (SefError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = str(error.args[0]) if isinstance(error, SefError) else reason_of(error)
        raise RepositoryError(
            f"a run was killed while it was applied, and your files cannot be put back: {why}",
            hint=f"Look at git status, put right what is wrong, and remove {note}.",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _opened(note: Path) -> TextIO:
    # Without O_NONBLOCK the opening of a pipe would wait for ever.
    return open(note, encoding="utf-8", opener=_at_once)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


async def _is_left(file: TextIO) -> bool:
    """True where nobody holds the note, and it is still there now that this process does.

    Who holds it is waited for, a little: nothing is to begin from files that are half replaced.
    """
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_PATIENCE_S / _TRIES)
        else:
            return os.fstat(file.fileno()).st_nlink > 0
    return False
