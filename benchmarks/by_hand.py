"""What a person would do without sef: a work tree with a plain virtual environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sef.checks import Check
from sef.checks.commands import REPORT, arguments
from sef.checks.reports import read_report
from sef.model import Checkout, Counts

_TEXTS = (".pth", ".py", ".cfg", ".json", ".egg-link", "RECORD")
_UNSET = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One run of the tests."""

    seconds: float
    exit_code: int | None
    counts: Counts | None


def plain_environment(tree: Path, fork: Path) -> Path:
    """The fork's own environment, a copy of the tree's that names the fork; its interpreter."""
    shutil.copytree(tree / ".venv", fork / ".venv", symlinks=True)
    folders = [fork / ".venv", fork / ".venv/bin", *fork.glob(".venv/lib/*/site-packages")]
    folders += fork.glob(".venv/lib/*/site-packages/*-info")
    for path in (path for folder in folders for path in folder.iterdir()):
        if path.is_file() and not path.is_symlink() and _is_text(path):
            _rewrite(path, str(tree), str(fork))
    return fork / ".venv/bin/python"


def _is_text(path: Path) -> bool:
    return path.parent.name == "bin" or path.name.endswith(_TEXTS)


def _rewrite(path: Path, before: str, after: str) -> None:
    data = path.read_bytes()
    if before.encode() in data:
        named = re.escape(before.encode()) + rb"(?![\w.-])"
        path.write_bytes(re.sub(named, lambda _: after.encode(), data))


def run_by_hand(check: Check, checkout: Checkout, python: Path, folder: Path) -> Timed:
    """The command that sef would run, run there with nothing around it."""
    (folder / "tmp").mkdir(parents=True)
    words = arguments(check, scratch=folder, only=None, files=checkout.files) or check.argv
    argv = [word.replace("{python}", str(python)) for word in words]
    began = time.perf_counter()
    done = subprocess.run(
        argv,
        cwd=checkout.path,
        env=_variables(python, folder / "tmp"),
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    output = (done.stderr + done.stdout).decode("utf-8", "replace")
    xml = (folder / REPORT).read_bytes() if (folder / REPORT).is_file() else None
    counts = read_report(check.runner, output, xml).counts
    return Timed(seconds=seconds, exit_code=done.returncode, counts=counts)


def forget_bytecode(checkout: Checkout) -> None:
    """Makes the work tree as fresh as a new one."""
    for folder in {(checkout.path / name).parent for name in checkout.files}:
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def _variables(python: Path, temporary: Path) -> dict[str, str]:
    """A temporary folder that is full of other runs would slow this one down."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    path = os.pathsep.join((str(python.parent), kept.get("PATH", os.defpath)))
    named = {"VIRTUAL_ENV": str(python.parents[1]), "TMPDIR": str(temporary)}
    return {**kept, **named, "PATH": path}
