"""How long a killed run needs until it goes on, measured over processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEF = (sys.executable, "-c", "from sef.cli import main; main()")
_PLAN = "".join(f'[[task]]\nid = "t{n}"\ntext = "implement {n}"\n' for n in range(20))
_SCRIPT = "".join(
    f'[[script]]\ntask = "t{n}"\nsays = "."\nseconds = 0.3\ncost_usd = 0.01\n'
    f'[[script.write]]\npath = "f{n}"\ntext = "{n}"\n'
    for n in range(20)
)
_CONFIG = 'slots = 1\n[executors.model]\nuse = "scripted"\ntier = 3\nscript = "script.toml"\n'


def resume_seconds() -> float:
    """Seconds from the start of `sef run --resume` to the moment the run goes on."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "tree")
        make_project(root)
        environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder, "cache"))}
        kill_midway(root, environment)
        started = time.time()
        done = subprocess.run(
            (*SEF, "run", "--resume", newest(root), "--json"),
            cwd=root,
            env=environment,
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout)["status"] == "ok"
        return resumed_at(root) - started


def make_project(root: Path) -> None:
    """A repository whose plan takes a scripted model twenty times 0.3 seconds."""
    root.mkdir(parents=True)
    for name, text in (("plan.toml", _PLAN), ("script.toml", _SCRIPT), ("sef.toml", _CONFIG)):
        (root / name).write_text(text)
    named = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for args in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "start")):
        subprocess.run(("git", *named, *args), cwd=root, check=True)


def kill_midway(root: Path, environment: dict[str, str], seconds: float = 3.0) -> None:
    """Starts the plan and kills it, without a chance to clean up, after some seconds."""
    work = subprocess.Popen(
        (*SEF, "run", "-f", "plan.toml", "--json"),
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    work.send_signal(signal.SIGKILL)
    work.wait()


def newest(root: Path) -> str:
    """The name of the last run."""
    return str(_asked(root, "select run from runs order by began desc limit 1"))


def resumed_at(root: Path) -> float:
    """When the run went on, by the wall clock."""
    return float(str(_asked(root, "select at from facts where kind = 'Resumed'")))


def _asked(root: Path, sql: str) -> object:
    connection = sqlite3.connect(root / ".git/sef/journal.sqlite3")
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()
