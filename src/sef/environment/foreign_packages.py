"""What the files of a JavaScript project say about its installed packages.

node_modules belongs to the user's tree. It may serve a fork only where an installation in the
fork would give the same, and where none of the project's own code stands in it as a copy.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from sef.environment.foreign_paths import real, text, within
from sef.environment.proof import Proof, undecided
from sef.model import Checkout

MODULES = "node_modules"
_LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
    *("bun.lock", "bun.lockb", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".yarnrc.yml", ".npmrc"),
)
_SOURCES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_INSTALLED = (*_SOURCES, "name", "bin", "workspaces", "overrides", "resolutions", "pnpm")
_GENERATING = (".prisma",)
_INSTALLING = re.compile(
    r"\b(?:npm|pnpm|yarn|bun)\b[^&|;]*\s(?:install|ci|i|add|rebuild|update|link|dedupe|prune)\b"
    r"|\byarn\s*(?:$|[&|;])|\bpatch-package\b"
)
_GLOB = re.compile(r"^\s*-\s*['\"]?([^'\"#\s]+)", re.MULTILINE)
_INSTALL = "run npm ci (or your package manager's install) in your tree"
_APPLY = "its packages would have to be installed anew; check this change by hand"


@dataclass(frozen=True, kw_only=True)
class Packages:
    """The packages that a fork would take from the user's tree."""

    tree: Path
    """Without symbolic links."""
    checkout: Checkout

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """Folders with a node_modules that git does not track, relative; "." is the root."""
        return tuple(folder for folder in self._parents if self._has_modules(folder))

    def objection(self) -> Proof | None:
        """Why they cannot serve the fork; None where they can."""
        return (
            self._changed()
            or self._linked_whole()
            or self._missing()
            or self._copied()
            or self._reached_by_path()
        )

    def installing(self) -> str | None:
        """The script that would install packages when the tests are run by `npm test`."""
        scripts = self._manifest(".").get("scripts")
        known = {str(k): str(v) for k, v in scripts.items()} if isinstance(scripts, dict) else {}
        reached, todo = set[str](), ["pretest", "test", "posttest"]
        while todo:
            name = todo.pop()
            if name in known and name not in reached:
                reached.add(name)
                todo += [other for other in known if _mentions(known[name], other)]
        return next((known[name] for name in sorted(reached) if installs(known[name])), None)

    @cached_property
    def _parents(self) -> tuple[str, ...]:
        found = {"."}
        for path in self.checkout.files:
            found |= {str(parent) for parent in PurePosixPath(path).parents}
        return tuple(sorted(folder for folder in found if MODULES not in folder.split("/")))

    @cached_property
    def _tracked_modules(self) -> frozenset[str]:
        """Folders whose node_modules is the project's own, being tracked."""
        paths = [f"./{path}" for path in self.checkout.files if MODULES in path.split("/")]
        return frozenset(path.split(f"/{MODULES}")[0].removeprefix("./") for path in paths)

    def _has_modules(self, folder: str) -> bool:
        own = folder in self._tracked_modules
        fork = self.checkout.path
        inside = not own and real(fork / folder) == Path(os.path.normpath(real(fork) / folder))
        return inside and (fork / folder).is_dir() and (self.tree / folder / MODULES).is_dir()

    @cached_property
    def _members(self) -> tuple[str, ...]:
        """Folders of the packages that an installation in the root links or reads."""
        globs = [_pattern(glob) for glob in self._workspaces()]
        manifests = [path for path in self.checkout.files if path.endswith("package.json")]
        folders = [str(PurePosixPath(path).parent) for path in manifests]
        return tuple(
            folder
            for folder in folders
            if folder in (".", *self.folders) or any(glob.fullmatch(folder) for glob in globs)
        )

    def _workspaces(self) -> Iterator[str]:
        named = self._manifest(".").get("workspaces", ())
        listed = named.get("packages", ()) if isinstance(named, dict) else named
        yield from map(str, listed if isinstance(listed, list) else ())
        yield from _GLOB.findall(text(self.checkout.path / "pnpm-workspace.yaml"))

    def _manifest(self, folder: str) -> Mapping[str, object]:
        return _read(self.checkout.path / folder / "package.json")

    def _changed(self) -> Proof | None:
        for path in self.checkout.changed:
            name, folder = PurePosixPath(path).name, str(PurePosixPath(path).parent)
            lock = name in _LOCKS and folder in (".", *self.folders)
            generating = path.endswith(_GENERATING)
            patch = name.endswith(".patch") and "patches" in path.split("/")
            member = name == "package.json" and folder in self._members
            if lock or generating or patch or (member and self._installs_other(folder)):
                reason = f"{path} decides what is in node_modules, and yours is from before it"
                return undecided(reason, offender=path, mend=_APPLY)
        return None

    def _installs_other(self, folder: str) -> bool:
        before, after = _read(self.tree / folder / "package.json"), self._manifest(folder)
        return any(before.get(field) != after.get(field) for field in _INSTALLED)

    def _linked_whole(self) -> Proof | None:
        for folder in self.folders:
            if (self.tree / folder / MODULES).is_symlink():
                path = str(PurePosixPath(folder) / MODULES)
                return undecided(f"{path} of your tree is itself a link", offender=path)
        return None

    def _missing(self) -> Proof | None:
        manifest = self._manifest(".")
        needs = any(manifest.get(field) for field in (*_SOURCES[:2], "workspaces"))
        if not needs or "." in self.folders or "." in self._tracked_modules:
            return None
        reason = "npm ci has not been run in your tree: it has no node_modules"
        return undecided(reason, offender=MODULES, mend=_INSTALL)

    def _copied(self) -> Proof | None:
        """A copy of the project's own package is the user's code, from whenever it was made."""
        names = tuple(dict.fromkeys(self._own_names()))
        for folder in self.folders:
            for name in names:
                entry = self.tree / folder / MODULES / name
                at = real(entry)
                if entry.exists() and within(at, self.tree) and MODULES in at.parts:
                    path = str(entry.relative_to(self.tree))
                    reason = f"{path} is a copy of the project's own {name}, not a link to it"
                    return undecided(reason, offender=path, mend=f"link it: npm link ./{name}")
        return None

    def _own_names(self) -> Iterator[str]:
        for folder in self._members:
            manifest = self._manifest(folder)
            if isinstance(name := manifest.get("name"), str) and _is_name(name):
                yield name
            yield from (name for name, _ in self._by_path(folder) if _is_name(name))

    def _by_path(self, folder: str) -> Iterator[tuple[str, str]]:
        """Dependencies that are folders, by their names."""
        for field in _SOURCES:
            named = self._manifest(folder).get(field)
            for name, where in named.items() if isinstance(named, dict) else ():
                if str(where).startswith(("file:", "link:", "portal:")):
                    yield str(name), str(where).partition(":")[2]

    def _reached_by_path(self) -> Proof | None:
        """An absolute path into the user's tree is right in no other place than there."""
        for folder in self._members:
            for name, where in self._by_path(folder):
                if Path(where).is_absolute() and within(os.path.realpath(where), self.tree):
                    path = str(PurePosixPath(folder) / "package.json")
                    mend = "name it by a relative path"
                    reason = f"{path} takes {name} from your own tree by an absolute path"
                    return undecided(reason, offender=path, mend=mend)
        return None


def installs(command: str) -> bool:
    """True for a command line that would write to node_modules."""
    return bool(_INSTALLING.search(command))


def _mentions(script: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w:/.-]){re.escape(name)}(?![\w:/-])", script))


def _is_name(name: str) -> bool:
    return bool(re.fullmatch(r"(?:@[\w.-]+/)?[\w.-]*\w[\w.-]*", name)) and ".." not in name


def _pattern(glob: str) -> re.Pattern[str]:
    escaped = re.escape(glob.removeprefix("./").rstrip("/"))
    return re.compile(escaped.replace(r"\*\*", ".*").replace(r"\*", "[^/]*"))


def _read(path: Path) -> Mapping[str, object]:
    try:
        said = json.loads(text(path).removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
