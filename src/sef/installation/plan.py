"""What installing or removing changes at one place, found out before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sef.errors import UsageError
from sef.installation.draft import (
    Draft,
    Wish,
    attempt,
    drop_file,
    drop_hooks,
    drop_section,
    want_file,
    want_hooks,
    want_section,
    want_writable,
)
from sef.installation.files import Change, check_folder, content
from sef.installation.manifest import Entry, Manifest, decoded
from sef.installation.places import Place
from sef.installation.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes at one place, and what is known of it before, meanwhile and after."""

    place: Place
    was: Manifest | None
    """What was known before."""
    during: Manifest | None
    """What is known while files change; None where there was nothing to begin with."""
    then: Manifest | None
    """What is known after; None is: nothing of ours is there."""
    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()
    """Files of ours that somebody edited, and that stay as they are."""
    foreign: tuple[str, ...] = ()
    """Files that somebody else put there, word for word ours: they stay when ours go."""


def known(place: Place) -> Manifest | None:
    """What sef knows that it put there; None is nothing. Raises UsageError where that is unfit."""
    check_folder(place.folder)
    check_folder(place.state)
    data = content(place.manifest)
    if data is None:
        if place.state.exists():
            raise UsageError(f"{place.state} is not sef's", hint="Move it out of the way.")
        return None
    return decoded(place.manifest, data)


def installation(place: Place, wish: Wish) -> Plan:
    """What has to change so that everything wished for is there.

    Raises UsageError naming all that is in the way: links, what is no file, files of the same
    name that somebody else put there, settings that Claude Code would ignore, folders that cannot
    be written.
    """
    was = known(place)
    draft = Draft()
    for path in sorted({*wish.files, *(was.files if was else ())}):
        attempt(draft, partial(want_file, place, was, wish, draft, path))
    settings = attempt(draft, lambda: want_hooks(place, was, wish, draft))
    section = attempt(draft, lambda: want_section(place, was, wish, draft))
    attempt(draft, lambda: want_writable(place, draft.changes))
    draft.settle()
    then = Manifest(
        version=wish.version,
        made=_made(place, was, wish.files),
        files=draft.files,
        settings=tuple(settings or ()),
        section=section,
    )
    return Plan(
        place=place,
        was=was,
        during=_both(was, then) if was or _knows(then) else None,
        then=then if _knows(then) else None,
        changes=tuple(draft.changes),
        kept=tuple(draft.kept),
        foreign=tuple(draft.foreign),
    )


def removal(place: Place, *, force: bool = False) -> Plan:
    """What has to change so that nothing of ours is there. Raises UsageError as `installation`."""
    was = None if place.is_elsewhere else known(place)
    if was is None:
        return Plan(place=place, was=None, during=None, then=None)
    draft = Draft()
    for path, entry in was.files.items():
        attempt(draft, partial(drop_file, place, draft, path, entry, force=force))
    settings = attempt(draft, lambda: drop_hooks(place, was, draft)) or ()
    section = attempt(draft, lambda: drop_section(place, was, draft, force=force))
    attempt(draft, lambda: want_writable(place, draft.changes))
    draft.settle()
    then = replace(was, pending=False, files=draft.files, settings=settings, section=section)
    return Plan(
        place=place,
        was=was,
        during=replace(was, pending=True),
        then=then if _knows(then) else None,
        changes=tuple(draft.changes),
        kept=tuple(draft.kept),
    )


def _knows(manifest: Manifest) -> bool:
    """True where something of ours is there."""
    return bool(manifest.files or manifest.settings or manifest.section)


def _made(place: Place, was: Manifest | None, paths: Iterable[str]) -> tuple[str, ...]:
    """Folders that we made or shall make, outer ones first."""
    made = list(was.made) if was else []
    for folder in sorted({".", *(one for path in paths for one in _above(path))}):
        if folder not in made and not (place.folder / folder).exists():
            made.append(folder)
    return tuple(sorted(made))


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _both(was: Manifest | None, then: Manifest) -> Manifest:
    """What may be there in between: what was, and what will be."""
    old = was.files if was else {}
    files = {
        path: Entry(
            ours=_union(path, then.files, old), before=(then.files.get(path) or old[path]).before
        )
        for path in sorted({*then.files, *old})
    }
    records = (*then.settings, *(was.settings if was else ()))
    return replace(
        then,
        pending=True,
        files=files,
        settings=tuple(one for n, one in enumerate(records) if one not in records[:n]),
        section=_sections(was.section if was else None, then.section),
    )


def _union(path: str, *manifests: Mapping[str, Entry]) -> tuple[str, ...]:
    found = (name for files in manifests if path in files for name in files[path].ours)
    return tuple(dict.fromkeys(found))


def _sections(old: Section | None, new: Section | None) -> Section | None:
    if old is None or new is None:
        return new or old
    return Section(texts=tuple(dict.fromkeys((*new.texts, *old.texts))), made=new.made)
