"""The entry of every hook: an event on standard input, an answer on standard output, exit code 0.

Run as `python -I -S entry.py [EVENT] [--scope user|project|plugin]`. Claude Code waits for it, so
what most events need is the standard library alone; whatever fails here is written to a log, and
the user's work goes on as if there were no hook.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 32 * 2**20
"""Bytes of an event; a larger one is not read."""


def main(arguments: Sequence[str]) -> int:
    """Answers one event; always 0, because another exit code would stop the user's work."""
    try:
        # As a script it finds its package; PYTHONPATH and site-packages are not looked at.
        source = __file__.rsplit("/", 3)[0]
        if source not in sys.path:
            sys.path.insert(0, source)
        told = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin else b""
        if len(told) > LARGEST:
            raise ValueError("the event is larger than 32 MiB")
        answer = _answer(arguments, told)
        if answer:
            sys.stdout.write(answer)
            sys.stdout.flush()
    except BaseException as error:  # a hook must not stop anybody's work, whatever happens in it
        _log(error)
    return 0


def _answer(arguments: Sequence[str], told: bytes) -> str:
    from sef.hooks.answering import answer

    return answer(arguments, told)


def _log(error: BaseException) -> None:
    try:
        from sef.hooks.records import log

        log(f"{type(error).__name__}: {error}")
    except BaseException:
        # There is nobody left to tell.
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
