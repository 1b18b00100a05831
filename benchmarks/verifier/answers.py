"""Renames that are right and wrong, answers that are true and false, made from real files.

    python -m benchmarks.verifier.answers FOLDER... --renames 200 --answers 400 --json

A right rename is made by the tokenizer in every file that has the name, of names that stand for
one thing only; a wrong one leaves a use behind, changes a constant beside it, renames half, takes
a name that is in use, or renames nothing. Answers cite definitions; a false one is off by ten
lines, by a file, by a name, by a quote, or denies what is there.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import random
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verifier.documents import compiled, read
from sef.verifiers.exact.cited import absences, citations
from sef.verifiers.exact.cited_lines import findings, resolved
from sef.verifiers.exact.rename_asks import rename_of
from sef.verifiers.exact.renames import judged

WRONG_RENAMES = ("use-left", "constant", "half", "taken", "nothing")
WRONG_ANSWERS = ("line", "file", "name", "quote", "beyond")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameCase:
    """A draft for a task to rename."""

    text: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    wrong: bool
    class_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCase:
    """An answer about places."""

    text: str
    wrong: bool
    class_name: str


def _replaced(text: str, old: str, new: str, skip: int = -1) -> str:
    """The text with a name renamed in its code, but for the use with the number `skip`."""
    lines, places = text.split("\n"), []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        exported = token.type == tokenize.STRING and token.string[1:-1] == old
        if token.string == old or exported:
            places.append((token.start[0] - 1, token.start[1] + int(exported)))
    for number, (row, column) in reversed([*enumerate(places)]):
        if number != skip:
            line = lines[row]
            lines[row] = line[:column] + new + line[column + len(old) :]
    return "\n".join(lines)


def _joined(text: str) -> list[str]:
    """The f-strings of a text."""
    return [
        ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.JoinedStr)
    ]


def _names(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Functions and classes that one module defines, once, and that at most eight files name."""
    defined: Counter[str] = Counter()
    for text in files.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined[node.name] += 1
    words = {path: Counter(re.findall(r"\w+", text)) for path, text in files.items()}
    joined = {path: _joined(text) for path, text in files.items()}
    found = {}
    for name, count in defined.items():
        holding = [path for path, said in words.items() if said[name]]
        uses = sum(words[path][name] for path in holding)
        # Before Python 3.12 the tokenizer does not see into f-strings.
        if any(name in re.findall(r"\w+", text) for path in holding for text in joined[path]):
            continue
        if count == 1 and not name.startswith("__") and len(holding) <= 8 and uses > 1:
            found[name] = holding
    return found


def renames(files: Mapping[str, str], seed: int) -> Iterator[RenameCase]:
    """Right and wrong ones in turn, the classes in turn."""
    rng = random.Random(seed)  # noqa: S311
    names = _names(files)
    number = 0
    while names:
        old = rng.choice(sorted(names))
        name = WRONG_RENAMES[(number // 2) % len(WRONG_RENAMES)] if number % 2 else "right"
        before = {path: files[path] for path in names[old]}
        new = f"{old}_anew"
        made = _renamed(before, old, new, name, rng)
        if made is not None and made[1]:
            number += 1
            text = f"Rename `{old}` to `{new}` everywhere"
            yield RenameCase(
                text=text, before=made[0], after=made[1], wrong=name != "right", class_name=name
            )


def _renamed(
    before: dict[str, str], old: str, new: str, name: str, rng: random.Random
) -> tuple[dict[str, str], dict[str, str]] | None:
    after = {path: _replaced(text, old, new) for path, text in before.items()}
    path = rng.choice(sorted(before))
    if name == "use-left":
        count = len(re.findall(rf"\b{new}\b", after[path]))
        after[path] = _replaced(before[path], old, new, skip=count - 1)
        left = {n.id for n in ast.walk(ast.parse(after[path])) if isinstance(n, ast.Name)}
        return (before, after) if old in left else None
    if name == "constant":
        changed = re.sub(
            r"\b(\d+)\b(?=[,)\n])", lambda one: str(int(one[1]) + 1), after[path], count=1
        )
        same = compiled(changed) == compiled(after[path])  # a number in a docstring is none
        after[path] = changed
        return None if same else (before, after)
    if name == "half":
        after[path] = before[path]
        used = any(old in (getattr(n, "id", ""), getattr(n, "name", ""), getattr(n, "attr", ""))
                   for n in ast.walk(ast.parse(before[path])))  # fmt: skip
        return (before, after) if used else None
    if name == "taken":
        top = any(getattr(n, "name", "") == old for n in ast.parse(before[path]).body)
        before = {**before, path: f"{before[path]}\n{new} = 1\n"}
        return (before, {**after, path: f"{after[path]}\n{new} = 1\n"}) if top else None
    return (before, dict(before)) if name == "nothing" else (before, after)


def answers(files: Mapping[str, str], seed: int) -> Iterator[AnswerCase]:
    """True and false ones in turn, the classes in turn."""
    rng = random.Random(seed)  # noqa: S311
    places = [
        (path, node.lineno, node.name, text.split("\n")[node.lineno - 1].strip())
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    number = 0
    while places:
        path, line, thing, said = rng.choice(places)
        name = WRONG_ANSWERS[(number // 2) % len(WRONG_ANSWERS)] if number % 2 else "true"
        lines = files[path].split("\n")
        text = _false(name, path, line, thing, said, lines)
        if text:
            number += 1
            yield AnswerCase(text=text, wrong=name != "true", class_name=name)


def _false(  # noqa: PLR0917
    name: str, path: str, line: int, thing: str, said: str, lines: list[str]
) -> str:
    forms = {
        "true": f"`{thing}` is defined at `{path}:{line}`.\n```python\n{said}\n```",
        "file": f"`{thing}` is defined at `{path.removesuffix('.py')}_x.py:{line}`.",
        "name": f"`{thing}_never` is defined at {path}:{line}.",
        "quote": f"See {path}:{line}:\n```\n{said}  + never_there\n```",
        "beyond": f"- {path}:{len(lines) + 9} - `{thing}`",
    }
    if name != "line":
        return forms[name]
    other = line + 10
    near = "\n".join(lines[other - 4 : other + 3])
    far = other < len(lines) - 1 and not re.search(rf"\b{thing}\b", near)
    return f"`{thing}()` lives in {path}, line {other}." if far else ""


def measured(files: Mapping[str, str], counts: tuple[int, int], seed: int) -> dict[str, object]:
    """How the checks judge so many renames and answers."""
    mistaken: list[str] = []
    made = renames(files, seed)
    for _ in range(counts[0]):
        one = next(made)
        ask = rename_of(one.text)
        assert ask is not None
        before, after = (
            {path: text.encode() for path, text in side.items()} for side in (one.before, one.after)
        )
        found = judged(before, after, ask)
        if any(each.stops and not each.passed for each in found) is not one.wrong:
            why = [each.detail for each in found if each.stops][:1]
            mistaken.append(f"rename, {one.class_name}: {one.text} {why}")
    said = answers(files, seed)
    for _ in range(counts[1]):
        answer = next(said)
        if _rejected(answer.text, files) is not answer.wrong:
            mistaken.append(f"answer, {answer.class_name}: {answer.text}")
    return {"renames": counts[0], "answers": counts[1], "mistaken": mistaken[:40],
            "exact": 1 - len(mistaken) / sum(counts)}  # fmt: skip


def _rejected(text: str, files: Mapping[str, str]) -> bool:
    cited = citations(text)
    assert cited or absences(text), text
    for one in cited:
        places = resolved(one.path, tuple(files))
        if not any(not _stopped(one, path, files) for path in places):
            return True
    return False


def _stopped(one: object, path: str, files: Mapping[str, str]) -> bool:
    found = findings(one, path, files[path])  # type: ignore[arg-type]
    return any(each.stops and not each.passed for each in found)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verifier.answers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folders", nargs="+", type=Path, help="folders with Python files")
    parser.add_argument("--renames", type=int, default=200)
    parser.add_argument("--answers", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    found = measured(read(asked.folders), (asked.renames, asked.answers), asked.seed)
    sys.stdout.write((json.dumps(found, indent=2) if asked.json else str(found)) + "\n")


if __name__ == "__main__":
    main()
