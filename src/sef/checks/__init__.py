"""The project's own checks: found in its files, run in a tree, read from their reports.

detect, suites, override    which commands judge the project (pure)
commands                    the words they are run with (pure)
runner                      runs one of them, in place or witnessed in a fork
reports, report_*           what its words amount to (pure)
jail                        reading files of a tree that may hold anything
"""

from sef.checks.check import PYTHON, Check, CheckRun, Failure, Overrides, Report
from sef.checks.runner import CheckRunner

__all__ = ["PYTHON", "Check", "CheckRun", "CheckRunner", "Failure", "Overrides", "Report"]
