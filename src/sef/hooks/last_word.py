"""What a hook says where it cannot say what it would have said: it broke, or has no time left.

A hook that says nothing leaves the orchestrator with the executor's own story, which may call
itself accepted.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any, Final

PATIENCE_S: Final = 285.0
"""Claude Code ends the hook after 300 s, and then reads nothing of it."""


def in_time(answer: Mapping[str, Any], seconds: float = PATIENCE_S) -> Callable[[], None]:
    """From now on that is the answer where there is none after so many seconds.

    Whatever is being waited for then, a pipe or a lock, the process ends there, as where it is
    killed. Returns what takes it back.
    """
    said = json.dumps(answer).encode()

    def last(*_: object) -> None:
        left = said
        while left:
            left = left[os.write(1, left) :]
        os._exit(0)

    former = signal.signal(signal.SIGALRM, last)
    left_of_it = signal.setitimer(signal.ITIMER_REAL, seconds)

    def never() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        signal.setitimer(signal.ITIMER_REAL, *left_of_it)

    return never
