"""What models can be asked here where sef.toml names none, found without asking any.

In this order: the executors of sef.toml, a Claude Code login, keys of providers, a local Ollama.
The first that can be used serves. Of a variable that holds a secret nothing is taken but its name
and whether it is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sef.detection.finding import WAY_OUT, Detection, Finding, Offer
from sef.detection.login import of_login
from sef.detection.machine import Machine, this_machine
from sef.detection.ollama import of_ollama
from sef.detection.providers import of_keys
from sef.text import one_line

__all__ = ["WAY_OUT", "Detection", "Finding", "Machine", "Offer", "detect", "this_machine"]


def detect(
    variables: Mapping[str, str],
    home: Path,
    *,
    configured: Sequence[str] = (),
    on: Machine | None = None,
) -> Detection:
    """What can be used, given the variables, the home, and the executors named in sef.toml.

    Begins no session and asks no model. Only loopback is reached, unless OLLAMA_HOST names another
    host, and nothing that does not answer within a second is waited for.
    """
    here = on or this_machine(variables)
    return Detection(
        findings=(
            _of_config(configured),
            of_login(variables, home, here),
            *of_keys(variables, here),
            of_ollama(variables, here),
        )
    )


def _of_config(names: Sequence[str]) -> Finding:
    told = ", ".join(one_line(name, 64) for name in names)
    why = f"It names {told}." if told else "It names no executor."
    return Finding(source="sef.toml", usable=bool(names), why=why)
