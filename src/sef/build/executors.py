"""Who works: the executors that sef.toml names, or else those that are found here."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from sef.build.models import limits_of, settings_of
from sef.config import Config, ExecutorConfig
from sef.detection import Detection, Offer, detect
from sef.errors import ConfigError, UsageError
from sef.events import Routed
from sef.executors.line import Line, Paced
from sef.executors.redacted import Redacted
from sef.executors.turns import Pace
from sef.executors.watched import Preparing, Watched, at_once
from sef.executors.wrappers import Budget, Budgeted, FallingBack, Limited, Retrying
from sef.model import Tier
from sef.protocols import Assignment, Clock, Executor
from sef.redaction import Redaction
from sef.sandbox import Level, Sandbox
from sef.sandbox import variables as tool_variables

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the executors are made from, beside the configuration."""

    variables: Mapping[str, str]
    home: Path
    clock: Clock
    sandbox: Sandbox | None
    """None where none works and one is required."""
    wanting: str
    """Why there is no sandbox, and the way out."""
    hidden: tuple[Path, ...] = ()
    """Folders that no tool may see: the user's tree, the scratch of other runs."""
    budget: Budget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The executors of a run that ask models."""

    executors: Mapping[str, Executor]
    tiers: Mapping[Tier, str]
    """The first executor of a tier serves it; the others take over where it is not served."""
    problems: tuple[str, ...] = ()
    """Executors that cannot be had, each with the way out."""
    redaction: Redaction = field(default_factory=Redaction)
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Ends what the executors keep."""
    sandbox: str = ""
    """What stands around what they run."""
    found: str = ""
    """Where they were found, where no configuration names them."""
    warming: tuple[Callable[[Iterable[Routed]], None], ...] = ()

    def warm(self, routes: Iterable[Routed]) -> None:
        """Has executors get ready for what they will be asked."""
        for one in self.warming:
            one(routes)


def found_here(
    config: Config, variables: Mapping[str, str], home: Path
) -> tuple[tuple[ExecutorConfig, ...], Detection]:
    """The executors of sef.toml, else those of the first source that can be used here."""
    detection = detect(variables, home, configured=[one.name for one in config.executors])
    if config.executors:
        return config.executors, detection
    return tuple(_offered(one) for one in detection.executors), detection


def _offered(offer: Offer) -> ExecutorConfig:
    return ExecutorConfig(
        name=offer.name,
        use=offer.use,
        tier=offer.tier,
        model=offer.model,
        provider=offer.provider,
        base_url=offer.base_url,
        key_variable=offer.key_variable,
    )


def crew(configs: Sequence[ExecutorConfig], around: Surroundings) -> Crew:
    """The executors, each within its limits. One that cannot be had is a problem, no error."""
    maker = _Maker(around, {one.name: one for one in configs})
    made: dict[str, Executor] = {}
    problems: list[str] = []
    for one in configs:
        try:
            made[one.name] = maker.limited(one)
        except ConfigError:
            raise
        except UsageError as problem:
            problems.append(str(problem))
    served = [one for one in configs if one.name in made]
    return Crew(
        executors={one.name: maker.served(one, served, made) for one in served},
        tiers={one.tier: one.name for one in reversed(served)},
        problems=tuple(dict.fromkeys(problems)),
        redaction=maker.redaction,
        closing=maker.closing,
        warming=tuple(maker.warming),
    )


class _Maker:
    """Makes executors that share the pace at which their providers may be asked."""

    def __init__(self, around: Surroundings, configs: Mapping[str, ExecutorConfig]) -> None:
        self._around = around
        self._configs = tuple(configs.values())
        self._paces: dict[tuple[str, str | None], Pace] = {}
        names = {one.key_variable for one in configs.values() if one.key_variable}
        self._keys = {name: around.variables.get(name, "") for name in names}
        self.redaction = Redaction(self._keys.values())
        self.closing = AsyncExitStack()
        self.warming: list[Callable[[Iterable[Routed]], None]] = []

    def served(
        self, config: ExecutorConfig, all_of: Sequence[ExecutorConfig], made: Mapping[str, Executor]
    ) -> Executor:
        """The executor, with those behind it that take over, within the run's budget."""
        behind = [one for one in all_of if one is not config and _may_follow(config, one)]
        order = [config, *sorted(behind, key=lambda one: one.tier)]
        executor: Executor = FallingBack([(one.name, made[one.name]) for one in order])
        budget = self._around.budget
        return executor if budget is None else Budgeted(executor, budget)

    def limited(self, config: ExecutorConfig) -> Executor:
        """One executor, redacted, watched, tried again, so many at once."""
        clock = self._around.clock
        inner = self._inner(config)
        executor: Executor = Redacted(inner, self.redaction)
        if config.use != "scripted":  # which asks nobody, and reports no step
            ready = inner.ready if isinstance(inner, Preparing) else at_once
            executor = Watched(executor, limits_of(config), clock, config.stuck_s, ready)
        # The api executor's line tries each request again.
        times = 0 if config.use == "api" else config.retries
        executor = Retrying(executor, times, clock)
        return executor if config.at_once is None else Limited(executor, config.at_once)

    def _inner(self, config: ExecutorConfig) -> Executor:
        # Imported only where it is asked for.
        match config.use:
            case "scripted":
                return scripted(config, self._around.clock)
            case "claude":
                return self._claude(config)
            case _:
                return self._api(config)

    def _claude(self, config: ExecutorConfig) -> Executor:
        from sef.executors.claude import ClaudeExecutor

        around = self._around
        if around.sandbox is None:
            raise UsageError(f"{config.name} cannot be had: {around.wanting}")
        login = Path(around.variables.get("CLAUDE_CONFIG_DIR") or around.home / ".claude")
        own = config.key_variable is None and config.base_url is None
        # On macOS the login lies in the keychain, which is not asked.
        if own and sys.platform != "darwin" and not (login / ".credentials.json").is_file():
            raise UsageError(
                f"{config.name} cannot be had: nobody is logged in to Claude Code here",
                hint="Log in with `claude`, or name key_variable in sef.toml.",
            )
        executor = ClaudeExecutor(
            settings_of(config, self._keys),
            variables=around.variables,
            home=around.home,
            login=login if own else None,
            cli_path=config.cli_path,
            hidden=around.hidden,
            shown=around.sandbox.settings.shown,
            sandboxed=around.sandbox.level is not Level.OFF,
        )
        self.closing.push_async_callback(executor.close)
        self.warming.append(partial(_warm, executor.warm, config.name))
        return Paced(executor, self._line(config).pace)

    def _api(self, config: ExecutorConfig) -> Executor:
        from sef.executors.api import ApiExecutor, transient

        line = self._line(config)

        async def asking(
            send: Callable[[], Awaitable[_T]], *, assignment: Assignment, tokens: int
        ) -> _T:
            lane, rank = assignment.task.lane, assignment.rank
            answer = await line.ask(send, transient=transient, lane=lane, rank=rank)
            line.pace.used(tokens)
            return answer

        if self._around.sandbox is None:
            raise UsageError(f"{config.name} cannot be had: {self._around.wanting}")
        executor = ApiExecutor(
            settings_of(config, self._keys),
            sandbox=self._around.sandbox,
            variables=tool_variables(
                self._around.variables, self._around.sandbox.settings.variables
            ),
            asking=asking,
        )
        self.warming.append(partial(_warm, lambda *_: executor.warm(), config.name))
        return executor

    def _line(self, config: ExecutorConfig) -> Line:
        """A line to the executor's address, at the pace of all who ask there."""
        clock, at = self._around.clock, _address(config)
        if at not in self._paces:
            there = [one for one in self._configs if _address(one) == at]
            requests = [one.requests_per_minute for one in there if one.requests_per_minute]
            tokens = [one.tokens_per_minute for one in there if one.tokens_per_minute]
            self._paces[at] = Pace(clock, next(iter(requests), None), next(iter(tokens), None))
        return Line(clock, self._paces[at], config.retries)


def _address(config: ExecutorConfig) -> tuple[str, str | None]:
    return config.provider, config.base_url


def _warm(warm: Callable[..., None], name: str, routes: Iterable[Routed]) -> None:
    for routed in routes:
        for stage in routed.cascade.stages if routed.cascade else ():
            if stage.executor == name:
                warm(routed.route.kind, stage.tier, stage.effort)


def _may_follow(config: ExecutorConfig, other: ExecutorConfig) -> bool:
    """Of the same or a higher tier; the target is reached by deferring, and follows no draft."""
    return config.tier <= other.tier and (
        config.tier is other.tier or other.tier is not Tier.TARGET
    )


def scripted(config: ExecutorConfig, clock: Clock) -> Executor:
    """An executor that plays a file."""
    from sef.testing import ScriptedExecutor, load_scripts

    if config.script is None:
        raise ConfigError(f"executor {config.name!r} has no script")
    return ScriptedExecutor(load_scripts(config.script), clock=clock, model=config.model)
