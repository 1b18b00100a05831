"""The tree of everything sef raises on purpose.

    SefError                      exit 1
    |-- UsageError                exit 2   what was asked for cannot be done as asked
    |   |-- RepositoryError                the repository is not in a state sef may work on
    |   |-- PlanError                      the tasks do not form a plan
    |   `-- ConfigError                    sef.toml says something sef does not understand
    |-- DraftFailure                       an executor ended without a draft (it is not a rejection)
    |   `-- Transient                      the same call may succeed a moment later
    |-- JournalError                       the journal cannot be written or read
    |-- GitError                           a git command failed that sef expected to succeed
    `-- ApplyConflict                      accepted work does not fit the user's tree any more

Every message names the thing, the cause and the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sef.model import Patch, Usage


class SefError(Exception):
    """sef could not go on."""

    exit_code = 1

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n{self.hint}" if self.hint else message


class UsageError(SefError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class RepositoryError(UsageError):
    """The repository is not in a state sef may work on."""


class PlanError(UsageError):
    """The tasks do not form a plan."""


class ConfigError(UsageError):
    """sef.toml says something sef does not understand."""


class DraftFailure(SefError):
    """The executor ended without a draft."""

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        usage: Usage | None = None,
        partial: Patch | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.usage = usage
        self.partial = partial


class Transient(DraftFailure):
    """The executor ended without a draft; the same call may succeed a moment later."""

    retry_after_s: float | None = None
    """Seconds to wait, where the provider said so."""


class JournalError(SefError):
    """The journal cannot be written or read."""


class GitError(SefError):
    """A git command failed."""


class ApplyConflict(SefError):
    """The accepted work does not fit the tree any more; nothing was applied."""
