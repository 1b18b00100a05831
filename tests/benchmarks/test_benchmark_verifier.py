"""The verifier benchmark on a small history."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = """cases auc auc_killable far_killable auc_other tar far ece tampering_caught false_alarms
document_exact seconds_per_draft time_over_tests stages intervals details"""
OLD = "def sign(n):\n    if n > 0:\n        return 1\n    return 0\n"
NEW = "def sign(n):\n    if n > 0:\n        return 1\n    if n < 0:\n        return -1\n    return 0\n"
OLD_TEST = "from sign import sign\n\n\ndef test_up():\n    assert sign(3) == 1\n"
NEW_TEST = OLD_TEST + "\n\ndef test_down():\n    assert sign(-3) == -1\n"


def measured(project: Path, cache: Path, *words: str) -> dict[str, object]:
    argv = [sys.executable, "-m", "benchmarks.verifier", "--repo", str(project), "--json", "--all"]
    argv += [
        "--cache",
        str(cache),
        "--tampering",
        "0",
        "--documents",
        "0",
        "--limit-mutants",
        "1",
        "--timed",
        "0",
    ]
    done = subprocess.run([*argv, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def committed(project: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (project / name).write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", *who, "commit", "-qm", message], cwd=project, check=True)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_commit_becomes_drafts_that_are_judged(
    repository: Callable[[dict[str, str]], Path], tmp_path: Path
) -> None:
    """Its code is a right draft, faults in it are wrong ones; a second run finds them kept."""
    project = repository({"sign.py": OLD, "tests/test_sign.py": OLD_TEST})
    committed(project, {"sign.py": NEW, "tests/test_sign.py": NEW_TEST}, "Tell what is below 0")
    said = measured(project, tmp_path / "cache", "--recheck", "0")
    assert list(said) == KEYS.split()
    assert said["tar"] == 1
    details = said["details"]
    assert isinstance(details, dict)
    assert details["usable_commits"] == 1
    assert details["drafts"]["mutant"] >= 1
    again = measured(project, tmp_path / "cache", "--build-only")
    assert again["cases"] == 2
    assert len(list((tmp_path / "cache").rglob("*.json.xz"))) == 1
