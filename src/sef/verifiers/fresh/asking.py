"""What is asked of whoever writes fresh tests. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sef.keys import call_key
from sef.model import Effort, Kind, Route, Stage, Task, Tier
from sef.protocols import Call, Case

VERSION: Final = "1"
"""Of the request: tests that were written on another one are not used again."""
_NUMBER = 98
"""In the key of the call, where a stage has its place in the cascade."""
_DEADLINE_S = 900.0
_REQUEST = """\
Write tests that show whether the task below has been done. Somebody else does the task: leave it \
undone.

- Write pytest tests in new files only, beside the project's own tests and in their style. Change \
no file that is there. Add no conftest.py and no settings.
- Every test must fail on the code as it is now, because the task is not done, and pass once it is \
done. Run them: one that passes now is of no use.
- Test behaviour that the task states. Rely on no name, message or format that neither the task \
nor the code has, so that whoever does the task in another way passes too.
- Call the project's code from the tests. Use no network, no new dependency, no chance and no clock.
- A few tests are enough: what the task asks for, its edges, and what it must not break.

The task:

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """An executor that may write tests."""

    name: str
    tier: Tier


def chosen(writers: Sequence[Writer], drafted: str) -> Writer:
    """The first that is not who drafted; where there is no other, the first."""
    return next((one for one in writers if one.name != drafted), writers[0])


def question(case: Case) -> str:
    """The key of the question: the same for every draft of a task on one base."""
    asked = [case.task.id, case.task.text, case.base, VERSION]
    canonical = json.dumps(asked, separators=(",", ":"))
    return hashlib.sha256(f"fresh:{canonical}".encode()).hexdigest()[:32]


def call(case: Case, writer: Writer, run: str) -> Call:
    """The call that has the tests written, on the base: nothing of the draft is in it."""
    task = Task(
        id=f"{case.task.id}.fresh",
        text=_REQUEST + case.task.text,
        kind=Kind.IMPLEMENT,
        lane=case.task.lane,
    )
    stage = Stage(
        executor=writer.name,
        tier=writer.tier,
        effort=Effort.MEDIUM,
        verifiers=(),
        deadline_s=_DEADLINE_S,
    )
    key = call_key(
        run=run,
        task=task,
        epoch=0,
        number=_NUMBER,
        stage=stage,
        base=case.base,
        findings=(VERSION,),
    )
    return Call(key=key, task=task, route=_route(case.route, writer), stage=stage, base=case.base)


def _route(route: Route, writer: Writer) -> Route:
    reason = "fresh tests are to be written"
    return replace(route, tier=writer.tier, kind=Kind.IMPLEMENT, reason=reason, request=None)
