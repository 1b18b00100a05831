"""How strong the sandbox is, in one word and in sentences."""

from __future__ import annotations

import sys
from enum import StrEnum

from sef.errors import UsageError

_RISK = 'or accept the risk with mode = "off" under [sandbox] in sef.toml'


class Level(StrEnum):
    """What holds a command that runs in a tree which a draft wrote."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    OFF = "off"


class NoSandbox(UsageError):
    """A sandbox is required, and none works here."""


def no_sandbox() -> NoSandbox:
    """What to raise where none works, with the way out for this system."""
    if sys.platform == "darwin":
        reason = "a sandbox is required, and macOS's own (Seatbelt) is not implemented"
        return NoSandbox(reason, hint=f"Run sef on Linux, {_RISK}.")
    reason = "a sandbox is required, and neither bubblewrap nor Landlock works here"
    way_out = "Install bubblewrap (apt install bubblewrap) and allow user namespaces"
    return NoSandbox(reason, hint=f"{way_out}, {_RISK}.")


def describe(level: Level | None) -> str:
    """What the level holds and what it does not, one line for a person; None: nothing works."""
    if level is Level.BUBBLEWRAP:
        return (
            "bubblewrap: the machine is read-only but for the fork; homes, /tmp, /run and other "
            "forks are empty; own processes, own network with nothing but loopback; "
            "memory and processor time are not bounded"
        )
    if level is Level.LANDLOCK:
        return (
            "landlock (weaker): nothing outside the fork can be written, and homes, /tmp, /run "
            "and other forks not be read; no TCP, or a network of its own where the kernel allows "
            "that; not held: UDP without one, sockets that are files, file names and "
            "permissions, processes before Linux 6.12"
        )
    if level is Level.OFF:
        return "off: commands in a fork run with your rights, your home and your network"
    problem = no_sandbox()
    return f"none: {problem.args[0]}. {problem.hint}"
