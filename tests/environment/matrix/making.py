"""Makes the projects of the matrix with real installers, and forks of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.environment.matrix.observations import tests_of
from tests.environment.matrix.projects import C_SOURCE, Spec

from sef.environment import Environments, Settings
from sef.model import Checkout

_PART = """WHO = "{who}"
{native}

def who():
    return {answer}


def main():
    print(who())
"""
_NATIVE = "from alpha._native import who as native_who"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A project with its environment, and where its forks go."""

    spec: Spec
    folder: Path
    python: Path
    """Of the environment."""

    @property
    def tree(self) -> Path:
        return self.folder / "user"

    @property
    def out(self) -> Path:
        return self.folder / "seen"

    def environments(self, settings: Settings) -> Environments:
        variables = {**os.environ, **self.spec.extra}
        variables |= {"UV_OFFLINE": "1"} if self.spec.name.startswith("uv run") else {}
        return Environments(
            tree=self.tree,
            scratch=self.folder / "scratch",
            python=None if self.spec.where == "venv" else self.python,
            variables=variables,
            settings=settings,
        )

    def state(self) -> str:
        """One number for every file of the tree and of its environment."""
        seen = hashlib.sha256()
        for root in (self.tree, self.python.parent.parent):
            for folder, folders, files in os.walk(root):
                folders[:] = sorted(each for each in folders if each != ".git")
                for name in sorted(files):
                    path = Path(folder, name)
                    seen.update(str(path).encode())
                    held = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
                    seen.update(held)
        return seen.hexdigest() + run("git", "status", "--porcelain", cwd=self.tree)


def run(*argv: str, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        argv, check=False, cwd=cwd, capture_output=True, text=True, env={**os.environ, **variables}
    )
    if done.returncode != 0:
        raise RuntimeError(f"{argv} failed: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout


def sources(spec: Spec, who: str) -> dict[str, str]:
    """The files that say whose the code is."""
    native = _NATIVE if spec.native else ""
    answer = 'WHO + "+" + native_who()' if spec.native else "WHO"
    part = _PART.format(who=who, native=native, answer=answer)
    if not spec.package:
        return {f"{spec.root}alpha.py": part}
    inside = f"{spec.root}{spec.package}"
    return {f"{inside}/__init__.py": f'"""Alpha."""\nWHO = "{who}"\n__version__ = "1.0"\n',
            f"{inside}/part.py": part}  # fmt: skip


def top(spec: Spec) -> str:
    return f"{spec.root}ns/" if spec.package.startswith("ns/") else spec.root


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def make(spec: Spec, folder: Path, python: Path) -> Made:
    """The project, committed and installed for that interpreter."""
    tree = folder / "user"
    (folder / "seen").mkdir(parents=True)
    ignored = ".venv/\n*.egg-info/\n__pycache__/\nbuild/\n*.so\n.nox/\n.tox/\n"
    files = {**sources(spec, "user"), f"{top(spec)}alpha_old.py": 'WHO = "user"\n', **spec.files}
    files |= tests_of(spec.module, str(folder / "seen")) | {".gitignore": ignored}
    files |= {spec.native: C_SOURCE} if spec.native else {}
    write(tree, files)
    run("git", "init", "-q", "-b", "main", cwd=tree)
    _commit(tree, "start")
    own = _environment(spec, folder, python)
    _install(spec, tree, own)
    return Made(spec=spec, folder=folder, python=own)


def _commit(tree: Path, message: str) -> None:
    run("git", "add", "-A", cwd=tree)
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    run("git", *named, "commit", "-q", "-m", message, cwd=tree)


def _environment(spec: Spec, folder: Path, python: Path) -> Path:
    if spec.where == "prefix":
        return _prefix(folder / "prefix", python)
    venv = folder / "user/.venv" if spec.where == "venv" else folder / "environment"
    run("uv", "venv", "-q", "--python", str(python), str(venv), cwd=folder)
    return venv / "bin/python"


def _prefix(prefix: Path, python: Path) -> Path:
    """An interpreter in a prefix of its own that is no virtual environment."""
    asked = "import sys, sysconfig; print(sys.base_prefix, sysconfig.get_path('stdlib'))"
    _, library = run(str(python), "-c", asked, cwd=prefix.parent).split()
    own = prefix / "lib" / Path(library).name
    (own / "site-packages").mkdir(parents=True)
    for entry in Path(library).iterdir():
        if entry.name not in ("site-packages", "EXTERNALLY-MANAGED"):
            (own / entry.name).symlink_to(entry)
    (prefix / "bin").mkdir()
    (prefix / "include").symlink_to(Path(library).parent.parent / "include")
    shutil.copy(os.path.realpath(python), prefix / "bin/python")
    (prefix / "bin/python3").symlink_to("python")
    return prefix / "bin/python"


def _install(spec: Spec, tree: Path, python: Path) -> None:
    break_in = ("--break-system-packages",) if spec.where == "prefix" else ()
    pip = ("uv", "pip", "install", "-q", *break_in, "-p", str(python))
    run(*pip, "pytest", *spec.needs, cwd=tree)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    if spec.install == ("develop",):
        run(str(python), "setup.py", "-q", "develop", "--no-deps", cwd=tree, PATH=path)
    elif spec.install:
        run(*pip, "--no-deps", "--no-build-isolation", *spec.install, cwd=tree, PATH=path)


def fork(made: Made, draft: str, number: int) -> Checkout:
    """A fork with one draft: `code` touches sources only, `build` the version and C, too."""
    path = made.folder / f"fork-{number}"
    spec = made.spec
    run("git", "worktree", "add", "-q", "--detach", str(path), cwd=made.tree)
    write(path, {**sources(spec, "fork"), f"{top(spec)}alpha_new.py": 'WHO = "fork"\n'})
    (path / f"{top(spec)}alpha_old.py").unlink()
    if draft == "build":
        for name in {spec.version, "meson.build"} & {*spec.files}:
            write(path, {name: (path / name).read_text().replace("1.0", "2.0")})
        write(
            path, {name: text.replace("1.0", "2.0") for name, text in sources(spec, "fork").items()}
        )
        _drop_old_module(path)
        if spec.native:
            write(path, {spec.native: C_SOURCE.replace('"base"', '"draft"')})
    run("git", "add", "-A", cwd=path)
    return Checkout(
        path=path,
        commit="unused",
        users=False,
        files=tuple(run("git", "ls-files", cwd=path).split()),
        base_files=tuple(run("git", "ls-files", cwd=made.tree).split()),
        changed=tuple(run("git", "diff", "--cached", "--name-only", "HEAD", cwd=path).split()),
    )


def _drop_old_module(path: Path) -> None:
    """The recipe names the modules that are there."""
    for name in ("pyproject.toml", "setup.py"):
        if (path / name).exists():
            text = (path / name).read_text().replace(', "alpha_old"]', "]")
            text = text.replace('"alpha_old"', '"alpha_new"')
            (path / name).write_text(text)
