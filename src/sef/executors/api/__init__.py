"""The executor that asks any provider's API, with the tools of pydantic-ai-harness.

Importing this is light; pydantic-ai is imported when an executor is made.
"""

from __future__ import annotations

from sef.executors.api.executor import ApiExecutor
from sef.executors.api.faults import transient
from sef.executors.api.seams import Asking, Jail, at_once

__all__ = ["ApiExecutor", "Asking", "Jail", "at_once", "transient"]
