"""What a command may take of the machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sef.checks.memory import limits
from sef.checks.watch import taken_by, watching
from sef.process import run_program

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="nothing is watched elsewhere"
)
_SLEEPERS = "import subprocess,sys,time\nfor _ in range({}): subprocess.Popen(['sleep','30'])\n"


def test_more_processes_than_allowed_end_a_command(tmp_path: Path) -> None:
    """Long before its deadline, and the reason is told."""
    code = _SLEEPERS.format(8) + "time.sleep(30)"
    watch = watching(5)
    assert watch is not None
    done = asyncio.run(
        run_program(
            (sys.executable, "-c", code), cwd=tmp_path, env=os.environ, timeout_s=20, watch=watch
        )
    )
    assert (done.exit_code, done.timed_out) == (-9, False)
    assert done.stopped == "it had more than 5 processes at once"


def test_a_command_within_its_limits_is_left_alone(tmp_path: Path) -> None:
    """It ends by itself, with its own exit code."""
    argv = (sys.executable, "-c", "import time; time.sleep(0.4); raise SystemExit(3)")
    done = asyncio.run(run_program(argv, cwd=tmp_path, env=os.environ, watch=watching(5)))
    assert (done.exit_code, done.stopped) == (3, "")


def test_a_family_is_counted_with_its_memory() -> None:
    """Children's children, too; of a process that is gone nothing is left."""
    code = (
        "import subprocess, sys\nheld = bytearray(b'x' * 50_000_000)\n"
        "p = subprocess.Popen(['sh', '-c', 'sleep 30; true'])\nprint('up', flush=True)\np.wait()\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", code), stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(200):
            found = taken_by(process.pid)
            if found.processes == 3:
                break
        os.killpg(process.pid, signal.SIGKILL)
    assert found.processes == 3
    assert 50_000_000 < found.memory < 500_000_000
    assert taken_by(process.pid).processes == 0


def test_a_lower_limit_that_is_there_stays() -> None:
    """A command is not refused because its user may have less than sef.toml allows."""
    inner = limits((sys.executable, "-c", "print('ran')"), 4096)
    argv = ("/bin/sh", "-c", 'ulimit -d 1048576; exec "$@"', "sh", *inner)
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"ran\n"
