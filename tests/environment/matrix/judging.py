"""Runs one project of the matrix and says of every cell whether it was right."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.environment.matrix.making import Made, fork, run
from tests.environment.matrix.observations import NAMES

from sef.environment import Proof, Settings, Unproved
from sef.model import Checkout
from sef.process import run_program

RIGHT, UNDECIDED, WRONG, BROKEN = "right", "undecided", "WRONG", "BROKEN"
CONTROL = "control"
"""The mode in which the command runs in the user's own environment, as by hand."""
_TIMEOUT_S = 240.0


@dataclass(kw_only=True)
class Row:
    """One run: a project, a draft, a level of isolation."""

    project: str
    mechanism: str
    draft: str
    mode: str
    cells: dict[str, str] = field(default_factory=dict)
    level: str = ""
    reason: str = ""
    prepare_s: float = 0.0
    untouched: bool = True
    output: str = ""

    @property
    def letters(self) -> str:
        marks = {RIGHT: "o", UNDECIDED: "?", WRONG: "W", BROKEN: "b"}
        return "".join(marks[self.cells[name]] for name in NAMES)


def judge(made: Made, draft: str, mode: str, number: int, settings: Settings | None) -> Row:
    """Makes a fork, runs the project's command in its environment, and looks at what was seen."""
    spec = made.spec
    row = Row(project=spec.name, mechanism=spec.mechanism, draft=draft, mode=mode)
    before = made.state()
    for left in made.out.iterdir():
        left.unlink()
    checkout = fork(made, draft, number)
    before_status = made.state()
    proof = asyncio.run(_run(made, checkout, settings, row))
    row.level, row.reason = proof.level, proof.reason
    row.cells = {name: _cell(made, draft, proof, name) for name in NAMES}
    row.untouched = made.state() == before == before_status
    run("git", "worktree", "remove", "--force", str(checkout.path), cwd=made.tree)
    shutil.rmtree(checkout.path, ignore_errors=True)
    return row


async def _run(made: Made, checkout: Checkout, settings: Settings | None, row: Row) -> Proof:
    environments = made.environments(settings or Settings())
    await environments.interpreter()
    began = time.monotonic()
    try:
        if settings is None:
            environment = await environments.of_user()
        else:
            environment = await environments.of_fork(checkout)
    except Unproved as unproved:
        return unproved.proof
    row.prepare_s = time.monotonic() - began
    with environment:
        words = [word.replace("{python}", str(environment.python)) for word in made.spec.argv]
        done = await run_program(
            environment.wrap(words, [made.out]),
            cwd=checkout.path,
            env=environment.variables,
            timeout_s=_TIMEOUT_S,
        )
        row.output = (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:]
        return environment.prove(None if made.spec.launcher else done.pid)


def _cell(made: Made, draft: str, proof: Proof, name: str) -> str:
    """Right, or what is the matter; what is not proved is undecided, whatever was seen."""
    if not proof.proved:
        return UNDECIDED
    place = Path(made.out, name)
    seen = place.read_text() if place.exists() else "broken: nothing was seen"
    if seen == expected(made, draft, name):
        return RIGHT
    if made.spec.install is None and name in ("console script", "version"):
        # Who did not install the project has neither.
        return RIGHT if seen.startswith("broken") else WRONG
    return BROKEN if seen.startswith("broken") else WRONG


def expected(made: Made, draft: str, name: str) -> str:
    """What the fork's own code and metadata say."""
    if name == "version":
        return "2.0" if draft == "build" else "1.0"
    if name == "deleted module":
        return "gone"
    if made.spec.native and name != "new module":
        return f"fork+{'draft' if draft == 'build' else 'base'}"
    return "fork"
