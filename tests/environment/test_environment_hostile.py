"""Drafts that try to be judged by the user's code: found out, or undecided."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from shadowed_projects import OPEN, Project, make

from sef.environment import Proof, Settings
from sef.environment.bubblewrap import bubblewrap
from sef.sandbox import SandboxSettings

pytestmark = pytest.mark.slow

START = """
import os, sys, subprocess, glob
sys.path.append(os.path.dirname(__file__))
import alpha
SRC = {src!r}
SHADOW = sys.prefix
TRACE = glob.glob(SHADOW + "/trace-*")[0]
LINE = ascii(("found", os.getpid(), "alpha", alpha.__file__)).encode()
def test_one():
    pass
"""
_FROM_USER = """
sys.modules.pop("alpha"); sys.path.insert(0, SRC); import alpha
"""
CHEATS = {
    "sends a line of its own": """
import socket
os.chdir(SHADOW)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(LINE, os.path.basename(TRACE))
""",
    "sends a line through a connection": """
import socket
talk = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
os.chdir(SHADOW)
talk.connect(os.path.basename(TRACE))
talk.send(LINE)
""",
    "speaks for another process": """
code = "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto("
code += repr(LINE) + ", " + repr(os.path.basename(TRACE)) + ")"
python = ["env", SHADOW + "/bin/python", "-I", "-" + "S", "-c", code]
subprocess.run(python, check=True, cwd=SHADOW)
""",
    "empties meta_path": "sys.meta_path[:] = [f for f in sys.meta_path if 'Guard' not in repr(f)]\n"
    + "import colorsys\n",
    "removes the guard and goes": "sys.meta_path[:] = [f for f in sys.meta_path if 'Guard' not in repr(f)]\n"
    + _FROM_USER,
    "lets a copy of itself go on": "if os.fork():\n    os._exit(0)\n",
    "ends at once": "os._exit(0)\n",
    "calls what is called at its end": "import atexit\natexit._run_exitfuncs()\nos._exit(0)\n",
    "says that it has ended": "guard = next(f for f in sys.meta_path if type(f).__name__ == 'Guard')\n"
    + "guard.witness.write('ended', '', '')\nos._exit(0)\n",
    "becomes another Python": "os.execv(sys.executable, [sys.executable, '-c', 'pass'])\n",
    "puts a finder in front": """
import importlib.machinery
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "alpha":
            return importlib.machinery.PathFinder.find_spec(name, [SRC])
sys.meta_path.insert(0, Finder)
sys.modules.pop("alpha")
from importlib.machinery import SourceFileLoader
SourceFileLoader("alpha", SRC + "/alpha/__init__.py").load_module()
""",
    "silences the witness": """
import _sef_redirect
_sef_redirect.Witness.write = lambda *args: None
import colorsys
"""
    + _FROM_USER,
    "silences the guard": """
import _sef_redirect
_sef_redirect.Guard.find_spec = lambda *args: None
import colorsys
""",
    "gives the guard other code": """
import _sef_redirect
_sef_redirect.Witness.write.__code__ = (lambda *args: None).__code__
""",
    "replaces sys.audit": "sys.audit = lambda *args: None\n"
    + "open(SRC + '/alpha/__init__.py').read()\n",
    "starts a Python without a hook": "code = 'import sys; sys.path[0] = ' + repr(SRC) + '; import alpha'\n"
    + "subprocess.run([sys.executable, '-I', '-S', '-c', code], check=True)\n",
    "the same in a shell": "os.system(sys.executable + ' -IS -c pass')\n",
    "rewrites the hook": "import _sef_redirect\nopen(_sef_redirect.__file__, 'a').write('#')\n",
    "rewrites the hook by a program": "import _sef_redirect\n"
    + "os.system('echo >> ' + _sef_redirect.__file__)\n",
    "removes the hook": "import _sef_redirect\nos.remove(_sef_redirect.__file__)\n",
    "removes the socket": "os.remove(TRACE)\n" + _FROM_USER,
}

OFF = SandboxSettings(mode="off")
LAUNCHED = ("ends at once", "calls what is called at its end")

# Green and proved with the tree hidden, because nothing came of them.
IN_VAIN = ("the same in a shell", "rewrites the hook by a program")


def judged(project: Project, settings: Settings) -> tuple[int, Proof]:
    finished, proof = asyncio.run(
        project.run("pytest", "-q", "-p", "no:cacheprovider", settings=settings)
    )
    return finished.exit_code, proof


def cheating(tmp_path: Path, cheat: str) -> Project:
    project = make(tmp_path, "src-pth")
    start = START.format(src=str(project.tree / "src"))
    project.write({"tests/test_who.py": start + CHEATS[cheat]})
    return project


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_in_the_open(cheat: str, tmp_path: Path) -> None:
    """Whatever it does to the witness, a green run is not proved."""
    code, proof = judged(cheating(tmp_path, cheat), replace(OPEN, sandbox=OFF))
    assert not proof.proved, (code, proof)


@pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap does not work here")
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_in_the_sandbox(cheat: str, tmp_path: Path) -> None:
    """The same where processes have numbers of their own; the hook cannot be written to there."""
    code, proof = judged(cheating(tmp_path, cheat), OPEN)
    assert not proof.proved or cheat == "rewrites the hook by a program", (code, proof)


@pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap does not work here")
@pytest.mark.parametrize(
    "cheat",
    [
        *IN_VAIN,
        "removes the guard and goes",
        "starts a Python without a hook",
        "removes the socket",
    ],
)
def test_a_cheat_with_the_tree_hidden(cheat: str, tmp_path: Path) -> None:
    """It is found out, or gains nothing: what it wanted to load is not there."""
    code, proof = judged(cheating(tmp_path, cheat), Settings())
    assert code or not proof.proved or cheat in IN_VAIN, (code, proof)


@pytest.mark.parametrize("cheat", LAUNCHED)
def test_a_cheat_behind_a_launcher(cheat: str, tmp_path: Path) -> None:
    """The first Python of a command that is none itself must come to its end, too."""
    project = cheating(tmp_path, cheat)
    argv = ("sh", "-c", "pytest -q -p no:cacheprovider")
    finished, proof = asyncio.run(project.run(*argv, expect_pid=False, settings=OPEN))
    assert not proof.proved, (finished.exit_code, proof)
