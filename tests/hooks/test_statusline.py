"""The status line: the user's own command within bounds, and what sef did after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hooks.events import repository

import sef.hooks.statusline
from sef.hooks.booking import begin
from sef.hooks.records import append, save
from sef.hooks.statusline import joined
from sef.owner import owner_of

PROGRAM = (sys.executable, "-I", "-S", str(Path(sef.hooks.statusline.__file__)))
OURS = "sef 1 at work · 2 accepted 1 rejected · 12k tokens"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A session with an executor at work, two accepted, one rejected."""
    found = repository(tmp_path / "project", {"a": "a\n"})
    state = str(found / ".git/sef/hooks")
    begin(state, "s-1")
    for event in ("delegated", "accepted", "accepted", "rejected"):
        append(state, {"event": event, "session": "s-1", "executor": "sef-explore"})
        append(state, {"event": event, "session": "s-12", "executor": "sef-explore"})
    models = {"m": {"requests": 2, "input": 12_000, "output": 10}}
    append(state, {"event": "booked", "session": "s-1", "final": False, "models": models})
    owner = owner_of(os.getpid())
    for agent, session in (("a1", "s-1"), ("a2", "s-2")):
        record = {"session": session, "pid": owner.pid, "began": owner.began}
        save(state, f"agents/{agent}", record)
    return found


def shown(home: Path, *command: str, session: str = "s-1", told: bytes | None = None) -> str:
    event = {"session_id": session, "cwd": str(home), "cost": {"total_cost_usd": 3}}
    done = subprocess.run(
        (*PROGRAM, *command),
        input=json.dumps(event).encode() if told is None else told,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    return done.stdout.decode()


def test_ours_follows_the_users_on_its_last_line(home: Path) -> None:
    """Alone where there is no other; theirs gets the same standard input."""
    assert shown(home) == f"{OURS}\n"
    assert shown(home, "echo one; echo two") == f"one\ntwo · {OURS}\n"
    read = f"{sys.executable} -c 'import json,sys; print(json.load(sys.stdin)[\"cost\"])'"
    assert shown(home, read) == f"{{'total_cost_usd': 3}} · {OURS}\n"


def test_a_session_that_hands_nothing_out_shows_theirs_alone(home: Path) -> None:
    """Byte for byte, with its line ends; of an unknown input too."""
    for session, told in (("s-2", None), ("", None), ("../x", None), ("s-1", b"no json")):
        assert shown(home, "printf ' a\\n\\n'", session=session, told=told) == " a\n\n"
        assert shown(home, session=session, told=told) == ""


def test_a_session_of_which_no_row_is_left_shows_theirs_alone(home: Path) -> None:
    """Its rows are beyond the end of the journal that is read, or gone: nothing is known."""
    begin(str(home / ".git/sef/hooks"), "s-3")
    assert shown(home, "echo mine", session="s-3") == "mine\n"


def test_the_price_is_shown_once_it_is_booked(home: Path) -> None:
    """Without prices it is tokens; before any outcome it is what was handed out."""
    state = str(home / ".git/sef/hooks")
    append(
        state, {"event": "booked", "session": "s-1", "final": True, "models": {}, "usd": "0.416"}
    )
    assert shown(home).endswith(" · $0.42\n")
    row = {"session": "s-1", "executor": "sef-review", "usd": "0.1", "target_usd": "9"}
    append(state, {"event": "accepted", **row})
    assert shown(home) == "sef 1 at work · 3 accepted 1 rejected · $0.10\n"
    begin(state, "s-3")
    append(state, {"event": "delegated", "session": "s-3", "executor": "sef-explore"})
    assert shown(home, session="s-3") == "sef 1 delegated\n"


@pytest.mark.parametrize(
    ("command", "theirs"),
    [
        ("echo x; exit 3", ""),
        ("kill -9 $$", ""),
        ("no-such-command-of-anybody", ""),
        ("exec >&-; true", ""),
        ("echo in the end; (sleep 50; echo late) &", "in the end"),
        ("echo heard >&2; echo x", "x"),
    ],
)
def test_ours_is_there_whatever_theirs_does(home: Path, command: str, theirs: str) -> None:
    """What fails shows nothing, as without sef; what it left in background is not waited for."""
    began = time.monotonic()
    said = shown(home, command)
    assert said == (f"{theirs} · {OURS}\n" if theirs else f"{OURS}\n")
    assert time.monotonic() - began < 45


def gone(file: Path) -> bool:
    """True once the process whose number the file holds has ended."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        said = file.read_text().strip() if file.exists() else ""
        if said and not owner_of(int(said)).is_alive():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_what_takes_too_long_is_killed_with_what_it_started(home: Path, tmp_path: Path) -> None:
    """After two seconds; what it had printed is shown."""
    pid = tmp_path / "pid"
    said = shown(home, f"echo early; sleep 100 & echo $! > {pid}; wait")
    assert said == f"early · {OURS}\n" and gone(pid)


@pytest.mark.slow
def test_what_prints_too_much_is_cut_and_killed(home: Path) -> None:
    """At 8 KiB, and not within a character."""
    assert len(shown(home, "yes")) < 9_000
    said = shown(home, f"{sys.executable} -c \"print('x' + 'é' * 9000)\"")
    assert said.startswith("xé") and said.endswith(f"é · {OURS}\n") and len(said) < 4_200


@pytest.mark.slow
def test_a_line_that_is_no_longer_waited_for_takes_theirs_along(home: Path, tmp_path: Path) -> None:
    """Claude Code ends ours; nothing of theirs stays."""
    pid = tmp_path / "pid"
    command = (*PROGRAM, f"echo $$ > {pid}; exec sleep 100")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ours:
        assert ours.stdin is not None
        ours.stdin.close()
        until = time.monotonic() + 30
        while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
            pass  # at once: theirs is no sooner there than what takes it along
        ours.send_signal(signal.SIGTERM)
    assert gone(pid)


def test_colours_that_are_left_on_end_where_ours_begins() -> None:
    """Without colours nothing is put between."""
    assert joined(b"\x1b[31mred\r\n", b"sef") == b"\x1b[31mred\x1b[0m \xc2\xb7 sef\n"
    assert joined(b"plain\n", b"sef") == b"plain \xc2\xb7 sef\n"
    assert joined(b"any\x1b[31m\n\n", b"") == b"any\x1b[31m\n\n" and joined(b"\n", b"s") == b"s\n"


def test_no_module_that_is_slow_is_imported(home: Path) -> None:
    """Standard library only, and of that nothing that takes longer than the rest together."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(PROGRAM[-1]).parents[2])!r})\n"
        "from sef.hooks.statusline import main\nmain(['true'])\n"
        "print(*{'subprocess', 'dataclasses', 'pathlib', 'asyncio', 'typing'} & set(sys.modules))"
    )
    event = json.dumps({"session_id": "s-1", "cwd": str(home)})
    command = (*PROGRAM[:3], "-c", code)
    done = subprocess.run(command, input=event, capture_output=True, text=True, check=True)
    assert "sef 1 at work" in done.stdout and done.stdout.endswith("tokens\n\n")
