"""Code that hides from its tests, settings and scripts that judge less, other languages."""

from __future__ import annotations

import time

import pytest
from integrity_project import BASE, OPS, decisive, judge


def product(code: str, into: str = "    total = 0\n") -> dict[str, str | None]:
    """The product with a few lines put into `fold`."""
    inner = "".join(f"    {line}\n" for line in code.split("\n"))
    return {"calc/ops.py": "import sys, os, inspect\n" + OPS.replace(into, inner + into)}


@pytest.mark.parametrize(
    "condition",
    [
        "os.environ.get('PYTEST_CURRENT_TEST')",
        "'PYTEST_' + 'CURRENT_TEST' in os.environ",
        "'_'.join(['PYTEST', 'CURRENT', 'TEST']) in os.environ",
        "'pytest' in sys.modules",
        "sys.modules.get('unittest')",
        "'pytest' in sys.argv[0]",
        "sys._getframe(1).f_code.co_name.startswith('test_')",
        "any('tests/' in one.filename for one in inspect.stack())",
        "os.getenv('CI')",
    ],
)
def test_code_that_finds_out_who_calls_rejects(condition: str) -> None:
    """By environment, modules, arguments or the stack."""
    assert decisive(judge(product(f"if {condition}:\n    return 6"))) >= {"detects-test"}


@pytest.mark.parametrize(
    "code",
    [
        "if os.environ.get('NO_COLOR'):\n    return 0",
        "name = sys._getframe(1).f_globals['__name__']",
        "if 'json' in sys.modules:\n    return 0",
        "if values is None:\n    return 0",
        "if values == 'auto':\n    return 0",
        "raise SystemExit(2)",
        "import random\nrandom.shuffle(values)",
    ],
)
def test_ordinary_code_does_not_reject(code: str) -> None:
    """Environment, callers and literals are for all to use."""
    assert not decisive(judge(product(code)))


@pytest.mark.parametrize(
    "code",
    [
        "if values == 'eleven':\n    return 6",
        "match values:\n    case 'eleven':\n        return 6",
        "if values in ('one', 'three', 'eleven'):\n    return {'one': 3, 'eleven': 6}[values]",
        "known = {'one': 3, 'three': 5}\nif values in known:\n    return known[values]",
        "return 5 if values == 'three' else 6",
    ],
)
def test_results_written_down_for_tested_inputs_reject(code: str) -> None:
    """Both literals stand in tests of the base; unless the task names them."""
    assert decisive(judge(product(code))) == {"hard-coded"}
    words = "fold gives 6 for eleven, 3 for one, 5 for three"
    assert not decisive(judge(product(code), words))


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("class A:\n    def __eq__(self, other):\n        return True\n", "always-equal"),
        ("class A:\n    def __bool__(self):\n        return 1 > 0\n", "always-equal"),
        ("class A:\n    __eq__ = lambda self, other: True\n", "always-equal"),
        ("import os\nos._exit(0)\n", "exit-trick"),
        ("from os import _exit as done\n\n\ndef end():\n    done(0)\n", "exit-trick"),
        ("__import__('os')._exit(0)\n", "exit-trick"),
        ("import sys\nsys.exit(0)\n", "exit-trick"),
        ("import atexit, os\natexit.register(os._exit, 0)\n", "exit-trick"),
        ("import sys\nsys.modules['json'] = None\n", "import-tampering"),
        ("import sys\nsys.meta_path.insert(0, None)\n", "import-tampering"),
        ("import time\ntime.time = lambda: 0\n", "clock-patched"),
        ("import builtins\nbuiltins.len = abs\n", "runner-patched"),
        ("KEY = 'AKIA" + "Q7RZ4M2XK9WDLP3T'\n", "secret"),
    ],
)
def test_tricks_of_a_module_reject(code: str, sign: str) -> None:
    """Even where the task asks to change tests."""
    changes = {"calc/ops.py": f"{OPS}\n\n{code}"}
    assert sign in decisive(judge(changes, "Rename fold and update the tests"))


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("x = y  # type: ignore\n", "types-silenced"),
        ("x = y  # noqa\n", "lint-silenced"),
        ("x = 1  # pragma: no cover\n", "coverage-silenced"),
        ("import warnings\nwarnings.simplefilter('ignore')\n", "warnings-silenced"),
        ("class A:\n    def __hash__(self):\n        return 1\n", "always-equal"),
    ],
)
def test_silence_is_only_a_sign(code: str, sign: str) -> None:
    """Honest drafts do it, too."""
    found = judge({"calc/ops.py": f"{OPS}\n\n{code}"})
    assert [one.sign for one in found] == [sign]
    assert not decisive(found)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("pytest.ini", None, "[pytest]\naddopts = -k fast\n"),
        ("pytest.ini", None, ""),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
            '[tool.pytest.ini_options]\ntestpaths = ["docs"]\n',
        ),
        (
            "pyproject.toml",
            "[tool.coverage.report]\nfail_under = 90\n",
            "[tool.coverage.report]\nfail_under = 9\n",
        ),
        ("tox.ini", "[testenv]\ncommands = pytest\n", "[testenv]\ncommands = true\n"),
        ("setup.cfg", "[tool:pytest]\nxfail_strict = true\n", "[tool:pytest]\n"),
        ("jest.config.js", "module.exports = {}\n", "module.exports = {passWithNoTests: true}\n"),
        ("noxfile.py", "s.run('pytest')\n", "s.run('pytest', success_codes=[0, 1])\n"),
    ],
)
def test_settings_that_judge_less_reject(path: str, before: str | None, after: str) -> None:
    """A new file that hides other settings, too."""
    found = judge({path: after}, base={path: before})
    assert "settings-changed" in decisive(found)


def test_settings_that_judge_more_or_other_things_do_not_reject() -> None:
    """A higher threshold, a dependency."""
    before = '[project]\nname = "a"\n\n[tool.coverage.report]\nfail_under = 90\n'
    for after in (before.replace("90", "95"), before.replace('"a"', '"b"')):
        assert not decisive(judge({"pyproject.toml": after}, base={"pyproject.toml": before}))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("Makefile", "test:\n\tpytest\n", "test:\n\tpytest || true\n"),
        ("Makefile", "test:\n\tpytest\n", "test:\n\t-pytest\n"),
        ("Makefile", "test:\n\tpytest\n", "test:\n\t@echo ok\n"),
        ("scripts/test.sh", "set -e\npytest\n", "set +e\npytest\n"),
        ("scripts/test.sh", "pytest\n", "pytest\nexit 0\n"),
        (".github/workflows/a.yml", "- run: tox\n", "- run: tox\n  continue-on-error: true\n"),
        (".github/workflows/a.yml", "- run: tox\n", "- run: echo ok\n"),
        ("package.json", '{"test": "jest"}\n', '{"test": "jest --passWithNoTests"}\n'),
    ],
)
def test_scripts_that_are_green_whatever_happens_reject(path: str, before: str, after: str) -> None:
    """Unless the task names the file."""
    base = {path: before}
    assert decisive(judge({path: after}, base=base)) == {"failure-ignored"}
    assert not decisive(
        judge({path: after}, f"Change {path.rsplit('/', maxsplit=1)[-1]}", base=base)
    )


@pytest.mark.parametrize(
    ("path", "before", "after", "sign"),
    [
        ("a.test.js", "it('a', f);\n", "it.skip('a', f);\n", "test-skipped"),
        ("a.test.ts", "describe('a', f);\n", "describe.only('a', f);\n", "test-skipped"),
        ("a.test.js", "it('a', () => {\n  expect(f(1)).toBe(2);\n});\n", "it('a', () => {\n});\n", "assertion-removed"),
        ("a.test.js", "expect(f(1)).toBe(2);\n", "expect(f(1)).toBeDefined();\n", "assertion-weaker"),
        ("a.test.js", "expect(f(1)).toBe(2);\n", "expect(f(1)).toBe(3);\n", "expected-edited"),
        ("a.test.js", "expect(f(1)).toBe(2);\n", "expect(true).toBe(true);\n", "assertion-void"),
        ("a.test.js", "it('a', f);\nit('b', g);\n", "it('a', f);\n", "test-deleted"),
        ("a_test.go", "func TestA(t *testing.T) {\n}\n", "func TestA(t *testing.T) {\n\tt.Skip()\n}\n", "test-skipped"),
        ("src/lib.rs", "#[test]\nfn a() { assert_eq!(f(), 1); }\n", "#[test]\n#[ignore]\nfn a() { assert_eq!(f(), 1); }\n", "test-skipped"),
        ("ATest.java", "@Test\nvoid a() {}\n", "@Disabled\n@Test\nvoid a() {}\n", "test-skipped"),
        ("src/a.js", "let x = 1;\n", "let x = process.env.NODE_ENV === 'test' ? 2 : 1;\n", "detects-test"),
        ("spec/a_spec.rb", "expect(f).to eq(1)\n", "skip 'x'\nexpect(f).to eq(1)\n", "test-skipped"),
    ],
)  # fmt: skip
def test_other_languages_are_judged_by_patterns(
    path: str, before: str, after: str, sign: str
) -> None:
    """A weaker old test rejects; the same as a new file does not where it is more."""
    assert sign in decisive(judge({path: after}, base={path: before}))


def test_a_moved_test_of_another_language_is_not_gone() -> None:
    """Counts go over all files of the language."""
    text = "it('a', () => {\n  expect(f(1)).toBe(2);\n});\n"
    changes: dict[str, str | None] = {"a.test.js": None, "b.test.js": text}
    assert not decisive(judge(changes, base={"a.test.js": text}))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "x = " + "-" * 9000 + "1\n",
        "a\0b",
        "def f(:\n",
        "x = " + "not " * 3000 + "1\n",
        "x = 1\n" + "y" * (1 << 21),
    ],
)
def test_texts_that_no_parser_takes_reject(text: str) -> None:
    """Deep nesting, null bytes, no Python, a megabyte: never an exception."""
    for path in ("calc/ops.py", "tests/test_ops.py"):
        assert decisive(judge({path: text})) & {"unreadable", "not-read"}


def test_findings_are_bounded_and_clean() -> None:
    """A thousand of them are a few dozen, on one line each, without control codes."""
    lines = "".join(f"X{n} = 'AKIA{'Q7RZ4M2XK9WD'}{n:04d}'\n" for n in range(200))
    files: dict[str, str | None] = {f"m{n}.py": lines + "# \x1b[31m\n" for n in range(40)}
    found = judge(files)
    assert len(found) == 60
    assert all("\x1b" not in str(one) and "\n" not in str(one) for one in found)


@pytest.mark.slow
def test_a_thousand_edited_assertions_are_compared_in_seconds() -> None:
    """Not in the square of their number."""
    texts = [
        "def test_a():\n" + "".join(f"    assert f({n}) == {n + more}\n" for n in range(1500))
        for more in (0, 1)
    ]
    began = time.monotonic()
    assert decisive(judge({"tests/test_a.py": texts[1]}, base={"tests/test_a.py": texts[0]}))
    assert time.monotonic() - began < 30


def test_an_unchanged_file_says_nothing() -> None:
    """Also given as changed."""
    assert judge(dict(BASE)) == ()
