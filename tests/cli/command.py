"""The command in a process of its own, and what it is tried on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SEF = (sys.executable, "-c", "from sef.cli import main; main()")
PROJECT = {
    "calc/__init__.py": "",
    "calc/core.py": "class Adder:\n    def add(self, a, b):\n        return a + b\n",
    "tests/__init__.py": "",
    "tests/test_core.py": (
        "import unittest\nfrom calc.core import Adder\n\n\nclass T(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(Adder().add(1, 2), 3)\n"
    ),
}
TARGET = '[executors.target]\nuse = "scripted"\ntier = 3\nscript = "target.toml"\n'
"""A sef.toml with a scripted target."""


def sef(root: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "200", **variables}
    return subprocess.run(
        (*SEF, *args), cwd=root, env=env, capture_output=True, text=True, check=False
    )


def started(root: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (*SEF, *args), cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
