"""The programs that a session starts: where they are, what they are, which version."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sef.claude_doctor.snapshot import Program
from sef.process import run_program
from sef.text import one_line, plain

_MOST_S: Final = 20.0
_HEAD: Final = 4_096
_NAMES: Final = ("asdf", "mise", "proto", "pyenv", "rtx", "volta")
_HANDS_ON: Final = re.compile(
    r"\b(asdf|mise|nodenv|proto|pyenv|rtx|volta)[\"']?\s+(?:exec|run|x)\b"
)
"""How the script of a shim asks its manager for the program."""
_QUIET: Final = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    # Whoever asks the network all the same asks a closed port of this machine.
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def found(name: str, variables: Mapping[str, str]) -> str | None:
    """Where PATH has a program; None where it has none."""
    return shutil.which(name, path=variables.get("PATH", os.defpath))


def ground(project: Path, variables: Mapping[str, str]) -> Path | None:
    """The folder whose programs may be anybody's: the project's.

    None where it holds the home: what lies there is the user's own.
    """
    home = variables.get("HOME")
    holds = home and Path(home).resolve().is_relative_to(project.resolve())
    return None if holds else project


def is_the_projects(path: str, project: Path | None) -> bool:
    """True for a program in the project, which may be anybody's; not where sef runs from there."""
    if project is None:
        return False
    here = Path(path).absolute()
    places = {here.parent, here.parent.resolve(), here.resolve().parent}
    tops = (project, project.resolve())
    inside = {one for one in places if any(one.is_relative_to(top) for top in tops)}
    return bool(inside - {Path(sys.executable).parent})


def runs_this(python: str) -> bool:
    """True for the interpreter that runs this, by another name beside it or where its link leads.

    Not for any link to it: what lies beside one (`pyvenv.cfg`) says what it loads.
    """
    path, this = Path(python), Path(sys.executable)
    beside = path.is_absolute() and path.parent in (this.parent, this.resolve().parent)
    return beside and path.resolve() == this.resolve()


def shim(path: str) -> str:
    """The version manager whose shim a file is, by its links and what it says.

    `script` for another script. Empty for a binary, and for what cannot be read.
    """
    for _ in range(20):
        there = Path(path)
        if not there.is_symlink():
            break
        path = str(there.parent / there.readlink())
        target = Path(path).name
        if target in _NAMES and target != there.name:
            return target
    try:
        # Whoever names the file may name a device, and opening one may do something.
        if not Path(path).is_file():
            return ""
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return ""
    if not head.startswith(b"#!"):
        return ""
    manager = _HANDS_ON.search(head.decode("utf-8", "replace"))
    return manager[1] if manager else "script"


def oddity(path: str) -> str:
    """What is odd about a program that settings name in full; empty for nothing and bare names."""
    if "/" not in path or "$" in path or "\0" in path:
        return ""
    if not os.path.lexists(path):
        return "it is gone"
    manager = shim(path)
    return f"a shim of {manager}" if manager not in ("", "script") else ""


async def program(
    name: str, path: str | None, variables: Mapping[str, str], project: Path | None
) -> Program:
    """A program and its version: it is started with `--version` alone, for 20 s at most."""
    if path is None:
        return Program(name=name, path=None, problem="it is not on PATH")
    if is_the_projects(path, project):
        problem = "it lies in the project, so it was not started"
        return Program(name=name, path=path, problem=problem)
    manager = shim(path)
    try:
        done = await run_program(
            (path, "--version"),
            cwd=Path("/"),
            env={**variables, **_QUIET},
            timeout_s=_MOST_S,
            output_limit=_HEAD,
        )
    except OSError as error:
        problem = f"it does not start: {error.strerror}"
        return Program(name=name, path=path, problem=problem, manager=manager)
    said = plain(done.stdout.decode("utf-8", "replace")).strip().splitlines()
    if done.exit_code != 0 or not said:
        why = "it did not answer in time" if done.timed_out else f"exit code {done.exit_code}"
        return Program(name=name, path=path, problem=f"--version: {why}", manager=manager)
    return Program(name=name, path=path, version=one_line(said[0], 80), manager=manager)
