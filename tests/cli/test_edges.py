"""What goes wrong around a run: signals, streams that fail, a system that refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PROJECT, SEF, TARGET, sef, started

from conftest import git

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every command is a process of its own
WAIT = '[[script]]\ntask = "wait"\nsays = "."\nseconds = 60\ncost_usd = 0.5\n'
SLOW = {
    **PROJECT,
    "sef.toml": TARGET,
    "target.toml": WAIT,
    "plan.toml": '[[task]]\nid = "wait"\ntext = "implement patience"\n',
}


def wait_for_fork(root: Path) -> None:
    for _ in range(1000):
        if len(git(root, "worktree", "list").splitlines()) > 1:
            return
        time.sleep(0.02)
    raise AssertionError("no fork was made")


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_called_off_attempt_has_no_known_price(repository: Make, how: int) -> None:
    """It is listed, undecided, and the run's cost is unknown, not 0."""
    root = repository(SLOW)
    work = started(root, "run", "-f", "plan.toml", "--json")
    wait_for_fork(root)
    work.send_signal(how)
    stdout, stderr = work.communicate(timeout=20)
    assert (work.returncode, "Traceback" in stderr) == (130, False), stderr
    said = json.loads(stdout)
    (task,) = said["tasks"]
    (attempt,) = task["attempts"]
    assert (said["status"], task["status"]) == ("cancelled", "cancelled")
    assert (attempt["executor"], attempt["accepted"]) == ("target", None)
    assert (attempt["reason"], attempt["cost_usd"]) == ("called off", None)
    assert (said["cost_usd"], said["saved_is"]) == (None, "unknown")
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_run_at_work_is_not_resumed_and_keeps_its_forks(repository: Make) -> None:
    """Who asks too early is refused, and removes nothing of the run's."""
    root = repository(SLOW)
    work = started(root, "run", "-f", "plan.toml", "--json")
    wait_for_fork(root)
    (run,) = json.loads(sef(root, "runs", "--json").stdout)["runs"]
    refused = sef(root, "run", "--resume", run["run"])
    assert (run["status"], refused.returncode) == ("working", 2)
    assert "is at work" in refused.stderr
    _, fork = (Path(line.split()[0]) for line in git(root, "worktree", "list").splitlines())
    assert (fork / "calc/core.py").is_file()
    work.send_signal(signal.SIGINT)
    work.communicate(timeout=20)
    assert not fork.exists()


def test_people_are_told_that_it_was_called_off_and_how_to_go_on(repository: Make) -> None:
    root = repository(SLOW)
    work = started(root, "run", "-f", "plan.toml")
    wait_for_fork(root)
    work.send_signal(signal.SIGINT)
    stdout, _ = work.communicate(timeout=20)
    assert "Called off: 0 of 1 tasks are done. Go on: sef run --resume " in stdout
    assert "Cost unknown" in stdout


def test_a_second_signal_ends_at_once(repository: Make) -> None:
    """Exit code 130, no traceback, and one object still."""
    root = repository(SLOW)
    for pause in (0.0, 0.02, 0.05):
        work = started(root, "run", "-f", "plan.toml", "--json")
        wait_for_fork(root)
        work.send_signal(signal.SIGINT)
        time.sleep(pause)
        work.send_signal(signal.SIGINT)
        stdout, stderr = work.communicate(timeout=5)
        assert (work.returncode, stderr) == (130, "")
        assert json.loads(stdout)["status"] == "cancelled"
        assert sef(root, "clean").returncode == 0


def test_a_signal_while_the_libraries_load_ends_quietly(repository: Make) -> None:
    """Exit code 130 and no traceback, from the moment that the package itself is there."""
    root = repository(PROJECT)
    # What an interpreter does before it reads our first line is not ours.
    program = "from sef.cli import main; print('ready', file=sys.stderr, flush=True); main()"
    for pause in (0.0, 0.05, 0.1, 0.2, 0.3):
        work = subprocess.Popen(
            (sys.executable, "-c", f"import sys; {program}", "run", "run the tests", "--json"),
            cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert work.stderr is not None
        assert work.stderr.readline() == "ready\n"
        time.sleep(pause + 0.005)
        work.send_signal(signal.SIGINT)
        stdout, stderr = work.communicate(timeout=20)
        assert (work.returncode, "Traceback" in stderr) == (130, False), stderr
        assert json.loads(stdout)["status"] == "cancelled"


def test_a_signal_that_was_ignored_stays_ignored(repository: Make) -> None:
    """As under nohup."""
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "from sef.cli import main; main()"
    )
    root = repository(PROJECT)
    work = subprocess.Popen(
        (sys.executable, "-c", program, "run", "run the tests", "--json"),
        cwd=root, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(0.5)
    work.send_signal(signal.SIGHUP)
    stdout, _ = work.communicate(timeout=30)
    assert (work.returncode, json.loads(stdout)["status"]) == (0, "ok")


def test_misuse_is_an_object_for_programs(repository: Make) -> None:
    root = repository(PROJECT)
    for args in (("run", "x", "--nope"), ("nope",), ("runs", "--nope"), ("run", "x", "--config")):
        done = sef(root, args[0], "--json", *args[1:])
        said = json.loads(done.stdout)
        assert (done.returncode, said["schema"], done.stderr) == (2, 1, "")
        assert said["error"]
        assert said["hint"]
        assert "{" not in sef(root, *args).stdout


def test_a_folder_that_is_gone_is_told(repository: Make, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = "import os, sys; os.rmdir('../gone'); from sef.cli import main; main()"
    for args in (("run", "run the tests"), ("runs",)):
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            (sys.executable, "-c", program, *args, "--json"),
            cwd=gone, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (2, "")
        assert json.loads(done.stdout)["error"] == "the current folder is gone"


def test_an_unfit_cache_is_told_with_its_name(repository: Make, tmp_path: Path) -> None:
    root = repository(PROJECT)
    cache = tmp_path / "cache"
    cache.write_text("a file")
    done = sef(root, "run", "run the tests", "--json", XDG_CACHE_HOME=str(cache))
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    assert str(cache) in said["error"]
    assert "XDG_CACHE_HOME" in said["hint"]
    told = sef(root, "run", "run the tests", XDG_CACHE_HOME=str(cache)).stderr
    assert str(cache) in told
    assert "Traceback" not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("args", [("run", "run the tests"), ("runs",), ("report",)])
@pytest.mark.parametrize("form", ["--json", ""])
def test_a_full_output_is_told_once(repository: Make, args: tuple[str, ...], form: str) -> None:
    root = repository(PROJECT)
    sef(root, "run", "where is Adder defined?")
    with open("/dev/full", "w") as full:
        command = (*SEF, *args, *filter(None, [form]))
        done = subprocess.run(
            command, cwd=root, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.count("standard output cannot be written: No space left") == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_closed_output_and_a_reader_that_left_are_no_accidents(repository: Make) -> None:
    root = repository(PROJECT)
    ask = " ".join((sys.executable, "-c", "'from sef.cli import main; main()'"))
    for shell in (f"{ask} runs >&-", f"{ask} runs --json | true", f"{ask} run 'all tests' | true"):
        done = subprocess.run(
            ("bash", "-c", shell), cwd=root, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr


def test_a_mistake_in_sef_is_one_line_and_exit_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SEF_DEBUG=1 adds the traceback."""
    from sef.cli import signals
    from sef.cli.complaints import guarded

    def broken() -> int:
        raise ValueError("so broken")

    before = {number: signal.getsignal(number) for number in signals._SIGNALS}
    try:
        assert guarded(broken, as_json=False) == 70
        told = capsys.readouterr().err
        assert "a mistake in sef: ValueError: so broken" in told
        assert "SEF_DEBUG=1" in told
        assert "Traceback" not in told
        monkeypatch.setenv("SEF_DEBUG", "1")
        assert guarded(broken, as_json=False) == 70
        assert "Traceback" in capsys.readouterr().err
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_git_that_fails_while_opening_has_run_nothing(repository: Make) -> None:
    """Exit 2 with a way out."""
    root = repository(PROJECT)
    (root / ".git/index").write_bytes(b"no index")
    done = sef(root, "run", "run the tests", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    assert "git" in said["error"]
    assert "Nothing was run" in said["hint"]


def test_what_is_no_file_is_named(repository: Make) -> None:
    root = repository({**PROJECT, "empty.toml": "\n"})
    os.mkfifo(root / "pipe")
    for path, message in ((".", ". is a folder"), ("pipe", "pipe is a pipe")):
        done = sef(root, "run", "-f", path)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    done = sef(root, "run", "x", "--config", "calc")
    assert "calc is a folder, not a configuration file" in done.stderr
    done = sef(root, "run", "-f", "empty.toml")
    assert (done.returncode, "there is no task in it" in done.stderr) == (2, True)
    assert "[[task]]" in done.stderr


def test_failures_are_told_once(repository: Make) -> None:
    """In the progress once and in the report once; the progress of what is computed is short."""
    root = repository({"a.txt": "class Adder\n"})
    done = sef(root, "run", "run the tests")
    assert done.returncode == 1
    assert done.stdout.count("no way to run tests was found") == 1
    assert done.stderr.count("no way to run tests was found") == 1
    assert "names one: set a command for tests in sef.toml" in done.stdout
    assert "saved" not in done.stdout
    assert "No model was used." in done.stdout
    done = sef(root, "run", "where is Adder defined?")
    assert done.stderr.split("\n") == [
        "where-is-adder-defined: search works",
        "where-is-adder-defined: done",
        "",
    ]


EDIT = (
    '[[script]]\ntask = "edit"\nsays = "."\ncost_usd = 0.25\n[[script.edit]]\n'
    'path = "calc/core.py"\nfind = "return a + b"\nreplace = "return b + a"\n'
)
EDITING = {
    **PROJECT,
    "sef.toml": TARGET,
    "target.toml": EDIT,
    "plan.toml": '[[task]]\nid = "edit"\ntext = "implement the other order in calc/core.py"\n',
}


def dirty_run(repository: Make) -> tuple[Path, dict[str, object], dict[str, str]]:
    """A run on uncommitted work in the very file it changes, and the ways out it printed."""
    root = repository(EDITING)
    core = root / "calc/core.py"
    core.write_text("# mine\n" + core.read_text())
    (root / "untracked.txt").write_text("mine too\n")
    done = sef(root, "run", "-f", "plan.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "do not push it unread" in done.stdout
    ways = dict(line.strip().split(": ", 1) for line in done.stdout.splitlines() if line[:2] == "  " and ": " in line)  # fmt: skip
    said = json.loads(sef(root, "report", "--json").stdout)
    return root, said, ways


def test_the_ways_out_of_a_dirty_tree_work(repository: Make) -> None:
    """Commit and cherry-pick; or a patch into the files."""
    root, said, ways = dirty_run(repository)
    base = git(root, "rev-parse", f"{said['branch']}^").strip()
    assert (said["dirty"], said["base"]) == (True, base)
    wanted = "# mine\nclass Adder:\n    def add(self, a, b):\n        return b + a\n"
    patched = ways["or"].split("   (")[0]
    subprocess.run(("bash", "-ec", patched), cwd=root, check=True)
    assert (root / "calc/core.py").read_text() == wanted
    subprocess.run(("bash", "-ec", patched.replace("apply", "apply -R")), cwd=root, check=True)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "mine")
    assert git(root, "log", "--oneline", ways["look"].split()[-1]).count("\n") == 1
    git(root, *ways["take"].split("then git ")[1].split())
    assert (root / "calc/core.py").read_text() == wanted
    assert git(root, "log", "--format=%s", "-n1", "HEAD^").strip() == "mine"


def test_work_that_does_not_fit_says_why(repository: Make) -> None:
    """apply_error in the object, and the work is on the branch."""
    slow = EDIT.replace("cost_usd", "seconds = 3\ncost_usd")
    root = repository({**EDITING, "target.toml": slow})
    work = started(root, "run", "-f", "plan.toml", "--apply", "--json")
    wait_for_fork(root)
    core = root / "calc/core.py"
    core.write_text(core.read_text().replace("a + b", "a - b"))
    stdout, stderr = work.communicate(timeout=60)
    said = json.loads(stdout)
    assert (work.returncode, said["applied"], stderr) == (1, False, "")
    assert "was not applied" in said["apply_error"]
    assert said["branch"]
    assert "return a - b" in core.read_text()


def test_names_of_files_are_exact_for_programs(repository: Make) -> None:
    """What is no Unicode is a lone surrogate in JSON; to people it is shown without harm."""
    root = repository(PROJECT)
    name = os.fsencode(root) + b"/odd\xff\x1b[31m name.txt"
    with open(name, "wb") as file:
        file.write(b"a needle\n")
    done = sef(root, "run", "find files named *.txt", "--json")
    (match,) = json.loads(done.stdout)["tasks"][0]["matches"]
    assert os.fsencode(match["path"]) == b"odd\xff\x1b[31m name.txt"
    assert "\x1b" not in sef(root, "run", "find files named *.txt").stdout


def test_foreign_text_is_printed_as_it_is(repository: Make) -> None:
    """No emoji codes, no markup, no doubled backslash."""
    line = r"needle :bug: [bold]x[/] \[y] end\ "[:-1]
    root = repository({"a.txt": f"{line}\n", **PROJECT})
    done = sef(root, "run", 'search for "needle"')
    assert f"a.txt:1: {line}\n" in done.stdout


def test_help_reads_well() -> None:
    root = Path.cwd()
    run = sef(root, "run", "--help").stdout
    assert "run [OPTIONS] [TASK]..." in run
    assert "repository's root" in run
    assert "standard by lint and tests" in " ".join(run.replace("│", " ").split())
    assert "explain [OPTIONS] [RUN] [TASK]" in sef(root, "explain", "--help").stdout
    assert "until you remove it" in " ".join(sef(root, "demo", "--help").stdout.split())
