"""`sef replay` as a program: its object, its table, its page, its complaints."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sef.cli.replay import app
from sef.cli.replay_page import write_page
from sef.errors import UsageError
from sef.replay.html import BEGINNING

HEAD = "task,repo,model,resolved,cost_usd,calls\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng, lines = random.Random(1), []
    for number in range(90):
        for model, rate, cost in (("strong", 0.75, 1.0), ("cheap", 0.6, 0.05), ("dear", 0.6, 0.8)):
            ok, price = int(rng.random() < rate), cost * rng.lognormvariate(0, 0.3)
            lines.append(f"t{number},repo{number % 4},{model},{ok},{price:.5f},{10 + number % 7}")
    path = tmp_path / "runs.csv"
    path.write_text(HEAD + "\n".join([*lines, lines[0]]) + "\n")
    return path


def replay(table: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--outcomes", str(table), "--orders", "2", *words])


def refused(*words: str) -> dict[str, str]:
    """What a process of its own says: one process prints one object."""
    code = "from sef.cli.replay import app; app()"
    done = subprocess.run(
        (sys.executable, "-c", code, *words, "--json"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    said: dict[str, str] = json.loads(done.stdout)
    return said


def test_json_is_one_object_with_every_policy(table: Path) -> None:
    """Nine policies with their figures, the inputs, and what was left out."""
    done = replay(table, "--target", "strong", "--draft", "cheap,dear", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert list(said) == ["schema", "policies", "ours", "frontier", "inputs", "excluded"]
    names = "always_target always_cheap always_draft target_twice oracle seed cascade ours"
    assert list(said["policies"]) == names.split()
    for one in said["policies"].values():
        assert sum(one["cost"].values()) == pytest.approx(one["cost_ratio"], abs=2e-4)
        assert {"quality_delta", "cost_ci", "quality_ci", "time_ratio", "regressions"} <= set(one)
    assert said["excluded"] == {"a further run of the same model and task": 1}
    assert said["inputs"]["verifier"]["auc"] == 0.95
    assert said["ours"]["gates"]["cheap"]["reason"].startswith("cheap saves")


def test_all_pairs_is_one_object(table: Path) -> None:
    """Pairs whose target is dearer and better, with the figures over all of them."""
    done = replay(table, "--all-pairs", "--verifier-auc", "1", "--warm-up", "30", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert {("cheap", "strong"), ("dear", "strong")} <= {
        (one["draft"], one["target"]) for one in said["pairs"]
    }
    assert said["worst_ratio_to_best"] == pytest.approx(
        max(one["ratio_to_best"] for one in said["pairs"]), abs=1e-3
    )
    assert 0 <= said["share_within_1_02"] <= 1
    assert {"mean_cost_ratio", "mean_warmup_regret", "inputs", "excluded"} <= set(said)


def test_people_get_a_table(table: Path) -> None:
    """The policies are listed with ours last, and what was left out is said."""
    done = replay(table, "--target", "strong", "--draft", "cheap")
    assert done.exit_code == 0
    assert done.stdout.index("always_target") < done.stdout.index("\nours")
    assert "left out: 1 (a further run" in done.stdout
    assert "gate: cheap saves" in done.stdout


PAGE = ("--target", "strong", "--draft", "cheap", "--html")


def test_the_page_appears_whole(table: Path, tmp_path: Path) -> None:
    """Beside it no temporary file stays, and a former page is replaced."""
    there = tmp_path / "page.html"
    assert replay(table, *PAGE, str(there)).exit_code == 0
    first = there.read_text()
    assert replay(table, *PAGE, str(there), "--seed", "2").exit_code == 0
    assert there.read_text().startswith(BEGINNING)
    assert there.read_text() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "runs.csv"]


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("runs.csv", "is the table of outcomes itself"),
        ("hard.csv", "is the table of outcomes itself"),
        ("link.html", "is a symbolic link"),
        ("folder", "is a folder"),
        ("pipe", "is a pipe"),
        ("absent/page.html", "there is no folder"),
    ],
)
def test_a_page_destroys_nothing(
    table: Path, tmp_path: Path, name: str, said: str, force: tuple[str, ...]
) -> None:
    """Refused by the name of the file, before anything is read or computed; not even by force."""
    (tmp_path / "foreign.txt").write_text("mine")
    (tmp_path / "link.html").symlink_to("foreign.txt")
    (tmp_path / "hard.csv").hardlink_to(table)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = table.read_text()
    told = refused("--outcomes", str(table), *PAGE, str(tmp_path / name), *force)
    assert said in told["error"]
    assert str(tmp_path / name) in told["error"]
    assert (tmp_path / "foreign.txt").read_text() == "mine"
    assert (tmp_path / "link.html").is_symlink()
    assert table.read_text() == before


def test_a_foreign_file_is_overwritten_by_force_alone(table: Path, tmp_path: Path) -> None:
    """Without --force it stays as it is, and is refused before the table is even read."""
    foreign = tmp_path / "notes.html"
    foreign.write_text("<!doctype html>\nmine")
    told = refused("--outcomes", str(tmp_path / "no.csv"), *PAGE, str(foreign))
    assert "no page of sef replay" in told["error"]
    assert "--force" in told["hint"]
    assert foreign.read_text().endswith("mine")
    assert replay(table, *PAGE, str(foreign), "--force").exit_code == 0
    assert foreign.read_text().startswith(BEGINNING)


def test_an_error_while_writing_names_the_file(table: Path, tmp_path: Path) -> None:
    """Not the temporary one: its folder may be gone once the replay is done."""
    with pytest.raises(UsageError, match=re.escape(str(tmp_path / "gone" / "page.html"))):
        write_page(tmp_path / "gone" / "page.html", table, "text", force=False)
    with pytest.raises(OSError, match="page") as raised:
        write_page(tmp_path / ("page" * 70), table, "text", force=False)
    assert raised.value.filename == str(tmp_path / ("page" * 70))


@pytest.mark.parametrize(
    "words",
    [("--outcomes", "runs.csv"), ("--html", "page.html"), ("--target", "a"), ("--all-pairs",)],
)
def test_a_certificate_ignores_nothing(words: tuple[str, ...]) -> None:
    """What belongs to a table is refused beside --certificate."""
    assert f"goes without {words[0]}" in refused("--certificate", *words)["error"]


@pytest.mark.parametrize(
    "words",
    [
        ("--target", "strong", "--draft", "cheap"),
        ("--all-pairs", "--warm-up", "10"),
        ("--all-pairs", "--warm-up", "0"),
    ],
)
def test_a_target_that_was_free_at_first_is_no_mistake(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """All numbers are finite where the target costs nothing outside of one repository."""
    lines = []
    for number in range(60):
        repo = number % 3
        lines.append(f"t{number:02},r{repo},strong,{int(number % 4 > 0)},{int(repo == 0)},10")
        lines.append(f"t{number:02},r{repo},cheap,{int(number % 2 > 0)},0.1,10")
    path = tmp_path / "free.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    done = replay(path, *words, "--json")
    assert done.exit_code == 0
    json.loads(done.stdout, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("run", "why"),
    [("1e308,10", "cost_usd is above 1,000,000"), ("1,1e308", "calls is above 1,000,000,000")],
)
def test_amounts_without_a_sum_are_left_out(table: Path, run: str, why: str) -> None:
    """Amounts beyond reason are told and not added up: JSON knows no infinity."""
    with table.open("a") as file:
        file.write("".join(f"u{at},repo0,{m},1,{run}\n" for at in range(9) for m in ("strong",)))
    done = replay(table, "--target", "strong", "--draft", "cheap", "--json")
    said = json.loads(done.stdout, parse_constant=pytest.fail)
    assert said["excluded"][why] == 9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "strong"), "needs a target and a draft"),
        (("--target", "stron", "--draft", "cheap"), "no runs of a model 'stron'"),
        (
            ("--target", "strong", "--draft", "cheap", "--all-pairs"),
            "--all-pairs goes with neither",
        ),
        (
            ("--target", "strong", "--draft", "cheap", "--verifier-auc", "2"),
            "--verifier-auc is 2.0",
        ),
        (("--target", "strong", "--draft", "cheap", "--verifier-tar", ".9"), "both of its rates"),
        (("--all-pairs", "--warm-up", "90"), "90 tasks leave none"),
        (("--all-pairs", "--force"), "--force is for --html alone"),
    ],
)
def test_what_cannot_be_done_is_said(table: Path, words: tuple[str, ...], said: str) -> None:
    """As one object with a hint, and exit code 2."""
    told = refused("--outcomes", str(table), *words)
    assert said in told["error"]
    assert told["hint"]


def test_a_table_must_be_named() -> None:
    """Without --outcomes there is nothing to replay."""
    assert "--outcomes" in refused("--target", "a", "--draft", "b")["hint"]


def test_help_has_examples() -> None:
    """Every option is there, and examples with exit codes."""
    done = CliRunner().invoke(app, ["--help"])
    assert "Examples" in done.stdout
    assert "Exit codes" in done.stdout
