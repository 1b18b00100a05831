"""Tier 0: finds definitions, text and files without a model."""

from __future__ import annotations

import asyncio
import re
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sef.checks.jail import located, read_bounded
from sef.checks.testfiles import is_test_file
from sef.errors import DraftFailure
from sef.executors.search.globs import matching
from sef.executors.search.ripgrep import FILE_LIMIT, LINE_LIMIT, ripgrep
from sef.executors.search.symbols import NotUnderstood, Symbol, decoded, folded, symbols
from sef.model import Answer, Checkout, Match, Proposal, Usage
from sef.protocols import Assignment
from sef.text import one_line, plain

_SHOWN = 200
_SUBJECT = 500
_NAMED = 5
_PYTHON: Final = (".py", ".pyi")
_OTHERS: Final = (
    ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".cs", ".go", ".java", ".js", ".jsx", ".mjs",
    ".cjs", ".ts", ".tsx", ".kt", ".kts", ".scala", ".swift", ".rs", ".rb", ".php", ".lua",
    ".sh", ".zig", ".ex", ".exs",
)  # fmt: skip
_ASKED = re.compile(
    r"(?:(class|enum|async def|def|function|method|func|fn|constant|variable|type|module)\s+)?"
    r"[`'\"]?([^\s`'\"()]+)(?:\(\))?[`'\"]?"
)
_PYTHON_KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "class": ("class",), "enum": ("class",), "type": ("class", "variable"),
        "constant": ("variable", "attribute"), "variable": ("variable", "attribute"),
        "async def": ("function",), "def": ("function",), "function": ("function",),
        "method": ("function",), "func": ("function",), "fn": ("function",),
    }
)  # fmt: skip
_KEYWORDS: Final = (
    "class|enum|struct|record|interface|trait|object|protocol|union|type|typedef|def|func|fun|fn"
    "|function|const|let|var|val|static|define|module|mod|namespace"
)
_WORDS: Final = r"(?:[\w<>\[\],.*&:@]+(?:\([^)]*\))?[ \t]+)*"
_NO_DEFINITION: Final = ("return", "else", "if", "while", "for", "switch", "await", "new", "throw")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What the Python files of a tree say about one name."""

    matches: tuple[Match, ...]
    imports: tuple[Match, ...]
    """Places that give another name to what is defined elsewhere."""
    files: int
    strange: tuple[str, ...]
    """Files that seem to define the name and could not be parsed."""


class SearchExecutor:
    """Answers `definition`, `text`, `regex` and `files`; nothing found is an answer too."""

    async def execute(self, assignment: Assignment) -> Proposal:
        """One line a match, and the matches. Raises DraftFailure when it cannot search."""
        started = time.monotonic()
        request = assignment.route.request
        subject = "" if request is None else request.subject.strip()
        if request is None or not 0 < len(subject) <= _SUBJECT or set(subject) & set("\0\r\n"):
            raise DraftFailure("a search needs one line that says what to look for")
        answer = await _search(request.what, subject, assignment.checkout)
        seconds = time.monotonic() - started
        return Proposal(answer=answer, usage=Usage(cost_usd=Decimal(0), seconds=seconds))


async def _search(what: str, subject: str, tree: Checkout) -> Answer:
    if what == "definition":
        return await _definition(subject, tree)
    if what in ("text", "regex"):
        return await _text(subject, tree, fixed=what == "text")
    if what == "files":
        return await _files(await asyncio.to_thread(matching, subject, tree.files), subject, tree)
    raise DraftFailure(
        f"search does not know {what!r}", hint="It knows definition, text, regex and files."
    )


async def _definition(subject: str, tree: Checkout) -> Answer:
    asked = _ASKED.fullmatch(subject)
    kind, name = (asked[1] or "", asked[2]) if asked else ("", subject)
    if kind == "module":
        return await _files(_modules(name, tree), subject, tree)
    left_out = await asyncio.to_thread(_left_out, tree, _PYTHON)
    for exactly in (True, False):
        survey = await asyncio.to_thread(_survey, folded(name), kind, tree, exactly)
        others = await _by_pattern(name, tree, exactly, left_out.nested)
        if survey.matches or others or survey.imports:
            break
    found = sorted((*survey.matches, *others), key=_order) + sorted(survey.imports, key=_order)
    notes = []
    if found and not exactly:
        notes.append(f"nothing is called exactly {name}; upper and lower case were ignored")
    if survey.strange:
        listed = ", ".join(survey.strange[:_NAMED])
        notes.append(f"{_number(len(survey.strange), 'file')} not understood: {listed}")
    nothing = f"no definition of {subject} in {_number(survey.files, 'Python file')}"
    marks = dict.fromkeys(others, " (by pattern)") | dict.fromkeys(survey.imports, " (import)")
    return _answer(found, len(found), nothing, [*notes, *left_out.notes], marks)


def _order(match: Match) -> tuple[bool, str, int]:
    """Source before tests."""
    return _is_test(match.path), match.path, match.line


def _modules(name: str, tree: Checkout) -> list[str]:
    wanted = "/" + name.replace(".", "/")
    ends = tuple(wanted + end for end in (".py", ".pyi", "/__init__.py"))
    return [path for path in tree.files if f"/{path}".endswith(ends)]


def _survey(name: str, kind: str, tree: Checkout, exactly: bool) -> _Survey:
    """Parses the files in which the name stands as it does where it is defined."""
    wanted = _defining(name, kind, exactly)
    folders: dict[str, Path | None] = {}
    matches: dict[str, list[Match]] = {"import": []}
    strange = []
    paths = [path for path in tree.files if path.endswith(_PYTHON)]
    for path in paths:
        try:
            for symbol in _symbols(name, wanted, _read(path, tree, folders)):
                if _fits(name, kind, symbol, _module(path), exactly):
                    text = plain(symbol.text, LINE_LIMIT)
                    place = Match(path=path, line=symbol.line, text=text)
                    matches.setdefault(symbol.kind, []).append(place)
        except NotUnderstood:
            strange.append(one_line(path))
    imports = tuple(dict.fromkeys(matches.pop("import")))
    places = tuple(dict.fromkeys(place for kind in matches.values() for place in kind))
    return _Survey(matches=places, imports=imports, files=len(paths), strange=tuple(strange))


def _defining(name: str, kind: str, exactly: bool) -> re.Pattern[str]:
    last = re.escape(name.rpartition(".")[2])
    keyword = rf"\b(?:class|def|type)[\s\\]+{last}\b"
    assigned = rf"|\b{last}[\s\\]*(?:=(?!=)|[:,)\]#]|in\b)|\bas[\s\\]+{last}\b"
    named = "variable" in _PYTHON_KINDS.get(kind, ("variable",))
    return re.compile(keyword + assigned * named, re.NOFLAG if exactly else re.IGNORECASE)


def _read(path: str, tree: Checkout, folders: dict[str, Path | None]) -> bytes:
    """The file, empty where it is no regular file of the tree; `folders` remembers the way."""
    folder, _, name = path.rpartition("/")
    if folder not in folders:
        folders[folder] = located(tree.path, folder or ".")
    real = folders[folder]
    return (read_bounded(real / name, FILE_LIMIT) or b"") if real else b""


def _symbols(name: str, wanted: re.Pattern[str], data: bytes) -> tuple[Symbol, ...]:
    if data.isascii() and name.rpartition(".")[2].lower().encode() not in data.lower():
        return ()  # most files end here, before anything slow
    try:
        source = decoded(data)
    except NotUnderstood:
        if wanted.search(data.decode("latin-1")):
            raise
        return ()
    return symbols(source) if wanted.search(folded(source)) else ()


def _module(path: str) -> str:
    return path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def _fits(name: str, kind: str, symbol: Symbol, module: str, exactly: bool) -> bool:
    if symbol.kind not in _PYTHON_KINDS.get(kind, (symbol.kind,)):
        return False
    if symbol.kind == "attribute" and "." not in name:
        return False
    whole, end = f".{module}.{symbol.name}", f".{name}"
    return whole.endswith(end) if exactly else whole.lower().endswith(end.lower())


async def _by_pattern(
    name: str, tree: Checkout, exactly: bool, nested: Sequence[str]
) -> tuple[Match, ...]:
    last = re.split(r"\.|::|#", name)[-1]
    if not re.fullmatch(r"[\w$]+", last) or not any(path.endswith(_OTHERS) for path in tree.files):
        return ()
    escaped = last.replace("$", r"\$")
    keyword = rf"^[ \t]*{_WORDS}#?(?:{_KEYWORDS})[ \t*&]+(?:\([^)]*\)[ \t]*|self\.)?{escaped}\b"
    body = rf"^[ \t]*{_WORDS}[*&]*{escaped}[ \t]*\([^;]*\)[^;]*\{{[ \t]*$"
    above = rf"^[A-Za-z_][\w \t*&:<>,]*[ \t*&:]{escaped}[ \t]*\([^;{{]*$"  # its brace is below
    patterns = [f"--regexp={pattern}" for pattern in (keyword, body, above)]
    globs = [f"--glob=*{ending}" for ending in _OTHERS]
    case = "--case-sensitive" if exactly else "--ignore-case"
    found = await ripgrep(tree.path, case, *globs, *patterns, without=nested)
    return tuple(m for m in found.matches if m.text.split(None, 1)[0] not in _NO_DEFINITION)


async def _text(subject: str, tree: Checkout, *, fixed: bool) -> Answer:
    how = ("--fixed-strings",) if fixed else ()
    left_out = await asyncio.to_thread(_left_out, tree, ("",))
    options = ("--case-sensitive", *how, f"--regexp={subject}")
    found = await ripgrep(tree.path, *options, without=left_out.nested)
    nothing = f"no line holds {subject!r} in {_number(len(tree.files), 'file')}"
    return _answer(found.matches, found.total, nothing, left_out.notes)


async def _files(paths: Sequence[str], subject: str, tree: Checkout) -> Answer:
    left_out = await asyncio.to_thread(_left_out, tree, ())
    matches = [Match(path=path, line=0, text="") for path in paths if path not in left_out.nested]
    nothing = f"no file matches {subject!r} among {_number(len(tree.files), 'file')}"
    return _answer(matches, len(matches), nothing, left_out.notes)


def _answer(
    matches: Sequence[Match],
    total: int,
    nothing: str,
    notes: Sequence[str],
    marks: Mapping[Match, str] = MappingProxyType({}),
) -> Answer:
    shown = tuple(matches[:_SHOWN])
    lines = [_line(match) + marks.get(match, "") for match in shown]
    if total > len(shown):
        lines.append(f"the first {len(shown)} of {total:,} are shown")
    return Answer(text="\n".join((*(lines or [plain(nothing)]), *notes)), matches=shown)


def _line(match: Match) -> str:
    path = one_line(match.path, 500)
    return f"{path}:{match.line}: {one_line(match.text)}" if match.line else path


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeftOut:
    """What of a tree is not searched."""

    nested: tuple[str, ...]
    """Submodules and other repositories inside the tree."""
    large: int
    """Files over the limit."""

    @property
    def notes(self) -> list[str]:
        notes = [f"{_number(self.large, 'file')} over 2 MB skipped"] if self.large else []
        if self.nested:
            many = len(self.nested)
            listed = ", ".join(map(one_line, self.nested[:_NAMED])) + ", …" * (many > _NAMED)
            was = "was" if many == 1 else "were"
            notes.append(f"{_number(many, 'submodule')} {was} not searched: {listed}")
        return notes


def _left_out(tree: Checkout, endings: tuple[str, ...]) -> _LeftOut:
    """Large files are counted where their names have one of the endings."""
    large, nested = 0, []
    for path in tree.files:
        try:
            about = (tree.path / path).lstat()
        except (OSError, ValueError):
            continue
        if stat.S_ISDIR(about.st_mode):
            nested.append(path)  # git lists a folder only where it is a repository of its own
        elif stat.S_ISREG(about.st_mode) and about.st_size > FILE_LIMIT:
            large += path.endswith(endings)
    return _LeftOut(nested=tuple(nested), large=large)


def _is_test(path: str) -> bool:
    return is_test_file(path) or not {"tests", "test", "conftest.py"}.isdisjoint(path.split("/"))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
