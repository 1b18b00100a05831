"""What judges: the checks of a repository, and the verifiers that read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sef.checks import CheckRunner, Overrides
from sef.config import Config
from sef.environment import Environments
from sef.environment.foreign import ForeignEnvironments
from sef.protocols import Verifier
from sef.repository import Repository
from sef.verifiers.applies import Applies
from sef.verifiers.checks import Checks
from sef.verifiers.scope import Scope
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
            sandbox=config.sandbox,
        ),
        scratch=scratch,
        overrides=Overrides(
            tests=config.checks.tests, lint=config.checks.lint, types=config.checks.types
        ),
        timeout_s=config.checks.timeout_s,
        tree=repository.root,
    )


def verifiers(
    runner: CheckRunner, workspace: Workspace, repository: Repository
) -> Mapping[str, Verifier]:
    """The verifiers of a repository, by name."""
    checks = {name: Checks(name, runner, workspace) for name in ("lint", "types", "tests")}
    return {
        "applies": Applies(repository.git),
        "scope": Scope(),
        "bounds": Scope(judges=False),
        "trust": Trust(),
        **checks,
    }
