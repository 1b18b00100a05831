"""What a commit changed, line by line, and faults that move or take back such changes. Pure."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.verifier.cases import Texts
from benchmarks.verifier.history import is_product


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, not yet run."""

    class_name: str
    path: str
    line: int
    what: str
    changes: Texts


def changed_lines(before: str, after: str) -> frozenset[int]:
    """Numbers of the lines of `after` that are not in `before`, counted from 1."""
    same = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False)
    blocks = same.get_opcodes()
    return frozenset(
        line + 1 for tag, _, _, start, end in blocks if tag != "equal" for line in range(start, end)
    )


def parses(text: str) -> bool:
    """True where Python can read it."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def reverted(path: str, old: str, text: str, code: Texts) -> Iterator[Fault]:
    """Each hunk alone taken back, where the draft has another change of code."""
    before, after = old.splitlines(keepends=True), text.splitlines(keepends=True)
    same = difflib.SequenceMatcher(None, before, after, autojunk=False)
    hunks = [block for block in same.get_opcodes() if block[0] != "equal"]
    if not old or (len(hunks) < 2 and not _others(path, code)):
        return
    for _, old_start, old_end, start, end in hunks:
        said = "".join((*after[:start], *before[old_start:old_end], *after[end:]))
        if parses(said):
            what = f"lines {start + 1} to {end} as before"
            changes = {**code, path: said}
            if said == old:
                changes.pop(path)
            yield Fault(
                class_name="reverted-hunk", path=path, line=start + 1, what=what, changes=changes
            )


def _others(path: str, code: Texts) -> bool:
    return any(is_product(one) for one in code if one != path)


def misplaced(path: str, before: Texts, code: Texts, text: str) -> Iterator[Fault]:
    """The definitions that were changed, at the end of the module beside the right one."""
    old = before.get(path)
    near = [one for one in sorted(before) if _beside(one, path) and one not in code]
    parts = _changed_parts(old or "", text)
    if not old or not near or not parts:
        return
    other = near[0]
    said = f"{(before[other] or '').rstrip()}\n\n\n{parts}\n"
    if not parses(said):
        return
    kept = {one: value for one, value in code.items() if one != path}
    what = f"what belongs to {path} was written to {other}"
    yield Fault(
        class_name="wrong-file", path=other, line=1, what=what, changes={**kept, other: said}
    )


def _beside(other: str, path: str) -> bool:
    same = other.rpartition("/")[0] == path.rpartition("/")[0]
    return same and other != path and is_product(other) and not other.endswith("__init__.py")


def _changed_parts(old: str, text: str) -> str:
    lines, rows = changed_lines(old, text), text.split("\n")
    found = []
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if lines.intersection(range(node.lineno, (node.end_lineno or node.lineno) + 1)):
            start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found.append("\n".join(rows[start - 1 : node.end_lineno]))
    return "\n\n\n".join(found)
