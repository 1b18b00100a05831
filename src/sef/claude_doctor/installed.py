"""Checks of what is there: settings files, installations, the plugin, and which copy goes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sef.agents import OFFERED
from sef.claude_doctor.rows import Row, State, row
from sef.claude_doctor.snapshot import Installation, Plugin, Snapshot, Whose


def rows(seen: Snapshot) -> Iterator[Row]:
    """A row for the settings, one for each place, one for the plugin, one for who goes first."""
    yield _settings(seen)
    for one in seen.installations:
        yield _installation(one, seen.version)
    yield _plugin(seen)
    yield _first(seen)


def _settings(seen: Snapshot) -> Row:
    bad = [one for one in seen.settings if one.problem]
    if not bad:
        there = [one.scope for one in seen.settings if one.found is not None]
        said = f"read: {', '.join(there)}" if there else "there is no settings file"
        return row("settings", State.OK, said)
    unread = [one for one in bad if one.problem.startswith("not read")]
    ignored = [one for one in bad if one.ignored and one not in unread]
    state = State.WRONG if ignored else State.UNKNOWN if unread else State.WARNING
    found = "Claude Code ignores a settings file, all of it" if ignored else "a settings file"
    if not ignored:
        found += " was not read" if unread else " says something twice"
    details = tuple(f"{one.path}: {one.problem}" for one in bad)
    return row("settings", state, found, "Mend the file.", details)


def _installation(one: Installation, version: str) -> Row:
    check = f"installed-{one.scope}"
    again = f"sef claude install --{one.scope}"
    if one.told is None:
        return row(check, State.WRONG, one.problem, one.hint or again)
    if one.told.state == "absent":
        return row(check, State.OK, f"nothing of sef's in {one.told.folder}")
    where = f"sef {one.told.version} in {one.told.folder}"
    if one.told.state == "unfinished":
        return row(check, State.WRONG, f"{where}: the installation was cut off", again)
    counts = Counter(one.told.files.values())
    odd = tuple(f"{what}: {path}" for path, what in one.told.files.items() if what != "ours")
    if one.stale_hooks:
        odd += ("older: the entries of hooks are not those of this sef",)
    counted = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    found = f"{where}: {counted}"
    if one.told.version != version:
        found += f"; this is sef {version}"
    if counts["older"] or counts["missing"] or one.stale_hooks:
        return row(check, State.WRONG, found, again, odd)
    if counts["edited"]:
        way = f"Yours stay as they are. To have sef's: {again} --force"
        return row(check, State.WARNING, found, way, odd)
    return row(check, State.OK, found)


def _plugin(seen: Snapshot) -> Row:
    ours = [one for one in seen.plugins if one.is_sef]
    if not ours:
        return row("plugin", State.OK, "the plugin sef is not enabled")
    found = "; ".join(_of_plugin(one, seen.version) for one in ours)
    details = tuple(f"{one.name}: other: {path}" for one in ours for path in one.differs)
    if any(one.problem for one in ours):
        name = next(one.name for one in ours if one.problem)
        return row("plugin", State.WRONG, found, f"claude plugin install {name}")
    if details:
        way = f"claude plugin update {ours[0].name}, or another sef on PATH"
        return row("plugin", State.WARNING, found, way, details)
    return row("plugin", State.OK, found)


def _of_plugin(one: Plugin, version: str) -> str:
    if one.problem:
        return f"{one.name}: {one.problem}"
    other = f", {len(one.differs)} files not as in sef {version}" if one.differs else ""
    return f"{one.name} {one.version} in {one.root}{other}"


def _first(seen: Snapshot) -> Row:
    """Which copy of what is there more than once goes first."""
    files = {one.scope: one for one in seen.installations}
    hooks = [one.source for one in seen.entries if one.whose is not Whose.FOREIGN]
    hooks = sorted(dict.fromkeys(hooks), key=_rank)
    executors = [one for one in ("project", "user") if one in files and files[one].executors]
    skills = [one for one in ("user", "project") if one in files and files[one].skills]
    plugins = [one.name for one in seen.plugins if one.is_sef and not one.problem]
    if not (hooks or executors or skills or plugins):
        way = "sef claude install --user, or --project, or the plugin"
        return row("first", State.WRONG, "Claude Code knows nothing of sef here", way)
    named = (("executors", executors), ("skills", skills), ("hooks", hooks))
    said = [f"{what}: {' before '.join(who)}" for what, who in named if who]
    said += [f"beside them as sef:...: {one}" for one in plugins]
    strangers = tuple(path for one in seen.installations for path in one.strangers)
    if strangers:
        way = "Look at them: what sef's hooks verify is then somebody else's executor."
        details = tuple(f"not sef's, though so called: {path}" for path in strangers)
        return row("first", State.WARNING, "; ".join(said), way, details)
    return row("first", State.OK, "; ".join(said), details=tuple(_winners(files, executors)))


def _winners(files: Mapping[str, Installation], scopes: Sequence[str]) -> Iterator[str]:
    """Whose each executor is, where that is not the same of all."""
    if len({files[scope].executors for scope in scopes}) > 1:
        for name in OFFERED:
            found = [scope for scope in scopes if name in files[scope].executors]
            yield f"{name}: {found[0] if found else 'nobody'}"


def _rank(source: str) -> int:
    ranks = ("managed", "local", "project", "user")
    return ranks.index(source) if source in ranks else len(ranks)
