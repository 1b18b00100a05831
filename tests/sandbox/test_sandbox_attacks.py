"""What a hostile command tries, in both kinds of sandbox that this machine has."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jailed import SECRETS, Jailed, levels, make, means

from sef.sandbox import Level, confine

pytestmark = pytest.mark.slow  # git repositories and processes


@pytest.fixture(params=levels())
def jailed(request: pytest.FixtureRequest, tmp_path: Path) -> Jailed:
    return make(tmp_path, request.param)


def test_the_fork_can_be_written_and_nothing_else(jailed: Jailed) -> None:
    """Not beside it, not the user's tree, not the system, not through a link made in the fork."""
    script = """
    echo new > made.txt || exit 9
    ln -s "$1" way_out; ln -s /etc way_to_etc
    for place in "$1/code.py" "$1/new" "$2/new" way_out/new way_to_etc/new /etc/new /usr/new \
        "$3/draft.txt" "$1/.git/config" "$1/.git/hooks/pre-commit" "$1/.git/refs/heads/x" \
        "$1/.git/objects/x" "$1/.git/worktrees/fork/commondir" .git
    do echo x 2>/dev/null >> "$place" && echo "wrote $place"; done
    true
    """
    done = jailed.shell(script, jailed.tree, jailed.folder, jailed.other)
    assert done.returncode == 0, done.stderr
    # What is gone with the command is no write: homes and temporary folders are empty ones there.
    for place in ("new", "home/project/new", "home/project/.git/hooks/pre-commit"):
        assert not (jailed.folder / place).exists()
    assert (jailed.tree / "code.py").read_text() == "WHO = 'user'\n"
    assert (jailed.other / "draft.txt").read_text() == "the secret\n"
    assert (jailed.fork / "made.txt").read_text() == "new\n"
    assert not any(Path(place).exists() for place in ("/etc/new", "/usr/new"))
    assert "/.git/" not in done.stdout, done.stdout
    if jailed.sandbox.level is Level.BUBBLEWRAP:
        assert "wrote .git" not in done.stdout


def test_the_way_around_by_proc(jailed: Jailed) -> None:
    """The root of this or of any process is the same jail."""
    script = 'for root in /proc/self/root /proc/1/root /proc/$PPID/root /proc/"$2"/root; do '
    script += 'cat "$root$1" 2>/dev/null; echo x 2>/dev/null >> "$root/etc/new"; done; true'
    done = jailed.shell(script, jailed.home / ".ssh/id_ed25519", os.getpid())
    assert "the secret" not in done.stdout
    assert not Path("/etc/new").exists()
    code = "import sys; print(open(f'/proc/{sys.argv[1]}/environ').read())"
    assert jailed.python(code, os.getpid()).returncode != 0


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_the_home_can_be_read(jailed: Jailed, name: str) -> None:
    """By its path, and through a link."""
    script = 'ln -sf "$1" link; cat "$1" link; exit 0'
    assert "the secret" not in jailed.shell(script, jailed.home / name).stdout


def test_other_forks_the_journal_and_the_users_tree_cannot_be_read(jailed: Jailed) -> None:
    """Files that git does not track are the user's alone."""
    places = (jailed.other / "draft.txt", jailed.tree / ".git/sef/journal.db", jailed.tree / ".env")
    for place in places:
        assert place.read_text() == "the secret\n"
        done = jailed.shell('cat "$1"; ls "$2"', place, place.parent)
        assert "the secret" not in done.stdout
        assert place.name not in done.stdout


def test_a_tool_below_the_home_still_runs(jailed: Jailed) -> None:
    """What lies on PATH is shown, without the secret beside it."""
    assert jailed.shell('"$1"', jailed.home / ".cargo/bin/tool").stdout == "a tool\n"


def test_git_can_look_and_not_write(jailed: Jailed) -> None:
    """log, status, diff and show work in a fork; add, commit and update-ref do not."""
    (jailed.fork / "code.py").write_text("WHO = 'fork'\n")
    said = jailed.shell(
        "git log --oneline && git status --short && git diff && git show HEAD:code.py"
    )
    assert said.returncode == 0, said.stderr
    assert "start" in said.stdout
    assert " M code.py" in said.stdout
    assert "+WHO = 'fork'" in said.stdout
    before = _state(jailed.tree / ".git")
    for asked in (
        "add code.py",
        "update-ref refs/heads/x HEAD",
        "config user.name x",
        "gc",
        "stash",
    ):
        assert jailed.shell(f"git {asked}").returncode != 0, asked
    assert _state(jailed.tree / ".git") == before


def test_secrets_in_gits_configuration_are_left_out(tmp_path: Path) -> None:
    """A token in an address or a header is not shown, and git works without it."""
    if means(Level.BUBBLEWRAP) is None:
        pytest.skip("bubblewrap does not work here")
    jailed = make(tmp_path, Level.BUBBLEWRAP)
    with (jailed.tree / ".git/config").open("a") as config:
        config.write('[remote "origin"]\n\turl = https://me:canary@example.org/x\n')
        config.write('[http "https://example.org/"]\n\textraheader = canary\n[alias]\n\tl = log\n')
    asked = jailed.sandbox.settings
    tree, scratch = jailed.tree, jailed.fork.parent
    jailed = replace(
        jailed, sandbox=confine(asked, tree=tree, scratch=scratch, variables=os.environ)
    )
    said = jailed.shell('git l --oneline; git config --list; cat "$1/.git/config"', tree)
    assert "start" in said.stdout, said.stderr
    assert "core.bare" in said.stdout
    assert "canary" not in said.stdout


def _state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_on_loopback_outside_is_reached(jailed: Jailed) -> None:
    """A server of the machine is not there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 3)"
        done = jailed.python(code, server.getsockname()[1])
        assert done.returncode != 0
        assert "refused" in done.stderr or "Permission" in done.stderr
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()


def test_loopback_inside_works(jailed: Jailed) -> None:
    """A test's own server can be reached by the test."""
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 3).close()
print([name for _, name in socket.if_nameindex()])
"""
    done = jailed.python(code)
    assert done.stdout == "['lo']\n", done.stderr


def test_an_abstract_socket_outside_is_not_reached(jailed: Jailed) -> None:
    """D-Bus and X11 have such: they belong to the network that the command does not have."""
    name = f"\0sef-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        code = "import socket, sys; socket.socket(socket.AF_UNIX).connect('\\0' + sys.argv[1])"
        assert jailed.python(code, name[1:]).returncode != 0


@pytest.mark.parametrize("place", ["/tmp", "/run", "/var/lib"])
def test_a_socket_that_is_a_file_is_not_reached(jailed: Jailed, place: str) -> None:
    """As of docker or of an agent for keys. Landlock holds no such, and says so."""
    path = Path(place, f"sef-test-{os.getpid()}.sock")
    if not os.access(place, os.W_OK):
        pytest.skip(f"{place} cannot be written to")
    if jailed.sandbox.level is Level.LANDLOCK:
        pytest.skip("Landlock does not hold sockets that are files")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        try:
            server.listen()
            code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
            assert jailed.python(code, path).returncode != 0
        finally:
            path.unlink()


def test_processes_outside_are_not_reached(jailed: Jailed) -> None:
    """Neither killed nor traced."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as victim:
        try:
            code = """
import ctypes, os, sys
pid = int(sys.argv[1])
try:
    os.kill(pid, 9)
    print("killed")
except OSError:
    pass
print(ctypes.CDLL(None).ptrace(16, pid, 0, 0))
"""
            assert jailed.python(code, victim.pid).stdout == "-1\n"
            assert victim.poll() is None
        finally:
            victim.kill()


def test_a_daemon_does_not_outlive_its_command(tmp_path: Path) -> None:
    """It left its group and its session, and ends with the last of the command's processes."""
    jailed = made_of(tmp_path, Level.BUBBLEWRAP)
    code = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(200):
            open("alive", "w").write(str(number))
            time.sleep(0.02)
    os._exit(0)
time.sleep(0.3)
"""
    assert jailed.python(code).returncode == 0
    said = (jailed.fork / "alive").read_text()
    time.sleep(0.3)
    assert (jailed.fork / "alive").read_text() == said


def test_it_dies_with_whoever_started_it(jailed: Jailed) -> None:
    """kill -9 of the parent alone ends the command."""
    code = "import time\nwhile True:\n    open('alive', 'w').write(str(time.time()))\n    time.sleep(0.02)"
    argv = jailed.sandbox.wrap((sys.executable, "-I", "-c", code), writable=(jailed.fork,))
    starter = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", starter, *argv], cwd=jailed.fork) as parent:
        _until((jailed.fork / "alive").exists)
        parent.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    said = (jailed.fork / "alive").read_text()
    time.sleep(0.3)
    assert (jailed.fork / "alive").read_text() == said


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_no_new_privileges_and_no_capabilities(jailed: Jailed) -> None:
    """Also for root: nothing can be mounted, unmounted or made a device."""
    said = jailed.shell("cat /proc/self/status").stdout
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {0}
    hidden = jailed.home / ".ssh/id_ed25519"
    script = 'umount "$2" /tmp /root; unshare -Urm sh -c "umount $2 /tmp /root /home; cat $1";'
    script += ' unshare -Urm mount -t tmpfs x /mnt && echo mounted; cat "$1"; exit 0'
    assert "the secret" not in jailed.shell(script, hidden, jailed.home).stdout


def test_no_variable_holds_a_key(jailed: Jailed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's environment holds and nobody allowed is not there."""
    for name in (
        "ANTHROPIC_API_KEY",
        "DATABASE_URL",
        "GITHUB_TOKEN",
        "SSH_AUTH_SOCK",
        "LD_PRELOAD_X",
    ):
        monkeypatch.setenv(name, "canary-value")
    done = jailed.shell("env; cat /proc/self/environ")
    assert "canary-value" not in done.stdout
    assert "PATH=" in done.stdout


def test_no_disk_can_be_read(jailed: Jailed) -> None:
    """The device of a disk is all its files, and root may open it."""
    script = 'for each in /dev/*; do test -b "$each" && head -c 1 "$each" >/dev/null && echo "$each"; done'
    assert jailed.shell(f"{script}; exit 0").stdout == ""


def test_devices_are_few(tmp_path: Path) -> None:
    """No disk, no memory of the machine; what is shared by programs there is the command's own."""
    jailed = made_of(tmp_path, Level.BUBBLEWRAP)
    wanted = {"null", "zero", "full", "random", "urandom", "tty", "shm", "pts", "ptmx", "fd"}
    wanted |= {"stdin", "stdout", "stderr", "core", "console", "mqueue"}
    assert set(jailed.shell("ls /dev").stdout.split()) <= wanted
    assert jailed.shell("ls -A /dev/shm").stdout == ""


def made_of(tmp_path: Path, level: Level) -> Jailed:
    if means(level) is None:
        pytest.skip(f"{level} does not work here")
    return make(tmp_path, level)
