"""Which interpreters that manifests name may be started: none that a project could bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sef.claude_doctor.entries import interpreters
from sef.claude_doctor.programs import is_the_projects, runs_this
from sef.installation.manifest import Manifest
from sef.installation.places import Scope


def recorded(manifest: Manifest | None) -> tuple[str, ...]:
    """Interpreters that a manifest's entries name, today's first."""
    merges = manifest.settings if manifest else ()
    return tuple(one for merge in merges for one in interpreters(merge.added))


def trusted_pythons(
    manifests: Mapping[Scope, Manifest | None], config: Path, project: Path | None
) -> dict[Scope, tuple[str, ...]]:
    """Interpreters that may be started, by place.

    The user's manifest is the user's own, where it does not lie in the project. A project's may
    have come with the project: of what it names only the interpreter that runs this, and those of
    the user's manifest, are started. None in the project is, unless sef itself runs from there.
    """
    own = project is None or not is_the_projects(str(config / "sef" / "installed.json"), project)
    user = [one for one in recorded(manifests.get(Scope.USER)) if own or runs_this(one)]
    here = [*user, *filter(runs_this, recorded(manifests.get(Scope.PROJECT)))]
    fit = [one for one in here if Path(one).is_absolute() and not is_the_projects(one, project)]
    named = recorded(manifests.get(Scope.PROJECT))
    return {
        Scope.USER: tuple(one for one in user if one in fit),
        Scope.PROJECT: tuple(one for one in named if one in fit),
    }
