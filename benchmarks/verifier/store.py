"""Cases on disk, one file a commit, so that a second run only judges."""

from __future__ import annotations

import json
import lzma
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.verifier.cases import Commit, Mutant, Skipped

VERSION: Final = 1
"""Raised when cases are made in another way: older files are then made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of cases of one repository. A text of a hundred kilobytes packs to little."""

    folder: Path

    def read(self, sha: str, *, seed: int, mutants: int) -> Commit | Skipped | None:
        """What was found out of a commit; None where that was with other settings, or never."""
        path = self._path(sha)
        if not path.is_file():
            return None
        said = json.loads(lzma.decompress(path.read_bytes()))
        if said["version"] != VERSION or said["seed"] != seed or said["mutants"] < mutants:
            return None
        if "skipped" in said:
            return Skipped(**said["skipped"])
        return _commit(said["commit"], mutants)

    def write(self, found: Commit | Skipped, *, seed: int, mutants: int) -> None:
        """Keeps it; the file appears whole."""
        kind = "commit" if isinstance(found, Commit) else "skipped"
        said = {"version": VERSION, "seed": seed, "mutants": mutants, kind: asdict(found)}
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(found.sha)
        new = path.with_suffix(".new")
        new.write_bytes(lzma.compress(json.dumps(said).encode("utf-8", "surrogatepass")))
        new.replace(path)

    def _path(self, sha: str) -> Path:
        return self.folder / f"{sha}.json.xz"


def _commit(said: dict[str, Any], most: int) -> Commit:
    mutants = tuple(Mutant(**one) for one in said.pop("mutants"))
    return Commit(**said, mutants=mutants[:most])
