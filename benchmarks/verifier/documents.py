"""Edits of documentation in real Python files, with and without a hidden change of code.

    python -m benchmarks.verifier.documents FOLDER... --cases 600 --json

Every case edits the documentation of one file in one to three places. Half of them change code as
well, in one of the classes below. Whether a case is right is decided by the compiler, and not by
what is measured: compiled without docstrings, a right one gives the same code objects.
"""

from __future__ import annotations

import argparse
import ast
import dis
import json
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from benchmarks.verifier.document_edits import DOCUMENTING, HIDDEN
from sef.verifiers.exact import doc_changes

_TRIES = 12
_SIZE = 200_000
_Edit = Callable[[str, random.Random], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCase:
    """A draft for a task to document."""

    changes: Mapping[str, str]
    """New text by path."""
    hidden: bool
    """True where code changed as well."""
    class_name: str
    """How the documentation was edited, or how code was changed."""


def cases(files: Mapping[str, str], seed: int) -> Iterator[DocumentCase]:
    """Cases without end: right and wrong ones in turn, the classes in turn."""
    rng = random.Random(seed)  # noqa: S311
    paths = sorted(path for path, text in files.items() if path.endswith(".py") and text.strip())
    number = 0
    while paths:
        hidden = number % 2 == 1
        edits = HIDDEN if hidden else DOCUMENTING
        name = sorted(edits)[(number // 2) % len(edits)]
        number += 1
        for _ in range(_TRIES):
            path = rng.choice(paths)
            if made := _made(files[path], name, hidden, rng):
                yield DocumentCase(changes={path: made}, hidden=hidden, class_name=name)
                break


def _made(source: str, name: str, hidden: bool, rng: random.Random) -> str | None:
    first = HIDDEN[name] if hidden else DOCUMENTING[name]
    text = _tried(first, source, rng)
    # One that removes could undo the first: there would be no documentation to find.
    more = sorted(DOCUMENTING.keys() - {"remove-docstring"})
    for _ in range(rng.randint(int(hidden), 2)):
        if text is not None:
            text = _tried(DOCUMENTING[rng.choice(more)], text, rng) or text
    if text is None or text == source:
        return None
    before, after = compiled(source), compiled(text)
    return text if before and after and (before == after) is not hidden else None


def _tried(edit: _Edit, source: str, rng: random.Random) -> str | None:
    try:
        return edit(source, rng)
    except SyntaxError:
        return None


def compiled(source: str) -> tuple[object, ...] | None:
    """What the compiler makes of a text without its docstrings; None where it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _flat(compile(source, "x", "exec", optimize=2, dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _flat(code: CodeType) -> tuple[object, ...]:
    """By instructions, since a docstring that is left out still moves the table of constants."""
    done = tuple(
        (one.opname, _flat(one.argval) if isinstance(one.argval, CodeType) else repr(one.argval))
        for one in dis.get_instructions(code)
        if one.opname not in ("NOP", "EXTENDED_ARG")
    )
    arguments = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
    return (code.co_name, done, code.co_varnames, arguments, code.co_exceptiontable)


def read(folders: list[Path]) -> dict[str, str]:
    """The Python files below the folders that can be parsed, up to 200,000 characters each."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if any(part.startswith(".") or part == "site-packages" for part in path.parts):
                continue
            try:
                text = path.read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                continue
            if 0 < len(text) < _SIZE and "\r" not in text and "\f" not in text and _parses(text):
                found[f"{folder.name}/{path.relative_to(folder)}"] = text
    return found


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def measured(files: Mapping[str, str], count: int, seed: int) -> dict[str, object]:
    """How the check judges `count` cases."""
    classes: Counter[str] = Counter()
    mistaken: list[str] = []
    seconds = 0.0
    made = cases(files, seed)
    for _ in range(count):
        one = next(made)
        classes[one.class_name] += 1
        for path, text in one.changes.items():
            started = time.perf_counter()
            found = doc_changes.change(path, files[path].encode(), text.encode(), named=False)
            seconds += time.perf_counter() - started
            rejected = any(each.stops and not each.passed for each in found.findings)
            wrote = found.wrote or one.hidden
            if rejected is not one.hidden or not wrote:
                mistaken.append(f"{one.class_name} in {path}")
    return {
        "cases": count,
        "files": len(files),
        "hidden": count // 2,
        "mistaken": mistaken,
        "document_exact": 1 - len(mistaken) / count,
        "seconds_per_case": round(seconds / count, 4),
        "classes": dict(sorted(classes.items())),
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verifier.documents", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folders", nargs="+", type=Path, help="folders with Python files")
    parser.add_argument("--cases", type=int, default=600, help="how many are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    found = measured(read(asked.folders), asked.cases, asked.seed)
    if asked.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name:<20}{value}\n")


if __name__ == "__main__":
    main()
