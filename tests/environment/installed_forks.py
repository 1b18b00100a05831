"""Projects whose build needs nothing but Python (and a C compiler for one of them)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from shadowed_projects import Project, git, make

PYTHON = os.path.realpath(sys.executable)

BACKEND = """
import hashlib, os, pathlib, subprocess, sys, sysconfig, time, tomllib, zipfile

TREE = pathlib.Path(__file__).parent.resolve()

def get_requires_for_build_editable(settings=None):
    return []

def _native():
    source = TREE / "alpha/_native.c"
    if source.exists():
        target = source.with_name("_native" + sysconfig.get_config_var("EXT_SUFFIX"))
        include = sysconfig.get_path("include")
        argv = ["cc", "-shared", "-fPIC", "-I", include, "-o", str(target), str(source)]
        subprocess.run(argv, check=True)

def build_editable(folder, settings=None, metadata=None):
    said = tomllib.loads((TREE / "pyproject.toml").read_text())["project"]
    if (TREE / "slow").exists():
        (TREE / "building").touch()
        time.sleep(6)
    if (TREE / "fails").exists():
        raise RuntimeError("no such luck")
    _native()
    name = "alpha-" + said["version"]
    info = name + ".dist-info/"
    requires = "".join(f"Requires-Dist: {one}\\n" for one in said.get("dependencies", []))
    files = {
        "alpha.pth": f"{TREE}\\n",
        info + "METADATA": f"Metadata-Version: 2.1\\nName: alpha\\nVersion: {said['version']}\\n{requires}",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\n" + "".join(
            f"{key} = {value}\\n" for key, value in said.get("scripts", {}).items()),
    }
    files[info + "RECORD"] = "".join(f"{key},,\\n" for key in [*files, info + "RECORD"])
    wheel = name + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for key, text in files.items():
            archive.writestr(key, text)
    return wheel
"""
PYPROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "alpha"
version = "{version}"
dependencies = {dependencies}

[project.scripts]
{script} = "alpha.part:main"
"""
C_SOURCE = """#include <Python.h>
static PyObject *who(PyObject *self, PyObject *args) { return PyUnicode_FromString("%s"); }
static PyMethodDef methods[] = {{"who", who, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "", -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""
# What `setup` runs in a fork: an environment of the fork's own.
SETUP = """
import os, pathlib, subprocess, sys
subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
site = next(pathlib.Path(".venv/lib").glob("python*")) / "site-packages"
(site / "tools.pth").write_text({tools!r} + "\\n" + os.getcwd() + "\\n")
info = site / "alpha-2.0.dist-info"
info.mkdir()
(info / "METADATA").write_text("Metadata-Version: 2.1\\nName: alpha\\nVersion: 2.0\\n")
"""


def pyproject(version: str = "1.0", dependencies: str = "[]", script: str = "alpha") -> str:
    return PYPROJECT.format(version=version, dependencies=dependencies, script=script)


def has_compiler() -> bool:
    return shutil.which("cc") is not None


def build(folder: Path, *, native: bool = False) -> Project:
    """A flat project with a build backend of its own, and a fork that says it is one."""
    project = make(folder, "flat-finder", PYTHON)
    files = {"backend.py": BACKEND, "pyproject.toml": pyproject()}
    if native:
        files["alpha/_native.c"] = C_SOURCE % "user"
    project.write(files, into=project.tree)
    project.write(files)
    commit(project)
    if native:
        compile_in_place(project)
    return project


def commit(project: Project) -> None:
    """What both sides have in common becomes their base."""
    ignored = ".venv/\n*.egg-info/\n__pycache__/\n*.so\n"
    for root in (project.tree, project.fork):
        project.write({".gitignore": ignored}, into=root)
    git(project.tree, "add", "-A")
    git(project.tree, "commit", "-q", "-m", "build")
    git(project.fork, "reset", "-q", "--soft", "main")


def compile_in_place(project: Project) -> None:
    code = "import backend; backend._native()"
    subprocess.run([PYTHON, "-c", code], cwd=project.tree, check=True)


def test_file(*, version: str, native: str | None = None) -> str:
    lines = [
        "import alpha, subprocess, sys",
        "from importlib.metadata import version",
        "def test_all(tmp_path):",
        "    assert alpha.WHO == 'fork'",
        f"    assert version('alpha') == {version!r}",
        "    code = 'import alpha; print(alpha.WHO)'",
        "    argv = [sys.executable, '-I', '-c', code]",
        "    assert subprocess.check_output(argv, cwd=tmp_path, env={}) == b'fork\\n'",
    ]
    if native:
        lines.insert(1, "import alpha._native")
        lines.append(f"    assert alpha._native.who() == {native!r}")
    return "\n".join(lines) + "\n"
