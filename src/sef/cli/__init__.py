"""The command line."""

from __future__ import annotations

import sys

from sef.cli import signals

__all__ = ["main"]


def main() -> None:
    """The entry point of the `sef` command: listens for signals before the slow imports."""
    signals.listen()
    from sef.cli.app import serve

    code = serve(sys.argv[1:])
    signals.ignore()
    sys.exit(code)
