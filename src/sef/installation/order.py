"""Installing, telling, removing: what the two commands for it do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sef.errors import UsageError
from sef.installation.assets import installed_files
from sef.installation.draft import Wish
from sef.installation.files import content, digest
from sef.installation.hooks import HOOKS, Hook, installed_entries
from sef.installation.manifest import Manifest
from sef.installation.places import Place, Scope, locked, places
from sef.installation.plan import Plan, installation, known, removal
from sef.installation.section import is_whole
from sef.installation.settings import has_entries
from sef.installation.status_line import hidden_by, program, stands
from sef.installation.work import carry_out, sweep

LIBRARIES: Final = ("genai_prices", "platformdirs", "pydantic", "rich", "typer")
"""What a verification imports; the rest of hooks, and the installer, need none."""
BOTH: Final = (Scope.USER, Scope.PROJECT)
_ONE: Final = "Say one of --user, --project, --both, --status, --uninstall"
_WHERE: Final = "sef claude install --user is for all your sessions, --project for those here."


class Action(StrEnum):
    """What is done at the places."""

    INSTALL = "install"
    STATUS = "status"
    UNINSTALL = "uninstall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for."""

    action: Action
    scopes: tuple[Scope, ...]
    dry_run: bool = False
    force: bool = False
    claude_md: bool = False
    statusline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was done, would be done, or is there, at one place."""

    scope: Scope
    folder: str
    version: str | None
    """That of what is there afterwards; None is nothing."""
    state: str
    """`installed`, `unfinished` (a kill), or `absent`."""
    files: Mapping[str, str]
    """What is said of each path: written, replaced, removed, kept, foreign; for a status: ours,
    older, edited, missing."""
    status_line: str | None = None
    """Of the one that sef set: `shown`, `edited`, `hidden by` a file; None is: it set none."""
    lacks: tuple[str, ...] = ()
    """Of an installation: libraries that its Python lacks, so that hooks can verify nothing."""


def order(
    *,
    user: bool,
    project: bool,
    both: bool,
    status: bool,
    uninstall: bool,
    dry_run: bool,
    force: bool,
    claude_md: bool,
    statusline: bool = False,
) -> Order:
    """The order that options give. Raises UsageError where they do not fit together."""
    named = ((Scope.USER, user or both), (Scope.PROJECT, project or both))
    scopes = tuple(scope for scope, wanted in named if wanted)
    if status and uninstall:
        raise UsageError("--status and --uninstall are two things", hint=f"{_ONE}.")
    if not (scopes or status or uninstall):
        raise UsageError("it was not said where to install", hint=f"{_ONE}. {_WHERE}")
    if claude_md and (status or uninstall):
        raise UsageError(
            "--claude-md is for installing", hint="--uninstall takes it out by itself."
        )
    if statusline and (status or uninstall):
        raise UsageError(
            "--statusline is for installing", hint="--uninstall puts yours back by itself."
        )
    if status and (force or dry_run):
        raise UsageError("--status changes nothing", hint="Leave --force and --dry-run out.")
    action = Action.STATUS if status else Action.UNINSTALL if uninstall else Action.INSTALL
    return Order(
        action=action,
        scopes=scopes or BOTH,
        dry_run=dry_run,
        force=force,
        claude_md=claude_md,
        statusline=statusline,
    )


def obey(
    order: Order,
    *,
    variables: Mapping[str, str],
    start: Path,
    hooks: Sequence[Hook] = HOOKS,
) -> tuple[Told, ...]:
    """Does what was asked for; tells it place by place.

    Raises UsageError before anything is changed, OSError after everything was taken back.
    """
    there = places(order.scopes, variables, start)
    if order.action is Action.STATUS:
        return tuple(_status(place) for place in there)
    with ExitStack() as locks:
        # Two places may lie in one folder, which is locked once.
        for place in {one.folder.parent.resolve(): one for one in there}.values():
            if place.folder.parent.is_dir() or order.action is Action.INSTALL:
                locks.enter_context(locked(place))
        if not order.dry_run:
            for place in there:
                sweep(place)
        plans = tuple(_plan(order, place, hooks) for place in there)
        if not order.dry_run:
            carry_out(plans)
    lacks = lacking() if hooks and order.action is Action.INSTALL else ()
    return tuple(_told(plan, lacks) for plan in plans)


def _plan(order: Order, place: Place, hooks: Sequence[Hook]) -> Plan:
    if order.action is Action.UNINSTALL:
        return removal(place, force=order.force)
    wish = Wish(
        version=version(),
        files=installed_files(),
        hooks=installed_entries(hooks, python=sys.executable, scope=place.scope),
        line=program(sys.executable),
        status_line=order.statusline,
        section=order.claude_md,
        force=order.force,
    )
    return installation(place, wish)


def version() -> str:
    """That of the assets, as the plugin names it; they may lie in a clone that is not installed."""
    import json

    manifest = files("sef") / "claude" / "plugin" / ".claude-plugin" / "plugin.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])


def lacking(libraries: Sequence[str] = LIBRARIES) -> tuple[str, ...]:
    """The libraries that hooks would not find with the Python that runs this."""
    return tuple(one for one in libraries if find_spec(one) is None)


def _told(plan: Plan, lacks: tuple[str, ...]) -> Told:
    done = {str(one.path): _verb(one.before, one.after) for one in plan.changes}
    folder = plan.place.folder
    for path in plan.kept:
        done[str(_whole(plan.place, path))] = "kept"
    for path in plan.foreign:
        done[str(_whole(plan.place, path))] = "foreign"
    return Told(
        scope=plan.place.scope,
        folder=str(folder),
        version=plan.then.version if plan.then else None,
        state="installed" if plan.then else "absent",
        files={path: done[path] for path in sorted(done)},
        status_line=_line(plan.place, plan.then),
        lacks=lacks,
    )


def _verb(before: bytes | None, after: bytes | None) -> str:
    if after is None:
        return "removed"
    return "written" if before is None else "replaced"


def _whole(place: Place, path: str) -> Path:
    return place.memory if path == place.memory.name else place.folder / path


def _status(place: Place) -> Told:
    manifest = None if place.is_elsewhere else known(place)
    today = installed_files()
    said = {} if manifest is None else _states(place, manifest, today)
    unfinished = manifest is not None and manifest.pending
    state = "absent" if manifest is None else "unfinished" if unfinished else "installed"
    return Told(
        scope=place.scope,
        folder=str(place.folder),
        version=manifest.version if manifest else None,
        state=state,
        files=said,
        status_line=_line(place, manifest, looked_at=True),
    )


def _line(place: Place, manifest: Manifest | None, *, looked_at: bool = False) -> str | None:
    """What is said of our status line; it is looked for where it should be there already."""
    records = manifest.settings if manifest else ()
    line = next((one.line for one in records if one.line is not None), None)
    if line is None:
        return None
    if looked_at and not stands(place, line):
        return "edited"
    hider = hidden_by(place)
    return f"hidden by {hider}" if hider else "shown"


def _states(place: Place, manifest: Manifest, today: Mapping[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, entry in manifest.files.items():
        there = content(place.folder / path)
        found[str(place.folder / path)] = _state(there, entry.ours, today.get(path))
    if manifest.section is not None:
        memory = content(place.memory)
        whole = memory is not None and is_whole(memory, manifest.section)
        found[str(place.memory)] = "ours" if whole else "edited"
    if manifest.settings:
        there = content(place.settings)
        whole = has_entries(place.settings, there, manifest.settings[0].added)
        found[str(place.settings)] = "ours" if whole else "edited"
    return found


def _state(there: bytes | None, ours: tuple[str, ...], today: bytes | None) -> str:
    if there is None:
        return "missing"
    if there == today:
        return "ours"
    return "older" if digest(there) in ours else "edited"
