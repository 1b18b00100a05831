"""The composition root: the one place that knows every part by name."""

from sef.build.audits import Found, make_audits
from sef.build.checking import check_runner, verifiers
from sef.build.engines import open_engine, open_interrupted, promise
from sef.build.executors import Crew, Surroundings, crew, found_here
from sef.build.judged import judgement_told
from sef.build.judgement import Asked, Judgement
from sef.build.judges import ChangeJudge, open_judge
from sef.build.places import (
    WallClock,
    make_scratch,
    new_run,
    open_journal,
    repository_config,
    scratch_folders,
)
from sef.build.sandboxing import sandbox_of
from sef.build.snapshots import Snapshot, open_snapshot

__all__ = [
    "Asked",
    "ChangeJudge",
    "Crew",
    "Found",
    "Judgement",
    "Snapshot",
    "Surroundings",
    "WallClock",
    "check_runner",
    "crew",
    "found_here",
    "judgement_told",
    "make_audits",
    "make_scratch",
    "new_run",
    "open_engine",
    "open_interrupted",
    "open_journal",
    "open_judge",
    "open_snapshot",
    "promise",
    "repository_config",
    "sandbox_of",
    "scratch_folders",
    "verifiers",
]
