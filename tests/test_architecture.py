"""The layers: this test is their documentation. A module may import from rows below its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sef

SOURCE = Path(sef.__file__).parent

# Top to bottom. Rooms on one row are siblings and never import one another.
LAYERS = (
    ("cli",),
    ("claude_doctor",),
    ("hooks", "mcp"),
    ("build",),
    ("config", "learning", "replay", "report", "testing"),
    ("judgement_model",),
    ("report_model",),
    ("engine",),
    ("parts",),
    ("executors", "planners", "pools", "routers", "sinks", "verifiers"),
    ("auditor", "cascade", "landing", "record"),
    ("trial", "cleanup", "reach"),
    ("checks", "hedging", "journal", "judging", "spend"),
    ("codec", "desk", "submission"),
    ("environment", "workspace"),
    ("applying",),
    ("undoing",),
    ("repository",),
    ("fork", "listing", "swap"),
    ("detection", "git", "installation", "sandbox"),
    ("agents", "filesystem", "owner", "prices", "process", "refusal", "tables", "transcripts"),
    # the kernel: pure functions of values
    ("calibration", "commit", "explain", "keys", "metrics", "rates", "recall", "schedule"),
    ("policy", "sampling"),
    ("experience",),
    ("races",),
    ("attempts", "alarm", "audit_sample", "choice", "handover", "reasons"),
    ("certificate", "gate", "hedge", "story"),
    ("estimates",),
    ("fusion", "glances"),
    ("priors", "tally", "beta", "delegation", "handback", "weights"),
    ("plan",),
    ("protocols",),
    ("commands", "events"),
    ("advice", "steps"),
    ("model",),
    ("errors", "redaction", "text"),
)
ROW = {room: row for row, rooms in enumerate(LAYERS) for room in rooms}
_KERNEL_FROM = LAYERS.index(
    ("calibration", "commit", "explain", "keys", "metrics", "rates", "recall", "schedule")
)
KERNEL = {room for rooms in LAYERS[_KERNEL_FROM:] for room in rooms}
IMPURE = {"asyncio", "datetime", "io", "os", "random", "secrets", "shutil", "socket", "sqlite3"}
IMPURE |= {"subprocess", "sys", "tempfile", "threading", "time", "uuid"}


def modules() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if "demo_project" not in path.parts]


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports, wherever in it it does."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in _run_time_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _run_time_nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`: types may be named both ways."""
    found, todo = [], [tree]
    while todo:
        node = todo.pop()
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            found.append(node)
            todo.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    """No room imports one above it or beside it."""
    if path == SOURCE / "__init__.py":
        return
    mine = room(path)
    for name in imported(path):
        if not name.startswith("sef."):
            continue
        other = name.split(".")[1]
        assert other == mine or other not in ROW or ROW[mine] < ROW[other], f"{mine} -> {name}"


def test_every_room_has_its_row() -> None:
    """A new file or folder is placed before it is used."""
    rooms = {room(path) for path in modules()} - {"__init__"}
    assert rooms == set(ROW)


@pytest.mark.parametrize("name", sorted(KERNEL))
def test_the_kernel_is_pure(name: str) -> None:
    """Standard library only, and nothing of it that reads a clock, a file, or draws a number."""
    for other in imported(SOURCE / f"{name}.py"):
        top = other.split(".")[0]
        assert top == "sef" or top in sys.stdlib_module_names, other
        assert top not in IMPURE, other


def test_files_are_short() -> None:
    """Below 300 lines of code; the vocabulary in model.py, half of it field docs, below 400."""
    for path in modules():
        limit = 400 if path.name == "model.py" else 300
        assert len(path.read_text().splitlines()) < limit, path


def test_the_public_names_are_a_list() -> None:
    """At most 25, sorted, and each of them is there."""
    assert len(sef.__all__) <= 25
    assert sorted(sef.__all__) == sef.__all__
    for name in sef.__all__:
        assert getattr(sef, name) is not None


def test_importing_sef_imports_no_library_and_starts_nothing() -> None:
    """The nouns cost nothing to import: no typer, rich, pydantic, asyncio."""
    code = (
        "import sys, sef; heavy = {'typer', 'rich', 'pydantic', 'asyncio', 'subprocess'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
