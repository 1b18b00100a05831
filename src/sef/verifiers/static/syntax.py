"""Whether a file can be parsed: Python, JSON, TOML, and YAML where a parser is installed. Pure."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from sef.text import one_line
from sef.verifiers.static.findings import Finding

LIMIT: Final = 1024 * 1024
"""Bytes of a file beyond which it is not parsed."""
_DEEPEST: Final = 200
"""Brackets within brackets that are followed; Python's own parser takes no more."""
_COSTLY = re.compile(rb"[\w.\s\\]{10000}|(?:\{[^{}\n]{0,40}\}[^{}\n\"']{0,40}){2000}")
"""Endless dotted names; strings of thousands of fields."""
_LENIENT = re.compile(r"(?:ts|js)config[\w.-]*\.json|\.?(?:eslintrc|babelrc|swcrc)(?:\.json)?")
"""JSON files whose readers take comments."""
_LENIENT_FOLDERS: Final = (".vscode/", ".devcontainer/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a text was not parsed."""

    what: str
    line: int = 0
    undecided: bool = False
    """True where it may be right all the same: it is too large, or nested too deeply."""


def problem(path: str, data: bytes) -> Problem | None:
    """Why `data` is no file of the language that its name says; None where it is one.

    Languages that are not known here are told nothing about.
    """
    parse = _parser(path)
    if parse is None:
        return None
    if len(data) > LIMIT:
        return Problem(what=f"it is larger than {LIMIT} bytes, and was not parsed", undecided=True)
    if _too_deep(data) or (path.endswith((".py", ".pyi")) and is_costly(data)):
        return Problem(what="it is nested too deeply to be parsed", undecided=True)
    try:
        return parse(data)
    except (RecursionError, MemoryError):
        return Problem(what="it is nested too deeply to be parsed", undecided=True)


def introduced(path: str, base: bytes | None, draft: bytes) -> Finding | None:
    """What is wrong with the draft's text and was not with the base's."""
    found = problem(path, draft)
    if found is None:
        return None
    before = None if base is None else problem(path, base)
    if before is not None and (found.undecided or not before.undecided):
        # A file that could not be parsed before is not one that is understood here.
        return None
    sign = "not-parsed" if found.undecided else "syntax"
    return Finding(path=path, line=found.line, sign=sign, what=found.what)


def oldest_python(pyproject: str) -> tuple[int, int] | None:
    """The lower bound of `requires-python`; None where there is none."""
    try:
        project = tomllib.loads(pyproject).get("project", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    said = project.get("requires-python") if isinstance(project, dict) else None
    found = re.search(r">=\s*3\.(\d{1,2})\b", said) if isinstance(said, str) else None
    return (3, int(found[1])) if found else None


def _parser(path: str) -> Callable[[bytes], Problem | None] | None:
    name = path.rpartition("/")[2]
    end = name.rpartition(".")[2] if "." in name else ""
    if end == "json" and (_LENIENT.fullmatch(name) or path.startswith(_LENIENT_FOLDERS)):
        return None
    if end in ("yaml", "yml"):
        return _yaml if find_spec("yaml") else None
    return _PARSERS.get(end)


def _python(data: bytes) -> Problem | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The parser alone would take `return` outside of a function.
            compile(data, "draft", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Problem(what=one_line(f"it is no Python: {error.msg}"), line=error.lineno or 0)
    except ValueError as error:  # a NUL
        return Problem(what=one_line(f"it is no Python: {error}"))
    return None


def _json(data: bytes) -> Problem | None:
    try:
        json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return Problem(what=one_line(f"it is no JSON: {error.msg}"), line=error.lineno)
    except UnicodeDecodeError:
        return Problem(what="it is no JSON: its bytes are not UTF-8")
    except ValueError as error:  # an integer of too many digits
        return Problem(what=one_line(str(error)), undecided=True)
    return None


def _toml(data: bytes) -> Problem | None:
    try:
        tomllib.loads(data.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        return Problem(what=one_line(f"it is no TOML: {error}"), line=int(found[1]) if found else 0)
    except UnicodeDecodeError:
        return Problem(what="it is no TOML: its bytes are not UTF-8")
    return None


def _yaml(data: bytes) -> Problem | None:
    """By events, so that nothing is made of the document and aliases are not followed."""
    yaml = import_module("yaml")
    try:
        for _ in yaml.parse(data):
            pass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it cannot be read"
        return Problem(what=one_line(f"it is no YAML: {said}"), line=mark.line + 1 if mark else 0)
    return None


def is_costly(data: bytes) -> bool:
    """True for what takes Python's parser time that grows with the square of its length."""
    return _COSTLY.search(data) is not None


def _too_deep(data: bytes) -> bool:
    """True where brackets alone would exhaust a parser; those in strings count, too."""
    deep = deepest = 0
    for byte in re.findall(rb"[(\[{]+|[)\]}]+", data):
        deep = deep + len(byte) if byte[0] in b"([{" else max(0, deep - len(byte))
        deepest = max(deepest, deep)
    return deepest > _DEEPEST


_PARSERS: Final[Mapping[str, Callable[[bytes], Problem | None]]] = MappingProxyType(
    {"py": _python, "pyi": _python, "json": _json, "toml": _toml}
)
