"""The composition root: the one place that knows every part by name."""

from sef.build.checking import check_runner, verifiers
from sef.build.engines import open_engine, open_interrupted, promise
from sef.build.executors import Crew, Surroundings, crew, found_here
from sef.build.places import (
    WallClock,
    make_scratch,
    new_run,
    open_journal,
    repository_config,
    scratch_folders,
)
from sef.build.sandboxing import sandbox_of

__all__ = [
    "Crew",
    "Surroundings",
    "WallClock",
    "check_runner",
    "crew",
    "found_here",
    "make_scratch",
    "new_run",
    "open_engine",
    "open_interrupted",
    "open_journal",
    "promise",
    "repository_config",
    "sandbox_of",
    "scratch_folders",
    "verifiers",
]
