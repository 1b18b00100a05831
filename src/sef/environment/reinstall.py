"""Installs a fork: into its shadow, or with the project's own command into the fork itself.

The user's environment is only read. Where bubblewrap works the installer could not write to it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sef.environment.probe import Facts
from sef.process import Finished, run_program
from sef.text import one_line

_INSTALL_S = 300.0
_SETUP_S = 900.0
_BACKEND_ABSENT = re.compile(
    r"BackendUnavailable|Cannot import '[\w.:]+'|No module named '?(setuptools|hatchling|flit_core"
    r"|poetry|pdm|mesonpy|scikit_build_core|uv_build|wheel|pybind11|Cython|numpy)|may be missing"
)
_HOW = ("--no-deps", "--no-build-isolation")
_REQUIRES = "Requires-Dist:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where a fork is installed, and with what."""

    fork: str
    """The fork's folder, under the path that the check will see it at."""
    cwd: Path
    folder: Path
    """The shadow."""
    python: Path
    """The shadow's interpreter."""
    facts: Facts
    variables: Mapping[str, str]
    wrap: Callable[[Sequence[str]], tuple[str, ...]]
    network: bool


async def install(into: Installation) -> str | None:
    """Installs the fork into its shadow; None when it is there, else why it is not.

    Nothing is fetched, unless what builds the project is missing: then it is built in isolation,
    which may fetch that where a network is allowed.
    """
    complaint = await _try(into, isolated=False)
    if complaint is not None and _BACKEND_ABSENT.search(complaint):
        again = await _try(into, isolated=True)
        complaint = complaint if again is not None else None
    return None if complaint is None else _last_line(complaint)


async def _try(into: Installation, *, isolated: bool) -> str | None:
    argv, variables = _command(into, isolated=isolated)
    try:
        done = await run_program(
            into.wrap(argv),
            cwd=into.cwd,
            env={**into.variables, **variables},
            timeout_s=_INSTALL_S,
        )
    except (FileNotFoundError, PermissionError) as problem:
        return f"{argv[0]} does not start: {problem}"
    if done.timed_out:
        return f"it did not end within {_INSTALL_S:.0f} s"
    return None if done.exit_code == 0 else _said(done)


def _command(into: Installation, *, isolated: bool) -> tuple[list[str], dict[str, str]]:
    how = [option for option in _HOW if not (isolated and option == "--no-build-isolation")]
    uv = find_uv(into.variables, into.facts)
    if uv is not None:
        offline = [] if isolated and into.network else ["--offline"]
        cache = ["--cache-dir", str(into.folder / "uv-cache")]
        argv = [uv, "pip", "install", *how, *offline, *cache, "--no-progress", "--reinstall"]
        return [*argv, "-p", str(into.python), "-e", into.fork], {}
    offline = [] if isolated and into.network else ["--no-index"]
    argv = [str(into.python), "-m", "pip", "install", *how, *offline, "--no-input"]
    # Without this pip would first remove the user's installation, which it can see.
    argv += ["--ignore-installed", "--disable-pip-version-check", "-e", into.fork]
    return argv, {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_USER": "0",
        "PIP_TARGET": "",
        "PIP_PREFIX": "",
    }


def find_uv(variables: Mapping[str, str], facts: Facts) -> str | None:
    """uv on PATH, else beside the user's Python."""
    found = shutil.which("uv", path=variables.get("PATH", os.defpath))
    return found or shutil.which("uv", path=facts.programs)


async def run_setup(
    command: str,
    *,
    fork: Path,
    variables: Mapping[str, str],
    wrap: Callable[[Sequence[str]], tuple[str, ...]],
) -> str | None:
    """Runs the project's own set-up command in the fork; None when it ended well, else why not."""
    argv = shlex.split(command)
    program = shutil.which(argv[0], path=variables.get("PATH", os.defpath))
    if program is None:
        return f"{argv[0]} is not on PATH"
    done = await run_program(
        wrap((program, *argv[1:])), cwd=fork, env=variables, timeout_s=_SETUP_S
    )
    if done.timed_out:
        return f"it did not end within {_SETUP_S:.0f} s"
    return None if done.exit_code == 0 else _last_line(_said(done))


def requirements_differ(into: Installation, names: Sequence[str]) -> bool:
    """True when the fork's installation asks for other packages than the user's does."""
    new = _requirements([into.folder / into.facts.library], names)
    old = _requirements([Path(site) for site in into.facts.sites], names)
    return new != old


def _requirements(sites: Sequence[Path], names: Sequence[str]) -> set[str]:
    """What the first installation of that name requires."""
    wanted = set(names)
    for site in sites:
        for place in sorted(site.glob("*.dist-info/METADATA")) + sorted(
            site.glob("*.egg-info/PKG-INFO")
        ):
            lines = place.read_text("utf-8", "replace").partition("\n\n")[0].splitlines()
            named = [line[5:].strip() for line in lines if line.startswith("Name:")]
            if named and re.sub("[-_.]+", "-", named[0]).lower() in wanted:
                return {line for line in lines if line.startswith(_REQUIRES)}
    return set()


def _said(done: Finished) -> str:
    return os.fsdecode(done.stderr + b"\n" + done.stdout)


def _last_line(complaint: str) -> str:
    """The line that names the error, else the last one."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\w*(Error|error|Unavailable)\b", line)]
    return one_line((telling or lines or ["it said nothing"])[-1], 200)
