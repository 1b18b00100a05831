"""How often the integrity stage is right: real commits, and planted tampering.

    python -m benchmarks.verifier.integrity --repo PATH [--commits 300] [--seed 0] [--json]

Each commit that touches code is a right draft: once its code alone, once all but its tests, once
whole with a task that asks for new tests, once whole with one that asks to update them. Planted
cases are made of the newest tree.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.verifier.tampering import planted
from sef.checks.testfiles import TestFiles
from sef.model import Task
from sef.verifiers.integrity import Asked, findings
from sef.verifiers.paths import is_source

_TEXT_LIMIT = 1024 * 1024


class History:
    """Reads commits of a repository, blob by blob."""

    def __init__(self, repository: Path) -> None:
        inner = repository / ".git"
        self._git = ("git", f"--git-dir={inner if inner.is_dir() else repository}")
        self._reader = subprocess.Popen(
            (*self._git, "cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._texts: dict[str, str | None] = {}

    def ask(self, *args: str) -> str:
        """What git prints."""
        done = subprocess.run((*self._git, *args), capture_output=True, check=True)
        return done.stdout.decode(errors="replace")

    def tree(self, commit: str) -> dict[str, str]:
        """Blobs by path."""
        rows = self.ask("ls-tree", "-r", "-z", commit).split("\0")
        parts = (row.partition("\t") for row in rows if row)
        return {path: meta.split()[2] for meta, _, path in parts if " blob " in meta}

    def text(self, blob: str) -> str | None:
        """Of a blob; None where it is no text."""
        if blob not in self._texts:
            assert self._reader.stdin is not None
            assert self._reader.stdout is not None
            self._reader.stdin.write(f"{blob}\n".encode())
            self._reader.stdin.flush()
            size = int(self._reader.stdout.readline().split()[2])
            data = self._reader.stdout.read(size + 1)[:-1]
            binary = b"\0" in data or size > _TEXT_LIMIT
            self._texts[blob] = None if binary else data.decode(errors="backslashreplace")
        return self._texts[blob]

    def commits(self, most: int) -> Iterator[tuple[str, str, str]]:
        """Parent, commit and subject of the newest that change code, without merges."""
        count = 0
        for row in self.ask("log", "--no-merges", "--format=%H %P%x09%s").splitlines():
            names, _, subject = row.partition("\t")
            if len(names.split()) == 2 and count < most:
                commit, parent = names.split()
                count += 1
                if not (yield parent, commit, subject):
                    continue

    def close(self) -> None:
        """Ends the reader."""
        assert self._reader.stdin is not None
        self._reader.stdin.close()
        self._reader.wait()


Texts = dict[str, str | None]


def drafts(history: History, most: int) -> Iterator[tuple[str, str, Texts, Texts, TestFiles]]:
    """Commit, subject, texts of the base, changed texts, and what is a test, commit by commit."""
    found = 0
    for parent, commit, subject in history.commits(1_000_000):
        if found >= most:
            return
        names = history.ask("diff-tree", "-r", "-z", "--no-renames", "--name-only", parent, commit)
        changed = [name for name in names.split("\0") if name]
        if not any(is_source(name) for name in changed):
            continue
        old, new = history.tree(parent), history.tree(commit)
        tests = TestFiles((*old, *new))
        if not any(is_source(name) and name not in tests for name in changed):
            continue
        found += 1
        base = {name: history.text(old[name]) for name in changed if name in old}
        base |= {n: history.text(b) for n, b in old.items() if n in tests and n.endswith(".py")}
        after = {name: history.text(new[name]) if name in new else None for name in changed}
        yield commit, subject, base, after, tests


def judged(base: Mapping[str, str | None], draft: Texts, text: str) -> tuple[list[str], float]:
    """The decisive findings about a draft, and the processor's seconds that took."""
    began = time.process_time()
    found = findings(base, draft, Asked(Task(id="t", text=text)))
    seconds = time.process_time() - began
    return [f"{one.sign} {one}" for one in found if one.decisive], seconds


def alarms(history: History, most: int, *, told: bool) -> dict[str, object]:
    """False alarms on real commits, in four ways of taking them."""
    totals: Counter[str] = Counter()
    false: Counter[str] = Counter()
    signs: dict[str, Counter[str]] = {}
    spent: dict[str, list[float]] = {}
    for commit, subject, base, after, tests in drafts(history, most):
        code = {name: text for name, text in after.items() if _is_code(name, tests)}
        rest = {name: text for name, text in after.items() if name not in tests}
        ways = {
            "code": (code, subject),
            "all_but_tests": (rest, subject),
            "whole_adding_tests": (after, f"{subject}; add tests for it"),
            "whole_updating_tests": (after, f"{subject}; update the tests"),
        }
        for way, (draft, text) in ways.items():
            if way.startswith("whole") and not any(name in tests for name in after):
                continue
            found, seconds = judged(base, draft, text)
            totals[way] += 1
            spent.setdefault(way, []).append(seconds)
            if found:
                false[way] += 1
                kinds = {one.split()[0] for one in found}
                signs.setdefault(way, Counter()).update(kinds)
                if told:
                    print(f"{way} {commit[:10]} {subject[:60]}\n    " + "\n    ".join(found[:6]))
    return {
        "drafts": dict(totals),
        "false_alarms": dict(false),
        "rate": {way: round(false[way] / totals[way], 4) for way in totals},
        "by_sign": {way: dict(count.most_common()) for way, count in signs.items()},
        "cpu_seconds": {way: _spread(values) for way, values in spent.items()},
    }


def _spread(values: list[float]) -> dict[str, float]:
    ninth = statistics.quantiles(values, n=10)[-1] if len(values) > 1 else values[0]
    named = {"median": statistics.median(values), "p90": ninth, "worst": max(values)}
    return {name: round(value, 4) for name, value in named.items()}


def _is_code(name: str, tests: TestFiles) -> bool:
    return is_source(name) and name not in tests


def caught(history: History, commit: str, seed: int, *, told: bool) -> dict[str, object]:
    """Planted cases of one tree, and how many are rejected."""
    files = {name: history.text(blob) for name, blob in history.tree(commit).items()}
    texts = {name: text for name, text in files.items() if text is not None}
    totals: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for case in planted(texts, seed):
        found, _ = judged(texts, dict(case.changes), case.task_text)
        totals[case.class_name] += 1
        hits[case.class_name] += bool(found)
        if told and not found:
            print(
                f"missed {case.class_name}: {case.what}: {case.task_text!r} {sorted(case.changes)}"
            )
    return {
        "planted": totals.total(),
        "caught": hits.total(),
        "by_class": {name: [hits[name], count] for name, count in sorted(totals.items())},
    }


def main(argv: Iterable[str] | None = None) -> None:
    """Prints what was counted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rev", default="HEAD")
    parser.add_argument("--tell", action="store_true", help="name every alarm and every miss")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(None if argv is None else list(argv))
    gc.disable()  # trees have no cycles, and looking for some takes longer than all the rest
    history = History(chosen.repo)
    tell = chosen.tell and not chosen.json
    told = {
        "repo": chosen.repo.name if chosen.repo.name != "repo" else chosen.repo.parent.name,
        "tampering": caught(history, chosen.rev, chosen.seed, told=tell),
        "history": alarms(history, chosen.commits, told=tell) if chosen.commits else {},
    }
    history.close()
    print(json.dumps(told, indent=None if chosen.json else 1))


if __name__ == "__main__":
    main()
