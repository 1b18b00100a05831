"""What the tests of every project of the matrix look at, and write down outside of the fork."""

from __future__ import annotations

NAMES = (
    "process",
    "child",
    "clean child",
    "isolated child",
    "console script",
    "new module",
    "deleted module",
    "version",
)

_TESTS = """
import importlib
import os
import subprocess
import sys
import tempfile

OUT = {out!r}
CODE = "import {module} as m; print(m.who())"


def say(name, look):
    try:
        seen = look()
    except Exception as problem:
        seen = "broken: " + repr(problem)
    with open(os.path.join(OUT, name), "w") as file:
        file.write(str(seen))
    print(name, seen)


def child(*argv, **settings):
    done = subprocess.run(argv, capture_output=True, text=True, **settings)
    return done.stdout.strip() or "broken: " + done.stderr[-400:]


def deleted():
    try:
        importlib.import_module({old!r})
    except ModuleNotFoundError:
        return "gone"
    return "user"


def version():
    from importlib.metadata import version
    return version("alpha")


def test_in_process():
    say("process", lambda: importlib.import_module({module!r}).who())

def test_child():
    say("child", lambda: child(sys.executable, "-c", CODE))

def test_clean_child():
    at = tempfile.mkdtemp()
    say("clean child", lambda: child(sys.executable, "-c", CODE, env={{}}, cwd=at))

def test_isolated_child():
    at = tempfile.mkdtemp()
    say("isolated child", lambda: child(sys.executable, "-I", "-c", CODE, cwd=at))

def test_console_script():
    say("console script", lambda: child("alpha", cwd=tempfile.mkdtemp()))

def test_new_module():
    say("new module", lambda: importlib.import_module({new!r}).WHO)

def test_deleted_module():
    say("deleted module", deleted)

def test_version():
    say("version", version)
"""

_UNIT = """
import unittest
import test_who

class Case(unittest.TestCase):
    def test_all(self):
        for name in sorted(vars(test_who)):
            if name.startswith("test_"):
                getattr(test_who, name)()
"""


def tests_of(module: str, out: str) -> dict[str, str]:
    """The test files of a project whose principal module is `module`."""
    parent = module.rpartition(".")[0] if module.startswith("ns.") else ""
    prefix = parent.split(".")[0] + "." if parent else ""
    text = _TESTS.format(out=out, module=module, old=f"{prefix}alpha_old", new=f"{prefix}alpha_new")
    return {"tests/test_who.py": text, "tests/unit_who.py": _UNIT}
