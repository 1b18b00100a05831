"""`sef route`, called as a program calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sef.cli import signals
from sef.cli.route import app

LABELLED = (
    {"id": "a", "text": "run the tests", "tier": "1"},
    {"id": "b", "text": "summarise till.py", "tier": 1},
    {"id": "c", "text": "rename Foo to Bar", "tier": "2"},
    {"id": "d", "text": "rename Foo to Baz", "tier": "1"},
    {"id": "e", "text": "fix the deadlock in the pool", "tier": "3"},
    {"id": "f", "text": "explain till.py", "tier": "2"},
    {"id": "g", "text": "yes do that", "tier": "X"},
    {"id": "h", "text": "add a flag --dry", "tier": "X"},
    {"text": "the next step?"},
)


def run(*arguments: str) -> Result:
    """The command in this process, which for once has more than one object to write."""
    signals._Written.yet = False
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160", "NO_COLOR": "1"})


def lines(folder: Path, *said: Any) -> str:
    path = folder / "prompts.jsonl"
    path.write_text(
        "".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in said)
    )
    return str(path)


def test_texts_become_routes() -> None:
    """Each text is one row, with its tier, kind, policy, score, reason and time."""
    done = run("rename Foo to Bar", "yes do that", "--json")
    first, second = json.loads(done.stdout)["routes"]
    assert done.exit_code == 0
    assert (first["id"], first["tier"], first["kind"]) == ("1", 2, "implement")
    assert (first["policy"], first["needs_context"]) == ("standard", False)
    assert 0 < first["score"] <= 1
    assert first["microseconds"] > 0
    assert "rename" in first["reason"]
    assert (second["tier"], second["needs_context"]) == (3, True)
    assert set(first) == {
        "id", "tier", "kind", "policy", "score", "needs_context", "reason", "microseconds",
    }  # fmt: skip


def test_labels_are_summed_up(tmp_path: Path) -> None:
    """Shares are of labels 1 to 3; X is apart; tier 0 at label 1 is exact."""
    said = json.loads(run("--file", lines(tmp_path, *LABELLED), "--json").stdout)
    told = said["summary"]
    assert said["routes"][-1]["id"] == "9"
    assert (told["counted"], told["x"], told["tier_0_at_label_1"]) == (6, 2, 1)
    assert (told["exact"], told["under_routing"], told["over_routing"]) == (0.6667, 0.1667, 0.1667)
    low, high = told["intervals"]["exact"]
    assert low < told["exact"] < high
    assert told["confusion"]["1"] == {"0": 1, "1": 1, "2": 1, "3": 0}
    assert told["confusion"]["X"] == {"0": 0, "1": 0, "2": 1, "3": 1}
    assert told["needs_context"] == {"said": 1, "right": 1, "precision": 1.0, "recall": 0.5}
    assert told["p99_ms"] >= max(row["microseconds"] for row in said["routes"]) / 1000 - 0.001


def test_without_labels_there_is_no_summary(tmp_path: Path) -> None:
    """Empty lines are passed over, and nothing is summed up."""
    said = json.loads(
        run("--file", lines(tmp_path, {"text": "x"}, "\n", {"text": "y"}), "--json").stdout
    )
    assert [row["id"] for row in said["routes"]] == ["1", "3"]
    assert "summary" not in said


@pytest.mark.parametrize("content", [(), ("\n", "  \n")])
def test_a_file_without_requests_is_refused(tmp_path: Path, content: tuple[str, ...]) -> None:
    """Nothing was routed, and a program that gave the wrong file is told so."""
    done = run("--file", lines(tmp_path, *content), "--json")
    assert done.exit_code == 2
    assert "holds no request" in json.loads(done.stdout)["error"]


def test_standard_input_is_a_file_too() -> None:
    """`--file -` reads lines from there, and errors name it."""
    signals._Written.yet = False
    done = CliRunner().invoke(app, ["--file", "-", "--json"], input='{"text": "run the tests"}\n')
    assert [row["tier"] for row in json.loads(done.stdout)["routes"]] == [0]
    signals._Written.yet = False
    done = CliRunner().invoke(app, ["--file", "-", "--json"], input="no JSON\n")
    assert done.exit_code == 2
    assert "standard input, line 1" in json.loads(done.stdout)["error"]


def test_people_get_a_table(tmp_path: Path) -> None:
    """The table names the tier and why; the summary follows with its intervals."""
    done = run("--file", lines(tmp_path, *LABELLED))
    assert done.exit_code == 0
    assert "no model" in done.stdout
    assert "deadlock" in done.stdout
    assert "exact          66.7% (" in done.stdout
    assert "precision 100.0%, recall 50.0%" in done.stdout


def test_only_x_is_summed_up(tmp_path: Path) -> None:
    """With nothing labelled 1 to 3 there is no share, and that is said."""
    path = lines(tmp_path, {"text": "yes", "tier": "X"})
    assert json.loads(run("--file", path, "--json").stdout)["summary"]["exact"] is None
    assert "0 labelled 1 to 3, 1 labelled X" in run("--file", path).stdout


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json\n", "line 2: no JSON"),
        ('{"tier": "1"}\n', 'line 2: no object with a "text"'),
        ('["text"]\n', 'line 2: no object with a "text"'),
        ('{"text": 3}\n', 'line 2: no object with a "text"'),
        ('{"text": "x", "tier": "4"}\n', 'line 2: unknown "tier" "4"'),
        ('{"text": "x", "tier": true}\n', 'line 2: unknown "tier" true'),
        ('{"text": "x", "tier": ["1"]}\n', 'line 2: unknown "tier"'),
        ('{"text": "x", "id": {}}\n', 'line 2: "id" is no'),
        ('{"text": "x", "id": true}\n', 'line 2: "id" is no'),
        ("[" * 200_000 + "\n", "line 2: no JSON"),
        ('{"text": "' + "x" * 2**20 + '"}\n', "line 2: longer than 1 MiB"),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, line: str, why: str) -> None:
    """A bad line ends the command with exit code 2 and one object that names the line."""
    done = run("--file", lines(tmp_path, {"text": "fine"}, line), "--json")
    assert done.exit_code == 2
    said = json.loads(done.stdout)
    assert why in said["error"]
    assert said["hint"]


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused."""
    path = tmp_path / "binary"
    path.write_bytes(b'{"text": "\xff\xfe"}\n')
    assert run("--file", str(path), "--json").exit_code == 2


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """More than 64 MiB is refused by its size."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    done = run("--file", str(path), "--json")
    assert done.exit_code == 2
    assert "larger than 64 MiB" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize("arguments", [(), ("a text", "--file", "prompts.jsonl")])
def test_texts_or_a_file_are_needed(arguments: tuple[str, ...]) -> None:
    """Neither, and both, are refused."""
    assert run(*arguments, "--json").exit_code == 2


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder, and what is not there, are refused by name."""
    for path in (tmp_path, tmp_path / "absent"):
        done = run("--file", str(path), "--json")
        assert done.exit_code == 2
        assert str(path) in json.loads(done.stdout)["error"]


def test_control_codes_are_not_shown(tmp_path: Path) -> None:
    """What a request or an id holds cannot reach the terminal."""
    path = lines(tmp_path, {"id": "a\u001b[31m", "text": "show \u001b]0;x\u0007[bold]this file"})
    assert "\x1b" not in run("--file", path).stdout
    assert "[bold]this file" in run("--file", path).stdout
