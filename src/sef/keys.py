"""Content keys: the same question has the same key, in any process, on any day."""

from __future__ import annotations

import hashlib
import json

from sef.model import Stage, Task


def call_key(
    *,
    run: str,
    task: Task,
    epoch: int,
    number: int,
    stage: Stage,
    base: str,
    findings: tuple[str, ...],
) -> str:
    """32 hexadecimal digits for one stage of one task in one epoch, and what is asked of it."""
    asked = {
        "run": run,
        "task": [task.id, task.text, task.kind, *task.paths],
        "epoch": epoch,
        "stage": [number, stage.executor, stage.tier, stage.effort],
        "base": base,
        "findings": findings,
    }
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
