"""The programs of the user's environment, made to run the shadow's interpreter instead."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sef.environment.probe import Facts

# Installers write this where the interpreter's path is too long for a `#!` line or has blanks.
_LONG = re.compile(rb"\A#!/bin/sh\n'''exec' [^\n]*\n' '''\n")
_SHORT = re.compile(rb"\A#![ \t]*(/[^\n]*?/(?:python|pypy)[^\s/]*)(?:[ \t]+([^\n]*?))?[ \t]*\r?\n")
_LEFT_OUT = re.compile(r"(activate|deactivate|Activate|python|pypy|pip|easy_install).*")
_LINE_LIMIT = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program of the user's environment."""

    name: str
    options: bytes = b""
    """What its first line passes to the interpreter."""
    body: bytes | None = None
    """A script's text after its first lines; None for a program that needs no other first line."""
    path: str = ""
    """Where it lies."""


def scan(facts: Facts) -> tuple[Program, ...]:
    """The programs to carry over: of a virtual environment all, of a system only its scripts."""
    folder = Path(facts.programs)
    home = os.fsencode(os.path.realpath(folder))
    found = [_program(path, home) for path in sorted(_entries(folder))]
    return tuple(each for each in found if each and (facts.venv or each.body is not None))


def write(programs: Iterable[Program], folder: Path, python: Path) -> None:
    """Puts the programs into `folder`: scripts as copies that start `python`, others as links."""
    for each in programs:
        target = folder / each.name
        if each.body is None:
            target.symlink_to(each.path)
        else:
            target.write_bytes(first_lines(os.fsencode(python), each.options) + each.body)
            target.chmod(0o755)


def first_lines(python: bytes, options: bytes = b"") -> bytes:
    """The start of a script that runs `python`, however long its path is."""
    given = b" " + options if options else b""
    line = b"#!" + python + given
    if len(line) <= _LINE_LIMIT and b" " not in python:
        return line + b"\n"
    return b"#!/bin/sh\n'''exec' \"" + python + b'"' + given + b" \"$0\" \"$@\"\n' '''\n"


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not _LEFT_OUT.fullmatch(path.name)]
    except OSError:
        return []


def _program(path: Path, home: bytes) -> Program | None:
    try:
        if not path.is_file() or not os.access(path, os.X_OK):
            return None
        with path.open("rb") as file:
            if file.read(2) != b"#!":
                return Program(name=path.name, path=str(path))
        text = path.read_bytes()
    except OSError:
        return None
    options, body = _split(text, home)
    return Program(name=path.name, options=options, body=body, path=str(path))


def _split(text: bytes, home: bytes) -> tuple[bytes, bytes | None]:
    """The options and the body of a script of this environment's Python; else no body."""
    if long := _LONG.match(text):
        return b"", text[long.end() :]
    short = _SHORT.match(text)
    if short and os.path.realpath(short[1].rpartition(b"/")[0]) == home:
        return short[2] or b"", text[short.end() :]
    return b"", None
