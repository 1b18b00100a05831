"""What a node names, through import statements, `getattr` and `__import__`. Pure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from sef.verifiers.integrity.words import dotted, folded


@dataclass(frozen=True)
class Names:
    """The names of one module."""

    imports: Mapping[str, str]
    """What names stand for."""

    def of(self, node: ast.AST) -> str:
        """Dotted, with what the import statements say; `getattr(os, "_exit")` too."""
        if isinstance(node, ast.Call):
            return self._called(node)
        said = dotted(node)
        if said.startswith("."):
            inner = node
            while isinstance(inner, ast.Attribute):
                inner = inner.value
            return f"{self.of(inner)}{said}" if isinstance(inner, ast.Call) else said
        first, dot, rest = said.partition(".")
        full = self.imports.get(first, first)
        return f"{full}{dot}{rest}"

    def _called(self, node: ast.Call) -> str:
        """The callee of a call, through `getattr` and `__import__`."""
        callee = node.func
        if isinstance(callee, ast.Name) and node.args:
            value = folded(node.args[0])
            if callee.id == "getattr" and len(node.args) > 1:
                value = folded(node.args[1])
                return f"{self.of(node.args[0])}.{value}" if isinstance(value, str) else ""
            if callee.id in ("__import__", "import_module") and isinstance(value, str):
                return value
        if isinstance(callee, ast.Attribute) and callee.attr == "import_module" and node.args:
            value = folded(node.args[0])
            if isinstance(value, str):
                return value
        if isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Call):
            return f"{self._called(callee.value)}.{callee.attr}"
        return self.of(callee)
