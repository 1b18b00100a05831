"""Integrity: whether a draft leaves what judges it as strong as it was."""

from sef.verifiers.integrity.analysis import findings
from sef.verifiers.integrity.asked import Asked
from sef.verifiers.integrity.finding import Finding
from sef.verifiers.integrity.signs import SIGNS
from sef.verifiers.integrity.verifier import Integrity

__all__ = ["SIGNS", "Asked", "Finding", "Integrity", "findings"]
