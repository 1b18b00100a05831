"""Fresh tests: written from a task's text by somebody who never sees the draft they judge."""

from sef.verifiers.fresh.asking import Writer
from sef.verifiers.fresh.outcome import SIGNS
from sef.verifiers.fresh.verifier import FreshTests

__all__ = ["SIGNS", "FreshTests", "Writer"]
