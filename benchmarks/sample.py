"""A small project with an environment, for measurements that are given none."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from sef.git import git_environment

_FILES = {
    "pyproject.toml": '[project]\nname = "sample"\nversion = "1.0"\n'
    '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n',
    "src/sample/__init__.py": '"""A sample."""\n',
    "tests/test_sample.py": "def test_it():\n    import sample\n",
    ".gitignore": ".venv\n",
}
_WHO = ("-c", "user.name=a", "-c", "user.email=a@localhost")


def make_sample(tree: Path) -> Path:
    """A git repository with the sample, imported by its environment from the tree."""
    for name, text in _FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    venv.create(tree / ".venv", with_pip=False)
    (site,) = tree.glob(".venv/lib/*/site-packages")
    (site / "sample.pth").write_text(f"{tree}/src\n")
    for words in (("init", "-q"), ("add", "-A"), (*_WHO, "commit", "-q", "-m", "start")):
        subprocess.run(("git", *words), cwd=tree, env=git_environment(), check=True)
    return tree
