"""The shadow: a virtual environment in front of the user's, made by hand in milliseconds.

It holds a `pyvenv.cfg`, links to the interpreter behind the user's environment, the user's
scripts with another first line, and the start-up hook. Nothing of the user's is written to.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from sef.environment import detect, scripts
from sef.environment.detect import COMPILED, Layout
from sef.environment.leftovers import make_temporary, temporary_of
from sef.environment.probe import Facts
from sef.environment.redirect import Redirection, render

_UNSET = frozenset(
    (
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONPYCACHEPREFIX",
        "UV_PROJECT_ENVIRONMENT",
        "CONDA_PREFIX",
        "CONDA_DEFAULT_ENV",
        "VIRTUAL_ENV",
    )
) | {"__PYVENV_LAUNCHER__"}


def build(
    folder: Path,
    facts: Facts,
    programs: Iterable[scripts.Program],
    redirection: Redirection,
    metadata: Iterable[Path],
) -> Path:
    """Makes the shadow in `folder` and returns its interpreter."""
    packages = folder / facts.library
    binaries = folder / "bin"
    packages.mkdir(parents=True)
    binaries.mkdir()
    make_temporary(folder)
    _write_settings(folder, facts)
    for name in ("python", "python3", "python{}.{}".format(*facts.version)):
        (binaries / name).symlink_to(facts.base)
    scripts.write(programs, binaries, binaries / "python")
    for source in metadata:
        shutil.copytree(source, packages / source.name, dirs_exist_ok=True)
    hook, start, finish, _ = (Path(path) for path in protected(folder, facts))
    hook.write_text(render(redirection), encoding="ascii")
    start.write_text("import _sef_redirect\n", encoding="ascii")
    finish.write_text("import _sef_redirect; _sef_redirect.finish()\n", encoding="ascii")
    return binaries / "python"


def protected(folder: Path, facts: Facts) -> tuple[str, ...]:
    """The start-up hook, the files that start and finish it, and the shadow's settings."""
    packages = folder / facts.library
    # Start-up files are run in the order of their names: an installed fork's lie between the two.
    names = ("_sef_redirect.py", "!sef.pth", "~sef.pth")
    return (*(str(packages / name) for name in names), str(folder / "pyvenv.cfg"))


def _write_settings(folder: Path, facts: Facts) -> None:
    settings = {
        "home": str(Path(facts.base).parent),
        "include-system-site-packages": "false",
        "version": ".".join(map(str, facts.version)),
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    (folder / "pyvenv.cfg").write_text("".join(lines), encoding="utf-8")


def variables(
    given: Mapping[str, str], folder: Path, facts: Facts, roots: Iterable[str]
) -> dict[str, str]:
    """The whole environment of a command that judges the fork."""
    return {
        **_kept(given),
        **caches(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TMPDIR": str(temporary_of(folder)),
        "PORT": str(_free_port()),
        "PATH": path_of(folder / "bin", given.get("PATH", os.defpath), facts),
        "VIRTUAL_ENV": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MYPYPATH": os.pathsep.join(roots),
        # `uv run` would otherwise make an environment of its own, or change this one.
        "UV_PROJECT_ENVIRONMENT": str(folder),
        "UV_NO_SYNC": "1",
    }


def plain_variables(given: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """The caller's variables without those that lead to the user's environment."""
    path = path_of(Path("/"), given.get("PATH", os.defpath), facts)
    return {**_kept(given), "PATH": path.partition(os.pathsep)[2]}


def _kept(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if not _redirects(name)}


def _free_port() -> int:
    """A port that nobody uses now. An offer: somebody may take it before the check does."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def caches(folder: Path) -> dict[str, str]:
    """Where tools keep what they would otherwise leave in the working directory."""
    places = {"COVERAGE_FILE": "coverage", "MYPY_CACHE_DIR": "mypy", "RUFF_CACHE_DIR": "ruff"}
    places |= {"HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis"}
    return {name: str(folder / place) for name, place in places.items()}


def path_of(first: Path, path: str, facts: Facts) -> str:
    """`path` behind `first`; a virtual environment's own folder is left out."""
    dropped = {facts.programs, os.path.realpath(facts.programs)} if facts.venv else set()
    rest = [entry for entry in path.split(os.pathsep) if entry.rstrip("/") not in dropped]
    return os.pathsep.join([str(first), *rest])


def _redirects(name: str) -> bool:
    return name in _UNSET or name.startswith("GIT_")


def forget_bytecode(fork: Path, files: Iterable[str]) -> None:
    """Removes compiled files beside the fork's sources: they may be older than they look."""
    for folder in {Path(path).parent for path in files if path.endswith(".py")}:
        shutil.rmtree(fork / folder / "__pycache__", ignore_errors=True)


def copies(names: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Where an own module lies in the user's environment, too."""
    relatives = [name.replace(".", "/") for name in names]
    candidates = [Path(folder, each) for folder in folders for each in relatives]
    both = [path for each in candidates for path in (each, each.with_name(f"{each.name}.py"))]
    return [str(path) for path in both if path.exists()]


def unlisted(tree: Path, layout: Layout, listed: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Compiled modules of the project in the tree, and modules that git does not track."""
    known = set(listed)
    compiled: list[str] = []
    untracked: dict[str, str] = {}
    for package, start, path in _beside_sources(tree, layout):
        if path.endswith(COMPILED):
            compiled.append(path)
        elif path.endswith(".py") and os.path.relpath(path, tree) not in known:
            inside = os.path.relpath(path, start).removesuffix(".py").removesuffix("/__init__")
            untracked[".".join([*package, *inside.split("/")])] = path
    return compiled, untracked


def _beside_sources(tree: Path, layout: Layout) -> Iterable[tuple[list[str], Path, str]]:
    """Every file in the project's packages, and the files directly in its roots."""
    for root in layout.roots:
        for name in _names_in(tree / root):
            yield [], tree / root, str(tree / root / name)
    for package, place in layout.own.items():
        if place.endswith("/__init__.py"):
            start = tree / Path(place).parent
            for folder, folders, files in os.walk(start):
                folders[:] = [each for each in folders if each != "__pycache__"]
                yield from (([package], start, f"{folder}/{file}") for file in files)


def _names_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []


def compiled_in(folders: Iterable[str]) -> list[str]:
    """Compiled modules anywhere in the folders."""
    walks = (os.walk(folder) for folder in folders)
    held = (f"{at}/{file}" for walk in walks for at, _, files in walk for file in files)
    return [path for path in held if path.endswith(COMPILED)]


def keep_versions(folder: Path, untracked: Mapping[str, str]) -> dict[str, str]:
    """The untracked modules, those with a mere version replaced by copies in `folder`.

    The build wrote them from the repository's tags, which a draft does not change.
    """
    places = dict(untracked)
    for name, place in untracked.items():
        if detect.is_version_module(name) and not place.endswith("__init__.py"):
            places[name] = str(folder / f"{name}.py")
            shutil.copyfile(place, places[name])
    return places


def metadata(tree: Path, facts: Facts) -> list[Path]:
    """Metadata that an installation by `setup.py develop` left beside the sources in the tree."""
    if not any(dist.legacy for dist in facts.dists):
        return []
    folders = [Path(entry) for entry in facts.path if Path(entry).is_relative_to(tree)]
    return [path for folder in folders for path in folder.glob("*.egg-info") if path.is_dir()]
