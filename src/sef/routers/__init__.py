"""Routers by short name. A router reads a task and says where it should go first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sef.protocols import Router
from sef.routers.learned import LearnedRouter
from sef.routers.rules import RulesRouter

ROUTERS: Final[Mapping[str, Callable[..., Router]]] = MappingProxyType(
    {"rules": RulesRouter, "learned": LearnedRouter}
)
"""Each can be made of nothing; `learned` takes outcomes, else it says what `rules` says."""
