"""What a project's own files say about where its modules lie. Pure; never fails on bad input."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from pathlib import PurePosixPath

_SETUP_NAME = re.compile(r"""\bname\s*=\s*["']([A-Za-z0-9][A-Za-z0-9._-]*)["']""")
_EMPTY: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """The little of a project's configuration that tells where its modules are."""

    names: tuple[str, ...] = ()
    """What its installation is called, normalized."""
    roots: tuple[str, ...] = ()
    """Folders, relative to the tree, that are put on the import path; `.` is the tree."""
    mapped: tuple[tuple[str, str], ...] = ()
    """Packages whose folder has another name: the package and the folder."""


def hints(texts: Mapping[str, str]) -> Hints:
    """Reads `pyproject.toml`, `setup.cfg` and `setup.py`, as far as they are there."""
    pyproject = _toml(texts.get("pyproject.toml", ""))
    setup_cfg = _ini(texts.get("setup.cfg", ""))
    tool = _table(pyproject, "tool")
    folders = {**_setuptools_folders(tool), **_cfg_folders(setup_cfg)}
    roots = [
        *_declared_roots(tool),
        *_lines(setup_cfg.get("options.packages.find", {}).get("where", "")),
        *(folder for name, folder in folders.items() if not name),
    ]
    mapped = [(name, _clean(folder)) for name, folder in folders.items() if name]
    return Hints(
        names=_names(pyproject, setup_cfg, texts.get("setup.py", "")),
        roots=tuple(dict.fromkeys(_clean(root) for root in roots if _is_inside(root))),
        mapped=tuple(pair for pair in mapped if _is_inside(pair[1])),
    )


def _names(
    pyproject: Mapping[str, object], setup_cfg: Mapping[str, Mapping[str, str]], setup_py: str
) -> tuple[str, ...]:
    poetry = _table(_table(pyproject, "tool"), "poetry")
    said = [_table(pyproject, "project").get("name"), poetry.get("name")]
    said += [setup_cfg.get("metadata", {}).get("name"), *_SETUP_NAME.findall(setup_py)[:1]]
    return tuple(dict.fromkeys(normal(name) for name in said if isinstance(name, str)))


def normal(name: str) -> str:
    """A distribution's name as installers compare it."""
    return re.sub("[-_.]+", "-", name).lower()


def _declared_roots(tool: Mapping[str, object]) -> Iterable[str]:
    find = _table(_table(_table(tool, "setuptools"), "packages"), "find")
    yield from _strings(find.get("where"))
    for package in _tables(_table(tool, "poetry").get("packages")):
        yield from _strings(package.get("from"))
    wheel = _table(_table(_table(_table(tool, "hatch"), "build"), "targets"), "wheel")
    yield from (str(PurePosixPath(path).parent) for path in _strings(wheel.get("packages")))
    yield from _strings(wheel.get("sources"))
    yield from _strings(_table(_table(tool, "pdm"), "build").get("package-dir"))
    yield from _strings(_table(_table(tool, "uv"), "build-backend").get("module-root"))
    yield from _strings(_table(_table(tool, "pytest"), "ini_options").get("pythonpath"))
    yield from _strings(_table(tool, "pytest").get("pythonpath"))


def _setuptools_folders(tool: Mapping[str, object]) -> dict[str, str]:
    said = _table(_table(tool, "setuptools"), "package-dir")
    return {name: folder for name, folder in said.items() if isinstance(folder, str)}


def _cfg_folders(setup_cfg: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    pairs = _lines(setup_cfg.get("options", {}).get("package_dir", ""))
    split = [pair.partition("=") for pair in pairs]
    return {name.strip(): folder.strip() for name, mark, folder in split if mark}


def _toml(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return _EMPTY


def _ini(text: str) -> Mapping[str, Mapping[str, str]]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except ConfigParserError:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _table(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    held = holder.get(name)
    return held if isinstance(held, dict) else _EMPTY


def _tables(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    """The texts in a list, or the words of a text; nothing for anything else."""
    if isinstance(value, str):
        return value.split() or ["."]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _clean(folder: str) -> str:
    return str(PurePosixPath(folder))


def _is_inside(folder: str) -> bool:
    return not folder.startswith("/") and ".." not in PurePosixPath(folder).parts
