"""What judges: the checks of a repository, and the verifiers that read them."""

from __future__ import annotations

import os
from pathlib import Path

from sef.checks import CheckRunner, Overrides
from sef.config import Config
from sef.environment import Environments
from sef.environment.foreign import ForeignEnvironments
from sef.protocols import Verifier
from sef.reach import Bases, Reach
from sef.repository import Repository
from sef.verifiers.applies import Applies
from sef.verifiers.checks import Checks
from sef.verifiers.exact import Citations, Claims, Documents, Renames
from sef.verifiers.integrity import Integrity
from sef.verifiers.scope import Scope
from sef.verifiers.static import Static
from sef.verifiers.trust import Trust
from sef.workspace import Workspace


def check_runner(repository: Repository, config: Config, scratch: Path) -> CheckRunner:
    """What runs the checks of a repository: in place for the user, witnessed in a fork."""
    given = dict(os.environ)
    return CheckRunner(
        environments=Environments(
            tree=repository.root,
            scratch=scratch,
            python=config.python,
            settings=config.environment,
            variables=given,
        ),
        foreign=ForeignEnvironments(
            tree=repository.root,
            scratch=scratch,
            variables=given,
            network=config.environment.network,
            sandbox=config.sandbox,
        ),
        scratch=scratch,
        overrides=Overrides(
            tests=config.checks.tests, lint=config.checks.lint, types=config.checks.types
        ),
        timeout_s=config.checks.timeout_s,
        memory_mb=config.checks.memory_mb,
        tree=repository.root,
    )


def verifiers(
    runner: CheckRunner,
    workspace: Workspace,
    repository: Repository,
    *,
    python: tuple[int, int] | None = None,
) -> dict[str, Verifier]:
    """The verifiers of a repository that ask no model, by name.

    `python` is the version of the project's interpreter; None: unknown.
    """
    git = repository.git
    bases, reach = Bases(), Reach(git, tree=repository.root)
    checks = {
        name: Checks(name, runner, workspace, bases=bases, reach=reach)
        for name in ("lint", "types", "tests")
    }
    return {
        "applies": Applies(git),
        "scope": Scope(),
        "integrity": Integrity(git),
        "documents": Documents(git),
        "renames": Renames(git),
        "citations": Citations(git),
        "claims": Claims(runner, git),
        "static": Static(git, python=python),
        "bounds": Scope(judges=False),
        "trust": Trust(),
        **checks,
    }
