"""The command line."""

from __future__ import annotations

from sef.cli.app import main

__all__ = ["main"]
