"""Which Python runs the checks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from sef.environment import Environments, Unproved
from sef.environment.probe import NoInterpreter
from sef.environment.scripts import first_lines
from sef.model import Checkout

CHECKOUT = Checkout(path=Path("/x"), commit="", users=False, files=("a.py",), base_files=("a.py",))


def environments(
    tmp_path: Path, python: Path | None = None, wanting: str = "pytest", **variables: str
) -> Environments:
    return Environments(
        tree=tmp_path,
        scratch=tmp_path.parent / "scratch",
        python=python,
        variables={"PATH": "/nowhere", **variables},
        wanting=wanting,
    )


def interpreter(tmp_path: Path, **given: str) -> Path:
    return asyncio.run(environments(tmp_path, **given).interpreter())


def make_venv(folder: Path) -> Path:
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(folder)), check=True)
    return folder / "bin/python"


def test_the_tree_comes_before_the_activated_environment(tmp_path: Path) -> None:
    """`.venv` of the tree precedes VIRTUAL_ENV, which precedes PATH."""
    active = make_venv(tmp_path / "active")
    assert interpreter(tmp_path, VIRTUAL_ENV=str(active.parent.parent)) == active
    tree = make_venv(tmp_path / ".venv")
    assert interpreter(tmp_path, VIRTUAL_ENV=str(active.parent.parent)) == tree


def test_the_one_that_has_the_runner(tmp_path: Path) -> None:
    """Where only PATH speaks, an interpreter without the tool loses to sef's own with it."""
    bare = make_venv(tmp_path / "bare")
    assert interpreter(tmp_path, PATH=str(bare.parent)) == Path(sys.executable)
    assert interpreter(tmp_path, PATH=str(bare.parent), wanting="json").parent == bare.parent
    assert (
        interpreter(tmp_path, PATH=str(bare.parent), wanting="no_such_tool").parent == bare.parent
    )


@pytest.mark.parametrize("python", ["missing/python", "no-such-python", "broken"])
def test_a_named_interpreter_that_does_not_run(tmp_path: Path, python: str) -> None:
    """The error names it and says what to do; a fork is refused for the same reason."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)
    made = environments(tmp_path, python=Path(python))
    with pytest.raises(NoInterpreter, match=python) as raised:
        asyncio.run(made.interpreter())
    assert "sef.toml" in str(raised.value)
    with pytest.raises(Unproved) as refused:
        asyncio.run(made.of_fork(CHECKOUT))
    assert "sef.toml" in (refused.value.proof.mend or "")


def test_a_named_interpreter(tmp_path: Path) -> None:
    """A path is relative to the tree, a bare name is looked up on PATH."""
    make_venv(tmp_path / "own")
    python = tmp_path / "own/bin/python"
    made = environments(tmp_path, python=Path("own/bin/python"))
    assert asyncio.run(made.interpreter()) == python
    made = environments(tmp_path, python=Path("python"), PATH=str(python.parent))
    assert asyncio.run(made.interpreter()) == python


def test_an_environment_that_is_broken_is_an_error(tmp_path: Path) -> None:
    """A tree whose environment lost its interpreter is not judged by another one in silence."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/nowhere/python")
    with pytest.raises(NoInterpreter, match=r"\.venv/bin/python"):
        interpreter(tmp_path)


def test_first_lines_of_scripts() -> None:
    """Long paths and blanks need the form that a shell reads."""
    assert first_lines(b"/p/python", b"-s") == b"#!/p/python -s\n"
    for python in (b"/a b/python", b"/" + b"p" * 200):
        lines = first_lines(python).splitlines()
        assert lines == [b"#!/bin/sh", b"'''exec' \"" + python + b'" "$0" "$@"', b"' '''"]
