"""What an exact check found, and the verdict that findings amount to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sef.model import Evidence, Verdict
from sef.text import one_line

_LONGEST = 300
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked up."""

    passed: bool | None
    """None where it could not be decided."""
    detail: str
    """In plain words, with file and line where there is one."""
    sign: str = ""
    """Slug of `SIGNS`; empty: it has no weight."""
    stops: bool = False
    """True where it settles the verdict: not passed rejects, undecided is undecided."""


def wrong(sign: str, detail: str) -> Finding:
    """Decisive: the draft is not accepted."""
    return Finding(passed=False, detail=detail, sign=sign, stops=True)


def doubted(sign: str, detail: str) -> Finding:
    """Nothing could be proved where a proof is needed, which is undecided."""
    return Finding(passed=None, detail=detail, sign=sign, stops=True)


def told(sign: str, detail: str, *, passed: bool | None = None) -> Finding:
    """A suspicion, or what could not be looked at, which stops nothing."""
    return Finding(passed=passed, detail=detail, sign=sign)


def right(sign: str, detail: str) -> Finding:
    """Proved."""
    return Finding(passed=True, detail=detail, sign=sign)


def verdict(verifier: str, findings: Sequence[Finding], fine: str) -> Verdict:
    """Accepted where no finding stops it; the first that does gives the reason, else `fine`."""
    stopping = [one for one in findings if one.stops and not one.passed]
    settled = next((one for one in stopping if one.passed is False), None)
    first = settled or next(iter(stopping), None)
    detail = f"undecided: {first.detail}" if first and first.passed is None else ""
    reason = detail or (first.detail if first else fine)
    shown = findings[:_SHOWN] or [Finding(passed=None, detail=fine)]
    return Verdict(
        accepted=first is None,
        undecided=first is not None and settled is None,
        reason=one_line(f"{verifier}: {reason}", 500),
        evidence=tuple(
            Evidence(
                verifier=verifier,
                passed=one.passed,
                detail=one_line(one.detail, _LONGEST),
                sign=one.sign,
            )
            for one in sorted(shown, key=lambda one: not one.stops)
        ),
    )
