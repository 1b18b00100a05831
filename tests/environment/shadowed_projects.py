"""Real projects with real virtual environments, installed by hand the way installers do it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sef.environment import Environment, Environments, Proof, Settings
from sef.model import Checkout
from sef.process import Finished, run_program

KINDS = ("src-pth", "flat-finder", "flat-pth", "src-copy", "flat-copy", "develop")
SLOW_MACHINE_S = 100.0
OPEN = Settings(mode="open")

TESTS = """
import os, pathlib, subprocess, sys
import pytest

def child(*argv, **settings):
    done = subprocess.run(argv, capture_output=True, text=True, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

CODE = "import alpha.part; print(alpha.part.WHO)"

def test_in_process():
    import alpha, alpha.part
    assert (alpha.WHO, alpha.part.WHO) == ("fork", "fork")

def test_child():
    assert child(sys.executable, "-c", CODE) == "fork"

def test_child_by_name():
    assert child("python", "-c", CODE) == "fork"

def test_child_with_clean_environment(tmp_path):
    assert child(sys.executable, "-c", CODE, env={}, cwd=tmp_path) == "fork"

def test_isolated_child(tmp_path):
    assert child(sys.executable, "-I", "-c", CODE, cwd=tmp_path) == "fork"

def test_module_as_program(tmp_path):
    assert child(sys.executable, "-m", "alpha.part", cwd=tmp_path) == "fork"

def test_console_script(tmp_path):
    assert child("alpha", cwd=tmp_path) == "fork"

def test_new_module():
    import alpha_new
    assert alpha_new.WHO == "fork"

def test_deleted_module():
    with pytest.raises(ModuleNotFoundError):
        import alpha_old

def test_deleted_module_in_child(tmp_path):
    done = subprocess.run([sys.executable, "-I", "-c", "import alpha_old"], cwd=tmp_path)
    assert done.returncode == 1

def test_deleted_submodule():
    with pytest.raises(ModuleNotFoundError):
        import alpha.old

def test_metadata():
    from importlib.metadata import version
    assert version("alpha") == "1.0"
"""


def sources(who: str, *, root: str) -> dict[str, str]:
    """The files of a project that says whose it is."""
    part = (
        f'WHO = "{who}"\n\ndef main():\n    print(WHO)\n\nif __name__ == "__main__":\n    main()\n'
    )
    return {
        f"{root}alpha/__init__.py": f'WHO = "{who}"\n',
        f"{root}alpha/part.py": part,
    }


@dataclass(frozen=True)
class Project:
    """A user's tree with its environment, and a fork of it."""

    tree: Path
    fork: Path
    scratch: Path
    python: Path
    root: str
    settings: Settings = OPEN

    def write(self, files: dict[str, str], *, into: Path | None = None) -> None:
        for name, text in files.items():
            place = (into or self.fork) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def checkout(self) -> Checkout:
        """The fork as it is now."""
        git(self.fork, "add", "-A")
        changed = git(self.fork, "diff", "--cached", "--name-only", "HEAD")
        return Checkout(
            path=self.fork,
            commit="unused",
            users=False,
            files=tuple(git(self.fork, "ls-files").split()),
            base_files=tuple(git(self.tree, "ls-files").split()),
            changed=tuple(changed.split()),
        )

    def environments(self, settings: Settings | None = None) -> Environments:
        return Environments(
            tree=self.tree,
            scratch=self.scratch,
            variables=dict(os.environ),
            settings=settings or self.settings,
        )

    async def of_fork(self, settings: Settings | None = None) -> Environment:
        return await self.environments(settings).of_fork(self.checkout())

    async def run(
        self, *argv: str, expect_pid: bool = True, settings: Settings | None = None
    ) -> tuple[Finished, Proof]:
        """Runs a command in the fork's environment and reads the proof."""
        with await self.of_fork(settings) as environment:
            finished = await run_program(
                environment.wrap(argv),
                cwd=self.fork,
                env=environment.variables,
                timeout_s=SLOW_MACHINE_S,
            )
            return finished, environment.prove(finished.pid if expect_pid else None)

    @property
    def state(self) -> dict[str, str]:
        """Every file of the tree and of its environment, with its content."""
        paths = sorted(self.tree.rglob("*"))
        return {
            str(path): _digest(path) for path in paths if self.tree / ".git" not in path.parents
        }


def _digest(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


def make(folder: Path, kind: str, python: str | None = None) -> Project:
    """A project installed as `kind` says, and a fork whose only difference is who it is."""
    root = "src/" if kind.startswith("src") else ""
    tree = folder / "user"
    files = {
        **sources("user", root=root),
        f"{root}alpha_old.py": 'WHO = "user"\n',
        f"{root}alpha/old.py": "",
        "pyproject.toml": '[project]\nname = "alpha"\nversion = "1.0"\n',
        ".gitignore": ".venv/\n*.egg-info/\n__pycache__/\n",
        "tests/test_who.py": TESTS,
    }
    project = Project(tree, folder / "fork", folder / "scratch", tree / ".venv/bin/python", root)
    project.write(files, into=tree)
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "start")
    _make_environment(tree / ".venv", python)
    install(project, kind)
    git(tree, "worktree", "add", "-q", "--detach", str(project.fork))
    project.write({**sources("fork", root=root), f"{root}alpha_new.py": 'WHO = "fork"\n'})
    (project.fork / f"{root}alpha_old.py").unlink()
    (project.fork / f"{root}alpha/old.py").unlink()
    return project


def _make_environment(venv: Path, python: str | None) -> None:
    base = python or os.path.realpath(sys.executable)
    subprocess.run((base, "-m", "venv", "--without-pip", str(venv)), check=True)
    tools = Path(pytest.__file__).parent.parent
    (packages(venv) / "tools.pth").write_text(f"{tools}\n")
    script(
        venv, "pytest", "import sys\nfrom pytest import console_main\nsys.exit(console_main())\n"
    )


def packages(venv: Path) -> Path:
    return next((venv / "lib").glob("python*")) / "site-packages"


def script(venv: Path, name: str, text: str) -> None:
    place = venv / "bin" / name
    place.write_text(f"#!{venv}/bin/python\n{text}")
    place.chmod(0o755)


FINDER = """
import importlib.util, sys
MAPPING = {mapping!r}
NAMESPACES = {{}}

class _EditableFinder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        place = MAPPING.get(name)
        if place is None:
            return None
        for file in (place + "/__init__.py", place + ".py"):
            try:
                open(file).close()
            except OSError:
                continue
            return importlib.util.spec_from_file_location(name, file)

def install():
    sys.meta_path.append(_EditableFinder)
"""


def install(project: Project, kind: str) -> None:
    """Installs the tree into its environment the way the kind says."""
    venv, tree = project.tree / ".venv", project.tree
    site = packages(venv)
    script(venv, "alpha", "import sys\nfrom alpha.part import main\nsys.exit(main())\n")
    if kind == "develop":
        (site / "easy-install.pth").write_text(f"{tree}\n")
        (site / "alpha.egg-link").write_text(f"{tree}\n.")
        info = {"PKG-INFO": "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n"}
        project.write({f"alpha.egg-info/{name}": text for name, text in info.items()}, into=tree)
        return
    record = []
    if kind.endswith("pth"):
        (site / "__editable__.alpha-1.0.pth").write_text(f"{tree / project.root}\n")
        record.append("__editable__.alpha-1.0.pth,,")
    elif kind.endswith("finder"):
        mapping = {name: str(tree / name) for name in ("alpha", "alpha_old")}
        (site / "__editable___alpha_1_0_finder.py").write_text(FINDER.format(mapping=mapping))
        line = "import __editable___alpha_1_0_finder as finder; finder.install()\n"
        (site / "__editable__.alpha-1.0.pth").write_text(line)
        record.append("__editable___alpha_1_0_finder.py,,")
    else:
        copied = [path for path in git(tree, "ls-files").split() if "alpha" in path]
        project.write(
            {path.removeprefix(project.root): (tree / path).read_text() for path in copied},
            into=site,
        )
        record += [f"{path.removeprefix(project.root)},," for path in copied]
    info = site / "alpha-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n")
    (info / "RECORD").write_text("\n".join([*record, "alpha-1.0.dist-info/METADATA,,"]) + "\n")


def git(root: Path, *args: str) -> str:
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ("git", *named, *args), cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout
