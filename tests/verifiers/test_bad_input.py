"""Projects and drafts that are not as one would like: never accepted wrongly, never waited for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from judged import Edit, judged, several, writes

from sef.config import ChecksConfig

pytestmark = pytest.mark.slow  # real repositories

Make = Callable[..., Path]
_OPS = "def add(a, b):\n    return a + b\n"
_GOOD = "def add(a, b):\n    return b + a\n"
_BAD = "def add(a, b):\n    return a - b\n"
_TEST = "from calc.ops import add\n\ndef test_add():\n    assert add(2, 3) == 5\n"
_PROJECT = {"calc/__init__.py": "", "calc/ops.py": _OPS, "tests/test_ops.py": _TEST}
_on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


def _sleeping(word: str) -> bool:
    """True while a process runs that has the word in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_a_project_without_tests_is_undecided(repository: Make, tmp_path: Path) -> None:
    found = judged(repository({"calc.py": _OPS}), tmp_path, writes({"calc.py": _GOOD}))
    assert found.verdict.undecided
    assert "no tests were found" in found.verdict.reason
    assert found.runs == ()


def test_tests_that_hang_end_at_the_deadline(repository: Make, tmp_path: Path) -> None:
    """Nothing that they started is left."""
    hang = (
        "def add(a, b):\n    import subprocess, time\n"
        "    subprocess.Popen(['sleep', '98765.25'], start_new_session=True)\n    time.sleep(600)\n"
    )
    found = judged(
        repository(_PROJECT),
        tmp_path,
        writes({"calc/ops.py": hang}),
        checks=ChecksConfig(timeout_s=6),
    )
    assert found.verdict.undecided
    assert "did not end in time" in found.verdict.reason
    assert not _sleeping("98765.25")


def test_children_that_outlive_the_tests_hold_nobody_up(repository: Make, tmp_path: Path) -> None:
    """They hold the pipes of the command, and leave its group."""
    child = (
        "def add(a, b):\n    import subprocess\n"
        "    subprocess.Popen(['sleep', '98765.5'], start_new_session=True)\n    return a + b\n"
    )
    found = judged(repository(_PROJECT), tmp_path, writes({"calc/ops.py": child}))
    assert found.verdict.accepted, found.verdict.reason
    assert found.seconds[0] < 50
    assert not _sleeping("98765.5")


def test_tests_that_write_to_the_tree_change_nothing_for_others(
    repository: Make, tmp_path: Path
) -> None:
    """The second draft is judged on its own files and on a base of its own."""
    writing = _TEST + (
        "\ndef test_writes():\n    import pathlib\n"
        "    pathlib.Path('calc/ops.py').write_text('def add(a, b): return 5\\n')\n"
        "    pathlib.Path('left.txt').write_text('x')\n"
    )
    root = repository({**_PROJECT, "tests/test_ops.py": writing})
    found = judged(root, tmp_path, writes({"calc/ops.py": _GOOD}), writes({"calc/ops.py": _BAD}))
    assert [one.accepted for one in found.verdicts] == [True, False]
    assert (root / "calc/ops.py").read_text() == _OPS
    assert not (root / "left.txt").exists()


def test_tests_that_need_the_network_do_not_get_it(repository: Make, tmp_path: Path) -> None:
    """They fail on the base, too, and say nothing; a draft that is wrong elsewhere is rejected."""
    calling = (
        "import socket\n\ndef test_calls():\n"
        "    socket.create_connection(('192.0.2.1', 80), timeout=3)\n"
    )
    root = repository({**_PROJECT, "tests/test_net.py": calling})
    found = judged(root, tmp_path, writes({"calc/ops.py": _GOOD}), writes({"calc/ops.py": _BAD}))
    assert [one.accepted for one in found.verdicts] == [True, False]
    assert "tests/test_net.py::test_calls failed on the base" in found.verdicts[0].reason


def test_tests_that_print_without_end_are_read_and_forgotten(
    repository: Make, tmp_path: Path
) -> None:
    """200 MB past pytest's own capture: the verdict is that of the tests."""
    loud = (
        "def add(a, b):\n    import os\n    line = b'x' * 999_999 + b'\\n'\n"
        "    for _ in range(200): os.write(1, line)\n    return a {} b\n"
    )
    found = judged(
        repository(_PROJECT),
        tmp_path,
        writes({"calc/ops.py": loud.format("+")}),
        writes({"calc/ops.py": loud.format("-")}),
        checks=ChecksConfig(tests="python -m pytest -s", timeout_s=60),
    )
    assert not found.verdicts[1].accepted
    assert len(found.verdicts[0].reason) <= 500


def _moved(root: Path) -> None:
    (root / "calc/ops.py").rename(root / "calc/sums.py")
    (root / "calc/__init__.py").write_bytes(b"from calc import sums as ops\r\n")
    (root / "calc/data.bin").write_bytes(bytes(range(256)) * 40)
    (root / "tool.sh").chmod(0o755)


@pytest.mark.parametrize(
    ("source", "accepted"),
    [
        (b"from calc.sums import add\r\n\r\n__all__ = ['add']\r\n", True),
        (b"from calc.sums import add as plus\r\n\r\ndef add(a, b):\r\n    return a - b\r\n", False),
    ],
    ids=["right", "wrong"],
)
def test_renames_modes_binaries_and_carriage_returns(
    source: bytes, accepted: bool, repository: Make, tmp_path: Path
) -> None:
    """The tree is judged as git holds it."""
    root = repository({**_PROJECT, "tool.sh": "#!/bin/sh\n"})
    moved: Edit = several(_moved, writes({"calc/ops.py": source}))
    verdict = judged(root, tmp_path, moved).verdict
    assert verdict.accepted is accepted, verdict.reason


@_on_linux
def test_a_test_that_eats_memory_is_undecided(repository: Make, tmp_path: Path) -> None:
    """The cap holds inside the sandbox, in a child of the command, too."""
    greedy = (
        "def add(a, b):\n    import subprocess, sys\n"
        "    code = 'held = bytearray(700 * 2**20)'\n"
        "    child = subprocess.run([sys.executable, '-c', code], capture_output=True)\n"
        "    assert b'MemoryError' in child.stderr\n"
        "    held = bytearray(700 * 2**20)\n    return a + b\n"
    )
    verdict = judged(
        repository(_PROJECT),
        tmp_path,
        writes({"calc/ops.py": greedy}),
        checks=ChecksConfig(timeout_s=60, memory_mb=400),
    ).verdict
    assert verdict.undecided, verdict.reason
    assert "had no more memory" in verdict.reason


@_on_linux
def test_a_test_that_forks_without_end_is_undecided(repository: Make, tmp_path: Path) -> None:
    """Its processes are gone, however they call themselves."""
    forking = (
        "def add(a, b):\n    import subprocess, time\n    for _ in range(60):\n"
        "        subprocess.Popen(['sleep', '98765.75'], start_new_session=True)\n"
        "    time.sleep(600)\n"
    )
    found = judged(repository(_PROJECT), tmp_path, writes({"calc/ops.py": forking}), processes=40)
    assert found.verdict.undecided
    assert "it had more than 40 processes at once" in found.verdict.reason
    assert found.seconds[0] < 50
    assert not _sleeping("98765.75")


_NODE = {
    "package.json": '{"name": "calc", "scripts": {"test": "node --test"}}\n',
    "calc.js": "exports.add = (a, b) => a + b;\n",
    "calc.test.js": "const test = require('node:test');\nconst assert = require('node:assert');\n"
    "test('add', () => assert.equal(require('./calc.js').add(2, 3), 5));\n",
}
_GO = {
    "go.mod": "module example.org/calc\ngo 1.18\n",
    "calc.go": "package calc\n\nfunc Add(a, b int) int { return a + b }\n",
    "calc_test.go": 'package calc\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n'
    '\tif Add(2, 3) != 5 {\n\t\tt.Fatal("sum")\n\t}\n}\n',
}
_RUST = {
    "Cargo.toml": '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\n',
    "Cargo.lock": 'version = 3\n\n[[package]]\nname = "calc"\nversion = "0.1.0"\n',
    "src/lib.rs": "pub fn add(a: i32, b: i32) -> i32 { a + b }\n",
    "tests/sum.rs": "#[test]\nfn sums() { assert_eq!(calc::add(2, 3), 5); }\n",
}
_OTHER = {
    "calc.zig9": "a + b\n",
    "Makefile": "check:\n\tgrep -q 'a + b' calc.zig9\n",
}


@pytest.mark.parametrize(
    ("program", "files", "source"),
    [
        ("node", _NODE, "calc.js"),
        ("go", _GO, "calc.go"),
        ("cargo", _RUST, "src/lib.rs"),
        ("make", _OTHER, "calc.zig9"),
    ],
)
def test_other_languages_are_never_accepted_wrongly(
    program: str, files: dict[str, str], source: str, repository: Make, tmp_path: Path
) -> None:
    """A wrong draft is not accepted; what is said of a right one names what limits it, if any."""
    if shutil.which(program) is None or (program == "node" and not _has_npm()):
        pytest.skip(f"{program} is not installed")
    checks = ChecksConfig(timeout_s=100, tests="make check" if program == "make" else None)
    right = files[source].replace("a + b", "a + b ")
    wrong = files[source].replace("a + b", "a - b")
    drafts = (writes({source: wrong}), writes({source: right}))
    found = judged(repository(files), tmp_path, *drafts, checks=checks)
    assert not found.verdicts[0].accepted
    if program == "make":
        assert found.verdicts[1].undecided
        assert "no Python project" in found.verdicts[1].reason
    else:
        assert found.verdicts[1].accepted or found.verdicts[1].undecided
        assert "1 passed" in found.verdicts[1].reason or found.verdicts[1].undecided
    assert "change-reached" not in found.signs(1)
    assert "change-unreached" not in found.signs(1)


def _has_npm() -> bool:
    if shutil.which("npm") is None:
        return False
    said = subprocess.run(("node", "--version"), capture_output=True, text=True, check=False)
    return int(said.stdout.strip().lstrip("v").partition(".")[0] or 0) >= 18
