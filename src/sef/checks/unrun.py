"""Checks that were not run: what is told of them."""

from __future__ import annotations

import sys
from dataclasses import replace

from sef.checks.check import Check, CheckRun
from sef.environment import Environment, Proof
from sef.environment.foreign import FOREIGN
from sef.environment.foreign_environment import ForeignEnvironment
from sef.model import Checkout


def in_place() -> Proof:
    """Of a run in the user's own tree: nothing else could have been judged."""
    return Proof(proved=True, level="own tree", reason="run in the user's own tree")


def undecided(reason: str) -> Proof:
    """That nothing was proved, and why."""
    return Proof(proved=False, level="undecided", reason=reason)


def not_run(check: Check, proof: Proof, summary: str | None = None) -> CheckRun:
    """A check of which nothing was run."""
    return CheckRun(
        check=check,
        exit_code=None,
        counts=None,
        failing=frozenset(),
        failures=(),
        summary=summary or f"{check.runner} was not run: {proof.reason}",
        output_tail="",
        proof=proof,
        seconds=0.0,
        timed_out=False,
    )


def missing_tool(
    check: Check, checkout: Checkout, environment: Environment | ForeignEnvironment
) -> CheckRun:
    """A check whose program is not there: in a fork nothing is proved then either."""
    if check.python:
        own = (
            " (the interpreter that runs sef)" if str(environment.python) == sys.executable else ""
        )
        cause = f"{environment.python}{own} has no {check.runner}"
        way_out = f"install it there ({environment.python} -m pip install {check.runner})"
    else:
        cause = f"{check.argv[0]} was found neither beside {environment.python} nor on PATH"
        way_out = "install it"
    if check.runner not in FOREIGN:
        way_out += ", name the project's own interpreter (python under [environment] in sef.toml)"
    reason = f"{cause}; {way_out}, or set a command for {check.name} in sef.toml"
    proof = in_place() if checkout.users else undecided(reason)
    return replace(not_run(check, proof, reason), missing=True)
