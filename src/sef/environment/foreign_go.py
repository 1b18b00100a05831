"""go in a fork: its caches are keyed by content, so what counts is which folders it reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sef.environment.foreign_paths import naming, real, refuse, text, within
from sef.environment.proof import Proof
from sef.model import Checkout
from sef.process import run_program

BY_CONTENT = "by content"
_INSIDE = "name it by a relative path inside the repository"
_LIST_S = 300.0
_CACHE_MOST = 40_000
_FOLDERS = "{{if not .Standard}}{{.Dir}}{{end}}"


async def prepare(
    tree: Path,
    trees: Sequence[str],
    checkout: Checkout,
    given: Mapping[str, str],
    wrap: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> tuple[dict[str, str], Proof]:
    """The variables of go in the fork, and what they prove. Raises Unproved where it cannot.

    `wrap` holds the go that is asked.
    """
    if found := naming(checkout, trees, (".go", ".mod", ".work")):
        raise refuse(f"{found} names your own tree by an absolute path", found, _INSIDE)
    _take_work(tree, checkout)
    for file in _module_files(checkout):
        _refuse_outside(file, checkout)
    variables = _variables(given)
    return variables, await _proof(checkout, trees, variables, wrap)


def own_cache(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    """A build cache in `folder` that begins with what the user's holds.

    In the sandbox that one can be read only: what a fork builds is never found by another build.
    Results (`-d`) are links, as go never writes to one that is right; the small files that name
    them (`-a`) are copies, as go writes those anew. A cache that cannot be written to would not do:
    go keeps an index of its packages there, and takes one that it cannot write for absent.
    """
    users = _cache_of(given)
    own = folder / "go-build"
    own.mkdir()
    for number, entry in enumerate(_entries(users)):
        if number >= _CACHE_MOST:
            break
        place = own / entry.parent.name
        place.mkdir(exist_ok=True)
        if entry.name.endswith("-d"):
            (place / entry.name).symlink_to(entry)
        else:
            shutil.copyfile(entry, place / entry.name)
    return {"GOCACHE": str(own)}


def _cache_of(given: Mapping[str, str]) -> Path:
    if given.get("GOCACHE", "").startswith("/"):
        return Path(given["GOCACHE"])
    caches = given.get("XDG_CACHE_HOME") or Path(given.get("HOME", "/"), ".cache")
    return Path(caches, "go-build")


def _entries(cache: Path) -> Iterator[Path]:
    """Its entries, in folders of two hexadecimal digits."""
    for folder in sorted(cache.glob("[0-9a-f][0-9a-f]")):
        yield from (path for path in folder.iterdir() if path.is_file())


def _variables(given: Mapping[str, str]) -> dict[str, str]:
    """`-mod=mod` would let a test run edit the modules' files; GOWORK names the user's."""
    flags = [flag for flag in given.get("GOFLAGS", "").split() if flag.lstrip("-") != "mod=mod"]
    kept = {name: value for name, value in given.items() if name not in ("GOFLAGS", "GOWORK")}
    off = {"GOWORK": "off"} if given.get("GOWORK") == "off" else {}
    return {**kept, **off, **({"GOFLAGS": " ".join(flags)} if flags else {})}


def _take_work(tree: Path, checkout: Checkout) -> None:
    """A go.work that git ignores decides where modules come from: the fork needs the same."""
    for name in ("go.work", "go.work.sum"):
        source, target = tree / name, checkout.path / name
        if source.is_file() and not os.path.lexists(target):
            shutil.copyfile(source, target)


def _module_files(checkout: Checkout) -> Iterator[Path]:
    tracked = [name for name in checkout.files if name.rpartition("/")[2] in ("go.mod", "go.work")]
    for name in dict.fromkeys((*tracked, "go.work")):
        if (checkout.path / name).is_file():
            yield checkout.path / name


def _refuse_outside(file: Path, checkout: Checkout) -> None:
    fork = real(checkout.path)
    for named in _places(text(file)):
        if not within(real(file.parent / named), fork) and not Path(named).is_absolute():
            path = str(file.relative_to(checkout.path))
            reason = f"{path} leads out of the repository by a relative path: {named}"
            raise refuse(reason, path)


def _places(said: str) -> Iterator[str]:
    """Folders named by `replace` and `use`, alone or in a block."""
    block = ""
    for line in said.splitlines():
        words = line.partition("//")[0].replace('"', "").split()
        if words[1:] == ["("]:
            block = words[0]
        elif words == [")"]:
            block = ""
        elif words:
            directive, rest = (block, words) if block else (words[0], words[1:])
            yield from _place(directive, rest)


def _place(directive: str, words: Sequence[str]) -> Iterator[str]:
    if directive == "replace" and "=>" in words[:-1]:
        place = words[words.index("=>") + 1]
        if place.startswith((".", "/")):
            yield place
    elif directive == "use" and words:
        yield words[0]


async def _proof(
    checkout: Checkout,
    trees: Sequence[str],
    variables: Mapping[str, str],
    wrap: Callable[[Sequence[str]], Sequence[str]],
) -> Proof:
    """What go itself says it would read for the tests. Raises Unproved for the user's folders."""
    argv = ("go", "list", "-e", "-deps", "-test", "-f", _FOLDERS, "./...")
    try:
        if shutil.which("go", path=variables.get("PATH")) is None:
            raise FileNotFoundError("go is not on PATH")
        done = await run_program(wrap(argv), cwd=checkout.path, env=variables, timeout_s=_LIST_S)
    except OSError as problem:
        raise refuse(f"go cannot be run: {problem}", "go", "install go") from problem
    folders = set(os.fsdecode(done.stdout).split("\n")) - {""}
    for path in sorted(folders):
        if any(within(path, tree) for tree in trees):
            raise refuse(f"go would read a package of your own tree: {path}", path, _INSIDE)
    own = [path for path in folders if within(path, real(checkout.path))]
    if done.exit_code != 0 or not own:
        said = os.fsdecode(done.stderr).strip().split("\n")[0][:200]
        raise refuse(f"go names no package of the fork: {said or 'it has none'}", "go.mod")
    reason = f"go reads {len(own)} packages of the fork and none of your own tree"
    return Proof(proved=True, level=BY_CONTENT, reason=reason)
