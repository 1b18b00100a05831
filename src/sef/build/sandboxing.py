"""The sandbox that a configuration asks for, as far as this machine has one."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from sef.config import Config
from sef.sandbox import NoSandbox, Sandbox, confine


def with_own_programs(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, with the programs that came with sef (ripgrep) after the user's own."""
    own = sysconfig.get_path("scripts")
    path = variables.get("PATH", os.defpath)
    return {**variables, "PATH": f"{path}{os.pathsep}{own}"}


def sandbox_of(
    config: Config,
    variables: Mapping[str, str],
    *,
    tree: Path | None = None,
    scratch: Path | None = None,
) -> tuple[Sandbox | None, str]:
    """The sandbox for forks of a tree, and why there is none where one is required."""
    try:
        found = confine(config.sandbox, tree=tree, scratch=scratch, variables=variables)
    except NoSandbox as missing:
        return None, str(missing)
    return found, ""
