"""What the processes of a fork's check see of the machine's files."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from sef.environment.bubblewrap import Held, View, away, bubblewrap, hidden, outermost, read_only
from sef.environment.ground import Ground
from sef.environment.leftovers import temporary_of
from sef.environment.probe import Facts
from sef.environment.proof import Unproved, undecided
from sef.environment.settings import Settings
from sef.model import Checkout
from sef.sandbox import Level, Sandbox

_INSTALL = "install bubblewrap and allow user namespaces"


def view_of(
    ground: Ground, settings: Settings, folder: Path, protected: tuple[str, ...], sandbox: Sandbox
) -> View | Held | None:
    """The view that the settings ask for; None where nothing is held and everything visible.

    Makes mount points in the fork. Raises Unproved where something was asked for that cannot be.
    """
    held = held_in(sandbox, ground, folder, settings)
    program = sandbox.program or bubblewrap()
    if sandbox.level is Level.LANDLOCK:
        _refuse_without(settings, None)
        return replace(held, hidden=tuple(_reachable(ground))) if held is not None else None
    hides = program is not None and can_hide(ground)
    if not hides:
        _refuse_without(settings, program)
    if program is None or not (hides or held):
        return None
    mounts = _asked(ground, settings, folder) if hides else ()
    if not (mounts or held):
        return None
    mounts += away(_reachable(ground))
    mounts += tuple(word for path in protected for word in ("--ro-bind", path, path))
    return View(
        program=program,
        mounts=mounts,
        pid_file=folder / "pid",
        held=held,
        hides=hides and settings.mode != "open",
    )


def held_in(sandbox: Sandbox, ground: Ground, folder: Path, settings: Settings) -> Held | None:
    """What one check may reach of the machine; None where there is no sandbox."""
    if sandbox.level is Level.OFF:
        return None
    own_tree = [ground.tree] if settings.mode == "open" or not can_hide(ground) else []
    kept = [path for path in ground.kept if f"{path}/".startswith(f"{ground.tree}/")]
    mounted = settings.mode == "mount" and Path(ground.tree, ".git").is_dir()
    return Held(
        sandbox=sandbox,
        writable=(ground.fork, str(folder), str(temporary_of(folder))),
        shown=(*needed_by(ground.facts, ground.trees), *own_tree, *kept),
        git_at={f"{ground.tree}/.git": f"{folder}/git"} if mounted else {},
    )


def needed_by(facts: Facts, trees: tuple[str, ...]) -> list[str]:
    """What the user's interpreter needs outside of their tree, and where it imports from."""
    behind = os.path.realpath(facts.base)
    places = [facts.executable, facts.base, behind, facts.programs, facts.prefix]
    places += [str(Path(each).parent.parent) for each in (facts.base, behind)]
    places += [*facts.stdlib, *facts.sites, *facts.path, *facts.mapping.values()]
    places.append(str(Path(__file__).parent))  # with what asks an interpreter
    inside = tuple(f"{tree.rstrip('/')}/" for tree in trees)
    return [path for path in dict.fromkeys(places) if not f"{path}/".startswith(inside)]


def setup_view(
    ground: Ground, settings: Settings, folder: Path, sandbox: Sandbox
) -> View | Held | None:
    """What the project's own set-up command sees: nothing of the user's tree but git's folder.

    Raises Unproved where something was asked for that cannot be.
    """
    held = held_in(sandbox, ground, folder, replace(settings, mode="hide"))
    if sandbox.level is Level.LANDLOCK:
        _refuse_without(settings, None)
        return held
    program = sandbox.program or bubblewrap()
    if program is None or not (held or can_hide(ground)):
        _refuse_without(settings, program)
        return None
    mounts = hidden(ground.tree, [f"{ground.tree}/.git"]) if can_hide(ground) else ()
    pid_file = folder / "pid"
    return View(program=program, mounts=mounts, pid_file=pid_file, held=held)


def files_view(checkout: Checkout, facts: Facts, folder: Path, sandbox: Sandbox) -> View | Held:
    """What a tool sees that reads the fork's files with the user's own environment."""
    fork = os.path.realpath(checkout.path)
    writable = (fork, str(folder), str(temporary_of(folder)))
    held = Held(sandbox=sandbox, writable=writable, shown=(*needed_by(facts, ()), facts.prefix))
    if sandbox.level is Level.LANDLOCK:
        return held
    return View(program=sandbox.program, mounts=(), pid_file=folder / "pid", held=held)


def _asked(ground: Ground, settings: Settings, folder: Path) -> tuple[str, ...]:
    modes = {"mount": lambda: _mounted(ground, folder), "hide": lambda: _hiding(ground)}
    mounts = modes[settings.mode]() if settings.mode in modes else ()
    return mounts + _linked(ground, settings)


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
