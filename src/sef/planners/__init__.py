"""Planners by short name, and the reader of plan files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sef.planners.file import TaskTable, load_plan, parse_plan, planned
from sef.planners.sentences import SentencePlanner
from sef.protocols import Planner

PLANNERS: Final[Mapping[str, Callable[[], Planner]]] = MappingProxyType(
    {"sentences": SentencePlanner}
)

__all__ = ["PLANNERS", "SentencePlanner", "TaskTable", "load_plan", "parse_plan", "planned"]
