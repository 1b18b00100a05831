"""Sessions of the real client with all five executors, with the plugin, and with both ways in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.claude.client import client_environment
from tests.claude.hooked import delegates, results
from tests.claude.test_agents import SENT, named, resolve, whose
from tests.claude.walking import (
    FORM,
    Walk,
    after,
    answers,
    documenting,
    from_main,
    hands_out,
    writes,
)
from tests.hooks.test_command import HERE, MAIN, PLUGIN

from sef.agents import OFFERED
from sef.hooks.delegating import EXECUTORS
from sef.hooks.dropping import AGAIN
from sef.installation.order import Action, Order, obey
from sef.installation.places import Scope
from sef.testing.provider import Request, Turn, Used

pytestmark = pytest.mark.slow

NOTES = "Add to notes.md that more is known."
MORE = "one\n\nMore is known.\n"
ONCE = ["delegated", "started", "looked_at", "merged", "accepted"]


def test_the_policy_of_each_executor_is_what_is_asked_for_and_booked(tmp_path: Path) -> None:
    """Told whom and what, and twice another model: model, tools and effort of each request are the
    policy's, a model above it stays, and what is booked is the client's own count by model."""
    walk = Walk(tmp_path)
    other = {"sef-explore": "sonnet", "sef-review": "haiku"}

    def call(name: str) -> tuple[str, Mapping[str, object]]:
        return delegates(name, "Say yes.", **({"model": other[name]} if name in other else {}))

    def by(name: str, number: int) -> Turn:
        used = Used(
            input_tokens=100 + number,
            output_tokens=7 + number,
            cache_read_tokens=1_000 * number,
            cache_write_5m_tokens=300,
            cache_write_1h_tokens=50 * number,
        )
        return Turn(
            when=lambda one: whose(one) == name, text=FORM.format("none"), used=used, times=None
        )

    def main(request: Request) -> bool:
        return whose(request) is None

    run = walk.run(
        [
            Turn(when=main, calls=tuple(call(name) for name in OFFERED)),
            *(by(name, number) for number, name in enumerate(OFFERED)),
            Turn(when=main, text="done"),
        ]
    )
    assert run.result["result"] == "done"
    asked = {whose(request): request for request in run.requests}
    assert set(asked) - {None} == set(OFFERED)
    for name in OFFERED:
        model = "sonnet" if name == "sef-explore" else EXECUTORS[name]["model"]
        request = asked[name]
        assert request.model == resolve(model), name
        assert set(request.tools) == set(SENT[name]) <= set(named(name).tools)
        assert request.body["output_config"] == {"effort": EXECUTORS[name]["effort"]}
    final = [row for row in walk.rows() if row["event"] == "booked"][-1]
    counted, booked = run.result["modelUsage"], final["models"]
    assert isinstance(counted, dict) and isinstance(booked, dict)
    for model, told in counted.items():
        row = booked[model]
        written = row["cache_write_5m"] + row["cache_write_1h"]
        found = (row["input"], row["output"], row["cache_read"], written)
        keys = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
        assert found == tuple(told[key] for key in keys), model
    assert set(booked) == set(counted) and final["final"] is True
    assert float(str(final["usd"])) == pytest.approx(run.result["total_cost_usd"], abs=1e-9)


def test_a_tree_that_git_could_not_make_beside_another_may_be_asked_for_again(
    tmp_path: Path,
) -> None:
    """Git reads the folder of a tree that is being made (`commondir` is still empty) and gives up.
    Nothing ran; the orchestrator is told so."""
    walk = Walk(tmp_path)
    half = walk.project / ".git/worktrees/half"
    half.mkdir(parents=True)
    (half / "gitdir").write_text(f"{tmp_path}/half/.git\n")
    (half / "HEAD").write_text("0" * 40 + "\n")
    (half / "commondir").touch()

    def made() -> None:
        shutil.rmtree(half)

    run = walk.run(
        [
            hands_out(("sef-document", NOTES)),
            Turn(when=after(from_main, made), calls=(delegates("sef-document", NOTES),)),
            *writes(documenting, "notes.md", MORE),
            Turn(when=from_main, text="done"),
        ]
    )
    assert "git config" in answers(run)[0] and "SEF ACCEPTED" in answers(run)[1]
    assert AGAIN in results(run) and run.result["result"] == "done"
    assert walk.events() == ["delegated", "failed", *ONCE]
    assert (walk.project / "notes.md").read_text() == MORE
    walk.assert_nothing_left()


def test_the_plugin_beside_an_installation_answers_no_event_twice(tmp_path: Path) -> None:
    """Alone it does the whole transaction; beside entries in the settings of project and user the
    project's do, once."""
    walk = Walk(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    command = f'#!/bin/sh\nPYTHONPATH={HERE["PYTHONPATH"]} exec {sys.executable} -c "{MAIN}" "$@"\n'
    (tools / "sef").write_text(command)
    (tools / "sef").chmod(0o755)
    path = {"PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}"}
    walk.options = ("--plugin-dir", str(PLUGIN))
    script = [hands_out(("sef-document", NOTES)), *writes(documenting, "notes.md", MORE)]
    run = walk.run([*script, Turn(when=from_main, text="done")], environment=path)
    assert "SEF ACCEPTED" in results(run) and walk.events() == ONCE
    shutil.rmtree(tmp_path / "config/agents")
    order = Order(action=Action.INSTALL, scopes=tuple(Scope))
    obey(order, variables=client_environment(tmp_path, ""), start=walk.project)
    again = writes(documenting, "notes.md", f"{MORE}And more.\n")
    script = [hands_out(("sef-document", NOTES)), *again, Turn(when=from_main, text="done")]
    run = walk.run(script, environment=path)
    assert "SEF ACCEPTED" in results(run) and walk.events() == ONCE * 2
    assert (walk.project / "notes.md").read_text() == f"{MORE}And more.\n"
