"""Checks that are really run, against the runner's own words."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sef.checks.check import PYTHON, Check, CheckRun, Overrides
from sef.checks.runner import CheckRunner
from sef.environment import Environment, Environments, Proof, Unproved
from sef.errors import UsageError
from sef.model import Checkout, Counts

Make = Callable[[dict[str, str]], Path]
_PYTEST = Check(name="tests", runner="pytest", argv=(PYTHON, "-m", "pytest"), python=True)


@dataclass
class Shadow:
    """An environment of a fork that writes down what it was asked."""

    python: Path
    variables: Mapping[str, str]
    asked: list[int | None] = field(default_factory=list)
    closed: int = 0

    def wrap(
        self, argv: tuple[str, ...], writable: Sequence[Path] = (), *, network: bool = False
    ) -> tuple[str, ...]:
        return argv

    def prove(self, pid: int | None = None) -> Proof:
        self.asked.append(pid)
        return Proof(proved=pid is not None, level="in-process", reason="seen")

    def close(self) -> None:
        self.closed += 1


@dataclass
class Places:
    """Environments that need no probing."""

    shadow: Shadow
    refusal: Proof | None = None

    async def of_user(self) -> Environment:
        return Environment(python=self.shadow.python, variables=self.shadow.variables)

    async def of_files(self, checkout: Checkout) -> Environment:
        return await self.of_user()

    def permits(self, argv: Sequence[str]) -> bool:
        return False

    async def of_fork(self, checkout: Checkout) -> Shadow:
        if self.refusal:
            raise Unproved(self.refusal)
        return self.shadow


def places(python: Path = Path(sys.executable)) -> Places:
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return Places(shadow=Shadow(python=python, variables=variables))


def checkout(root: Path, *, users: bool = True) -> Checkout:
    paths = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    files = tuple(sorted(path.relative_to(root).as_posix() for path in paths))
    return Checkout(path=root, commit="c", users=users, files=files, base_files=files)


def check_run(
    root: Path,
    scratch: Path,
    *,
    check: Check | None = None,
    only: str | None = None,
    users: bool = True,
    where: Places | None = None,
    timeout_s: float = 60,
    **overrides: str,
) -> CheckRun:
    async def go() -> CheckRun:
        runner = CheckRunner(where or places(), scratch, timeout_s, Overrides(**overrides))
        tree = checkout(root, users=users)
        found = check or next(c for c in await runner.detect(tree) if c.name == "tests")
        return await runner.run(found, tree, only=only)

    return asyncio.run(go())


_EVERY_RESULT = """
import pytest

@pytest.fixture
def broken(): raise RuntimeError("set-up")
@pytest.fixture
def late():
    yield
    raise RuntimeError("teardown")
def test_ok(): pass
def test_bad(): assert 1 == 2, "first\\nsecond"
@pytest.mark.skip(reason="no")
def test_skip(): pass
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
def test_setup(broken): pass
def test_late(late): pass
def test_late_bad(late): assert 0
class TestP:
    @pytest.mark.parametrize("a", ["x y", "é", "a::b", "<t>", "a - b"])
    def test_p(self, a): assert a == "é"
"""


def by_hand(root: Path, *argv: str, timeout_s: float = 100) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        (sys.executable, "-m", *argv),
        check=False,
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    return done.stdout + done.stderr


def pytest_words(output: str) -> dict[str, int]:
    last = [line for line in output.splitlines() if re.search(r" in [\d.]+s", line)][-1]
    said = re.findall(r"(\d+) (passed|failed|error|skipped|xfailed|xpassed|deselected)", last)
    return {word: int(count) for count, word in said}


def in_pytests_words(counts: Counts | None) -> dict[str, int]:
    assert counts is not None
    named = {name: getattr(counts, name) for name in Counts.__slots__}
    named["error"] = named.pop("errors")
    return {name: count for name, count in named.items() if count}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("options", ["", "-q", "--color=yes", "-n 2", "-k ok --tb=no -rN"])
def test_counts_are_those_that_pytest_prints(
    options: str, repository: Make, tmp_path: Path
) -> None:
    root = repository(
        {"tests/test_a.py": _EVERY_RESULT, "pytest.ini": f"[pytest]\naddopts={options}"}
    )
    # Now and then xdist does not come to its end on a busy machine, by hand too.
    for _ in range(3):
        with suppress(subprocess.TimeoutExpired):
            told = by_hand(root, "pytest", "-p", "no:cacheprovider", timeout_s=30)
            break
    for _ in range(3):
        run = check_run(root, tmp_path / "scratch", timeout_s=30)
        if not run.timed_out:
            break
    assert in_pytests_words(run.counts) == pytest_words(told)
    assert run.proof.proved
    assert not list((tmp_path / "scratch").iterdir())
    assert not list(root.rglob(".pytest_cache"))


@pytest.mark.slow
def test_the_failing_ids_are_those_that_pytest_takes(repository: Make, tmp_path: Path) -> None:
    root = repository({"tests/test_a.py": _EVERY_RESULT, "pytest.ini": "[pytest]\naddopts=-q"})
    run = check_run(root, tmp_path / "scratch")
    assert run.exit_code == 1
    assert "tests/test_a.py::TestP::test_p[a::b]" in run.failing
    reasons = {failure.id: failure.reason for failure in run.failures}
    assert reasons["tests/test_a.py::test_bad"] == "AssertionError: first"
    assert reasons["tests/test_a.py::test_setup"] == "RuntimeError: set-up"
    for failing in run.failing:
        assert in_pytests_words(check_run(root, tmp_path / "s", only=failing).counts).keys() & {
            "failed",
            "error",
        }


@pytest.mark.slow
def test_a_collection_error_is_an_error(repository: Make, tmp_path: Path) -> None:
    root = repository({"test_a.py": "def test_a(): pass\n", "test_b.py": "import absent\n"})
    run = check_run(root, tmp_path / "s")
    assert (run.exit_code, run.counts, run.failing) == (2, Counts(errors=1), {"test_b.py"})
    assert run.failures[0].reason == "ModuleNotFoundError: No module named 'absent'"


@pytest.mark.slow
def test_without_pytests_last_line_the_report_counts(repository: Make, tmp_path: Path) -> None:
    root = repository({"test_a.py": _EVERY_RESULT, "pytest.ini": "[pytest]\naddopts=-qq"})
    # The report does not tell a test that passes against its mark from any other that passes.
    assert check_run(root, tmp_path / "s").counts == Counts(
        passed=4, failed=7, errors=3, skipped=1, xfailed=1
    )


_UNITTESTS = """
import unittest

class A(unittest.TestCase):
    def test_ok(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): raise KeyError("x")
    def test_skip(self): self.skipTest("no")
    @unittest.expectedFailure
    def test_xfail(self): self.fail()
    @unittest.expectedFailure
    def test_xpass(self): pass
    def test_parts(self):
        for i in range(3):
            with self.subTest(i=i): self.assertEqual(i, 1)

class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("no")
    def test_never(self): pass

class C(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("not here")
    def test_never(self): pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["tests/test_a.py", "test_a.py", "src/p/test_a.py"])
def test_counts_are_those_that_unittest_prints(
    place: str, repository: Make, tmp_path: Path
) -> None:
    root = repository({place: _UNITTESTS})
    run = check_run(root, tmp_path / "s")
    told = by_hand(root, "unittest", place)
    said = {word: int(n) for word, n in re.findall(r"([a-z ]+)=(\d+)", told.splitlines()[-1])}
    counts = run.counts
    assert counts is not None
    assert (counts.failed, counts.errors, counts.skipped) == (3, 2, 2)
    assert said["failures"] == counts.failed
    assert said[" errors"] == counts.errors
    assert said[" skipped"] == counts.skipped
    assert (counts.passed, counts.xfailed, counts.xpassed) == (1, 1, 1)
    assert "test_a.A.test_bad" in run.failing or "p.test_a.A.test_bad" in run.failing
    one = check_run(root, tmp_path / "s", only=f"{place}::A::test_ok")
    assert one.counts == Counts(passed=1)
    assert check_run(root, tmp_path / "s", only=place).counts == counts


_NODE_TESTS = """
const {test, describe, it} = require('node:test'); const assert = require('assert');
test('good', () => {});
test('skipped', {skip: true}, () => {});
test('todo', {todo: true}, () => { assert.equal(1, 2) });
describe('suite', () => { it('inner', () => { throw new Error('boom') }); it('fine', () => {}) });
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not on this machine")
def test_counts_are_those_that_node_prints(repository: Make, tmp_path: Path) -> None:
    package = '{"name": "a", "version": "1.0.0", "scripts": {"test": "node --test"}}'
    root = repository({"package.json": package, "test/a.test.js": _NODE_TESTS})
    run = check_run(root, tmp_path / "s")
    assert run.counts == Counts(passed=2, failed=1, skipped=2)
    assert re.search(r"[#ℹ] pass 2\n[#ℹ] fail 1\n", run.output_tail)
    assert any("inner" in failing for failing in run.failing)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cargo"), reason="cargo is not on this machine")
def test_counts_are_those_that_cargo_prints(
    repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path(shutil.which("cargo") or "").parent.parent.parent
    monkeypatch.setenv("RUSTUP_HOME", os.environ.get("RUSTUP_HOME", str(real / ".rustup")))
    manifest = '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n'
    tests = """
        #[test] fn good() {}
        #[test] fn bad() { assert_eq!(1, 2, "why") }
        #[test] #[ignore] fn later() {}
    """
    root = repository({"Cargo.toml": manifest, "src/lib.rs": textwrap.dedent(tests)})
    run = check_run(root, tmp_path / "s")
    if "rustup" in run.output_tail and run.counts is None:
        pytest.skip("cargo has no toolchain here")
    assert (run.counts, run.failing) == (Counts(passed=1, failed=1, skipped=1), {"bad"})
    assert "test result: FAILED. 1 passed; 1 failed; 1 ignored" in run.output_tail


@pytest.mark.slow
def test_in_a_fork_the_very_process_is_asked_for_its_proof(
    repository: Make, tmp_path: Path
) -> None:
    root = repository(
        {"test_a.py": "def test_a(): pass\n", "Makefile": "test:\n\t@echo 1 passed in 1s\n"}
    )
    where = places()
    assert check_run(root, tmp_path / "s", users=False, where=where).proof.proved
    assert where.shadow.asked[0]
    made = Check(name="tests", runner="make", argv=("make", "test"), python=False)
    run = check_run(root, tmp_path / "s", check=made, users=False, where=where)
    assert (run.counts, run.proof.proved) == (Counts(passed=1), False)
    assert where.shadow.asked[1] is None
    assert where.shadow.closed == 2


def test_nothing_is_run_in_a_fork_that_cannot_be_proved(repository: Make, tmp_path: Path) -> None:
    root = repository({"test_a.py": "open('ran', 'w')\n", "go.mod": ""})
    refusal = Proof(proved=False, level="undecided", reason="setup.py decides")
    where = Places(shadow=places().shadow, refusal=refusal)
    run = check_run(root, tmp_path / "s", users=False, where=where)
    assert (run.exit_code, run.proof) == (None, refusal)
    go = Check(name="tests", runner="go", argv=("go", "test"), python=False)
    run = check_run(root, tmp_path / "s", check=go, users=False)
    assert (run.exit_code, run.proof.reason) == (None, "no proof yet that go judges the fork")
    assert not (root / "ran").exists()


def test_a_linter_judges_a_fork_by_its_path(repository: Make, tmp_path: Path) -> None:
    root = repository({"ruff.toml": "", "a.py": "import os\n"})
    ruff = Check(
        name="lint", runner="ruff", argv=("ruff", "check", "--no-cache", "--output-format=concise"),
        python=False,
    )  # fmt: skip
    where = Places(shadow=places().shadow, refusal=Proof(proved=False, level="", reason=""))
    run = check_run(root, tmp_path / "s", check=ruff, users=False, where=where)
    assert (run.exit_code, run.proof.level, run.counts) == (1, "by path", None)
    assert run.failures[0].id.startswith("a.py: F401 ")


@pytest.mark.slow
def test_a_missing_module_names_the_interpreter_and_the_way_out(
    repository: Make, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", bare), check=True)
    root = repository({"test_a.py": "def test_a(): pass\n"})
    run = check_run(root, tmp_path / "s", where=places(bare / "bin" / "python"))
    assert run.exit_code is None
    assert f"{bare}/bin/python has no pytest" in run.summary
    assert "-m pip install pytest" in run.summary
    assert "python under [environment] in sef.toml" in run.summary
    assert "that runs sef" not in run.summary


def test_where_sefs_own_interpreter_lacks_the_runner_that_is_said(
    repository: Make, tmp_path: Path
) -> None:
    """Who has no environment for the project may not know whose Python was taken."""
    absent = Check(
        name="tests", runner="no_such_runner", argv=(PYTHON, "-m", "no_such_runner"), python=True
    )
    root = repository({"test_a.py": "def test_a(): pass\n"})
    run = check_run(root, tmp_path / "s", check=absent, where=places(Path(sys.executable)))
    said = f"{sys.executable} (the interpreter that runs sef) has no no_such_runner; "
    assert run.summary.startswith(said)
    assert "python under [environment] in sef.toml" in run.summary


def test_a_missing_program_is_named(repository: Make, tmp_path: Path) -> None:
    run = check_run(repository({"a": ""}), tmp_path / "s", tests="no-such-program --all")
    assert run.exit_code is None
    assert run.summary.startswith("no-such-program was found neither beside ")


@pytest.mark.parametrize(
    "only", ["../out", "/etc/passwd", "absent.py", "link", "", "a\0b", "--help"]
)
def test_a_part_must_be_in_the_tree(only: str, repository: Make, tmp_path: Path) -> None:
    root = repository({"test_a.py": ""})
    (root / "link").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="is not in the tree"):
        check_run(root, tmp_path / "s", check=_PYTEST, only=only)


def test_a_run_ends_at_its_deadline(repository: Make, tmp_path: Path) -> None:
    root = repository({"slow.py": "import time; time.sleep(60)"})
    run = check_run(root, tmp_path / "s", timeout_s=0.5, tests="python slow.py")
    assert run.timed_out
    assert "deadline" in run.summary


def test_what_is_not_understood_has_no_counts(repository: Make, tmp_path: Path) -> None:
    root = repository({"a.py": "print('\\x1b[31mall good'); raise SystemExit(3)"})
    run = check_run(root, tmp_path / "s", tests="python a.py")
    assert (run.counts, run.exit_code) == (None, 3)
    assert run.output_tail.strip() == "all good"
    assert run.summary.startswith("exit code 3 in ")


@pytest.mark.slow
def test_a_forged_report_that_is_a_link_or_a_pipe_is_not_read(
    repository: Make, tmp_path: Path
) -> None:
    forge = """
        import os, sys, pytest
        def test_a(): pass
        def pytest_unconfigure(config): ...
        import atexit
        report = [a for a in sys.argv if a.startswith("--junitxml=")][0].partition("=")[2]
        @atexit.register
        def swap():
            os.path.exists(report) and os.unlink(report)
            os.mkfifo(report)
    """
    root = repository({"test_a.py": textwrap.dedent(forge)})
    assert check_run(root, tmp_path / "s").counts == Counts(passed=1)


@pytest.mark.slow
def test_a_run_in_the_users_tree_leaves_nothing_behind(repository: Make, tmp_path: Path) -> None:
    root = repository({"m.py": "x = 1\n", "test_a.py": "import m\ndef test_a(): assert m.x\n"})

    async def go() -> CheckRun:
        environments = Environments(
            tree=root, scratch=tmp_path / "e", python=Path(sys.executable), variables=os.environ
        )
        runner = CheckRunner(environments, tmp_path / "s", 60)
        (check,) = await runner.detect(checkout(root))
        return await runner.run(check, checkout(root))

    run = asyncio.run(go())
    assert (run.counts, run.proof.level) == (Counts(passed=1), "own tree")
    told = subprocess.run(
        ("git", "status", "--porcelain"), check=True, cwd=root, capture_output=True
    )
    assert told.stdout == b""
