"""Plan files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sef.errors import PlanError
from sef.model import Kind, Task
from sef.planners import load_plan


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "plan.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    """A task takes id, text, needs, kind and paths."""
    text = (
        '[[task]]\nid = "greet"\ntext = " Add a greeting "\nneeds = ["setup"]\n'
        'kind = "implement"\npaths = ["src/**"]\n'
    )
    assert load_plan(written(tmp_path, text)) == (
        Task(
            id="greet",
            text="Add a greeting",
            needs=("setup",),
            kind=Kind.IMPLEMENT,
            paths=("src/**",),
        ),
    )


def test_a_task_without_an_id_gets_one_that_nobody_has(tmp_path: Path) -> None:
    """Ids that the author gave, also later in the file, are not given again."""
    text = (
        '[[task]]\ntext = "Add a"\n[[task]]\ntext = "Add a"\n[[task]]\nid = "add-a"\ntext = "b"\n'
    )
    assert [task.id for task in load_plan(written(tmp_path, text))] == [
        "add-a-2",
        "add-a-3",
        "add-a",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[task]]\nid = "greet"\ntext = "x"\nneds = []', 'plan.toml: task 1 ("greet"): unknown key "neds" (did you mean "needs"?)'),
        ('[[task]]\ntext = "x"\n[[task]]\nid = "b"', 'plan.toml: task 2 ("b"): the key "text" is missing'),
        ('[[tasks]]\ntext = "x"', 'plan.toml: unknown key "tasks" (did you mean "task"?)'),
        ('[[task]]\ntext = "x"\nzzz = 1', 'unknown key "zzz" (known: id, text, needs, kind, paths, lane)'),
        ('[[task]]\ntext = " "', "task 1: text = ' ': must be the request, 1 to 10,000 characters"),
        ('[[task]]\ntext = 3', "task 1: text = 3: must be the request"),
        ('[[task]]\ntext = "x"\nid = "-a"', "id = '-a': must be 1 to 64 letters"),
        ('[[task]]\ntext = "x"\nid = "a\\n"', "id = 'a\\n': must be 1 to 64 letters"),
        ('[[task]]\ntext = "x"\nkind = "code"', "kind = 'code': must be one of design, document, explore"),
        ('[[task]]\ntext = "x"\nneeds = "a"', "needs = 'a': must be a list of task ids"),
        ('[[task]]\ntext = "x"\nneeds = ["a", 3]', "needs = 3: must be a list of task ids"),
        ('[[task]]\ntext = "x"\npaths = ["/etc/*"]', "paths = '/etc/*': must be a list of relative"),
        ('[[task]]\ntext = "x"\npaths = ["a/../../b"]', "paths = 'a/../../b': must be"),
        ('[[task]]\ntext = "x"\npaths = ["C:/a"]', "paths = 'C:/a': must be"),
        ('[[task]]\ntext = "x"\npaths = [""]', "paths = '': must be"),
        ("task = 3", "plan.toml: task = 3: must be 1 to 1,000 tables [[task]]"),
        ("task = [3]", "task = 3: must be"),
        ("", 'plan.toml: the key "task" is missing'),
        ("task = []", "task = []: must be"),
        ("a = \n", "plan.toml: not valid TOML: Invalid value (at line 1, column 5)"),
        ("a = " + "[" * 5000, "plan.toml: not valid TOML"),
        (b"a = '\xff'", "plan.toml: not UTF-8 text (byte 5)"),
        ("#" * 1_000_001, "larger than 1,000,000 bytes"),
        ('[[task]]\ntext = "x"\n' * 1_001, "must be 1 to 1,000 tables"),
        (f'[[task]]\ntext = "{"x" * 10_001}"', "must be the request, 1 to 10,000 characters"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(tmp_path: Path, text: str | bytes, told: str) -> None:
    """An error names the file, the task, the key, and what is allowed."""
    with pytest.raises(PlanError) as refused:
        load_plan(written(tmp_path, text))
    assert told in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_several_problems_are_told_at_once(tmp_path: Path) -> None:
    """The first problems have a line each."""
    with pytest.raises(PlanError) as refused:
        load_plan(written(tmp_path, '[[task]]\ntxt = "x"\nkind = "code"'))
    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """Neither a path without a file nor a folder is a plan."""
    with pytest.raises(PlanError, match="there is no file"):
        load_plan(tmp_path / name)
