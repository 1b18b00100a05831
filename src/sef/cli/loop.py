"""Running what waits for things, so that a signal calls it off and it tidies up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TypeVar

from sef.cli import signals

_Result = TypeVar("_Result")


def run(work: Coroutine[object, object, _Result]) -> _Result:
    """Runs `work`; the first signal cancels it, and KeyboardInterrupt is raised once it tidied up.

    A second signal ends the process at once, and so does any signal afterwards.
    """
    # A program whose start is called off is reaped twice; asyncio warns of that, people need not.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        return asyncio.run(_heeding(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signals.listen()


async def _heeding(work: Coroutine[object, object, _Result]) -> _Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def call_off(*_: object) -> None:
        signals.listen()
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    # Not the loop's own handlers: taking those away leaves a moment without any.
    signals.hear(call_off)
    return await work
