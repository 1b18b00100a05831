"""`sef run` with executors that ask models, through real clients, against a provider on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from command import PROJECT, sef

from conftest import git
from contracts.staff import STAFF, Staff, edit, read, write
from sef.testing.provider import LoopbackProvider, Turn, Used

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every command is a process of its own
KEY: Final = "sk-ant-canary-of-the-run-0123456789"
ASKED: Final = "Add a docstring to add in calc/core.py"
USED: Final = Used(input_tokens=1_000, output_tokens=100)
OLD: Final = "    def add(self, a, b):\n"
MODELS: Final = [one for one in STAFF if one.asks]
FORM: Final = {
    "result": "Done.",
    "read": [],
    "changed": ["calc/core.py"],
    "checks": [],
    "doubts": [],
}


def configured(root: Path, staff: Staff, url: str) -> Path:
    """A light executor and a target of that kind, at the provider's address; no audit is drawn,
    which would be one time in twenty."""
    path = root.parent / "sef.toml"
    tables = [
        f'[executors.{name}]\nuse = "{staff.use}"\ntier = {tier}\nmodel = "{model}"\n'
        f'provider = "{staff.provider}"\nbase_url = "{url}{staff.suffix}"\nkey_variable = "A_KEY"\n'
        for name, tier, model in (("light", 1, staff.model), ("target", 3, staff.dearer))
    ]
    path.write_text("\n".join(("[drafts]\naudit = 0", *tables)))
    return path


def hand(staff: Staff) -> Turn:
    tool = "StructuredOutput" if staff.use == "claude" else "hand_back"
    return Turn(calls=((tool, FORM),), used=USED, times=1)


def asked(staff: Staff, *turns: Turn) -> list[Turn]:
    return [*turns, hand(staff), Turn(text="Done.", used=USED, times=20)]


def needs(staff: Staff) -> None:
    if staff.missing:
        pytest.skip(staff.missing)


def documented(staff: Staff) -> list[Turn]:
    """Reads the file and adds the docstring."""
    here = Path()
    new = OLD + '        """Add two numbers."""\n'
    return asked(
        staff,
        staff.turn(here, read("calc/core.py"), used=USED),
        staff.turn(here, edit("calc/core.py", OLD, new), used=USED),
    )


@pytest.mark.parametrize("staff", MODELS, ids=lambda one: one.name)
def test_a_docstring_ends_in_a_commit_with_its_cost_and_model(
    staff: Staff, repository: Make
) -> None:
    """On the run's branch; the key is nowhere in the repository, what was printed, or a prompt."""
    needs(staff)
    root = repository(PROJECT)
    with LoopbackProvider(documented(staff)) as provider:
        config = configured(root, staff, provider.url)
        done = sef(root, "run", ASKED, "--config", str(config), "--json", A_KEY=KEY)
        prompts = [json.dumps(one.messages) + one.system for one in provider.requests]
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    (task,) = said["tasks"]
    (attempt,) = task["attempts"]
    assert (attempt["model"], attempt["requests"], attempt["requested"]) == (staff.model, 3, None)
    assert said["cost_usd"] == pytest.approx(3 * priced(staff), abs=1e-9)
    trailers = git(root, "log", "-1", "--format=%(trailers)", said["branch"])
    assert f"Sef-Executor: light ({staff.model})" in trailers
    assert "Sef-Cost: 0.00" in trailers
    assert "Add two numbers" in git(root, "show", f"{said['branch']}:calc/core.py")
    assert git(root, "status", "--porcelain", "--ignored") == ""
    kept = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in data for data in kept)
    assert KEY not in done.stdout + done.stderr + "".join(prompts)


def priced(staff: Staff) -> float:
    """What one request of the script costs by the price table, which the test reads by itself."""
    from genai_prices import Usage, calc_price

    tokens = Usage(input_tokens=USED.input_tokens, output_tokens=USED.output_tokens)
    return float(calc_price(tokens, staff.model, provider_id=staff.provider).total_price)


@pytest.mark.parametrize("staff", MODELS, ids=lambda one: one.name)
def test_a_rejected_draft_is_redone_at_the_target_with_a_note(
    staff: Staff, repository: Make
) -> None:
    """The draft breaks a test; the target's prompt has the diff, and its work is committed."""
    needs(staff)
    root = repository(PROJECT)
    here = Path()

    def from_target(request: object) -> bool:
        return getattr(request, "model", "") == staff.dearer

    def from_light(request: object) -> bool:
        return not from_target(request)

    wrong = edit("calc/core.py", "a + b", "a - b")
    right = write("calc/more.py", "MORE = 1\n")
    turns = [
        staff.turn(here, read("calc/core.py"), used=USED, when=from_light),
        staff.turn(here, wrong, used=USED, when=from_light),
        staff.turn(here, right, used=USED, when=from_target),
    ]
    closing = {"used": USED, "times": 20}
    tool = "StructuredOutput" if staff.use == "claude" else "hand_back"
    with LoopbackProvider([*turns, Turn(calls=((tool, FORM),), **closing)]) as provider:  # type: ignore[arg-type]
        config = configured(root, staff, provider.url)
        task = "implement a constant MORE in calc/more.py"
        plan = root.parent / "plan.toml"
        plan.write_text(f'[[task]]\nid = "more"\ntext = "{task}"\nkind = "implement"\n')
        done = sef(root, "run", "-f", str(plan), "--config", str(config), "--json", A_KEY=KEY)
        targets = [one for one in provider.requests if from_target(one)]
    said = json.loads(done.stdout)
    (one,) = said["tasks"]
    assert one["status"] == "done", done.stdout + done.stderr
    made = [(each["executor"], each["accepted"]) for each in one["attempts"]]
    if made[0][0] == "light":  # where the gate let it draft
        assert made == [("light", False), ("target", True)]
        assert "a - b" in json.dumps(targets[0].messages)
    assert git(root, "show", f"{said['branch']}:calc/more.py") == "MORE = 1\n"


def test_nothing_to_ask_is_one_clear_message(repository: Make) -> None:
    """Tier 0 works; what needs a model fails and says what there would be to do."""
    root = repository(PROJECT)
    nobody: Mapping[str, str] = {"OLLAMA_HOST": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    done = sef(
        root, "run", "run the tests", "implement subtraction in calc/core.py", "--json", **nobody
    )
    assert done.returncode == 1
    tests, subtraction = json.loads(done.stdout)["tasks"]
    assert (tests["status"], tests["counts"]["passed"]) == ("done", 1)
    assert subtraction["status"] == "failed"
    assert "sef.toml" in subtraction["reason"]
    assert "Ollama" in subtraction["reason"]


def test_a_sandbox_that_is_off_is_said_at_each_run(repository: Make) -> None:
    """In red on a terminal, and in the journal."""
    root = repository({**PROJECT, "sef.toml": '[sandbox]\nmode = "off"\n'})
    done = sef(root, "run", "run the tests")
    assert "no sandbox" in done.stderr
    assert "sandbox: off" in sef(root, "explain").stdout


@pytest.mark.parametrize("staff", MODELS, ids=lambda one: one.name)
def test_a_model_judges_an_answer_and_cannot_write(staff: Staff, repository: Make) -> None:
    """The target stands in for a standard tier that is not there; it hands its verdict back in the
    form that every executor has, and is given the tools of a review."""
    needs(staff)
    root = repository(PROJECT)
    tool = "StructuredOutput" if staff.use == "claude" else "hand_back"
    opinion = {"verdict": "right", "problem": "", "confidence": 0.9}
    said = {**FORM, "changed": [], "result": "Adder.add is at calc/core.py:2.", "doubts": ["none"]}
    verdict = {**FORM, "changed": [], "result": json.dumps({"drafts": {"A": opinion}})}

    def judging(request: object) -> bool:
        return getattr(request, "model", "") == staff.dearer

    turns = [
        Turn(calls=((tool, verdict),), used=USED, times=2, when=judging),
        Turn(calls=((tool, said),), used=USED, times=1),
        Turn(text="Done.", used=USED, times=20),
    ]
    with LoopbackProvider(turns) as provider:
        config = configured(root, staff, provider.url)
        plan = root.parent / "plan.toml"
        text = "Explain how Adder adds two numbers"
        plan.write_text(f'[[task]]\nid = "how"\ntext = "{text}"\nkind = "explore"\n')
        done = sef(root, "run", "-f", str(plan), "--config", str(config), "--json", A_KEY=KEY)
        asked = [one for one in provider.requests if judging(one)]
    assert done.returncode == 0, done.stdout + done.stderr
    (task,) = json.loads(done.stdout)["tasks"]
    (attempt,) = task["attempts"]
    assert (attempt["executor"], attempt["accepted"]) == ("light", True)
    assert attempt["verification_usd"] > 0
    assert attempt["probability"] > 0.9
    prompts = [json.dumps(one.messages) for one in asked]
    assert all("two lines of" in one and "calc/core.py:2" in one for one in prompts)
    assert not any(staff.model in one or "light" in one for one in prompts)
    tools = {str(name).lower() for one in asked for name in one.tools}
    assert tools and not tools & {"write", "edit", "write_file", "edit_file"}
