"""Asking ripgrep for lines of a tree: bounded, in a fixed order, and never out of the tree."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sysconfig
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sef.errors import DraftFailure
from sef.git import git_environment
from sef.model import Match
from sef.process import Finished, run_program
from sef.text import plain

FILE_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of a file beyond which it is not searched."""
LINE_LIMIT: Final = 300
"""Characters kept of a line."""
_KEPT = 10_000
_OUTPUT_LIMIT = 32 * 1024 * 1024
_TIMEOUT_S = 120.0
_FIXED: Final = (
    "--no-config", "--hidden", "--no-ignore-parent", "--no-ignore-dot", "--no-ignore-messages",
    "--no-messages", "--no-require-git", "--sort=path", f"--max-filesize={FILE_LIMIT}",
)  # fmt: skip
# The path is named: without one ripgrep may decide to read its standard input.
_EVERYWHERE: Final = ("--glob=!.git", "--", "./")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What was found."""

    matches: tuple[Match, ...]
    """Sorted by path and line, at most 10,000."""
    total: int
    """Number of matching lines in all."""
    complete: bool = True
    """False when the output was cut before its end."""


async def ripgrep(root: Path, *options: str, without: Sequence[str] = ()) -> Lines:
    """The lines below `root` that match the patterns in `options` (as `--regexp=...`).

    Ignored files, binary files, links, files over `FILE_LIMIT` and the folders `without` are left
    out; hidden files are not. Raises DraftFailure when ripgrep is missing, fails, or does not end.
    """
    options = (*options, *(f"--glob=!/{_literally(folder)}" for folder in without))
    finished = await _run(root, "--json", *options)
    lines = await asyncio.to_thread(_read, finished.stdout)
    if lines.complete:
        return lines
    # So much was found that the list was cut; the number of lines is asked for by itself.
    counted = await _run(root, "--count", "--no-filename", *options)
    return replace(lines, total=sum(int(n) for n in counted.stdout.split() if n.isdigit()))


def _literally(path: str) -> str:
    """A glob that stands for this path alone."""
    return re.sub(r"([][*?{}!\\])", r"\\\1", path)


async def _run(root: Path, *options: str) -> Finished:
    finished = await run_program(
        (_program(), *_FIXED, *options, *_EVERYWHERE),
        cwd=root,
        env=git_environment(),
        timeout_s=_TIMEOUT_S,
        output_limit=_OUTPUT_LIMIT,
    )
    if finished.timed_out:
        raise DraftFailure(f"the search did not end within {_TIMEOUT_S:.0f} s")
    # 1 is "nothing found"; 2 with results is a file that could not be read.
    if finished.exit_code not in (0, 1) and finished.stderr:
        said = plain(finished.stderr.decode("utf-8", "replace"), 500).strip()
        raise DraftFailure(f"ripgrep could not search: {said}")
    return finished


def _program() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "rg"
    found = str(beside) if beside.is_file() else shutil.which("rg")
    if found is None:
        raise DraftFailure(
            "ripgrep (rg) was found neither beside Python nor on PATH: "
            "install it with python -m pip install ripgrep"
        )
    return found


def _read(output: bytes) -> Lines:
    """The matches of text files; only a file's end tells whether it holds a NUL byte."""
    matches: list[Match] = []
    total, complete = 0, False
    of_file: list[Match] = []
    for kind, data in _messages(output):
        if kind == "begin":
            of_file = []
        elif kind == "match":
            of_file.append(_match(data))
        elif kind == "end" and data.get("binary_offset") is None:
            matches += of_file[: max(0, _KEPT - len(matches))]
            total += len(of_file)
        complete = kind == "summary"
    return Lines(matches=tuple(matches), total=total, complete=complete)


def _messages(output: bytes) -> Iterator[tuple[str, Mapping[str, object]]]:
    for line in output.split(b"\n"):
        try:
            message = json.loads(line)
        except ValueError:
            continue  # the last line, where the output was cut
        yield message["type"], message["data"]


def _match(data: Mapping[str, object]) -> Match:
    number = data.get("line_number")
    text = _bytes(data.get("lines")).decode("utf-8", "replace").rstrip("\r\n")
    return Match(
        path=os.fsdecode(_bytes(data.get("path"))).removeprefix("./"),
        line=number if isinstance(number, int) else 0,
        text=plain(text, LINE_LIMIT),
    )


def _bytes(value: object) -> bytes:
    """ripgrep gives what is not UTF-8 in base64."""
    if not isinstance(value, dict):
        return b""
    text = value.get("text")
    return str(text).encode() if text is not None else b64decode(str(value.get("bytes", "")))
