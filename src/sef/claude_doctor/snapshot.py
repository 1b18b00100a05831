"""What is there, as it was found: values alone, so that judging needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sef.installation.order import Told

NOT_STARTED: Final = "another one than this sef's, so it was not started"
"""Of an interpreter that entries name, and that whoever brought them may have brought, too."""


class Whose(StrEnum):
    """Who put an entry of hooks there."""

    OURS = "ours"
    """Word for word what this sef writes, so that it may be started."""
    ANOTHERS = "another's"
    """It names sef, and is not what this sef writes there: another copy's, or edited."""
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program, and what it said of its version."""

    name: str
    path: str | None
    version: str = ""
    problem: str = ""
    """Why it was not started, or what went wrong; empty where it answered."""
    manager: str = ""
    """The version manager whose shim it is; `script` for another script in place of a binary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One settings file."""

    scope: str
    """managed, user, project, local: the later ones hold."""
    path: str
    found: Mapping[str, object] | None
    """None where there is none, or where it cannot be read."""
    problem: str = ""
    """Why the client ignores it, or what of it, with the line."""
    ignored: bool = True
    """Of a problem: False where the client takes the rest of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One program that Claude Code runs at an event."""

    source: str
    """The scope of a settings file, or `plugin NAME`."""
    event: str
    matcher: str
    words: tuple[str, ...]
    """Command and arguments."""
    timeout_s: float
    whose: Whose
    program: str = ""
    """What is odd about the program of one that names sef: it is gone, or a shim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the installer put at a place."""

    scope: str
    told: Told | None
    problem: str = ""
    hint: str = ""
    python: str = ""
    """The interpreter that its entries name."""
    stale_hooks: bool = False
    """True where this sef would write other entries."""
    executors: tuple[str, ...] = ()
    """Names of executors that are there, whoever put them there."""
    skills: bool = False
    """True where the skill `sef` is there."""
    strangers: tuple[str, ...] = ()
    """Files called like an executor or the skill that are not sef's, and not put there by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin that is enabled."""

    name: str
    """`sef@market`."""
    is_sef: bool
    root: str = ""
    """The folder that Claude Code reads."""
    version: str = ""
    differs: tuple[str, ...] = ()
    """Of sef's: files that are not as in this version, or not there."""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an entry made of a canary."""

    event: str
    milliseconds: float
    wrong: str = ""
    """Empty where the answer was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """What sessions of the last days were billed for."""

    sessions: int = 0
    requests: int = 0
    odd: Mapping[str, int] = field(default_factory=dict)
    """Sessions by `answered for asked`, where these are not the same model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder that Claude Code made for an executor."""

    name: str
    state: str
    """alive, dead, or unrecorded: nobody of sef's began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that is looked at."""

    version: str
    """Of this sef."""
    project: str
    """The project's folder."""
    in_repository: bool
    programs: Mapping[str, Program]
    """sef, python, claude, git: what a session would start."""
    pythons: Mapping[str, Program]
    """By source: the interpreters that entries of ours name."""
    settings: tuple[Settings, ...]
    installations: tuple[Installation, ...]
    plugins: tuple[Plugin, ...]
    entries: tuple[Entry, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    """By source."""
    bookings: Bookings
    trees: tuple[Tree, ...]
    log: tuple[str, ...]
    """Lines of the last day that the hooks' log has, the last of them."""
    log_count: int
    log_path: str
    pins: Mapping[str, str]
    """Variables that pin models, from the process's environment and the settings."""
    notes: tuple[str, ...] = ()
    """What could not be looked at."""

    def merged(self, key: str) -> object:
        """The value that holds of a key of settings; the later files go before. None: not set.

        Managed settings go before all.
        """
        values = [one.found[key] for one in self.settings if one.found and key in one.found]
        managed = [
            one.found[key]
            for one in self.settings
            if one.scope == "managed" and one.found and key in one.found
        ]
        return (managed or values or [None])[-1]
