"""What `sef doctor` tells of models and of the sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.markup import escape

from sef.build import Surroundings, WallClock, crew, found_here, sandbox_of
from sef.config import Config, ExecutorConfig
from sef.detection import Finding
from sef.sandbox import describe
from sef.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The models that can be asked here, and what stands around what they do."""

    executors: tuple[ExecutorConfig, ...]
    """Of sef.toml, else of the first source that can be used."""
    problems: Mapping[str, str]
    """By executor: why it cannot be had, and the way out."""
    sources: tuple[Finding, ...]
    mode: str
    level: str | None
    """The sandbox in force; None where one is required and none works."""
    sandbox: str
    """In words."""

    def json(self) -> Mapping[str, object]:
        """Its part of the object that `--json` prints."""
        return {
            "executors": [_executor(one, self.problems.get(one.name)) for one in self.executors],
            "sources": [_source(one) for one in self.sources],
            "sandbox": {"mode": self.mode, "level": self.level, "words": self.sandbox},
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        good, bad, open_ = "[green]✓[/]", "[red]✗[/]", "[dim]·[/]"
        lines = [f"{good if self.level else bad} sandbox {escape(self.sandbox)}"]
        for source in self.sources:
            sign = good if source.usable else open_
            lines.append(f"{sign} {escape(source.source)}: {escape(one_line(source.why, 300))}")
        for one in self.executors:
            problem = self.problems.get(one.name)
            said = f"tier {int(one.tier)}: {one.name} ({one.use}, {one.model or 'no model'})"
            sign, why = (bad, f": {one_line(problem, 300)}") if problem else (good, "")
            lines.append(f"{sign} {escape(said + why)}")
        if not self.executors:
            lines.append(f"{open_} executors: none, so only what needs no model can be done")
        return lines


def look(config: Config) -> Found:
    """What is found with this configuration. No model is asked."""
    variables, home = dict(os.environ), Path.home()
    configs, detection = found_here(config, variables, home)
    sandbox, wanting = sandbox_of(config, variables)
    around = Surroundings(
        variables=variables, home=home, clock=WallClock(), sandbox=sandbox, wanting=wanting
    )
    return Found(
        executors=configs,
        problems={one.name: why for one in configs for why in crew((one,), around).problems},
        sources=detection.findings,
        mode=config.sandbox.mode,
        level=str(sandbox.level) if sandbox else None,
        sandbox=describe(sandbox.level) if sandbox else wanting,
    )


def _executor(one: ExecutorConfig, problem: str | None) -> Mapping[str, object]:
    return {
        "name": one.name,
        "use": one.use,
        "tier": int(one.tier),
        "model": one.model,
        "provider": None if one.use == "scripted" else one.provider,
        "base_url": one.base_url,
        "usable": problem is None,
        "problem": problem,
    }


def _source(one: Finding) -> Mapping[str, object]:
    said = asdict(one)
    return {"source": said["source"], "usable": said["usable"], "why": said["why"]}
