"""A plan carried out: all of it, or, where the system refuses something, none of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.installation.files import Change, check_folder, put, write_new
from sef.installation.manifest import Manifest
from sef.installation.places import MANIFEST, STATE, Place
from sef.installation.plan import Plan

_IGNORE = "*\n"
_IGNORING: Final = ".gitignore"
_NEW: Final = "new"
_OURS: Final = (_NEW, _IGNORING, MANIFEST)
"""What sef's own folder holds; the manifest goes last."""


def carry_out(plans: Sequence[Plan]) -> None:
    """Makes the changes of all plans.

    Raises OSError and UsageError after taking back what was done; UsageError also where all files
    are done and a folder could not be removed.

    After a kill in the middle the manifest tells what may be there: the same call again, or a
    removal, brings it to its end.
    """
    with ExitStack() as undo:
        for plan in plans:
            if plan.during is not None and not is_done(plan):
                _begin(plan, undo)
                _change(plan, undo)
        undo.pop_all()
    for plan in plans:
        _end(plan)


def is_done(plan: Plan) -> bool:
    """True where nothing has to change, and nothing was cut off before."""
    return not plan.changes and plan.then == plan.was


def sweep(place: Place) -> None:
    """Removes what a kill left half made, which has fixed names.

    Raises UsageError where something else lies in it.
    """
    if place.is_elsewhere:
        return
    for folder in (place.folder, place.state):
        check_folder(folder)
    with suppress(FileNotFoundError):
        _spare(place).unlink()
    for folder in place.growing:
        check_folder(folder)
        if _has_strangers(folder, (*_OURS, STATE)) or _has_strangers(folder / STATE):
            raise UsageError(
                f"{folder} holds what is not sef's", hint="Nothing was changed. Move it elsewhere."
            )
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(folder)


def _has_strangers(folder: Path, ours: Sequence[str] = _OURS) -> bool:
    """True where a folder holds something that sef does not put there."""
    return folder.is_dir() and any(one.name not in ours for one in folder.iterdir())


def _begin(plan: Plan, undo: ExitStack) -> None:
    """What may be there from now on is written down."""
    place, during = plan.place, plan.during
    if during is None:
        return
    undo.callback(_forget, plan)
    if plan.was is not None:
        _note(place, during)
        return
    whole, part = place.growing
    above = part if place.folder.exists() else whole / STATE
    above.mkdir(parents=True)
    write_new(above / MANIFEST, during.encoded())
    # What is known of a project is of this machine, and does not belong into its history.
    write_new(above / _IGNORING, _IGNORE.encode())
    if above == part:
        part.rename(place.state)
    else:
        whole.rename(place.folder)


def _change(plan: Plan, undo: ExitStack) -> None:
    spare = _spare(plan.place)
    for change in plan.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        undo.callback(_take_back, change, spare)
        put(change, spare)
    if plan.then is not None:
        _note(plan.place, plan.then)


def _take_back(change: Change, spare: Path) -> None:
    # Refused as well where it was not made, or where somebody has changed the file since.
    with suppress(OSError, UsageError):
        put(change.reversed(), spare)


def _forget(plan: Plan) -> None:
    """Back to what was known before, and to the folders of before."""
    with suppress(OSError):
        if plan.was is not None:
            _note(plan.place, plan.was)
        elif plan.during is not None:
            _gone(plan.place, plan.during)
    with suppress(OSError, UsageError):
        sweep(plan.place)


def _end(plan: Plan) -> None:
    """No folder of ours is left empty; after a removal nothing is known."""
    try:
        if plan.then is not None:
            _remove_folders(plan.place, plan.then.made)
        elif plan.during is not None:
            _gone(plan.place, plan.during)
    except OSError as error:
        raise UsageError(
            f"all files are done, but folders stayed behind in {plan.place.folder}: {error}",
            hint="The same command again removes them.",
        ) from error


def _gone(place: Place, manifest: Manifest) -> None:
    """No folder of ours that is empty, and nothing known."""
    _remove_folders(place, manifest.made)
    whole, part = place.growing
    if _has_strangers(place.state):  # somebody's own files stay, and with them the folder
        for name in _OURS:
            (place.state / name).unlink(missing_ok=True)
    elif "." in manifest.made and [one.name for one in place.folder.iterdir()] == [STATE]:
        place.folder.rename(whole)
        shutil.rmtree(whole)
    else:
        place.state.rename(part)
        shutil.rmtree(part)


def _remove_folders(place: Place, made: Sequence[str]) -> None:
    for folder in sorted(made, reverse=True):
        if folder != ".":
            _remove_if_empty(place.folder / folder)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _note(place: Place, manifest: Manifest) -> None:
    spare = _spare(place)
    write_new(spare, manifest.encoded())
    spare.replace(place.manifest)


def _spare(place: Place) -> Path:
    """Where a file is until it is whole."""
    return place.state / _NEW
