"""The projects of the matrix: one file set, one way of being installed, one runner each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

PYTEST = ("{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider")
SCRIPT = ("pytest", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One project as its author would have it."""

    name: str
    mechanism: str
    """How the environment finds it, in a word."""
    files: Mapping[str, str]
    """Besides the sources."""
    root: str = ""
    package: str = "alpha"
    """Folder of the package under the root; empty: a single module."""
    module: str = "alpha.part"
    """What the observations import."""
    needs: tuple[str, ...] = ()
    """Packages of the build."""
    install: tuple[str, ...] | None = ("-e", ".")
    """Arguments of the installation; None: it is not installed."""
    argv: tuple[str, ...] = SCRIPT
    version: str = "pyproject.toml"
    """File that says the version."""
    native: str | None = None
    """C source, where there is one."""
    where: str = "venv"
    """venv, outside or prefix: what kind of environment."""
    undecided: str = ""
    """Why no proof is expected, where none is."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Added variables."""
    launcher: bool = False
    """True where the command is not the fork's Python itself."""


def _toml(backend: str, requires: str, rest: str = "", scripts: str | None = None) -> str:
    script = scripts or 'alpha = "alpha.part:main"'
    return (
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n\n'
        f'[project]\nname = "alpha"\nversion = "1.0"\ndescription = "x"\n\n'
        f"[project.scripts]\n{script}\n{rest}"
    )


def _setuptools(rest: str, scripts: str | None = None) -> dict[str, str]:
    text = _toml("setuptools.build_meta", "setuptools", rest, scripts)
    return {"pyproject.toml": text}


def _backend(backend: str, requires: str, rest: str = "") -> dict[str, str]:
    return {"pyproject.toml": _toml(backend, requires, rest)}


_FLAT = '\n[tool.setuptools]\npackages = ["alpha"]\npy-modules = ["alpha_old"]\n'
_SRC = '\n[tool.setuptools.packages.find]\nwhere = ["src"]\n'
_NS = '\n[tool.setuptools.packages.find]\nnamespaces = true\ninclude = ["ns*"]\n'
_NS_SCRIPT = 'alpha = "ns.alpha.part:main"'
_SINGLE = '\n[tool.setuptools]\npy-modules = ["alpha", "alpha_old"]\n'
_MAPPED = '\n[tool.setuptools]\npackages = ["alpha"]\npackage-dir = {alpha = "lib"}\n'
_EXACT = "\n[tool.hatch.build]\ndev-mode-exact = true\n"
_HATCH_SRC = '\n[tool.hatch.build.targets.wheel]\npackages = ["src/alpha"]\n'
_HATCH_FLAT = '\n[tool.hatch.build.targets.wheel]\npackages = ["alpha"]\n'
_PDM = (
    '\n[tool.pdm.build]\neditable-backend = "{}"\nincludes = ["src/alpha"]\npackage-dir = "src"\n'
)
_SETUP_PY = """from setuptools import setup
setup(name="alpha", version="1.0", packages=["alpha"], py_modules=["alpha_old"],
      entry_points={"console_scripts": ["alpha=alpha.part:main"]})
"""
C_SOURCE = """#include <Python.h>
static PyObject *who(PyObject *self, PyObject *args) { return PyUnicode_FromString("base"); }
static PyMethodDef methods[] = {{"who", who, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "", -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""
_C_SETUP = """from setuptools import Extension, setup
setup(ext_modules=[Extension("alpha._native", ["alpha/_native.c"])])
"""
_MESON = """project('alpha', 'c', version: '1.0')
py = import('python').find_installation(pure: false)
py.extension_module('_native', 'alpha/_native.c', subdir: 'alpha', install: true)
py.install_sources('alpha/__init__.py', 'alpha/part.py', subdir: 'alpha')
"""
_CMAKE = """cmake_minimum_required(VERSION 3.18)
project(alpha LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
python_add_library(_native MODULE alpha/_native.c WITH_SOABI)
install(TARGETS _native DESTINATION alpha)
"""
_WORKSPACE = '\n[tool.uv.workspace]\nmembers = ["libs/*"]\n'
_MEMBER = (
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\n'
    'name = "beta"\nversion = "1.0"\n[tool.hatch.build.targets.wheel]\npackages = ["src/beta"]\n'
)
_NOX = """import nox
@nox.session(venv_backend={backend})
def tests(session):
    {install}
    session.run("python", "-m", "pytest", "-q")
"""
_TOX = "[tox]\nenvlist = py\n[testenv]\ndeps = pytest\ncommands = pytest -q\n"
_POETRY_SRC = '\n[tool.poetry]\npackages = [{include = "alpha", from = "src"}]\n'

_flat = Spec(
    name="setuptools flat", mechanism="finder", files=_setuptools(_FLAT), needs=("setuptools",)
)
_hatch = Spec(
    name="hatch src", mechanism=".pth", root="src/", needs=("hatchling", "editables"),
    files=_backend("hatchling.build", "hatchling", _HATCH_SRC),
)  # fmt: skip
_c = replace(
    _flat, name="C in place", mechanism="compiled", native="alpha/_native.c",
    files={**_setuptools('\n[tool.setuptools]\npackages = ["alpha"]\n'), "setup.py": _C_SETUP},
)  # fmt: skip

PROJECTS: tuple[Spec, ...] = (
    _flat,
    replace(_flat, name="setuptools single module", files=_setuptools(_SINGLE, 'alpha = "alpha:main"'),
            package="", module="alpha"),
    replace(_flat, name="setuptools namespace", files=_setuptools(_NS, _NS_SCRIPT),
            package="ns/alpha", module="ns.alpha.part"),
    replace(_flat, name="setuptools src", mechanism=".pth", root="src/", files=_setuptools(_SRC)),
    replace(_flat, name="setuptools src compat", mechanism=".pth", root="src/",
            files=_setuptools(_SRC),
            install=("-e", ".", "--config-settings", "editable_mode=compat")),
    replace(_flat, name="setuptools strict", mechanism="link farm",
            install=("-e", ".", "--config-settings", "editable_mode=strict")),
    replace(_flat, name="setuptools package-dir", mechanism="finder", files=_setuptools(_MAPPED),
            package="lib"),
    replace(_flat, name="setup.py develop", mechanism="egg-link", files={"setup.py": _SETUP_PY},
            needs=("setuptools==74.1.3",), install=("develop",), version="setup.py"),
    _hatch,
    replace(_hatch, name="hatch flat", root="",
            files=_backend("hatchling.build", "hatchling", _HATCH_FLAT)),
    replace(_hatch, name="hatch exact", mechanism="editables", needs=("hatchling", "editables"),
            files=_backend("hatchling.build", "hatchling", _HATCH_SRC + _EXACT)),
    replace(_hatch, name="flit flat", root="", needs=("flit_core",),
            files=_backend("flit_core.buildapi", "flit_core")),
    replace(_hatch, name="flit src", needs=("flit_core",),
            files=_backend("flit_core.buildapi", "flit_core")),
    replace(_hatch, name="poetry src", needs=("poetry-core",),
            files=_backend("poetry.core.masonry.api", "poetry-core", _POETRY_SRC)),
    replace(_hatch, name="poetry flat", root="", needs=("poetry-core",),
            files=_backend("poetry.core.masonry.api", "poetry-core")),
    replace(_hatch, name="pdm path", needs=("pdm-backend",),
            files=_backend("pdm.backend", "pdm-backend", _PDM.format("path"))),
    replace(_hatch, name="pdm editables", mechanism="editables", needs=("pdm-backend", "editables"),
            files=_backend("pdm.backend", "pdm-backend", _PDM.format("editables"))),
    replace(_hatch, name="uv_build src", needs=("uv_build",),
            files=_backend("uv_build", "uv_build")),
    replace(_flat, name="copy flat", mechanism="copy", install=(".",)),
    replace(_flat, name="copy src", mechanism="copy", root="src/", install=(".",),
            files=_setuptools(_SRC)),
    replace(_flat, name="copy namespace", mechanism="copy", install=(".",),
            files=_setuptools(_NS, _NS_SCRIPT), package="ns/alpha", module="ns.alpha.part"),
    _c,
    replace(_c, name="C as a copy", install=(".",)),
    replace(_c, name="meson-python", mechanism="rebuilds", needs=("meson-python", "ninja", "meson"),
            files={**_backend("mesonpy", "meson-python"), "meson.build": _MESON}),
    replace(_c, name="scikit-build-core", mechanism="rebuilds",
            needs=("scikit-build-core", "cmake", "ninja"),
            files={**_backend("scikit_build_core.build", "scikit-build-core"),
                   "CMakeLists.txt": _CMAKE}),
    replace(_flat, name="root conftest", mechanism="rootdir", install=None,
            files={**_setuptools(_FLAT), "conftest.py": ""}),
    replace(_flat, name="ini pythonpath", mechanism="rootdir", install=None, root="src/",
            files=_setuptools(_SRC + '\n[tool.pytest.ini_options]\npythonpath = ["src"]\n')),
    replace(_flat, name="python -m pytest", mechanism="rootdir", install=None, argv=PYTEST),
    replace(_hatch, name="importlib mode", argv=(*SCRIPT, "--import-mode=importlib")),
    replace(_hatch, name="uv workspace", install=("-e", ".", "-e", "libs/beta"),
            files={**_backend("hatchling.build", "hatchling", _HATCH_SRC + _WORKSPACE),
                   "libs/beta/pyproject.toml": _MEMBER, "libs/beta/src/beta/__init__.py": ""}),
    replace(_flat, name="conda-like prefix", where="prefix"),
    replace(_hatch, name="environment outside", where="outside"),
)  # fmt: skip

RUNNERS: tuple[Spec, ...] = (
    replace(_flat, name="xdist", argv=(*SCRIPT, "-n2"), needs=("setuptools", "pytest-xdist")),
    replace(_flat, name="coverage", argv=(*SCRIPT, "--cov"), needs=("setuptools", "pytest-cov")),
    replace(_flat, name="unittest", argv=("{python}", "-m", "unittest", "discover", "-s", "tests",
                                          "-p", "unit_*.py")),
    replace(_flat, name="nox, no environment", argv=("nox",), needs=("setuptools", "nox"),
            files={**_setuptools(_FLAT), "noxfile.py": _NOX.format(backend="'none'", install="pass")},
            launcher=True),
    replace(_flat, name="nox, its own", argv=("nox",), needs=("setuptools", "nox"),
            files={**_setuptools(_FLAT), "noxfile.py": _NOX.format(
                backend="'venv'", install="session.install('pytest', 'setuptools', '.')")},
            undecided="its environment has no witness", launcher=True),
    replace(_flat, name="tox", argv=("tox",), needs=("setuptools", "tox"), launcher=True,
            files={**_setuptools(_FLAT), "tox.ini": _TOX},
            undecided="its environment has no witness"),
    replace(_hatch, name="uv run --no-sync", argv=("uv", "run", "--no-sync", "pytest", "-q"),
            launcher=True),
    replace(_hatch, name="uv run", argv=("uv", "run", "pytest", "-q"), launcher=True),
)  # fmt: skip
