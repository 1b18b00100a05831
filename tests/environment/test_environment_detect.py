"""Which modules are the project's: pure functions of file lists and hints."""

from __future__ import annotations

import pytest

from sef.environment.detect import (
    Installed,
    build_inputs,
    is_test,
    is_version_module,
    layout,
    owner,
)
from sef.environment.hints import Hints, hints

NOTHING = Installed()


def own(files: str, hinted: Hints | None = None, there: Installed = NOTHING) -> dict[str, str]:
    listed = files.split()
    return dict(layout(listed, listed, hinted or Hints(), there).own)


def test_src_layout() -> None:
    """Packages and modules under `src` are own; what lies beside it is not."""
    found = own(
        "src/a/__init__.py src/a/b.py src/one.py tests/test_a.py setup.py tools/__init__.py"
    )
    assert found == {"a": "src/a/__init__.py", "one": "src/one.py"}


def test_flat_layout() -> None:
    """Without another root the tree itself is one, except for tests, docs and scripts."""
    found = own("a/__init__.py a/b.py conftest.py setup.py tests/__init__.py docs/conf.py one.py")
    assert found == {"a": "a/__init__.py", "one": "one.py"}


def test_namespace_packages_have_dotted_names() -> None:
    """The outermost regular package of each branch is own."""
    found = own("src/ns/a/__init__.py src/ns/a/b/__init__.py src/ns/deep/m.py")
    assert found == {"ns.a": "src/ns/a/__init__.py", "ns.deep.m": "src/ns/deep/m.py"}


def test_the_top_level_needs_evidence() -> None:
    """The tree is a root beside `src` when the environment imports from it."""
    files = "src/a/__init__.py scripts/__init__.py"
    assert set(own(files)) == {"a"}
    for there in (
        Installed(roots=(".",)),
        Installed(mapped=(("scripts", "scripts"),)),
        Installed(tops=("scripts",)),
    ):
        assert set(own(files, there=there)) == {"a", "scripts"}


def test_a_folder_named_like_an_installed_package() -> None:
    """At the top level a name that another installation brought is not the project's."""
    found = own("a/__init__.py packaging/__init__.py", there=Installed(others=("packaging",)))
    assert set(found) == {"a"}


def test_a_module_named_like_the_standard_library() -> None:
    """It would never be imported from a root."""
    assert set(own("a.py platform.py")) == {"a"}


def test_src_that_is_a_package() -> None:
    """A `src` with an `__init__.py` is a package of that name."""
    assert own("src/__init__.py src/a.py") == {"src": "src/__init__.py"}


def test_mapped_packages() -> None:
    """A package may lie in a folder of another name."""
    hinted = hints({"pyproject.toml": '[tool.setuptools]\npackage-dir = {a = "lib"}\n'})
    assert own("lib/__init__.py lib/b.py", hinted)["a"] == "lib/__init__.py"
    assert own("x/__init__.py", there=Installed(mapped=(("a", "x"),)))["a"] == "x/__init__.py"


def test_gone_modules() -> None:
    """What the base has and the fork has not is gone, unless it only changed its form."""
    base = ["a.py", "b.py", "c/__init__.py", "c/d.py"]
    fork = ["b/__init__.py", "c/d.py"]
    found = layout(fork, base, Hints(), NOTHING)
    assert found.gone == ("a",)


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ('[tool.setuptools.packages.find]\nwhere = ["lib"]', ("lib",)),
        ('[tool.setuptools]\npackage-dir = {"" = "lib"}', ("lib",)),
        ('[[tool.poetry.packages]]\ninclude = "a"\nfrom = "lib"', ("lib",)),
        ('[tool.hatch.build.targets.wheel]\npackages = ["lib/a"]', ("lib",)),
        ('[tool.pytest.ini_options]\npythonpath = ["lib", "."]', ("lib", ".")),
        ('[tool.pdm.build]\npackage-dir = "lib"', ("lib",)),
        ('[tool.uv.build-backend]\nmodule-root = ""', (".",)),
        ('[tool.setuptools.packages.find]\nwhere = ["../outside", "/x"]', ()),
        ("[tool.setuptools]\npackage-dir = 7\npackages = 7", ()),
        ('tool = "nonsense"', ()),
        ("[broken", ()),
    ],
)
def test_hints_of_pyproject(text: str, roots: tuple[str, ...]) -> None:
    """Every build tool has its own word for the root; what is malformed is no hint."""
    assert hints({"pyproject.toml": text}).roots == roots


def test_names_of_the_project() -> None:
    """The name is read from whichever file holds it."""
    assert hints({"pyproject.toml": '[project]\nname = "A_b.c"'}).names == ("a-b-c",)
    assert hints({"setup.cfg": "[metadata]\nname = a\n"}).names == ("a",)
    assert hints({"setup.py": "setup(\n    name='a', version='1')"}).names == ("a",)
    assert hints({"setup.cfg": "no sections here"}).names == ()


def test_build_inputs() -> None:
    """What decides how the project is built, but not what tests only hold as data."""
    changed = ["a.py", "pyproject.toml", "src/x.pyx", "tests/data/setup.py", "sub/Cargo.toml"]
    assert build_inputs(changed) == ("pyproject.toml", "src/x.pyx", "sub/Cargo.toml")


def test_small_words() -> None:
    """Names of tests, of versions, and of what is inside a package."""
    assert is_test("tests/util.py")
    assert is_test("src/a/test_b.py")
    assert not is_test("src/a/contest.py")
    assert is_version_module("a._version")
    assert is_version_module("a.__version__")
    assert not is_version_module("a.conversion")
    assert owner("a.b.c", {"a.b"}) == "a.b"
    assert owner("ab", {"a"}) is None
