"""Programs do not outlive their owner."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from conftest import alive, gone
from sef.process import Finished, run_program
from sef.text import one_line, plain

ENV = dict(os.environ)


def run(code: str, cwd: Path, **options: float | int) -> Finished:
    argv = (sys.executable, "-c", code)
    return asyncio.run(run_program(argv, cwd=cwd, env=ENV, **options))  # type: ignore[arg-type]


CHILD = "import subprocess,sys;p=subprocess.Popen(['sleep','60']);print(p.pid,flush=True);"


def test_output_is_bounded_and_the_exit_code_told(tmp_path: Path) -> None:
    """What is past the limit is read and dropped, so the program does not block."""
    done = run("import sys;print('x'*10**6);sys.exit(7)", tmp_path, output_limit=1000)
    assert (done.exit_code, len(done.stdout), done.timed_out) == (7, 1000, False)


def test_the_deadline_kills_the_group(tmp_path: Path) -> None:
    """Also a child that the program started."""
    done = run(CHILD + "p.wait()", tmp_path, timeout_s=1)
    assert done.timed_out
    assert gone(lambda: alive(int(done.stdout)))


def test_children_left_behind_are_killed(tmp_path: Path) -> None:
    """A program that ends does not leave a process in its group, nor holds the reader up."""
    started = time.monotonic()
    done = run(CHILD, tmp_path)
    assert done.exit_code == 0
    assert gone(lambda: alive(int(done.stdout)))
    assert time.monotonic() - started < 5


def test_cancelling_the_caller_kills_the_group(tmp_path: Path) -> None:
    """The pid was written before; nothing of the group is left."""
    code = f"import os;open({str(tmp_path / 'pid')!r},'w').write(str(os.getpid()));" + CHILD
    argv = (sys.executable, "-c", code + "p.wait()")

    async def cancelled() -> None:
        work = asyncio.create_task(run_program(argv, cwd=tmp_path, env=ENV))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.wait([work])
        assert work.cancelled()

    asyncio.run(cancelled())
    assert gone(lambda: alive(int((tmp_path / "pid").read_text())))


def test_text_from_elsewhere_is_made_plain() -> None:
    """Colours, titles, links, direction marks and half characters do not reach the terminal."""
    hostile = "a\x1b[31mb\x1b]0;title\x07c\u202ed\x00e\udcffé\tf"
    assert plain(hostile) == "abcde?é\tf"
    assert one_line("a\n b\r\nc", 10) == "a b c"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"
    assert plain("x" * 50, 10) == "x" * 10 + " [cut]"
