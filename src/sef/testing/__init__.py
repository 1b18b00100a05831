"""Public doubles: a clock, a sink and a pretend model, for tests and for trying sef out.

Nothing here asks a model or waits in real time. The same script always gives the same run.
`sef.testing.provider` is a model provider on loopback, for clients that speak HTTP.
"""

from __future__ import annotations

from sef.testing.doubles import FakeClock, MemoryLedger, Recorder, random_plan
from sef.testing.scripted import Edit, Script, ScriptedExecutor, load_scripts

__all__ = [
    "Edit",
    "FakeClock",
    "MemoryLedger",
    "Recorder",
    "Script",
    "ScriptedExecutor",
    "load_scripts",
    "random_plan",
]
