"""What the processes of a fork's check see of the machine's files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sef.environment.bubblewrap import View, away, bubblewrap, hidden, outermost, read_only
from sef.environment.ground import Ground
from sef.environment.proof import Unproved, undecided
from sef.environment.settings import Settings

_INSTALL = "install bubblewrap and allow user namespaces"


def view_of(
    ground: Ground, settings: Settings, folder: Path, protected: tuple[str, ...]
) -> View | None:
    """The view that the settings ask for; None where everything stays visible.

    Makes mount points in the fork. Raises Unproved where something was asked for that cannot be.
    """
    program = bubblewrap(network=settings.network)
    if program is None or not can_hide(ground):
        _refuse_without(settings, program)
        return None
    if settings.mode == "mount":
        mounts = _mounted(ground, folder)
    elif settings.mode == "hide":
        mounts = _hiding(ground)
    else:
        mounts = ()
    mounts += _linked(ground, settings)
    if not mounts and settings.network:
        return None
    mounts += away(_reachable(ground))
    mounts += tuple(word for path in protected for word in ("--ro-bind", path, path))
    pid_file = folder / "pid"
    return View(program=program, mounts=mounts, pid_file=pid_file, network=settings.network)


def setup_view(ground: Ground, settings: Settings, folder: Path) -> View | None:
    """What the project's own set-up command sees: nothing of the user's tree but git's folder.

    Raises Unproved where something was asked for that cannot be.
    """
    program = bubblewrap(network=settings.network)
    if program is None or not can_hide(ground):
        _refuse_without(settings, program)
        return None
    mounts = hidden(ground.tree, [f"{ground.tree}/.git"])
    pid_file = folder / "pid"
    return View(program=program, mounts=mounts, pid_file=pid_file, network=settings.network)


def can_hide(ground: Ground) -> bool:
    """False where the user's tree holds what a run needs besides its environment."""
    homes = (str(Path.home()), tempfile.gettempdir())
    needed = (ground.fork, ground.facts.base, *homes, "/usr", "/proc", "/dev")
    return not any(f"{path}/".startswith(ground.tree.rstrip("/") + "/") for path in needed)


def _refuse_without(settings: Settings, program: str | None) -> None:
    asked = []
    if settings.mode == "mount":
        asked.append('mode = "mount"')
    if settings.linked:
        asked.append("linked folders")
    if not settings.network:
        asked.append("a network of its own")
    if asked:
        why = "bubblewrap does not work here" if program is None else "your tree holds too much"
        raise Unproved(undecided(f"{asked[0]} cannot be had: {why}", mend=_INSTALL))


def _inside(ground: Ground) -> list[str]:
    """What stays visible of the user's tree."""
    prefix = ground.tree.rstrip("/") + "/"
    return [path for path in outermost(ground.kept) if path.startswith(prefix)]


def _environment(ground: Ground) -> tuple[str, ...]:
    """The user's environment outside of the tree, kept from being written to."""
    facts = ground.facts
    outside = not (facts.prefix + "/").startswith((ground.tree + "/", ground.fork + "/"))
    return read_only([facts.prefix]) if facts.venv and outside else ()


def _hiding(ground: Ground) -> tuple[str, ...]:
    return (*hidden(ground.tree, _inside(ground)), *_environment(ground))


def _reachable(ground: Ground) -> list[str]:
    """Installed copies that are no part of something larger."""
    own = {name.replace(".", "/") for name in (*ground.layout.own, *ground.layout.gone)}
    ends = tuple(f"/{name}{end}" for name in own for end in ("", ".py"))
    return [path for path in ground.copies if path.endswith(ends)]


def _mounted(ground: Ground, folder: Path) -> tuple[str, ...]:
    """The fork over the user's tree, with the environment and git's folder as they were."""
    tree, fork = ground.tree, ground.fork
    git = f"{tree}/.git"
    kept = [path for path in _inside(ground) if path != git]
    for path in kept:
        _mount_point(fork, os.path.relpath(path, tree), path)
    mounts = ("--bind", fork, tree, *read_only(kept), *_environment(ground))
    if Path(git).is_dir() and Path(fork, ".git").is_file():
        (folder / "git").mkdir()
        mended = folder / "git-file"
        mended.write_text(Path(fork, ".git").read_text("utf-8").replace(git, f"{folder}/git"))
        mounts += ("--ro-bind", git, f"{folder}/git", "--ro-bind", str(mended), git)
    return (*mounts, "--chdir", tree)


def _linked(ground: Ground, settings: Settings) -> tuple[str, ...]:
    """The user's folders that are shown in the fork. Raises Unproved for what must not be."""
    mounts: list[str] = []
    seen_at = ground.tree if settings.mode == "mount" else ground.fork
    for name in settings.linked:
        relative = os.path.normpath(name)
        source = os.path.realpath(f"{ground.tree}/{relative}")
        _refuse_link(ground, name, relative, source)
        _mount_point(ground.fork, relative, source)
        mounts += ["--ro-bind", source, f"{seen_at}/{relative}"]
    return tuple(mounts)


def _refuse_link(ground: Ground, name: str, relative: str, source: str) -> None:
    tracked = (*ground.checkout.files, *ground.checkout.base_files)
    reason = ""
    if not source.startswith(ground.tree + "/") or relative.startswith(".."):
        reason = "lies outside the tree"
    elif not Path(source).exists():
        reason = "does not exist"
    elif any(f"{path}/".startswith(f"{relative}/") for path in tracked):
        reason = "holds files that git tracks"
    if reason:
        mend = "change `linked` under [environment] in sef.toml"
        raise Unproved(undecided(f"{name} {reason}", offender=name, mend=mend))


def _mount_point(fork: str, relative: str, source: str) -> None:
    """Makes the place in the fork that `source` is shown at. Raises Unproved at a link."""
    place = Path(fork, relative)
    if os.path.realpath(place) != str(place):
        reason = f"a link of the draft is in the way of {relative}"
        raise Unproved(undecided(reason, offender=relative))
    folder = Path(source).is_dir()
    (place if folder else place.parent).mkdir(parents=True, exist_ok=True)
    if not folder:
        place.touch()
