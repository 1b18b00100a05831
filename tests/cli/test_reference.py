"""The reference says what there is, and its examples work."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sef.cli.render import _money
from sef.events import Applied, Cancelled, Committed, Dispatched, Resumed, RunFinished, RunStarted
from sef.model import Kind, Task, Tier
from sef.planners import PLANNERS, load_plan
from sef.rates import rates
from sef.report import report
from sef.report_model import MatchReport
from sef.testing import load_scripts

DOCS = Path(__file__).parents[2] / "docs/reference"


def examples(name: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)


def test_every_rate_is_documented() -> None:
    """A row with numerator, denominator and unit for each, and no row more."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", (DOCS / "report-json.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == list(rates(()))
    assert all(row.count("|") == 2 for _, row in rows)


def test_the_plan_of_the_reference_is_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(examples("plan.md")[0])
    euro, docs, tests = load_plan(path)
    assert (euro.kind, docs.needs, tests.id) == (Kind.IMPLEMENT, ("euro",), "run-the-tests")
    text = (DOCS / "plan.md").read_text()
    assert [one.name for one in fields(Task) if f"| `{one.name}` |" not in text] == []


def test_the_scripts_of_the_reference_fit_their_sentence(tmp_path: Path) -> None:
    path = tmp_path / "light.toml"
    (script,) = (one for one in examples("configuration.md") if "[[script]]" in one)
    path.write_text(script)
    (task,) = PLANNERS["sentences"]().plan(("Add a farewell to greet.py",))
    assert list(load_scripts(path)) == [task.id]


@pytest.mark.parametrize(
    "key",
    ["task", "says", "cost_usd", "seconds", "input_tokens", "output_tokens", "fails", "write", "edit", "deletes"],
)  # fmt: skip
def test_every_key_of_a_script_is_documented(key: str) -> None:
    assert f"`{key}`" in (DOCS / "configuration.md").read_text()


STARTED = RunStarted(run="r", base="b", dirty=False, tasks=(Task(id="a", text="x"),), slots=1)
WORKS = Dispatched(
    task="a", epoch=0, stage=0, executor="target", tier=Tier.TARGET, base="b", call="c"
)
DONE = Committed(task="a", epoch=0, commit="c")
ENDED = RunFinished(run="r", seconds=1.0, branch=None)


def test_what_is_called_off_last_is_cancelled() -> None:
    """Whatever the tasks say; a run that was resumed is what it became then."""
    facts = (STARTED, WORKS, Cancelled(), ENDED)
    assert report(facts).status == "cancelled"
    assert report((STARTED, Cancelled(task="a"), Applied(commit="c"), ENDED)).applied
    resumed = (*facts, Resumed(run="r", in_flight=()))
    assert report(resumed).tasks[0].attempts[0].reason == "called off"


def test_without_a_model_there_is_no_money_to_speak_of() -> None:
    said = report((STARTED, ENDED))
    assert _money(said) == "No model was used."
    assert "unknown" in _money(report((STARTED, WORKS, ENDED)))


def test_a_path_that_is_no_unicode_survives_json() -> None:
    match = MatchReport(path="odd\udcff", line=0, text="")
    said = report((STARTED, ENDED))
    task = said.tasks[0].model_copy(update={"matches": (match,)})
    assert '"odd\\udcff"' in said.model_copy(update={"tasks": (task,)}).json_text()
