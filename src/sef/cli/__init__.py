"""The command line."""

from __future__ import annotations

import sys

from sef.cli import signals

__all__ = ["main"]


def main() -> None:
    """The entry point of the `sef` command: listens for signals before the slow imports."""
    if sys.argv[1:2] == ["hook"] and "--help" not in sys.argv:
        # Claude Code waits for it: none of the command line's own imports.
        from sef.hooks.entry import main as answer

        sys.exit(answer(sys.argv[2:]))
    signals.listen()
    from sef.cli.app import serve

    code = serve(sys.argv[1:])
    signals.ignore()
    sys.exit(code)
