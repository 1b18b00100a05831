"""`sef demo` goes the whole way, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import SEF

from conftest import git


@pytest.mark.slow
def test_the_demo_shows_a_rejection_a_squash_and_a_report(tmp_path: Path) -> None:
    """Eight tasks: one draft is wrong and redone at the target, two edits collide, all end well."""
    env = {**os.environ, "COLUMNS": "200", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        (*SEF, "demo"), env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pretend-standard rejected → pretend-target accepted" in done.stdout
    assert "pretend-standard squashed → pretend-standard accepted" in done.stdout
    assert "test_the_total_is_the_sum_of_the_lines" in done.stdout
    assert "scripted" in done.stdout
    assert done.stdout.count(" run ") >= 3
    removal = done.stdout.splitlines()[-1]
    assert removal.startswith("The project stays there; remove it: rm -rf ")
    root = next(tmp_path.glob("sef-demo-*/till"))
    assert removal.endswith(str(root.parent))
    branch = git(root, "branch", "--list", "sef/*").strip()
    asked = ("log", "--format=%(trailers:key=Sef-Task,valueonly)", f"main..{branch}")
    landed = ["discount", "docstring", "euro", "franc", "receipt", "receipt-tests"]
    assert sorted(git(root, *asked).split()) == landed
    git(root, "merge", "-q", branch)
    tests = subprocess.run(
        (sys.executable, "-m", "unittest"), cwd=root, capture_output=True, text=True, check=False
    )
    assert "Ran 7 tests" in tests.stderr
    assert "OK" in tests.stderr
