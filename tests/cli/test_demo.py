"""`sef demo` goes the whole way, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import SEF, sef

from conftest import git


@pytest.mark.slow
def test_the_demo_shows_a_rejection_a_squash_and_a_report(tmp_path: Path) -> None:
    """Eight tasks: a draft is wrong, one cheats, both are redone at the target; two edits collide.

    All end well, and sef explain tells the evidence of each.
    """
    env = {**os.environ, "COLUMNS": "200", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        (*SEF, "demo"), env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pretend-standard rejected → pretend-target accepted" in done.stdout
    assert "pretend-standard squashed → pretend-standard accepted" in done.stdout
    assert "test_the_total_is_the_sum_of_the_lines" in done.stdout
    assert "scripted" in done.stdout
    assert done.stdout.count("pretend-standard rejected → pretend-target accepted") == 2
    assert done.stdout.count(" run ") >= 3
    removal = done.stdout.splitlines()[-1]
    assert removal.startswith("The project stays there; remove it: rm -rf ")
    root = next(tmp_path.glob("sef-demo-*/till"))
    assert removal.endswith(str(root.parent))
    branch = git(root, "branch", "--list", "sef/*").strip()
    asked = ("log", "--format=%(trailers:key=Sef-Task,valueonly)", f"main..{branch}")
    landed = ["discount", "docstring", "euro", "franc", "receipt", "receipt-tests"]
    assert sorted(git(root, *asked).split()) == landed
    told = sef(root, "explain").stdout
    wrong, cheat = told.index("\ndiscount: "), told.index("\nreceipt-tests: ")
    assert "    + integrity: nothing that judges it was touched\n" in told[wrong:cheat]
    assert "    - tests: 3 passed, 2 failed" in told[wrong:cheat]
    assert re.search(r"    - integrity: .*test_receipt\.py:\d+", told[cheat:])
    git(root, "merge", "-q", branch)
    tests = subprocess.run(
        (sys.executable, "-m", "unittest"), cwd=root, capture_output=True, text=True, check=False
    )
    assert "Ran 7 tests" in tests.stderr
    assert "OK" in tests.stderr
