"""What a project says about the environment of its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sef.sandbox import SandboxSettings

Mode = Literal["hide", "mount", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a fork's environment is made, and what its checks may see."""

    setup: str | None = None
    """Command line that installs a fork into a `.venv` of its own; None: there is none."""
    mode: Mode = "hide"
    """`hide` the user's tree where that works, `mount` the fork over it, or leave it `open`."""
    linked: tuple[str, ...] = ()
    """Ignored folders of the user's tree that a fork's run sees, read-only, at the same place."""
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    """What holds the commands that run in a fork."""
