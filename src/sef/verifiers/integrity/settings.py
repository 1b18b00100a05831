"""Settings that decide which tests run and what counts as red. Pure."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

from sef.text import one_line
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.look import Look, Pair

_JUDGING: Final = frozenset(
    {
        "addopts", "testpaths", "python_files", "python_classes", "python_functions",
        "norecursedirs",
        "filterwarnings", "xfail_strict", "collect_ignore", "confcutdir", "usefixtures", "reruns",
        "fail_under", "commands", "commands_pre", "ignore_outcome", "ignore_errors",
        "strict_config",
        "strict", "strict_markers", "doctest_optionflags", "pythonpath", "plugins", "env",
        "empty_parameter_set_mark", "asyncio_mode", "collect_imported_tests", "timeout",
    }
)  # fmt: skip
_COMMANDS: Final = frozenset({"commands", "commands_pre"})
_RUNS = re.compile(r"pytest|py\.test|unittest|\btrial\b|coverage|\{posargs|nose|stestr")
_TABLES = re.compile(r"^(?:tool\.)?(?:tool:)?(?:pytest|coverage|tox|nox|report|run|testenv|paths)")
_SUPPRESSING = re.compile(
    r"^tool\.(?:ruff|mypy|flake8|pylint|pyright|basedpyright)|^(?:mypy|flake8|pylint)"
)
_PYTEST_FILES: Final = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"})
_INI: Final = frozenset(
    {"tox.ini", "setup.cfg", ".coveragerc", "pytest.ini", ".pytest.ini", "mypy.ini"}
)
_TOML: Final = frozenset({"pyproject.toml", "tox.toml", "pytest.toml", ".pytest.toml"})
_EVERY_PROCESS = re.compile(r"(?:^|/)(?:sitecustomize|usercustomize)\.py$|\.pth$|\.egg-link$")
_NODE = re.compile(
    r"(?:^|/)(?:jest|vitest|vite|karma|cypress|playwright|ava|\.mocharc|\.nycrc|\.c8rc|phpunit|codecov"
    r"|\.codecov|\.rspec|\.cargo/config)[\w.-]*$"
)
_NODE_KEYS = re.compile(
    r"testMatch|testRegex|PathIgnore|testIgnore|exclude|passWithNoTests|threshold|bail|setupFiles"
    r"|\bspec\b|\bgrep\b|retries|allowOnly|testNamePattern|reporters|target|informational|moduleNameMapper"
)


def findings(look: Look) -> Iterator[Finding]:
    """Of all settings files that the draft adds, changes or removes."""
    for pair in look.pairs:
        name = pair.path.rpartition("/")[2]
        if _EVERY_PROCESS.search(pair.path):
            if pair.after is not None:
                what = "code that every Python process would run"
                yield _of(look, pair, 1, "import-tampering", what)
        elif name in _INI or name in _TOML:
            yield from _tables(look, pair, name)
        elif _NODE.search(pair.path):
            yield from _node(look, pair)
        elif name == "noxfile.py":
            yield from _script(look, pair)


def _tables(look: Look, pair: Pair, name: str) -> Iterator[Finding]:
    before, after = _flat(pair.before, name), _flat(pair.after, name)
    if after is None or before is None:
        yield _of(look, pair, 0, "settings-changed", "settings that cannot be read")
        return
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        table, _, last = key.rpartition(".")
        if was == now:
            continue
        pytest_own = name in _PYTEST_FILES or re.search(r"pytest", table) is not None
        if last in _JUDGING and (pytest_own or _TABLES.match(table)):
            judges = last not in _COMMANDS or (was is not None and _RUNS.search(str(was)))
            decisive = bool(judges) and not _stricter(last, was, now)
            yield _changed(look, pair, key, was, now, decisive=decisive)
        elif _SUPPRESSING.match(key) and re.search("ignore|disable|exclude|strict|allow", key):
            yield _changed(look, pair, key, was, now, decisive=False, sign="lint-weakened")
        elif pytest_own:
            yield _changed(look, pair, key, was, now, decisive=False)
    if name in _PYTEST_FILES and pair.before is None and not after:
        yield _of(look, pair, 0, "settings-changed", "an empty file that hides other settings")


def _changed(
    look: Look,
    pair: Pair,
    key: str,
    was: object,
    now: object,
    *,
    decisive: bool,
    sign: str = "settings-changed",
) -> Finding:
    last = key.rpartition(".")[2]
    allowed = look.asked.quotes(last) or _tool_named(look, key)
    what = one_line(f"{key} was {_said(was)}, is {_said(now)}", 160)
    line = next(
        (n for n, text in pair.added if last in text), pair.added[0][0] if pair.added else 0
    )
    return Finding(
        sign=sign,
        path=pair.path,
        line=line,
        what=what,
        decisive=decisive and not _fine(look, pair) and not allowed,
    )


def _tool_named(look: Look, key: str) -> bool:
    """True where the text speaks of that tool's settings."""
    tool = re.search(r"pytest|coverage|tox|nox", key)
    return tool is not None and look.asked.says(
        rf"{tool[0]}(?:'s)? (?:config|setting|option|ini|addopts|section)|coverage threshold"
    )


def _said(value: object) -> str:
    return "nothing" if value is None else one_line(repr(value), 60)


def _stricter(key: str, was: object, now: object) -> bool:
    """True where a change can only make more count as red."""
    if key == "fail_under":
        return _number(now) is not None and (_number(now) or 0) >= (_number(was) or 0)
    if key in ("xfail_strict", "strict", "strict_markers", "strict_config", "branch"):
        return str(now).lower() == "true"
    if key == "filterwarnings":
        old, new = _entries(was), _entries(now)
        return all(one.startswith("error") for one in new - old) and not any(
            one.startswith("error") for one in old - new
        )
    return False


def _entries(value: object) -> set[str]:
    parts = value if isinstance(value, list) else str(value or "").splitlines()
    return {str(one).strip() for one in parts} - {""}


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _flat(text: str | None, name: str) -> dict[str, object] | None:
    """Values by dotted key; None where the text cannot be read."""
    if text is None:
        return {}
    try:
        if name in _TOML:
            return dict(_leaves(tomllib.loads(text), "", 0))
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, configparser.Error, RecursionError, ValueError):
        return None
    return {f"{s}.{k}": v for s in parser.sections() for k, v in parser.items(s)}


def _leaves(table: Mapping[str, object], prefix: str, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict) and depth < 12:
            yield from _leaves(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _node(look: Look, pair: Pair) -> Iterator[Finding]:
    for number, text in (*pair.added, *pair.removed):
        if _NODE_KEYS.search(text):
            what = f"the tests' settings were changed: {text.strip()}"
            yield _of(look, pair, number, "settings-changed", what)
            return
    if pair.added or pair.removed:
        what = "the tests' settings were changed"
        yield _of(look, pair, 0, "settings-changed", what, decisive=False)


_PYTEST_RUN = re.compile(r"pytest|unittest|coverage|session\.run|fail.under|success_codes")


def _script(look: Look, pair: Pair) -> Iterator[Finding]:
    for number, text in (*pair.added, *pair.removed):
        if pair.before is not None and _PYTEST_RUN.search(text):
            what = f"how the tests are run was changed: {text.strip()}"
            yield _of(look, pair, number, "settings-changed", what)
            return


def _fine(look: Look, pair: Pair) -> bool:
    name = pair.path.rpartition("/")[2]
    return name not in ("pyproject.toml", "setup.cfg") and look.asked.names(pair.path)


def _of(
    look: Look, pair: Pair, line: int, sign: str, what: str, *, decisive: bool = True
) -> Finding:
    return Finding(
        sign=sign,
        path=pair.path,
        line=line,
        what=one_line(what, 160),
        decisive=decisive and not look.asked.names(pair.path),
    )
