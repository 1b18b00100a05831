"""Exact checks of a kind of work: free, and decisive where they decide.

Documents    a task to document changed nothing that runs
Effect       a task to change code changed something that runs
Renames      a rename or a move changed one name and nothing else
Citations    every place, absence and fact of history in an answer was looked up
Claims       the numbers of an answer are those of our own run
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sef.verifiers.exact.citations import Citations
from sef.verifiers.exact.claims import Claims
from sef.verifiers.exact.documents import Documents
from sef.verifiers.exact.effect import Effect
from sef.verifiers.exact.renames import Renames

__all__ = ["SIGNS", "Citations", "Claims", "Documents", "Effect", "Renames"]

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "absence-holds": "What is said to be nowhere was searched again and not found.",
        "absence-narrowed": "What is said not to be in a part of the tree was not searched.",
        "absence-refuted": "What is said to be nowhere is there.",
        "author-differs": "A commit is by somebody else.",
        "beyond-the-rename": "More than the name changed.",
        "branch-differs": "Another branch is checked out than the answer says.",
        "branch-missing": "A branch that the answer names does not exist.",
        "cited-line-missing": "A cited file has fewer lines.",
        "cited-name-missing": "The identifier beside a citation is not within three lines of it.",
        "cited-path-missing": "A cited file does not exist.",
        "cited-place-holds": "A cited place exists and holds what is said of it.",
        "code-changed": "A document task changed code.",
        "code-same": "A document task left the code as it was.",
        "commit-missing": "git does not have a commit that the answer names.",
        "count-differs": "git counts another number of commits.",
        "count-narrowed": "A count of some commits was not counted again.",
        "definition-cited": "A definition of what was asked for is at a cited place.",
        "definition-missed": "What was asked for is defined elsewhere than at the cited places.",
        "definition-unknown": "What was asked for has no definition of a known form.",
        "doc-asserted": "Code outside reads a docstring of something whose docstring changed.",
        "doc-read-by-code": "The module reads docstrings, and docstrings changed.",
        "docs-code": "Code below a folder of documents or examples changed or is new.",
        "doctest-changed": "An example that tests may run changed.",
        "history-holds": "git says the same of a commit, a branch or a count.",
        "language-unknown": "A file is in a language whose comments are not told from code.",
        "line-ends": "The ends of lines, or a byte order mark, changed.",
        "mode-changed": "A document task changed a mode, a link or a nested repository.",
        "name-taken": "The new name stood for something else before.",
        "no-citation": "An answer names nothing that can be looked up.",
        "no-documentation": "A document task wrote nothing, or white space alone.",
        "not-read": "Something is too large, no text, or cannot be parsed.",
        "not-renamed": "The new name is not defined where the old one was.",
        "nothing-runs-otherwise": "A task to change code left it as it was but for words.",
        "numbers-differ": "An answer gives several numbers for one thing.",
        "nothing-claimed": "An answer to a validate task has no result.",
        "old-name-in-text": "The old name is left in documentation, strings or other files.",
        "old-name-left": "The old name is left in code.",
        "quoted-line-missing": "A quoted line is not at its place.",
        "rename-exact": "The code is the base's with the rename and nothing else.",
        "run-agrees": "A number of the answer is that of our own run.",
        "run-differs": "A number of the answer is not that of our own run.",
        "run-unread": "Our own run said nothing that a number could be held against.",
        "tool-comment": "A comment that tools read came, went or moved.",
        "words-differ": "An answer speaks of failures, and our own run is green.",
        "unresolved-name": "A name is read that nothing binds any more.",
    }
)
"""What each slug is a sign of."""
