"""cargo in a fork: a target folder of its own, and what the compiler says it has read."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sef.environment.foreign_paths import names_tree, naming, real, refuse, text, within
from sef.environment.proof import Proof, undecided
from sef.model import Checkout

OWN_TARGET = "own target"
_MEND = "name it by a path relative to the file, inside the repository"
_REDIRECTING = ("CARGO_BUILD_TARGET_DIR", "CARGO_TARGET_DIR")
_SPACE = re.compile(r"(?<!\\) ")


def prepare(
    tree: Path, trees: Sequence[str], checkout: Checkout, folder: Path, given: Mapping[str, str]
) -> dict[str, str]:
    """The variables of cargo in the fork. Raises Unproved where it would read the user's tree."""
    home = Path(given.get("CARGO_HOME") or Path(given.get("HOME", "/")) / ".cargo")
    _refuse_paths(trees, checkout, home)
    _take_lock(tree, checkout)
    for name in checkout.files:
        _touch(checkout.path / name)
    kept = {name: value for name, value in given.items() if name not in _REDIRECTING}
    offline = {"CARGO_NET_OFFLINE": "true"} if _has_all(checkout.path, home) else {}
    target = {"CARGO_TARGET_DIR": str(folder / "target")}
    return {**kept, "CARGO_HOME": str(home), **target, **offline}


def proof(checkout: Checkout, trees: Sequence[str], folder: Path) -> Proof:
    """Proved when the compiler read files of the fork, and none of the user's tree."""
    fork, seen = real(checkout.path), set[str]()
    for path in _compiled_from(folder / "target", fork):
        if any(within(path, tree) for tree in trees):
            reason = f"the compiler read a file of your own tree: {path}"
            return undecided(reason, offender=path, mend=_MEND)
        if within(path, fork):
            seen.add(path)
    if not seen.intersection(str(fork / name) for name in checkout.files):
        return undecided("cargo compiled nothing of the fork in the target folder given to it")
    reason = f"{len(seen)} files of the fork were compiled, into a target folder of its own"
    return Proof(proved=True, level=OWN_TARGET, reason=reason)


def _refuse_paths(trees: Sequence[str], checkout: Checkout, home: Path) -> None:
    if found := naming(checkout, trees, (".toml", ".rs", "/config")):
        raise refuse(f"{found} names your own tree by an absolute path", found, _MEND)
    for name in ("config", "config.toml"):
        if names_tree(home / name, trees):
            path = str(home / name)
            raise refuse(f"{path} names your own tree", path, "take that out of it")
    for manifest, named in _path_dependencies(checkout):
        if not within(real(manifest.parent / named), real(checkout.path)):
            _refuse_outside(manifest, named, checkout)


def _refuse_outside(manifest: Path, named: str, checkout: Checkout) -> None:
    if not Path(named).is_absolute():
        path = str(manifest.relative_to(checkout.path))
        reason = f"{path} leads out of the repository by a relative path: {named}"
        raise refuse(reason, path, "name it by an absolute path, or by hand in your own tree")


def _path_dependencies(checkout: Checkout) -> Iterator[tuple[Path, str]]:
    for name in checkout.files:
        if name.rpartition("/")[2] == "Cargo.toml":
            manifest = checkout.path / name
            yield from ((manifest, path) for path in _paths(_table(text(manifest))))


def _paths(table: object) -> Iterator[str]:
    if isinstance(table, dict):
        for key, value in table.items():
            if key == "path" and isinstance(value, str):
                yield value
            yield from _paths(value)
    elif isinstance(table, list):
        for one in table:
            yield from _paths(one)


def _table(said: str) -> dict[str, object]:
    try:
        return tomllib.loads(said)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _take_lock(tree: Path, checkout: Checkout) -> None:
    """A lock file that git ignores still says which versions the user's own runs take."""
    source, target = tree / "Cargo.lock", checkout.path / "Cargo.lock"
    if source.is_file() and not os.path.lexists(target):
        shutil.copyfile(source, target)


def _touch(path: Path) -> None:
    """cargo takes a file for unchanged when it is older than what was built from it."""
    if path.is_file() and not path.is_symlink():
        os.utime(path)


def _has_all(fork: Path, home: Path) -> bool:
    """True where every package of the lock file has been downloaded before."""
    packages = _table(text(fork / "Cargo.lock")).get("package", [])
    fetched = {path.name for path in (home / "registry" / "cache").glob("*/*.crate")}
    return all(_has(one, fetched) for one in packages) if isinstance(packages, list) else False


def _has(package: object, fetched: set[str]) -> bool:
    if not isinstance(package, dict) or "source" not in package:
        return isinstance(package, dict)
    return f"{package.get('name')}-{package.get('version')}.crate" in fetched


def _compiled_from(target: Path, fork: Path) -> Iterator[str]:
    """The files that the compiler names as read, without symbolic links."""
    for record in target.rglob("*.d"):
        for line in text(record).splitlines():
            if not line.startswith("#"):
                read = line.partition(": ")[2]
                yield from (_absolute(path, fork) for path in _SPACE.split(read) if path)


def _absolute(path: str, fork: Path) -> str:
    return os.path.realpath(fork / path.replace("\\ ", " "))
