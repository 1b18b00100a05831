"""Runs of checks on bases, kept so that each is paid once.

A base is the user's own tree, or a tip that accepted drafts made: nothing that a draft alone
contains is kept. Within a run every outcome is kept. Across runs only a green one is, for a day,
and it may only speak for a draft: before it speaks against one, the base is run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sef.checks.check import Check, CheckRun
from sef.checks.jail import read_bounded
from sef.environment import Proof
from sef.model import Counts

_FORMAT: Final = 1
_LIMIT: Final = 1024 * 1024
_DAY_S: Final = 86_400.0
Run = Callable[[], Awaitable[CheckRun | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a run on a base depends on, as far as it is known."""

    tree: str
    """git's name of the tree, not of a commit: commits of one tree share their runs."""
    check: Check
    environment: str
    """See `fingerprint`."""
    lasting: bool = True
    """False where `environment` does not hold all that is known to matter: kept for this run."""

    @property
    def name(self) -> str:
        """Hexadecimal; names a file."""
        said = json.dumps([_FORMAT, self.tree, self.check.name, self.check.argv, self.environment])
        return hashlib.sha256(said.encode()).hexdigest()


def fingerprint(python: Path, variables: Mapping[str, str], *settings: object) -> str:
    """The environment of a check: interpreter, installed distributions, variables, settings.

    `variables` are those that the user's environment gives to checks; `settings` what else decides
    how a check is run (its deadline, its memory).
    """
    folder = python.parent.parent
    installed = sorted(
        (entry.name, entry.stat().st_mtime_ns)
        for entry in folder.glob("lib/python*/site-packages/*.dist-info")
    )
    real = os.path.realpath(python)
    own = sorted(variables.items())
    said = json.dumps([str(python), real, installed, own, [str(one) for one in settings]])
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()


class Bases:
    """Runs on bases by `Key`; each is run once, however many drafts ask at the same time.

    `folder` keeps green ones for later runs (`.git/sef/bases`); None keeps nothing.
    """

    def __init__(self, folder: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._runs: dict[Key, CheckRun | None] = {}
        self._earlier: set[Key] = set()
        self._locks: dict[Key, asyncio.Lock] = {}

    async def of(self, key: Key, run: Run, *, against: bool = False) -> CheckRun | None:
        """The run of the key's check on its base; `run` makes it where it is not known.

        With `against` it will be held against a draft, so that one of an earlier run will not do.
        """
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._runs and not against:
                earlier = await asyncio.to_thread(self._read, key)
                if earlier is not None:
                    self._runs[key] = earlier
                    self._earlier.add(key)
            if key not in self._runs or (against and key in self._earlier):
                self._runs[key] = made = await run()
                self._earlier.discard(key)
                await asyncio.to_thread(self._write, key, made)
        return self._runs[key]

    async def known(self, key: Key) -> CheckRun | None:
        """The run of that key where it has been made; None where it was not, or there is none."""
        if key in self._runs:
            return self._runs[key]
        return await asyncio.to_thread(self._read, key)

    def is_earlier(self, key: Key) -> bool:
        """True where the known run of that key was made by an earlier run of sef."""
        return key in self._earlier

    def _read(self, key: Key) -> CheckRun | None:
        if self._folder is None or not key.lasting:
            return None
        path = self._folder / key.name
        data = read_bounded(path, _LIMIT)
        if data is None or not 0 <= self._now() - path.stat().st_mtime < _DAY_S:
            return None
        return _decoded(data, key.check)

    def _write(self, key: Key, run: CheckRun | None) -> None:
        if self._folder is None or not key.lasting:
            return
        path = self._folder / key.name
        if run is None or not _may_be_kept(run):
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_bytes(_encoded(run))
        fresh.replace(path)


def _may_be_kept(run: CheckRun) -> bool:
    """Green, counted, proved, and run to its end."""
    return (
        run.exit_code == 0
        and run.counts is not None
        and run.counts.passed > 0
        and not (run.failing or run.unnamed or run.stopped or run.timed_out)
        and run.proof.proved
    )


def _encoded(run: CheckRun) -> bytes:
    said = {
        "counts": asdict(run.counts) if run.counts else {},
        "level": run.proof.level,
        "reason": run.proof.reason,
        "seconds": run.seconds,
        "summary": run.summary,
        "note": run.note,
    }
    return json.dumps(said).encode()


def _decoded(data: bytes, check: Check) -> CheckRun | None:
    """None where another version, or somebody else, wrote it."""
    try:
        said = json.loads(data)
        counts = Counts(**{name: int(value) for name, value in said["counts"].items()})
        run = CheckRun(
            check=check,
            exit_code=0,
            counts=counts,
            failing=frozenset(),
            failures=(),
            summary=str(said["summary"]),
            output_tail="",
            proof=Proof(proved=True, level=str(said["level"]), reason=str(said["reason"])),
            seconds=float(said["seconds"]),
            timed_out=False,
            note=str(said["note"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return run if _may_be_kept(run) else None
