"""The signs that this stage tells, by their slugs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "test-deleted": "A test of the base is gone, and its assertions are nowhere else.",
        "test-not-collected": "A test of the base is still there, but no runner would run it.",
        "test-skipped": "A test of the base is skipped, expected to fail, or run until it passes.",
        "new-test-skipped": "A new test never runs.",
        "test-edited": "A test of the base was edited, and none of its assertions is weaker.",
        "assertion-removed": "A test demands fewer things than before.",
        "assertion-weaker": "A test's assertion would notice less than before.",
        "assertion-void": "A test's assertion is true whatever the code does.",
        "assertion-swallowed": "A failed assertion of a test is caught and lost.",
        "assertion-guarded": "An assertion is reached only under a condition that is new.",
        "assertion-changed": "An assertion looks at something else than before.",
        "tolerance-widened": "A test allows more deviation, or more time, than before.",
        "expected-edited": "A value that a test demands, or tests with, was edited.",
        "cases-removed": "A parametrized test has fewer cases.",
        "golden-edited": "Recorded data that tests are held against was changed.",
        "set-up-edited": "The set-up of the tests was edited.",
        "hook-added": "A hook of the test runner decides what is run or how it ended.",
        "settings-changed": "Settings that decide which tests run, or what counts as red, changed.",
        "lint-weakened": "A linter's or type checker's settings allow more.",
        "failure-ignored": "A script or CI definition no longer says when something is red.",
        "detects-test": "The code finds out whether it is being tested.",
        "reads-stack": "The code looks at its callers.",
        "hard-coded": "Results are written down for inputs that the tests use.",
        "subject-mocked": "A test replaces a part of the project that it should test.",
        "subject-swapped": "A name that tests of the base use stands for something else.",
        "runner-patched": "A part of the test runner or of the interpreter is replaced.",
        "clock-patched": "The clock or chance is replaced.",
        "exit-trick": "The process that is judged is ended, or its exit code is changed.",
        "always-equal": "A comparison or truth value is the same whatever is asked.",
        "import-tampering": "What other code imports, or what every process runs, is changed.",
        "secret": "A key or token is added.",
        "secret-like": "Something like a password is added.",
        "conflict-marker": "A conflict marker is added.",
        "binary-added": "A binary file is added or changed.",
        "not-read": "A file is too big, no text, a link, or hidden by its encoding.",
        "unreadable": "Python that cannot be parsed.",
        "huge-change": "Many more lines are added than a task needs.",
        "mass-deletion": "Many files are deleted.",
        "types-silenced": "A type checker is told to ignore a line.",
        "lint-silenced": "A linter is told to ignore a line.",
        "coverage-silenced": "Coverage is told to ignore lines.",
        "warnings-silenced": "Warnings or logs are silenced.",
        "doctest-skipped": "An example in a text is no longer run.",
    }
)
"""Slug: what it says, in one sentence."""
