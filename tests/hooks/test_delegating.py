"""Before a delegation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.hooks.events import call, repository, told

from sef.agents import OFFERED, named
from sef.hooks.answering import answer
from sef.hooks.delegating import EXECUTORS, delegated
from sef.hooks.entry import LARGEST
from sef.hooks.records import rows
from sef.policy import FAST, STANDARD

FILES = {"one.py": "ONE = 1\n"}


def given(event: dict[str, object]) -> dict[str, object]:
    """The input that the call is made with."""
    found = delegated(event)
    assert found is not None
    return found["hookSpecificOutput"]["updatedInput"]


def refused(event: dict[str, object]) -> str:
    """Why the call is refused."""
    found = delegated(event)
    assert found is not None
    said = found["hookSpecificOutput"]
    assert said["permissionDecision"] == "deny" and "updatedInput" not in said
    return said["permissionDecisionReason"]


def test_the_table_is_that_of_the_definitions_and_policies() -> None:
    """Model, effort and tier of each executor are those of its file; effort its policy's too."""
    assert set(EXECUTORS) == set(OFFERED)
    for name, row in EXECUTORS.items():
        found = named(name)
        assert (row["model"], row["effort"], row["tier"]) == (
            found.model,
            found.effort,
            found.tier,
        )
        assert row["writes"] == bool({"Write", "Edit"} & set(found.tools))
        policy = FAST if row["tier"] == 1 else STANDARD
        assert row["effort"] == policy.draft_effort


def test_a_writer_gets_model_effort_a_tree_and_the_foreground(tmp_path: Path) -> None:
    """The whole input comes back with what the policy settles, other keys as they were."""
    event = call(repository(tmp_path, FILES), "sef:sef-implement", asked={"name": "n"})
    assert given(event) == {
        **event["tool_input"],
        "model": "sonnet",
        "effort": "medium",
        "isolation": "worktree",
        "run_in_background": False,
    }


def test_a_reader_needs_no_tree_and_no_repository(tmp_path: Path) -> None:
    """It reads where the user is; background is refused it too, since its answer is judged."""
    found = given(call(tmp_path, "sef-explore", asked={"run_in_background": True}))
    assert "isolation" not in found
    assert (found["model"], found["effort"], found["run_in_background"]) == ("haiku", "low", False)


def test_the_answer_is_the_same_for_its_own_answer(tmp_path: Path) -> None:
    """Another hook may have it asked again: nothing changes then."""
    event = call(repository(tmp_path, FILES), "sef-document")
    once = given(event)
    assert given({**event, "tool_input": once}) == once


def test_a_higher_tier_below_the_target_stays(tmp_path: Path) -> None:
    """Doubt goes up: sonnet for light work is let be, haiku for standard work is not."""
    assert given(call(tmp_path, "sef-explore", asked={"model": "sonnet"}))["model"] == "sonnet"
    assert given(call(tmp_path, "sef-review", asked={"model": "haiku"}))["model"] == "sonnet"


@pytest.mark.parametrize("model", ["opus", "fable"])
def test_the_targets_model_as_an_executor_cannot_pay(tmp_path: Path, model: str) -> None:
    """It costs as much as the target, and the verification on top."""
    assert "cannot pay" in refused(call(tmp_path, "sef-explore", asked={"model": model}))


def test_what_the_gate_says_cannot_pay_is_refused_with_its_reason(tmp_path: Path) -> None:
    """The table that the gate left goes before what is built in."""
    folder = repository(tmp_path, FILES) / ".git/sef/hooks"
    folder.mkdir(parents=True)
    table = {"sef-review": {"pays": False, "reason": "sef-review would lose 40%"}}
    (folder / "table.json").write_text(json.dumps(table))
    assert "would lose 40%" in refused(call(tmp_path, "sef-review"))
    assert given(call(tmp_path, "sef-implement"))["model"] == "sonnet"


def test_executors_hand_nothing_on(tmp_path: Path) -> None:
    """From inside an executor every agent is refused; others may start theirs."""
    inside = {"agent_id": "a1", "agent_type": "sef:sef-explore"}
    for asked in ("sef-explore", "general-purpose"):
        assert "hands nothing on" in refused(call(tmp_path, asked, **inside))
    foreign = {"agent_id": "a1", "agent_type": "general-purpose"}
    assert "hands nothing on" in refused(call(tmp_path, "sef-explore", **foreign))
    assert delegated(call(tmp_path, "general-purpose", **foreign)) is None


def test_other_agents_and_tools_are_let_be(tmp_path: Path) -> None:
    """No answer, no row."""
    assert delegated(call(tmp_path, "general-purpose")) is None
    assert delegated(call(tmp_path, "sef-explore", tool_name="Bash")) is None
    assert delegated(call(tmp_path, "sef-explore", tool_input="text")) is None


def test_a_writer_needs_a_repository_in_a_state_to_start_from(tmp_path: Path) -> None:
    """Without git, or in the middle of a merge, it is refused before it costs anything."""
    (tmp_path / "bare").mkdir()
    assert "without a git repository" in refused(call(tmp_path / "bare", "sef-implement"))
    merging = repository(tmp_path / "merging", FILES)
    (merging / ".git/MERGE_HEAD").write_text("x")
    assert "a merge is in progress" in refused(call(merging, "sef-document"))
    assert given(call(merging, "sef-explore"))["model"] == "haiku"


def test_each_decision_is_a_row(tmp_path: Path) -> None:
    """The journal tells what was delegated, to whom, and what was refused and why."""
    home = repository(tmp_path, FILES)
    delegated(call(home, "sef-implement"))
    delegated(call(home, "sef-implement", asked={"model": "opus"}))
    one, other = rows(str(home / ".git/sef/hooks"))
    assert (one["event"], one["executor"], one["call"]) == ("delegated", "sef-implement", "toolu_1")
    assert other["event"] == "refused" and "cannot pay" in other["reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"no json",
        b"[1]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"hook_event_name":"PreToolUse"}',
        b'{"hook_event_name":"Other","cwd":"/"}',
        b'{"hook_event_name":"PreToolUse","cwd":"relative","tool_name":"Agent"}',
        b'{"hook_event_name":"PreToolUse","cwd":"/\\u0000","tool_name":"Agent"}',
        b" " * (LARGEST + 2),
    ],
    ids=range(10),
)
def test_nonsense_stops_nobody(wrong: bytes) -> None:
    """Exit code 0, nothing printed, a line in the log."""
    assert told(wrong) == (0, None)
    log = Path.home() / ".local/state/sef/hooks/hooks.log"
    assert len(log.read_text().splitlines()) == 1


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """Where the records cannot be kept there is no answer, and no error either."""
    home = repository(tmp_path, FILES)
    (home / ".git/sef").write_text("in the way")
    assert told(call(home, "sef-implement")) == (0, None)


def test_the_entry_answers_as_claude_code_runs_it(tmp_path: Path) -> None:
    """Isolated, without site-packages, with a scope: the same answer."""
    code, found = told(call(repository(tmp_path, FILES), "sef-implement"), "--scope", "project")
    assert code == 0 and found is not None
    assert found["hookSpecificOutput"]["updatedInput"]["effort"] == "medium"


def test_the_project_goes_before_the_user_and_the_user_before_a_plugin(tmp_path: Path) -> None:
    """An entry leaves where one that goes before it is told of as well."""
    event = json.dumps(call(tmp_path, "sef-explore")).encode()
    assert answer(("--scope", "user"), event) and answer(("--scope", "plugin"), event)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").write_text(
        '{"hooks": {"Stop": ["/x/sef/hooks/entry.py"]}}'
    )
    assert answer(("--scope", "user"), event), "there of an older version, without this event"
    (tmp_path / ".claude/settings.json").write_text(
        '{"hooks": {"PreToolUse": ["/x/sef/hooks/entry.py"]}}'
    )
    assert answer(("--scope", "user"), event) == answer(("--scope", "plugin"), event) == ""
    assert answer(("--scope", "project"), event)


def test_words_in_settings_are_no_hooks(tmp_path: Path) -> None:
    """A rule about sef's entry, and a file that Claude Code ignores, do not silence the user's."""
    event = json.dumps(call(repository(tmp_path, FILES), "sef-explore")).encode()
    settings = tmp_path / ".claude/settings.json"
    settings.parent.mkdir(exist_ok=True)
    ours = [{"hooks": [{"type": "command", "command": "p", "args": ["/x/sef/hooks/entry.py"]}]}]
    rule = {"allow": ["Bash(python src/sef/hooks/entry.py)"]}
    for said in (
        json.dumps({"permissions": rule, "hooks": {"PreToolUse": []}}),
        json.dumps({"hooks": {"PreToolUse": ours}})[:-1] + ",}",
    ):
        settings.write_text(said)
        assert answer(("--scope", "user"), event)
    settings.write_bytes(b"\xef\xbb\xbf" + json.dumps({"hooks": {"PreToolUse": ours}}).encode())
    assert answer(("--scope", "user"), event) == ""
