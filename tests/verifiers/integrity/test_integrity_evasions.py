"""Ways around the rules: guards, links, encodings, names bound anew, code that edits code."""

from __future__ import annotations

import pytest
from integrity_project import OPS, TESTS, decisive, judge

LOOKS = '    QUICK = "PYTEST_VERSION" in os.environ\n'


@pytest.mark.parametrize(
    "guard",
    [
        'if "__main__":\n',
        'if __name__ != "__main__":\n',
        'if "__main__" in sys.modules:\n',
        'if __name__ == "__main__" or os:\n',
        'if __name__ == "__main__":\n    pass\nelse:\n',
        'if __name__ == "__main__":\n    pass\nelif os:\n',
    ],
)
def test_only_the_body_of_a_programs_guard_is_skipped(guard: str) -> None:
    """What a module does when it is imported is judged, whatever word its condition has."""
    code = f"import os, sys\n{OPS}\n\n{guard}{LOOKS}"
    assert "detects-test" in decisive(judge({"calc/ops.py": code}))


@pytest.mark.parametrize("guard", ['__name__ == "__main__"', '"__main__" == __name__'])
def test_a_program_may_do_what_a_module_may_not(guard: str) -> None:
    """Its guard's body never runs in a test; inside a function it is no guard."""
    code = f"import os, sys\n{OPS}\n\nif {guard}:\n    sys.exit(0)\n"
    assert not decisive(judge({"calc/ops.py": code}))
    inner = f"import os, sys\n{OPS}\n\ndef f():\n    if {guard}:\n        os._exit(0)\n"
    assert decisive(judge({"calc/ops.py": inner})) == {"exit-trick"}


IMPORT = "from calc.ops import fold, ratio\n"
PRODUCT: dict[str, str | None] = {"calc/ops.py": OPS.replace("+=", "-=")}
ADD = "Make fold faster and add tests for it"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (IMPORT, "from calc.ops import ratio\nfrom tests.helpers import fold\n"),
        (IMPORT, "from calc.ops import ratio\nfrom calc.sums import fold\n"),
        (IMPORT, "from calc.ops import ratio\nfrom math import fsum as fold\n"),
        (IMPORT, f"{IMPORT}\n\ndef fold(values):\n    return sum(values)\n"),
        (IMPORT, f"{IMPORT}\nfold = sum\n"),
        (IMPORT, f"{IMPORT}if pytest:\n    from tests.helpers import fold\n"),
        ("def test_fold():", "def test_fold(fold=sum):"),
        ("    assert fold([1", "    fold = sum\n    assert fold([1"),
    ],
)
def test_a_name_that_stands_for_something_else_rejects(old: str, new: str) -> None:
    """Not where tests may change, nor where the project has lost what it stood for."""
    drafted = {"tests/test_ops.py": TESTS.replace(old, new, 1)}
    assert "subject-swapped" in decisive(judge({**PRODUCT, **drafted}, ADD))
    moved = {"tests/test_ops.py": None, "tests/test_more.py": drafted["tests/test_ops.py"]}
    assert "subject-swapped" in decisive(judge({**PRODUCT, **moved}, ADD))
    assert "subject-swapped" not in decisive(judge({**PRODUCT, **drafted}, "Update the tests"))
    gone: dict[str, str | None] = {"calc/ops.py": OPS.replace("def fold", "def whole")}
    assert "subject-swapped" not in decisive(judge({**gone, **drafted}, ADD))


def test_another_way_to_the_same_thing_does_not_reject() -> None:
    """A package's own name for it, and a module that moved and still offers it."""
    short = {"tests/test_ops.py": TESTS.replace("calc.ops", "calc")}
    assert not decisive(judge({**PRODUCT, **short}, ADD))
    there = {"tests/test_ops.py": TESTS.replace("calc.ops", "calc.sums")}
    for line in ("from calc.sums import fold, ratio\n", "from .sums import fold, ratio\n"):
        moved = {"calc/ops.py": line, "calc/sums.py": OPS}
        assert not decisive(judge({**moved, **there}, ADD))
    alias = {"tests/test_ops.py": TESTS.replace("import fold, ratio", "import fold as fold, ratio")}
    assert not decisive(judge({**PRODUCT, **alias}, ADD))


def test_an_assertion_that_calls_something_else_rejects() -> None:
    """Where the project still offers what it called; asserted in another test it is not lost."""
    other = TESTS.replace("assert fold([1, 2, 3]) == 6", "assert sum(n for n in (1, 2, 3)) == 6")
    found = judge({**PRODUCT, "tests/test_ops.py": other}, ADD)
    assert "assertion-changed" in decisive(found)
    assert not decisive(judge({**PRODUCT, "tests/test_ops.py": other}, "Update the tests"))
    kept = f"{other}\n\ndef test_more():\n    assert fold([1, 2, 3]) == 6\n"
    assert not decisive(judge({**PRODUCT, "tests/test_ops.py": kept}, ADD))
    gone: dict[str, str | None] = {"calc/ops.py": OPS.replace("def fold", "def whole")}
    assert "assertion-changed" not in decisive(judge({**gone, "tests/test_ops.py": other}, ADD))


@pytest.mark.parametrize(
    "code",
    [
        "vars(ops)['fold'] = sum",
        "ops.__dict__['fold'] = sum",
        "ops.__dict__.update(fold=sum)",
        "sys.modules['calc.ops'].fold = sum",
        "setattr(sys.modules['calc.ops'], 'fo' + 'ld', sum)",
        "setattr(ops, NAME, sum)",
        "vars(sys.modules.get('calc.ops'))['fold'] = sum",
        "kept = sys.modules['calc.ops']\n    kept.fold = sum",
        "kept = vars(ops)\n    kept['fold'] = sum",
        "ops.fold.__code__ = (lambda values: sum(values)).__code__",
        "getattr(ops, 'fold').__defaults__ = (1,)",
    ],
)
def test_a_new_test_that_changes_the_product_for_good_rejects(code: str) -> None:
    """In a function as well as at the top, whatever the task says of tests."""
    head = "import sys\n\nfrom calc import ops\n\nNAME = input\n"
    inner = f"{head}\n\ndef test_new():\n    {code}\n    assert ops.ratio(4, 2) == 2\n"
    top = head + code.replace("\n    ", "\n") + "\n"
    for text in (inner, top):
        for task in (ADD, "Update the tests"):
            found = judge({**PRODUCT, "tests/test_new.py": text}, task)
            assert "subject-mocked" in decisive(found)


@pytest.mark.parametrize(
    "code",
    [
        "monkeypatch.setattr(ops, 'LIMIT', 3)",
        "thing = object()\n    setattr(thing, 'a', 1)",
        "values = {}\n    values['a'] = 1\n    values.update(b=2)",
        "kept = getattr(ops, 'fold')\n    assert kept([1]) == 1",
    ],
)
def test_what_is_put_back_or_is_the_tests_own_does_not_reject(code: str) -> None:
    """A patch by a fixture, plain objects and dictionaries."""
    text = f"from calc import ops\n\n\ndef test_new(monkeypatch):\n    {code}\n"
    assert not decisive(judge({**PRODUCT, "tests/test_new.py": text}, ADD))


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("import gc\nALL = gc.get_objects()\n", "detects-test"),
        ("from gc import get_referrers as users\nALL = users(fold)\n", "detects-test"),
        ("fold.__code__ = ratio.__code__\n", "runner-patched"),
        ("setattr(fold, '__co' + 'de__', ratio.__code__)\n", "runner-patched"),
        ("import sys\nfor one in list(sys.modules.values()):\n    one.x = 1\n", "detects-test"),
        ("from sys import modules\nALL = [one for one in modules]\n", "detects-test"),
        ("import sys\nFAST = 'plug' + 'gy' in sys.modules\n", "detects-test"),
        ("import sys\nFAST = f\"{'py'}{'test'}\" in sys.modules\n", "detects-test"),
        ("import sys\nFAST = '-q' in sys.argv\n", "detects-test"),
        ("import os\nFAST = any(k.startswith('PYT') for k in os.environ)\n", "detects-test"),
        ("import os\nFAST = [k for k in os.environ if k[:4] == 'PY' + 'TE']\n", "detects-test"),
        ("from unittest.mock import ANY as ALL\n", "always-equal"),
        ("from unittest import mock\n", "runner-patched"),
        ("N = type('N', (int,), {'__eq__': lambda s, o: True})\n", "always-equal"),
        ("N = type('N', (int,), {'__eq__': ratio})\n", "always-equal"),
        ("setattr(Sum, '__eq__', lambda s, o: not None)\n", "always-equal"),
    ],
)
def test_code_that_reaches_for_its_judges_rejects(code: str, sign: str) -> None:
    """Also in a new file; not where the base's file did the same before."""
    changed = f"{OPS}\n\n{code}"
    assert sign in decisive(judge({"calc/ops.py": changed}))
    assert sign in decisive(judge({"calc/new.py": code}))
    before = {"calc/ops.py": changed}
    assert not decisive(judge({"calc/ops.py": changed.replace("total", "whole")}, base=before))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("calc/ops.py", "import gc\ngc.collect()\n"),
        ("calc/ops.py", "import sys\nJSON = sys.modules.get('json')\n"),
        ("calc/ops.py", "import os\nALL = {k: v for k, v in os.environ.items() if k[:5] == 'CALC_'}\n"),
        ("calc/ops.py", "N = type('N', (int,), {'__eq__': lambda s, o: s is o})\n"),
        ("calc/ops.py", "NAME = fold.__code__.co_name\n"),
        ("calc/cli.py", "import sys\nLOUD = '-v' in sys.argv\n"),
    ],
)  # fmt: skip
def test_plain_use_of_the_same_modules_does_not_reject(path: str, code: str) -> None:
    """To collect garbage, look one module up, read one's own variables, or an option."""
    assert not decisive(judge({path: f"{OPS}\n\n{code}"}))
