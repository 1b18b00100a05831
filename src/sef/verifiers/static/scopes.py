"""Names and scopes of a Python file, as the compiler's own symbol tables tell them. Pure."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BUILT_IN: Final = frozenset(dir(builtins)) | frozenset(
    ("__file__", "__path__", "__builtins__", "__cached__", "__annotations__", "__module__",
     "__qualname__", "__class__", "__dict__", "__conditional_annotations__", "__classdict__",
     "WindowsError", "unicode", "long", "basestring", "xrange", "raw_input", "unichr",
     "reveal_type", "reveal_locals", "_", "PythonFinalizationError")
)  # fmt: skip
"""Names that are there without being defined, in some Python or under some tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """What the scopes of one file bind and use."""

    defined: frozenset[str]
    """Bound at the top, also from within functions by `global`."""
    imported: frozenset[str]
    """Bound at the top by imports."""
    rebound: frozenset[str]
    """Bound in some inner scope as well, so that the name alone does not say what it is."""
    undefined: frozenset[str]
    """Used as global names, and bound by nothing."""


def scopes_of(text: str) -> Scopes:
    """Raises SyntaxError, ValueError, RecursionError as the compiler does."""
    top = symtable.symtable(text, "draft", "exec")
    defined = {one.get_name() for one in top.get_symbols() if _binds(one)}
    used = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    rebound: set[str] = set()
    for table in _below(top):
        of_class = table.get_type() == "class"
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                    defined.add(name)
                if symbol.is_referenced():
                    used.add(name)
            elif symbol.is_local() and not of_class:
                rebound.add(name)
    imported = {one.get_name() for one in top.get_symbols() if one.is_imported()}
    undefined = {name for name in used - defined - _BUILT_IN if not _is_mangled(name)}
    return Scopes(
        defined=frozenset(defined),
        imported=frozenset(imported),
        rebound=frozenset(rebound),
        undefined=frozenset(undefined),
    )


def _binds(symbol: symtable.Symbol) -> bool:
    return (
        symbol.is_assigned()
        or symbol.is_imported()
        or symbol.is_namespace()
        or symbol.is_annotated()
    )


def _below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    todo = list(table.get_children())
    while todo:
        one = todo.pop()
        yield one
        todo.extend(one.get_children())


def _is_mangled(name: str) -> bool:
    """`__x` in a class is looked up under another name."""
    return name.startswith("_") and "__" in name[1:]
