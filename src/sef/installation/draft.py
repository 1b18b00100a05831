"""The steps of a plan: what is wished for, or dropped, of one file, the settings, CLAUDE.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from sef.errors import UsageError
from sef.installation.files import Change, check_folder, check_writable, content, digest
from sef.installation.hooks import Additions
from sef.installation.manifest import Entry, Manifest
from sef.installation.places import Place
from sef.installation.section import (
    Section,
    is_there,
    is_whole,
    renewed,
    with_section,
    without_section,
)
from sef.installation.settings import (
    Merge,
    check_settings,
    has_entries,
    merged,
    read_settings,
    unmerged,
)
from sef.installation.status_line import Line, check_free, is_set, wrapped

_T = TypeVar("_T")
_DEEP: Final = "sef could not write it again: have fewer lists and objects within one another."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be there."""

    version: str
    files: Mapping[str, bytes]
    """By path below `.claude`."""
    hooks: Additions
    """Entries of the settings file, by event."""
    line: str = ""
    """The program of the status line, for a shell."""
    status_line: bool = False
    """Also set the status line; where it is already, it stays."""
    section: bool = False
    """Also put the section into CLAUDE.md; where it is already, it stays."""
    force: bool = False
    """Replace, or remove, what somebody edited, and what somebody else put there."""


@dataclass(slots=True)
class Draft:
    """A plan while it is made."""

    changes: list[Change] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    in_the_way: list[UsageError] = field(default_factory=list)
    files: dict[str, Entry] = field(default_factory=dict)
    """What is known after."""

    def change(self, path: Path, before: bytes | None, after: bytes | None) -> None:
        if before != after:
            self.changes.append(Change(path=path, before=before, after=after))

    def settle(self) -> None:
        """Raises UsageError where something is in the way."""
        if self.in_the_way:
            first = self.in_the_way[0]
            said = "; ".join(dict.fromkeys(str(one.args[0]) for one in self.in_the_way))
            raise UsageError(f"{said}. Nothing was changed", hint=first.hint)


def attempt(draft: Draft, step: Callable[[], _T]) -> _T | None:
    """Does a step; what is in its way is noted, so that all of it is told at once."""
    try:
        return step()
    except UsageError as error:
        draft.in_the_way.append(error)
    except RecursionError:
        draft.in_the_way.append(UsageError("a settings file is nested too deeply", hint=_DEEP))
    return None


def want_file(place: Place, was: Manifest | None, wish: Wish, draft: Draft, path: str) -> None:
    """One file: written, renewed, or, where it is no longer wished for, dropped."""
    entry = was.files.get(path) if was else None
    if path not in wish.files:
        if entry is not None:
            drop_file(place, draft, path, entry, force=wish.force)
        return
    there, ours = _content_below(place, path), wish.files[path]
    if entry is None and there is not None:
        _take_over(place, wish, draft, path, there)
        return
    if entry and there is not None and _is_edited(there, entry, ours) and not wish.force:
        draft.kept.append(path)
        draft.files[path] = entry
        return
    draft.files[path] = Entry(ours=(digest(ours),), before=entry.before if entry else None)
    draft.change(place.folder / path, there, ours)


def _is_edited(there: bytes, entry: Entry, ours: bytes) -> bool:
    return there not in (ours, entry.before) and digest(there) not in entry.ours


def _take_over(place: Place, wish: Wish, draft: Draft, path: str, there: bytes) -> None:
    """A file of that name which is not known to be ours."""
    ours = wish.files[path]
    if there == ours:
        draft.foreign.append(path)
    elif wish.force:
        draft.files[path] = Entry(ours=(digest(ours),), before=there)
        draft.change(place.folder / path, there, ours)
    else:
        raise UsageError(
            f"{place.folder / path} is there and not sef's",
            hint="Move it out of the way, or let it be replaced until you uninstall: --force",
        )


def drop_file(place: Place, draft: Draft, path: str, entry: Entry, *, force: bool) -> None:
    """One file: removed, or what was there before put back; kept where somebody edited it."""
    there = _content_below(place, path)
    if there is None or there == entry.before:
        return
    if digest(there) in entry.ours or force:
        draft.change(place.folder / path, there, entry.before)
    else:
        draft.kept.append(path)
        draft.files[path] = entry


def _content_below(place: Place, path: str) -> bytes | None:
    """The file at a path below `.claude`, with no link on the way."""
    folder = place.folder
    for part in path.split("/")[:-1]:
        folder = folder / part
        check_folder(folder)
    return content(place.folder / path)


def want_hooks(place: Place, was: Manifest | None, wish: Wish, draft: Draft) -> tuple[Merge, ...]:
    """The settings file with the entries and the status line wished for, and the records of them.

    Every settings file of the place is read first: one that Claude Code would ignore is refused.
    """
    for path in (*place.others, place.settings):
        check_settings(path)
    records = was.settings if was else ()
    if not records and not wish.hooks and not wish.status_line:
        return ()
    there = content(place.settings)
    base = unmerged(place.settings, there, records)
    stands = _stands(place, there, records)
    line = _line(place, wish, base, stands=stands)
    known = was is not None and not was.pending and [one.added for one in records] == [wish.hooks]
    same = known and records[0].line == line and stands == (line is not None)
    if same and has_entries(place.settings, there, wish.hooks):
        return records
    if not wish.hooks and line is None:
        draft.change(place.settings, there, base)
        return ()
    after, record = merged(place.settings, base, wish.hooks, line)
    draft.change(place.settings, there, after)
    return (record,)


def _line(place: Place, wish: Wish, base: bytes | None, *, stands: bool) -> Line | None:
    """The status line for settings that say `base` without us; None where none is wished for."""
    if not wish.status_line and not stands:
        return None
    if not stands:
        check_free(place)
    return wrapped(place, read_settings(place.settings, base) if base else {}, wish.line)


def _stands(place: Place, there: bytes | None, records: Sequence[Merge]) -> bool:
    """True where our status line is in the settings still."""
    lines = [one.line for one in records if one.line is not None]
    if there is None or not lines:
        return False
    found = read_settings(place.settings, there)
    return any(is_set(found, one) for one in lines)


def drop_hooks(place: Place, was: Manifest, draft: Draft) -> tuple[Merge, ...]:
    """The settings file without our entries; nothing is known of it then."""
    if was.settings:
        there = content(place.settings)
        draft.change(place.settings, there, unmerged(place.settings, there, was.settings))
    return ()


def want_section(place: Place, was: Manifest | None, wish: Wish, draft: Draft) -> Section | None:
    """CLAUDE.md with the section: put in where it is wished for, renewed where it stands."""
    record = was.section if was else None
    if record is None and not wish.section:
        return None
    there = content(place.memory)
    if record is not None and there is not None and is_whole(there, record):
        after, new = renewed(there, record)
        draft.change(place.memory, there, after)
        return new
    if record is not None and there is not None and is_there(there) and not wish.force:
        draft.kept.append(place.memory.name)
        return record
    if not wish.section:
        return None
    after, found = with_section(place.memory, there, force=wish.force)
    if found is None:
        draft.foreign.append(place.memory.name)
    draft.change(place.memory, there, after)
    return found


def drop_section(place: Place, was: Manifest, draft: Draft, *, force: bool) -> Section | None:
    """CLAUDE.md without the section; kept where somebody edited it."""
    record = was.section
    there = None if record is None else content(place.memory)
    if record is None or there is None:
        return None
    if is_whole(there, record) or force:
        draft.change(place.memory, there, without_section(there, record, force=force))
        return None
    if is_there(there):
        draft.kept.append(place.memory.name)
        return record
    return None


def want_writable(place: Place, changes: Sequence[Change]) -> None:
    """Raises UsageError where a folder that changes cannot be written."""
    for folder in sorted({place.folder, *(one.path.parent for one in changes)}):
        check_writable(folder)
