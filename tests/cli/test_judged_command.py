"""`sef run` where a model judges, with scripted executors and real verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROJECT, sef

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every command is a process of its own
TABLES = "[drafts]\naudit = 0\n" + "".join(
    f'[executors.{name}]\nuse = "scripted"\ntier = {tier}\nscript = "{name}.toml"\n'
    for name, tier in (("light", 1), ("second", 2), ("target", 3))
)
PLAN = '[[task]]\nid = "how"\ntext = "Explain how Adder adds two numbers"\nkind = "explore"\n'


def script(task: str, says: str, cost: str) -> str:
    return f"[[script]]\ntask = \"{task}\"\nsays = '{says}'\ncost_usd = {cost}\n"


def project(repository: Make, verdict: str, verify: str = "") -> Path:
    """Light answers with a place that is there; what the second says of it is given."""
    said = {"verdict": verdict, "problem": "calc/core.py:2: no", "confidence": 0.9}
    light = script("how", "Adder.add does: calc/core.py:2 `def add(self, a, b)`.", "0.01")
    target = script("how", "The target says calc/core.py:2.", "0.2")
    files = {
        "sef.toml": TABLES + verify,
        "plan.toml": PLAN,
        "light.toml": light,
        "second.toml": script("judge", json.dumps({"drafts": {"A": said}}), "0.003"),
        "target.toml": target,
    }
    return repository({**PROJECT, **files})


def attempts(root: Path) -> list[dict[str, object]]:
    done = sef(root, "run", "--file", "plan.toml", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (task,) = json.loads(done.stdout)["tasks"]
    found: list[dict[str, object]] = task["attempts"]
    return found


def test_the_judge_decides_and_its_price_is_told(repository: Make) -> None:
    """It is asked twice without waiting for tasks that the run does not have."""
    root = project(repository, "right", "[verify]\nwait_s = 100\n")
    done = sef(root, "run", "--file", "plan.toml")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines.count("how: asks second to judge") == 2
    assert "Cost $0.016" in done.stdout
    told = sef(root, "explain").stdout
    assert told.count("judge asks second") == 2
    assert told.count("judge: second answered, $0.0030") == 2
    assert "+ judge: second judges it right" in told
    report = json.loads(sef(root, "report", "--json").stdout)
    (attempt,) = report["tasks"][0]["attempts"]
    assert (attempt["verification_usd"], attempt["accepted"]) == (0.006, True)
    assert 0.9 < attempt["probability"] < 1


def test_a_draft_that_is_judged_wrong_is_done_by_the_target(repository: Make) -> None:
    """One answer is enough for that."""
    first, last = attempts(project(repository, "wrong"))
    assert (first["accepted"], first["verification_usd"]) == (False, 0.003)
    assert "calc/core.py:2: no" in str(first["reason"])
    assert (last["executor"], last["verification_usd"]) == ("target", 0.0)


@pytest.mark.parametrize(
    "verify", ['[verify]\njudge = "off"\n', "[verify]\nsettled = 0.5\n"], ids=["off", "settled"]
)
def test_nobody_is_asked_who_need_not_be(repository: Make, verify: str) -> None:
    """Where the judge is off, and where the evidence before it is enough."""
    (attempt,) = attempts(project(repository, "wrong", verify))
    assert (attempt["executor"], attempt["accepted"]) == ("light", True)
    assert attempt["verification_usd"] == 0.0
