"""Whose code a command ran, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from sef.errors import SefError

OWN_TREE = "own tree"
HIDDEN = "hidden"
IN_PROCESS = "in-process"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whether the judged command ran the code it was meant to judge."""

    proved: bool
    """True when it did, or when it ran in the user's tree, where nothing needs proof."""
    level: str
    """`own tree`, or, from strong to weak: `hidden` (no process could reach the user's files, and
    every Python told where its modules came from), `in-process` (only the latter), `undecided`.
    For other languages `mounted`, `copied`, `own target`, `by content`; for tools that import
    nothing `by path`."""
    reason: str
    """One line for a person."""
    offender: str | None = None
    """The file or module that cannot be accounted for."""
    mend: str | None = None
    """What the user can do about it."""


class Unproved(SefError):
    """No environment can be made in which a run would be known to judge the fork."""

    def __init__(self, proof: Proof) -> None:
        super().__init__(proof.reason, hint=proof.mend)
        self.proof = proof


def undecided(reason: str, *, offender: str | None = None, mend: str | None = None) -> Proof:
    """A proof that nothing was proved, and why."""
    return Proof(proved=False, level=UNDECIDED, reason=reason, offender=offender, mend=mend)
