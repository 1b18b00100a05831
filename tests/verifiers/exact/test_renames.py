"""A task to rename: the name changed everywhere, and nothing else did."""

from __future__ import annotations

import pytest

from sef.verifiers.exact import SIGNS
from sef.verifiers.exact.rename_asks import rename_of
from sef.verifiers.exact.renames import judged

_OPS = '__all__ = ["add"]\n\ndef add(a, b):\n    """Adds; add is quick."""\n    return a + b\n'
_USE = "from ops import add\n\ndef twice(x):\n    return add(x, x)\n"
_BASE = {"ops.py": _OPS, "use.py": _USE, "README.md": "Call add.\n"}


def done(text: str) -> str:
    return (
        text.replace("add(", "plus(")
        .replace('"add"', '"plus"')
        .replace("import add", "import plus")
    )


def verdict_of(after: dict[str, str], text: str = "Rename `add` to `plus` everywhere") -> set[str]:
    """The signs of what stops the draft."""
    ask = rename_of(text)
    assert ask is not None
    sides = ({path: one.encode() for path, one in side.items()} for side in (_BASE, after))
    found = judged(*sides, ask)
    assert all(one.sign in SIGNS for one in found)
    return {one.sign for one in found if one.stops and not one.passed}


@pytest.mark.parametrize(
    ("text", "old", "new", "pure"),
    [
        ("Rename `add` to `plus`", "add", "plus", True),
        ("Rename the function add to plus everywhere and update all callers", "add", "plus", True),
        ("rename Cart.total to Cart.whole in till/cart.py", "total", "whole", True),
        ("Rename add to plus and give it a third argument", "add", "plus", False),
        ("Move add to module calc.sums", "add", "calc.sums", True),
    ],
)
def test_a_rename_is_read_from_the_words(text: str, old: str, new: str, pure: bool) -> None:
    ask = rename_of(text)
    assert ask is not None
    assert (ask.old, ask.new, ask.pure) == (old, new, pure)


@pytest.mark.parametrize(
    "text",
    ["Add a function", "Rename a.py to b.py", "Rename the file x to y", "Rename README.md to A.md"],
)
def test_other_tasks_are_no_renames(text: str) -> None:
    assert rename_of(text) is None


def test_a_rename_that_is_exact_is_proved() -> None:
    """What documents still say is told."""
    after = {path: done(text) for path, text in _BASE.items()}
    assert verdict_of(after) == set()


@pytest.mark.parametrize(
    ("path", "text", "sign"),
    [
        ("use.py", _USE, "old-name-left"),
        ("use.py", done(_USE).replace("x, x", "x, 2"), "beyond-the-rename"),
        ("use.py", _USE.replace("import add", "import plus"), "unresolved-name"),
        ("ops.py", _OPS, "not-renamed"),
        ("ops.py", done(_OPS).replace('"plus"', '"add"'), "old-name-left"),
        ("ops.py", done(_OPS) + "y = 1\n", "beyond-the-rename"),
    ],
)
def test_a_rename_that_is_not_is_rejected(path: str, text: str, sign: str) -> None:
    after = {one: done(said) for one, said in _BASE.items()} | {path: text}
    assert sign in verdict_of(after)


def test_a_task_that_asks_for_more_may_change_more() -> None:
    """But the new name must be there."""
    after = {path: done(text) for path, text in _BASE.items()}
    after["ops.py"] += "y = 1\n"
    asked = "Rename `add` to `plus` and set y in ops.py"
    assert verdict_of(after, asked) == set()
    assert "not-renamed" in verdict_of(dict(_BASE), asked)


def test_a_move_leaves_the_definition_as_it_was() -> None:
    """And every import finds it."""
    body = _OPS.partition("\n\n")[2]
    after = {"ops.py": '__all__ = ["add"]\nfrom sums import add\n', "sums.py": body, "use.py": _USE}
    assert verdict_of(after, "Move add to sums") == set()
    after["ops.py"] = '__all__ = ["add"]\n'
    assert verdict_of(after, "Move add to sums") == {"old-name-left"}
    after["use.py"] = _USE.replace("ops", "sums")
    assert verdict_of(after, "Move add to sums") == set()
    after["sums.py"] = body.replace("a + b", "a - b")
    assert verdict_of(after, "Move add to sums") == {"beyond-the-rename"}
    assert verdict_of(dict(_BASE), "Move add to sums") == {"not-renamed"}
