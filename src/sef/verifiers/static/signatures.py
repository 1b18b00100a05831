"""Whether a call fits a signature. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a function takes."""

    only_positional: int
    """How many of `names` cannot be given by name."""
    names: tuple[str, ...]
    """Positional parameters in their order, without a method's first."""
    required: int
    """How many of `names` have no default."""
    any_positional: bool
    keywords: frozenset[str]
    """Parameters that can only be given by name."""
    required_keywords: frozenset[str]
    any_keyword: bool

    def refuses(self, given: Arguments) -> str:
        """Why a call with these arguments raises TypeError; empty where it need not."""
        if given.positional > len(self.names) and not self.any_positional:
            most = len(self.names)
            return f"takes at most {most} positional arguments, and is given {given.positional}"
        by_name = frozenset(self.names[self.only_positional :]) | self.keywords
        unknown = sorted(given.keywords - by_name)
        if unknown and not self.any_keyword:
            return f"takes no argument {unknown[0]!r}"
        twice = sorted(given.keywords & set(self.names[self.only_positional : given.positional]))
        if twice:
            return f"is given {twice[0]!r} twice"
        return "" if given.more else self._missing(given)

    def _missing(self, given: Arguments) -> str:
        left = self.names[given.positional : self.required]
        missing = [name for name in left if name not in given.keywords]
        missing += sorted(self.required_keywords - given.keywords)
        return f"is not given {missing[0]!r}" if missing else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a call gives."""

    positional: int
    keywords: frozenset[str]
    more: bool
    """True where `*` or `**` gives what the text does not show."""


def arguments_of(node: ast.Call) -> Arguments:
    """What is given for certain."""
    starred = any(isinstance(one, ast.Starred) for one in node.args)
    named = frozenset(one.arg for one in node.keywords if one.arg is not None)
    return Arguments(
        positional=sum(not isinstance(one, ast.Starred) for one in node.args),
        keywords=named,
        more=starred or any(one.arg is None for one in node.keywords),
    )


def signature_of(args: ast.arguments, *, bound: bool = False) -> Signature:
    """The signature; with `bound` the first parameter is given already."""
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    required = len(names) - len(args.defaults)
    skipped = 1 if bound and names else 0
    defaults = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return Signature(
        only_positional=max(0, len(args.posonlyargs) - skipped),
        names=tuple(names[skipped:]),
        required=max(0, required - skipped),
        any_positional=args.vararg is not None,
        keywords=frozenset(one.arg for one in args.kwonlyargs),
        required_keywords=frozenset(one.arg for one, default in defaults if default is None),
        any_keyword=args.kwarg is not None,
    )
