"""How the server begins and ends, and what it writes: spoken to by lines, as any client would."""

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

from cli.command import PROJECT, SEF, sef
from mcp_server.serving import WAIT, WORLD, Lines, called, leftovers, request, wait_for_fork

Make = Callable[..., Path]
pytestmark = pytest.mark.slow  # every server is a process of its own
NOISY = {
    **PROJECT,
    "tests/test_noise.py": (
        "import os, sys, unittest\n\n\nclass N(unittest.TestCase):\n"
        '    def test_noise(self):\n        print(\'{"jsonrpc": "noise"}\', flush=True)\n'
        "        os.write(1, b'noise\\n')\n"
    ),
}


def in_group(group: int) -> list[str]:
    """The processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        if rest.split()[0] != "Z" and int(rest.split()[2]) == group:
            found.append(name)
    return found


def working(root: Path) -> Lines:
    """A server with a run at work that was waited for, and one that was started."""
    server = Lines(root)
    server.say(called(1, "sef_start", tasks=WAIT))
    assert server.hear()["id"] == 1
    server.say(called(2, "sef_run", tasks=WAIT))
    wait_for_fork(root, forks=2)
    return server


def check_end(server: Lines, root: Path) -> None:
    began = time.monotonic()
    code, out, errors = server.end()
    assert (code, "Traceback" in errors) == (0, False), errors
    assert time.monotonic() - began < 5
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert leftovers(root) == []
    assert in_group(server.process.pid) == []
    runs = json.loads(sef(root, "runs", "--json").stdout)["runs"]
    assert [one["status"] for one in runs] == ["cancelled", "cancelled"]


def test_a_client_that_hangs_up_ends_the_server_and_its_runs(repository: Make) -> None:
    """Exit code 0; no forks, no processes; the journal says that the runs were called off."""
    root = repository(WORLD)
    server = working(root)
    assert server.process.stdin is not None
    server.process.stdin.close()
    server.process.stdin = None
    check_end(server, root)
    resumed = sef(root, "run", "--dry-run", "run the tests", "--json")
    assert resumed.returncode == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_as_cleanly(repository: Make, how: signal.Signals) -> None:
    """Also where a second one comes at once, as of clients that are in a hurry."""
    root = repository(WORLD)
    server = working(root)
    server.process.send_signal(how)
    time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    check_end(server, root)


def test_a_client_that_does_not_read_cannot_keep_the_server(repository: Make) -> None:
    """Its answers fill the pipe; hung up on, the server ends all the same."""
    server = Lines(repository(PROJECT))
    for number in range(1, 40):
        server.say(request(number, "tools/list"))
    time.sleep(1)
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(timeout=15) == 0
    server.process.stdout.close()  # type: ignore[union-attr]
    server.process.stderr.close()  # type: ignore[union-attr]


def test_standard_output_has_messages_alone(repository: Make) -> None:
    """Tests that print, in place and in a fork, and what is no message: each line is JSON-RPC."""
    root = repository(NOISY)
    server = Lines(root)
    server.say("this is no message")
    assert server.hear()["error"]["code"] == -32700
    server.say('{"jsonrpc": "2.0"}')
    assert server.hear()["error"]["code"] == -32700
    server.say(called(1, "sef_run", tasks=["run the tests"]))
    told = server.hear()["result"]["structuredContent"]
    assert (told["status"], told["tasks"][0]["counts"]["passed"]) == ("ok", 2)
    server.say(called(2, "sef_verify", base="HEAD"))
    assert server.hear()["id"] == 2
    server.say({"jsonrpc": "2.0", "id": 3, "method": "ping"})
    assert server.hear()["id"] == 3
    assert server.process.stdin is not None
    server.process.stdin.close()
    server.process.stdin = None
    code, out, errors = server.end()
    assert (code, out, "noise" in errors) == (0, "", False), errors


def test_a_message_that_is_too_long_is_passed_over(repository: Make) -> None:
    """It is refused by its size, and the server goes on."""
    server = Lines(repository(PROJECT))
    server.say(json.dumps(called(1, "sef_route", text="x" * (17 * 2**20))))
    said = server.hear()
    assert (said["id"], "16 MiB" in said["error"]["message"]) == (None, True)
    server.say(called(2, "sef_route", text="run the tests"))
    assert server.hear()["id"] == 2
    server.process.send_signal(signal.SIGTERM)
    assert server.end()[0] == 0


def test_nothing_but_the_wire_reaches_standard_output(tmp_path: Path) -> None:
    """What the process and its children print goes to standard error while the wire is held."""
    code = (
        "import os, subprocess, sys\nfrom sef.mcp.wire import held\n"
        "with held() as (reading, writing):\n"
        "    print('one', flush=True); os.write(1, b'two\\n')\n"
        "    subprocess.run(('sh', '-c', 'cat; echo three'))\n"
        "    os.write(writing, b'wire\\n'); assert os.read(reading, 9) == b'said'\n"
        "print('after')\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), input="said", capture_output=True, text=True, check=True
    )
    assert done.stdout == "wire\nafter\n"
    assert done.stderr == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("installed", "said"),
    [("1.28.0", "mcp 1.28.0 is installed"), ("2.2.9", "2.2.9"), ("3.0", "3.0"), (None, "missing")],
)
def test_without_the_extra_it_says_how_to_get_it(
    tmp_path: Path, installed: str | None, said: str
) -> None:
    """Exit code 2, one message, and no traceback."""
    code = (
        "from importlib import metadata\n"
        f"installed, known = {installed!r}, metadata.version\n"
        "def version(name):\n"
        "    if name != 'mcp': return known(name)\n"
        "    if installed: return installed\n"
        "    raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = version\nfrom sef.cli import main\nmain()\n"
    )
    command = (sys.executable, "-c", code, "mcp")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "pip install 'sef-framework[mcp]'" in done.stderr


def test_closed_standard_input_is_refused(tmp_path: Path) -> None:
    command = ("sh", "-c", '"$@" <&-', "sh", *SEF, "mcp")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "standard input is closed" in done.stderr


def test_help_names_the_clients() -> None:
    done = sef(Path(os.sep), "mcp", "--help")
    assert done.returncode == 0
    assert "claude mcp add sef -- sef mcp" in done.stdout


def test_the_first_answer_waits_for_no_executor() -> None:
    """What only a tool needs is not imported at the start: clients wait for that."""
    code = "import sys, sef.mcp; sys.exit('sef.build' in sys.modules)"
    assert subprocess.run((sys.executable, "-c", code), check=False).returncode == 0
