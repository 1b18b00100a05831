"""Sources in other languages with their comments taken out. Pure.

What a comment is, is known exactly for few texts: three answers are possible. `True`: the code is
the same. `False`: it is not. `None`: the difference may be one of comments, and may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

_SCRIPTS: Final = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_NESTED: Final = (".rs", ".swift", ".kt", ".kts", ".scala")
_INTERPOLATE: Final = (*_SCRIPTS, ".swift", ".kt", ".kts", ".scala", ".cs", ".scss", ".less")
_C_LIKE: Final = (
    *_SCRIPTS, *_NESTED, ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cs", ".go", ".java",
    ".css", ".scss", ".less", ".proto",
)  # fmt: skip
_HASHED: Final = (
    ".toml", ".yaml", ".yml", ".sh", ".bash", ".zsh", ".rb", ".r", ".pl", ".mk", ".cmake", ".tf",
    ".cfg", ".ini", ".conf", ".properties", ".env", ".jl", ".ex", ".exs", ".nix", ".graphql",
)  # fmt: skip
_HASHED_NAMES = re.compile(
    r"(?:GNUm|[mM])akefile|Dockerfile.*|CMakeLists\.txt|.*requirements.*\.txt|constraints.*\.txt"
    r"|\.\w*ignore|\.gitattributes|\.editorconfig|Gemfile|Rakefile|Justfile|justfile|Procfile"
)
_HASHED_FOLDERS: Final = ("requirements", "reqs", "requires")
_READ_BY_COMPILERS = re.compile(
    r"//go:|//\s*\+build|/\*[!+]|#!|//[#@] ?source|#\s*(?:escape|syntax)\s*=|#\s*frozen_string"
    r"|//\s*@(?:ts-|flow|jsx)|#cgo\b|/\*\s*@(?:cc_on|__PURE__)"
)
_HAZARDS = re.compile(
    r"<<[-~]?\s*['\"\\]?\w|[|>][+\-\d]*\s*(?:#.*)?$|\\$|'''|\"\"\"|^=begin|^__END__|\[=*\["
    r"|^[^'\"#\n]*(?:'[^'#\n]*|\"[^\"#\n]*)$",
    re.MULTILINE,
)
"""Where a line that begins with # may be content: heredocs, block scalars, open quotes."""
_RAW_STARTS = re.compile(r"\br#*\"|\bR\"|\"\"\"|@\$?\"|#\"")
_LONG_LINE = re.compile(r"[^\n]{20000}")
_MOST_STEPS: Final = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A text apart from its comments."""

    tokens: tuple[str, ...]
    """Words, runs of signs, strings as they are, ends of lines."""
    comments: tuple[str, ...]
    odd: bool
    """True where something could be read in another way."""


def is_known(path: str) -> bool:
    """True for languages whose comments are told from code."""
    return _c_like(path) or _hashed(path)


def same(path: str, before: str, after: str) -> bool | None:
    """Whether two texts of a file are the same but for comments and blank lines."""
    if before == after:
        return True
    if _intricate(before) or _intricate(after):
        return None
    if _c_like(path):
        return _same_tokens(path, before, after)
    return _same_lines(before, after) if _hashed(path) else None


def comments(path: str, text: str) -> tuple[str, ...]:
    """The comments of a text in one of the known languages."""
    if _c_like(path):
        return () if _intricate(text) else stripped(path, text).comments
    return tuple(line.strip() for line in text.splitlines() if line.lstrip().startswith("#"))


def _c_like(path: str) -> bool:
    return path.endswith(_C_LIKE)


def _hashed(path: str) -> bool:
    whole = PurePosixPath(path)
    folder = whole.parent.name in _HASHED_FOLDERS and path.endswith((".txt", ".in"))
    return path.endswith(_HASHED) or folder or _HASHED_NAMES.fullmatch(whole.name) is not None


def _intricate(text: str) -> bool:
    """True where an opening without an end would be sought too often, or in too long a line."""
    opened = text.count("/*", text.rfind("*/") + 1) + len(_RAW_STARTS.findall(text))
    return opened * len(text) > _MOST_STEPS or _LONG_LINE.search(text) is not None


# -- languages with // and /* */ --------------------------------------------------------------


def _same_tokens(path: str, before: str, after: str) -> bool | None:
    readings = [(stripped(path, before), stripped(path, after))]
    if path.endswith(_SCRIPTS):
        readings.append(
            (stripped(path, before, patterns=True), stripped(path, after, patterns=True))
        )
    strict = [one.tokens == other.tokens for one, other in readings]
    if all(strict):
        return None if any(one.odd or other.odd for pair in readings for one in pair
                           for other in pair) else _read_same(readings[0])  # fmt: skip
    loose = [_flat(one.tokens) == _flat(other.tokens) for one, other in readings]
    return None if any(loose) else False


def _read_same(pair: tuple[Stripped, Stripped]) -> bool:
    """Comments that a compiler reads are code."""
    one, other = ([text for text in side.comments if _READ_BY_COMPILERS.match(text)]
                  for side in pair)  # fmt: skip
    cgo = ['import "C"' in " ".join(side.tokens) for side in pair]
    return one == other and (not any(cgo) or pair[0].comments == pair[1].comments)


def _flat(tokens: tuple[str, ...]) -> str:
    return "".join(word for word in tokens if word != "\n")


_NEWLINE: Final = r"(?P<newline>[ \t\r\f]*\n\s*)"
_COMMENT: Final = r"(?P<comment>//(?:\\\r?\n|[^\n])*|/\*(?s:.*?)\*/)"
_WORDS: Final = r"|\w+|/|[^\w\s\"'`/]+|\S"
_PLAIN_STRINGS: Final = r"|(?P<string>\"(?:\\(?s:.)|[^\"\\\n])*\"|'(?:\\(?s:.)|[^'\\\n])*')"


def _scanner(path: str, *, patterns: bool) -> re.Pattern[str]:
    raw = ""
    if path.endswith(".go"):
        raw = r"|(?P<raw>`[^`]*`)"
    elif path.endswith(_SCRIPTS):
        raw = r"|(?P<raw>`(?:\\(?s:.)|[^`\\])*`)"
        if patterns:
            raw += (
                r"|(?P<pattern>(?<![\w\])}.\"'`])/(?![/*])"
                r"(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*)"
            )
    elif path.endswith(".rs"):
        raw = r"|(?P<raw>\bb?r(?P<hash>#*)\"(?s:.*?)\"(?P=hash))|(?P<life>'\w+\b(?!'))"
    elif path.endswith((".cc", ".cpp", ".cxx", ".hpp", ".hh", ".h")):
        raw = r"|(?P<raw>R\"(?P<mark>[^()\\\s]{0,16})\((?s:.*?)\)(?P=mark)\")"
    elif path.endswith(".cs"):
        raw = r"|(?P<raw>\"\"\"+(?s:.*?)\"\"\"+|\$?@\$?\"(?:\"\"|[^\"])*\")"
    elif path.endswith((".java", ".kt", ".kts", ".scala", ".swift")):
        raw = r"|(?P<raw>#*\"\"\"(?s:.*?)\"\"\"#*|#+\"[^\n]*?\"#+)"
    return re.compile(f"{_NEWLINE}|{_COMMENT}{raw}{_PLAIN_STRINGS}{_WORDS}")


def stripped(path: str, text: str, *, patterns: bool = False) -> Stripped:
    """The tokens; with `patterns` a `/` where a value may stand begins a regular expression."""
    text = text.replace("\r\n", "\n")
    tokens: list[str] = []
    said: list[str] = []
    odd = path.endswith(_SCRIPTS) and ("</" in text or "/>" in text)  # markup: `//` may be text
    odd = odd or (path.endswith(_NESTED) and _nests(text))
    for found in _scanner(path, patterns=patterns).finditer(text):
        kind, word = found.lastgroup, found[0]
        kind = "raw" if kind in ("hash", "mark") else kind
        line = word if kind == "newline" else ""
        if kind == "comment":
            said.append(word)
            odd = odd or (word.startswith("//") and path.endswith(".css"))
            line = "\n" if "\n" in word and word.startswith("/*") else ""
        if line:
            if tokens and tokens[-1] != "\n":
                tokens.append("\n")
            continue
        if kind == "comment":
            continue
        odd = odd or word in ("'", '"', "`") or (kind in ("string", "raw") and _open(path, word))
        tokens.append(word)
    while tokens and tokens[-1] == "\n":
        tokens.pop()
    return Stripped(tokens=tuple(tokens), comments=tuple(said), odd=odd or "\n/*" in tokens[-1:])


def _nests(text: str) -> bool:
    """True where a block comment stands in another one, as these languages allow."""
    return re.search(r"/\*(?:(?!\*/)(?s:.))*/\*", text) is not None


def _open(path: str, word: str) -> bool:
    """True where a string with code in it may go on behind what looks like its end."""
    if not path.endswith(_INTERPOLATE) or not re.search(r"\$\{|\\\(|\{", word):
        return False
    return word.count("{") != word.count("}") or word.count("(") != word.count(")")


# -- languages with # -------------------------------------------------------------------------


def _same_lines(before: str, after: str) -> bool | None:
    one, other = _code_lines(before), _code_lines(after)
    if one == other:
        if _HAZARDS.search(before) or _HAZARDS.search(after):
            return None
        return _directives(before) == _directives(after)
    inline = [[_without_tail(line) for line in lines] for lines in (one, other)]
    return None if inline[0] == inline[1] else False


def _code_lines(text: str) -> list[str]:
    lines = (line.rstrip() for line in text.split("\n"))
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def _directives(text: str) -> list[str]:
    lines = (line.strip() for line in text.split("\n"))
    return [line for line in lines if _READ_BY_COMPILERS.match(line)]


def _without_tail(line: str) -> str:
    return re.sub(r"\s#.*$", "", line).rstrip()
