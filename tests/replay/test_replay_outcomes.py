"""Outcome tables: what is read, what is left out and counted, what is refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import HEAD, THREE, made_rows, write_rows

from sef.errors import UsageError
from sef.replay.outcomes import load

ROWS = made_rows(THREE, 40)


def test_a_table_is_read(tmp_path: Path) -> None:
    """Every row is a run; nothing is left out."""
    found = load(write_rows(tmp_path / "a.csv", ROWS))
    assert set(found.runs) == set(THREE)
    assert {len(runs) for runs in found.runs.values()} == {40}
    assert found.excluded == {}
    assert len(found.common(THREE)) == 40


def test_json_lines_are_the_same_table(tmp_path: Path) -> None:
    """A journal's export has an object a line, with the same names."""
    names = ("task", "repo", "model", "resolved", "cost_usd", "calls")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in ROWS]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n\n")
    csv = load(write_rows(tmp_path / "a.csv", ROWS))
    assert load(tmp_path / "a.jsonl").runs == csv.runs


def test_other_names_of_columns_are_known(tmp_path: Path) -> None:
    """task_id, category, turns and cost_list, with True for 1, are a table too."""
    path = tmp_path / "b.csv"
    lines = [f"{t},{r},{m},{bool(ok)},{cost},{calls},x" for t, r, m, ok, cost, calls in ROWS]
    path.write_text("task_id,category,model,resolved,cost_list,turns,more\n" + "\n".join(lines))
    found = load(path)
    assert found.runs == load(write_rows(tmp_path / "a.csv", ROWS)).runs
    assert found.columns["cost_usd"] == "cost_list"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("x", "r", "m", 1, -0.1, 3), "cost_usd is negative"),
        (("x", "r", "m", 1, "nan", 3), "cost_usd is not finite"),
        (("x", "r", "m", 1, "inf", 3), "cost_usd is not finite"),
        (("x", "r", "m", 1, "", 3), "cost_usd is no number"),
        (("x", "r", "m", 1, 0.1, "many"), "calls is no number"),
        (("x", "r", "m", 2, 0.1, 3), "resolved is neither 0 nor 1"),
        (("x", "r", "m", 1, "1_000", 3), "cost_usd is no number"),
        (("x", "r", "m", 1, "١٢", 3), "cost_usd is no number"),
        (("x", "r", "m", 1, 0.1, "1_0"), "calls is no number"),
        (("x", "r", "m", 1, 1e7, 3), "cost_usd is above 1,000,000"),
        (("x", "r", "m", 1, 1e-320, 3), "cost_usd is not 0 and below a billionth"),
        (("x", "r", "m", 1, 0.1, 1e308), "calls is above 1,000,000,000"),
        (("", "r", "m", 1, 0.1, 3), "no task, repository or model"),
        (("t000", "repo0", "cheap", 1, 0.1, 3), "a further run of the same model and task"),
        (("t000", "elsewhere", "new", 1, 0.1, 3), "the task is in another repository elsewhere"),
    ],
)
def test_a_bad_row_is_left_out_and_counted(tmp_path: Path, row: tuple, why: str) -> None:  # type: ignore[type-arg]
    """The other rows stay as they are, and the reason is told."""
    found = load(write_rows(tmp_path / "a.csv", [*ROWS, row, row]))
    assert found.excluded == {why: 2}
    assert found.runs == load(write_rows(tmp_path / "b.csv", ROWS)).runs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no rows"),
        (HEAD, "has no rows"),
        ("task,repo,model\na,b,c\n", "no column resolved, cost_usd, calls"),
        (HEAD + "a,r,m,1,-1,1\n", "no row of .* can be used: 1 rows: cost_usd is negative"),
        ('{"task": "a"\n', "line 1: no JSON object"),
        (
            '{"task":"a","repo":"r","model":"m","resolved":1,"cost_usd":1,"calls":1}\n[1]\n',
            "line 2: a list",
        ),
        ("\n\n" + HEAD + "a,r,m,1,1,1\n", "begins with a blank line"),
        (HEAD.replace(",", ";") + "a;r;m;1;1;1\n", "a table with semicolons between"),
        (HEAD.replace(",", "\t") + "a\tr\tm\t1\t1\t1\n", "a table with tabs between"),
        (HEAD.strip() + ",resolved\na,r,m,1,1,1,0\n", "has the column resolved more than once"),
        ('[{"task": "a"}]\n', "looks like a JSON array"),
        ('{"task": "a", "task": "b"}\n', "line 1: .*'task' is there more than once"),
        (HEAD + "a," + "x" * 200_000 + ",m,1,1,1\n", "line 2: field larger"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load(path)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_another_coding_is_named(tmp_path: Path, coding: str) -> None:
    """A spreadsheet's UTF-16 is told as such, with what is wanted."""
    path = tmp_path / "wide.csv"
    path.write_text(HEAD + "a,r,m,1,1,1\n", encoding=coding)
    with pytest.raises(UsageError, match="looks like UTF-16") as raised:
        load(path)
    assert raised.value.hint
    assert "UTF-8" in raised.value.hint


def test_blanks_around_names_do_not_count(tmp_path: Path) -> None:
    """As they do not in the rows."""
    path = tmp_path / "wide.csv"
    path.write_text(HEAD.replace(",", ", ") + "a, r, m, 1, 1, 1\n")
    assert set(load(path).runs) == {"m"}


def test_a_short_first_row_has_all_columns(tmp_path: Path) -> None:
    """Columns are those of the head line: a row that ends early is left out, not the table."""
    path = tmp_path / "short.csv"
    path.write_text(HEAD + "a,r\n" + "b,r,m,1,1,1\n")
    assert load(path).excluded == {"no task, repository or model": 1}


def test_a_model_that_is_not_there_has_near_ones(tmp_path: Path) -> None:
    """The hint names models that are spelt alike."""
    found = load(write_rows(tmp_path / "a.csv", ROWS))
    with pytest.raises(UsageError, match="Near to it: strong"):
        found.common(("stronk",))


def test_too_few_common_tasks_are_refused(tmp_path: Path) -> None:
    """29 tasks tell nothing; neither do none."""
    few = [row for row in ROWS if row[2] != "cheap" or row[0] < "t029"]
    found = load(write_rows(tmp_path / "a.csv", few))
    with pytest.raises(UsageError, match="29 tasks are common to strong, cheap"):
        found.common(("strong", "cheap"))
    apart = [*ROWS, *((f"z{row[0]}", row[1], "apart", *row[3:]) for row in ROWS)]
    with pytest.raises(UsageError, match="0 tasks are common"):
        load(write_rows(tmp_path / "b.csv", apart)).common(("strong", "apart"))


def test_names_from_a_table_lose_their_control_codes(tmp_path: Path) -> None:
    """A model's name cannot colour the terminal."""
    rows = [(t, r, "\x1b[31mred\x1b[0m", *rest) for t, r, _, *rest in ROWS[:40]]
    found = load(write_rows(tmp_path / "a.csv", rows))  # type: ignore[arg-type]
    assert set(found.runs) == {"red"}


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_text_is_a_table_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No content ends in another error than UsageError."""
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_text(HEAD + text, errors="replace")
    with contextlib.suppress(UsageError):
        load(path)
