"""What judges: the checks of a repository, and the verifiers that read them."""

from __future__ import annotations

import os
from pathlib import Path

from sef.build.executors import Crew
from sef.checks import CheckRunner, Overrides
from sef.config import Config
from sef.environment import Environments
from sef.environment.foreign import ForeignEnvironments
from sef.model import Tier
from sef.protocols import Clock, Pool, Verifier
from sef.reach import Bases, Reach
from sef.repository import Repository
from sef.verifiers.applies import Applies
from sef.verifiers.checks import Checks
from sef.verifiers.exact import Citations, Claims, Documents, Effect, Renames
from sef.verifiers.integrity import Integrity
from sef.verifiers.judge import ModelJudge
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
) -> dict[str, Verifier]:
    """The verifiers of a repository that ask no model, by name."""
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
        "effect": Effect(git),
        "renames": Renames(git),
        "citations": Citations(git),
        "claims": Claims(runner, git),
        "static": Static(git, version=runner.environments.version),
        "bounds": Scope(judges=False),
        "trust": Trust(),
        **checks,
    }


def model_judge(
    repository: Repository, config: Config, hands: Crew, pool: Pool, clock: Clock
) -> ModelJudge | None:
    """The judge that `[verify]` asks for; None where there is none. The crew's end is its end."""
    executor = chosen(config.verify.judge, hands)
    if executor is None:
        return None
    judge = ModelJudge(
        pool,
        repository.git,
        clock,
        executor=executor,
        target=hands.tiers.get(Tier.TARGET),
        hide=hands.redaction.of,
        batch=config.verify.batch,
        wait_s=config.verify.wait_s,
    )
    hands.closing.push_async_callback(judge.close)
    return judge


def chosen(name: str, hands: Crew) -> str | None:
    """The executor that a key of `[verify]` names; None where it is off or cannot be had."""
    if name == "auto":
        return hands.tiers.get(Tier.STANDARD) or hands.tiers.get(Tier.TARGET)
    return name if name in hands.executors else None
