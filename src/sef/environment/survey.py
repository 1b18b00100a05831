"""Run by the user's interpreter: says on its last line, as JSON, what it would import from where.

Plain Python 3.8, standard library only; nothing of the project is imported. Called with the
user's tree, the names the project goes by (comma-separated) and the tool that is wanted.
"""

# ruff: noqa: PTH100, PTH112, PTH118, PTH123, PTH208
# What it says are texts, as the interpreter holds them.
from __future__ import annotations

import importlib.util
import json
import os
import re
import site
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_REBUILDERS = ("MesonpyMetaFinder", "ScikitBuildRedirectingFinder")
_RECIPES = (".pth", ".dist-info", ".egg-info", ".egg-link")


def survey(tree: str, names: list[str], wanted: str) -> dict[str, Any]:
    """Everything that `probe.Facts` holds, under the same names."""
    _add_user_site()
    sites = _sites()
    dists = [dist for folder in sites for dist in _dists(folder, tree, names)]
    return {
        "version": list(sys.version_info[:3]),
        "executable": sys.executable,
        "base": _base(),
        "prefix": sys.prefix,
        "venv": sys.prefix != sys.base_prefix,
        "programs": sysconfig.get_path("scripts"),
        "library": _library(),
        "stdlib": [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")],
        "sites": sites,
        "path": [entry for entry in sys.path if entry],
        "mapping": _mapping(),
        "rebuilders": [name for finder in sys.meta_path for name in _rebuilder(finder, tree)],
        "dists": dists,
        "owners": _owners(sites, _tops(tree)),
        "wanted": importlib.util.find_spec(wanted) is not None,
    }


def _base() -> str:
    """The interpreter behind a virtual environment, which older versions do not name."""
    inside = sys.prefix + os.sep
    for path in (getattr(sys, "_base_executable", ""), os.path.realpath(sys.executable)):
        if path and (sys.prefix == sys.base_prefix or not path.startswith(inside)):
            return path
    name = "python{}.{}".format(*sys.version_info)
    return os.path.join(sys.base_prefix, "bin", name)


def _library() -> str:
    """Where a virtual environment keeps its packages, relative to its folder."""
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"
    at = {"base": "/x", "platbase": "/x", "installed_base": "/x", "installed_platbase": "/x"}
    return os.path.relpath(sysconfig.get_path("purelib", scheme, at), "/x")


def _add_user_site() -> None:
    """The isolated mode of this survey leaves it out; the user's own runs do not."""
    if os.environ.get("PYTHONNOUSERSITE") or os.getuid() != os.geteuid():
        return
    settings = _read(os.path.join(sys.prefix, "pyvenv.cfg")).lower().replace(" ", "")
    closed = sys.prefix != sys.base_prefix and ("include-system-site-packages=true" not in settings)
    folder = site.getusersitepackages()
    if not closed and os.path.isdir(folder):
        site.addsitedir(folder)


def _sites() -> list[str]:
    known = [*site.getsitepackages(), site.getusersitepackages()]
    return [folder for folder in dict.fromkeys(known) if folder in sys.path]


def _mapping() -> dict[str, str]:
    """Module names and places that the finders of editable installations hold."""
    held: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):
            held.update(getattr(module, "MAPPING", {}))
    for finder in sys.meta_path:
        # The `editables` project's finder keeps its own table.
        known = getattr(finder, "_redirections", None)
        if isinstance(known, dict):
            held.update(known)
    return {str(name): os.path.abspath(str(place)) for name, place in held.items()}


def _rebuilder(finder: Any, tree: str) -> Iterator[str]:
    name = getattr(finder, "__name__", type(finder).__name__)
    held = getattr(finder, "__dict__", None)
    if name in _REBUILDERS and (held is None or tree in repr(held)):
        yield name


def _dists(folder: str, tree: str, names: list[str]) -> Iterator[dict[str, Any]]:
    """The installations in a site folder that are the project's: by name, or by where from."""
    for entry in _listed(folder):
        at = os.path.join(folder, entry)
        if entry.endswith(".dist-info"):
            name = _normal(entry.split("-")[0])
            origin = _origin(at)
            if name in names or _is_in(origin["path"], tree):
                yield _dist(name, at, folder, origin["editable"])
        elif entry.endswith(".egg-link") and _is_in(_read(at).split("\n")[0].strip(), tree):
            yield {"name": _normal(entry[:-9]), "legacy": True, "files": [], "compiled": []}


def _dist(name: str, at: str, folder: str, editable: bool) -> dict[str, Any]:
    files = [
        line.split(",")[0].strip('"') for line in _read(os.path.join(at, "RECORD")).split("\n")
    ]
    tops = {file.split("/")[0] for file in files if file and not file.startswith(("..", "/"))}
    code = [top for top in sorted(tops) if not top.startswith(("__pycache__", "__editable__"))]
    kept = [top for top in code if not top.endswith(_RECIPES)]
    compiled = [os.path.join(folder, file) for file in files if file.endswith((".so", ".pyd"))]
    # The files of an editable installation are its recipe, not its code.
    copied = [] if editable else [os.path.join(folder, top) for top in kept]
    return {"name": name, "legacy": False, "files": copied, "compiled": compiled}


def _origin(at: str) -> dict[str, Any]:
    try:
        said = json.loads(_read(os.path.join(at, "direct_url.json")) or "{}")
        path = _from_url(str(said.get("url", "")))
        return {"path": path, "editable": bool(said.get("dir_info", {}).get("editable"))}
    except (ValueError, AttributeError):
        return {"path": "", "editable": False}


def _from_url(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path) if url.startswith("file:") else ""


def _tops(tree: str) -> list[str]:
    return [name[:-3] if name.endswith(".py") else name for name in _listed(tree)]


def _owners(sites: list[str], names: list[str]) -> dict[str, str]:
    """Which installation brought each name that the tree's own top level has, too."""
    owners: dict[str, str] = {}
    for folder in sites:
        listed = _listed(folder)
        twice = [name for name in names if name in listed or name + ".py" in listed]
        marks = {name: re.compile("^" + re.escape(name) + r"(/|\.py,)", re.M) for name in twice}
        for entry in listed if marks else ():
            record = _read(os.path.join(folder, entry, "RECORD")) if "dist-info" in entry else ""
            for name, mark in marks.items():
                if mark.search(record):
                    owners.setdefault(name, _normal(entry.split("-")[0]))
    return owners


def _is_in(path: str, tree: str) -> bool:
    real = os.path.realpath(path) if path else ""
    return real == os.path.realpath(tree) or real.startswith(os.path.realpath(tree) + os.sep)


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    said = survey(sys.argv[1], [name for name in sys.argv[2].split(",") if name], sys.argv[3])
    sys.stdout.write("\n" + json.dumps(said) + "\n")
