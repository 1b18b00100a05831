"""Gathers all that the checks need: reads files, starts our own entries, changes nothing."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sef.agents import OFFERED
from sef.claude_doctor import past
from sef.claude_doctor.canary import answers
from sef.claude_doctor.entries import entries_in, installed
from sef.claude_doctor.plugins import enabled, plugin
from sef.claude_doctor.programs import (
    found,
    ground,
    is_the_projects,
    oddity,
    program,
    shim,
)
from sef.claude_doctor.reading import settings_file
from sef.claude_doctor.snapshot import (
    NOT_STARTED,
    Answer,
    Entry,
    Installation,
    Plugin,
    Program,
    Settings,
    Snapshot,
    Whose,
)
from sef.claude_doctor.trust import recorded, trusted_pythons
from sef.errors import UsageError
from sef.hooks.records import git_folders, state_folder
from sef.installation.assets import installed_files
from sef.installation.files import content
from sef.installation.hooks import Additions
from sef.installation.manifest import Manifest
from sef.installation.order import BOTH, Action, Order, obey, version
from sef.installation.places import Place, Scope, places
from sef.installation.plan import known

_MANAGED: Final = (
    Path("/Library/Application Support/ClaudeCode/managed-settings.json")
    if sys.platform == "darwin"
    else Path("/etc/claude-code/managed-settings.json")
)
_SKILL: Final = "skills/sef/SKILL.md"
_PINS: Final = re.compile(r"ANTHROPIC_DEFAULT_\w+_MODEL|CLAUDE_CODE_SUBAGENT_MODEL")
Telling = Callable[[str], None]


async def looked(
    *, variables: Mapping[str, str], start: Path, tell: Telling = lambda _: None
) -> Snapshot:
    """What a session that is started in a folder would find, with these variables.

    `tell` is called with what takes long. Raises UsageError where there is no home, no folder.
    """
    there, project = _places(variables, start)
    settings = _settings(there)
    manifests = {place.scope: _manifest(place) for place in there}
    strange = ground(project, variables)
    trusted = trusted_pythons(manifests, there[0].folder, strange)
    plugins, entries = _entries(settings, trusted, there[0].folder, project)
    tell("asking programs for their versions")
    programs = await _programs(variables, strange)
    pythons = await _pythons(manifests, trusted, variables, strange)
    folders = _git_folders(start)
    state = state_folder(folders[2] if folders else None)
    log = Path(state_folder(None)) / "hooks.log"
    lines, count = past.log_lines(log, past.now())
    return Snapshot(
        version=version(),
        project=str(project),
        in_repository=folders is not None,
        programs=programs,
        pythons=pythons,
        settings=settings,
        installations=tuple(_installation(one, manifests, variables, start) for one in there),
        plugins=plugins,
        entries=entries,
        answers=await _answers(entries, plugins, programs, variables, tell),
        bookings=past.bookings(tuple({state, state_folder(None)}), past.now()),
        trees=past.trees(Path(folders[0]), state) if folders else (),
        log=lines,
        log_count=count,
        log_path=str(log),
        pins=_pins(variables, settings),
    )


def _places(variables: Mapping[str, str], start: Path) -> tuple[tuple[Place, ...], Path]:
    """The user's place, the project's where that is another one, and the project's folder."""
    if not start.is_dir():
        raise UsageError(f"{start} is no folder", hint="Go to the project that you work in.")
    there = places(BOTH, variables, start)
    return there, there[1].folder.parent if len(there) > 1 else start.absolute()


def _git_folders(start: Path) -> tuple[str, str, str] | None:
    """As hooks find them; a `.git` file may say anything."""
    try:
        found = git_folders(str(start.absolute()))
    except (OSError, ValueError):
        return None
    return None if found and any("\0" in one for one in found) else found


def _settings(there: Sequence[Place]) -> tuple[Settings, ...]:
    """The files, those that go before later."""
    found = [settings_file("managed", _MANAGED)]
    for place in there:
        own = "user" if place.scope is Scope.USER else "local"
        found += [settings_file("project", one) for one in place.others]
        found.append(settings_file(own, place.settings))
    return tuple(found)


def _manifest(place: Place) -> Manifest | None:
    try:
        return None if place.is_elsewhere else known(place)
    except (UsageError, OSError):
        return None  # told by the status of the installation


def _entries(
    settings: Iterable[Settings],
    trusted: Mapping[Scope, Sequence[str]],
    config: Path,
    project: Path,
) -> tuple[tuple[Plugin, ...], tuple[Entry, ...]]:
    ours: dict[str, list[Additions]] = {
        "user": [installed(one, Scope.USER) for one in trusted[Scope.USER]],
        "local": [installed(one, Scope.PROJECT) for one in trusted[Scope.PROJECT]],
    }
    entries: list[Entry] = []
    for one in settings:
        if one.found is not None:
            hooks = one.found.get("hooks")
            entries += map(_with_oddity, entries_in(one.scope, hooks, ours.get(one.scope, [])))
    plugins: list[Plugin] = []
    for name in enabled(settings):
        seen, more = plugin(name, config, project)
        plugins.append(seen)
        entries += more
    return tuple(plugins), tuple(entries)


def _with_oddity(one: Entry) -> Entry:
    # Without arguments it is a line for a shell, and its first word is not known.
    if one.whose is Whose.FOREIGN or len(one.words) == 1:
        return one
    return replace(one, program=oddity(one.words[0]))


async def _programs(variables: Mapping[str, str], project: Path | None) -> dict[str, Program]:
    names = ("claude", "git")
    told = {one: await program(one, found(one, variables), variables, project) for one in names}
    # The plugin's hooks and the commands call these; `sef` is not always this one.
    for name in ("sef", "sh"):
        path = found(name, variables)
        problem = "it is not on PATH" if path is None else ""
        if path is not None and is_the_projects(path, project):
            problem = "it lies in the project, so it was not started"
        manager = shim(path) if path else ""
        told[name] = Program(name=name, path=path, problem=problem, manager=manager)
    return told


async def _pythons(
    manifests: Mapping[Scope, Manifest | None],
    trusted: Mapping[Scope, Sequence[str]],
    variables: Mapping[str, str],
    project: Path | None,
) -> dict[str, Program]:
    told: dict[str, Program] = {}
    for scope, manifest in manifests.items():
        for path in recorded(manifest)[:1]:
            if not os.path.exists(path):  # noqa: PTH110, ASYNC240 - a look at one file
                told[scope] = Program(name="python", path=path, problem="it is gone")
            elif path in trusted[scope]:
                told[scope] = await program("python", path, variables, project)
            else:
                told[scope] = Program(
                    name="python", path=path, problem=NOT_STARTED, manager=shim(path)
                )
    return told


def _installation(
    place: Place,
    manifests: Mapping[Scope, Manifest | None],
    variables: Mapping[str, str],
    start: Path,
) -> Installation:
    scope, manifest = place.scope, manifests[place.scope]
    python = next(iter(recorded(manifest)), "")
    merges = manifest.settings if manifest else ()
    there = Installation(
        scope=scope,
        told=None,
        python=python,
        stale_hooks=bool(merges) and merges[0].added != installed(python, scope),
        executors=tuple(one for one in OFFERED if _is_file(place.folder / f"agents/{one}.md")),
        skills=_is_file(place.folder / _SKILL),
        strangers=tuple(_strangers(place, manifest)),
    )
    order = Order(action=Action.STATUS, scopes=(scope,))
    try:
        (told,) = obey(order, variables=variables, start=start)
    except UsageError as error:
        return replace(there, problem=str(error.args[0]), hint=error.hint or "")
    except OSError as error:
        return replace(there, problem=str(error))
    return replace(there, told=told)


def _is_file(path: Path) -> bool:
    return path.is_file()


def _strangers(place: Place, manifest: Manifest | None) -> Iterator[str]:
    files, known_here = installed_files(), manifest.files if manifest else {}
    for name in (*(f"agents/{one}.md" for one in OFFERED), _SKILL):
        path = place.folder / name
        if name not in known_here and _is_file(path) and _content(path) != files[name]:
            yield str(path)


def _content(path: Path) -> bytes | None:
    try:
        return content(path)
    except (UsageError, OSError):
        return None


async def _answers(
    entries: Sequence[Entry],
    plugins: Sequence[Plugin],
    programs: Mapping[str, Program],
    variables: Mapping[str, str],
    tell: Telling,
) -> dict[str, tuple[Answer, ...]]:
    roots = {f"plugin {one.name}": one.root for one in plugins}
    told: dict[str, tuple[Answer, ...]] = {}
    for source in dict.fromkeys(one.source for one in entries if one.whose is Whose.OURS):
        own = [one for one in entries if one.source == source and one.whose is Whose.OURS]
        # What a hook finds on PATH is started, too; that of a project may be anybody's.
        called = ("git", "sh", "sef") if source in roots else ("git",)
        bad = next((one for one in called if programs[one].problem), "")
        if bad:
            wrong = f"not tried: {bad}: {programs[bad].problem}"
            told[source] = tuple(
                Answer(event=one.event, milliseconds=0, wrong=wrong) for one in own
            )
            continue
        tell(f"sending events through the entries of {source}")
        told[source] = await answers(own, variables, roots.get(source, ""))
    return told


def _pins(variables: Mapping[str, str], settings: Iterable[Settings]) -> dict[str, str]:
    """Variables that pin models, with where they are said: the later ones hold."""
    told = {name: f"{one} (environment)" for name, one in variables.items() if _is_pin(name)}
    for file in settings:
        env = (file.found or {}).get("env")
        for name, value in env.items() if isinstance(env, dict) else ():
            if _is_pin(name) and value:
                told[name] = f"{value} ({file.scope} settings)"
    return told


def _is_pin(name: str) -> bool:
    return _PINS.fullmatch(name) is not None
