"""A hostile model: what its tools do not do, with the sandbox that works here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from api_runs import DONE, KEY, Bench, made

from conftest import git, gone
from sef.agents import OFFERED, named
from sef.errors import UsageError
from sef.model import Kind, Tier
from sef.testing.provider import LoopbackProvider, Turn


@pytest.fixture
def bench(repository: Callable[[dict[str, str]], Path], tmp_path: Path) -> Bench:
    return made(repository, tmp_path)


def told(bench: Bench, *calls: tuple[str, dict], kind: Kind = Kind.IMPLEMENT) -> str:
    """What the tools answered to these calls, in one turn."""
    with LoopbackProvider([Turn(calls=calls), DONE]) as provider:
        asyncio.run(bench.run(provider, assignment=bench.assignment(kind=kind)))
        return "\n".join(str(one) for one in provider.requests[1].body["messages"][-1:])


def ran(bench: Bench, command: str) -> str:
    bench.jailed()
    return told(bench, ("run_command", {"command": command}))


TOOLS = {
    "sef-explore": {"read_file", "list_directory", "grep", "list_files", "find_files"},
    "sef-review": {"read_file", "list_directory", "grep", "list_files", "find_files"},
}


@pytest.mark.parametrize("name", OFFERED)
def test_a_definition_gets_the_tools_that_it_lists(bench: Bench, name: str) -> None:
    """No Bash, no shell; no Write, nothing that writes: the tools are not even offered."""
    kind = Kind(name.removeprefix("sef-"))
    with LoopbackProvider([DONE]) as provider:
        asyncio.run(bench.run(provider, assignment=bench.assignment(kind=kind)))
    offered, listed = set(provider.requests[0].tools), set(named(name).tools)
    assert ("run_command" in offered) == ("Bash" in listed)
    assert ("write_file" in offered) == ("Write" in listed)
    assert ("edit_file" in offered) == ("Edit" in listed)
    assert ("read_file" in offered) == ("Read" in listed)
    assert ("grep" in offered) == ("Grep" in listed)
    assert not offered & {"start_command", "shell", "file_info"}


def test_the_target_has_all_tools(bench: Bench) -> None:
    """Its list is the star."""
    given = bench.assignment(kind=Kind.EXPLORE, tier=Tier.TARGET)
    with LoopbackProvider([DONE]) as provider:
        asyncio.run(bench.run(provider, assignment=given))
    assert {"run_command", "write_file", "edit_file"} <= set(provider.requests[0].tools)


@pytest.mark.parametrize("kind", [Kind.EXPLORE, Kind.DOCUMENT, Kind.VALIDATE])
def test_a_tool_that_is_not_offered_cannot_be_called(bench: Bench, kind: Kind) -> None:
    """Calling it by name is answered with an error, and does nothing."""
    calls = [
        ("write_file", {"path": "n.py", "content": ""}),
        ("run_command", {"command": "touch n.py"}),
    ]
    listed = named(f"sef-{kind}").tools
    calls = [one for one, need in zip(calls, ("Write", "Bash"), strict=True) if need not in listed]
    said = told(bench, *calls, kind=kind)
    assert said.count("Unknown tool") == len(calls) > 0
    assert not (bench.fork / "n.py").exists()


@pytest.mark.parametrize("path", ["../out.py", "/tmp/sef-api-out.py", "link/out.py", "file"])
def test_files_outside_are_not_written(bench: Bench, tmp_path: Path, path: str) -> None:
    """Not by dots, an absolute path, a link to a folder, a link to a file."""
    (tmp_path / "outside").mkdir()
    (bench.fork / "link").symlink_to(tmp_path / "outside")
    (bench.fork / "file").symlink_to(tmp_path / "outside" / "f.py")
    said = told(bench, ("write_file", {"path": path, "content": "bad"}))
    assert "outside" in said
    assert not list((tmp_path / "outside").iterdir())
    assert not (bench.fork.parent / "out.py").exists()
    assert not Path("/tmp/sef-api-out.py").exists()
    assert bench.steps[1].failed


@pytest.mark.parametrize(
    "tool", ["read_file", "list_directory", "grep", "find_files", "list_files"]
)
def test_files_outside_are_not_read_through_a_link(bench: Bench, tmp_path: Path, tool: str) -> None:
    """By any of the reading tools."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("canary")
    (bench.fork / "link").symlink_to(tmp_path / "outside")
    given: dict = {"path": "link/secret.txt" if tool == "read_file" else "link"}
    if tool in ("grep", "find_files"):
        given["pattern"] = "canar." if tool == "grep" else "**/*"
    said = told(bench, (tool, given))
    assert "canary" not in said
    assert "secret.txt" not in said.replace("link/secret.txt", "")


@pytest.mark.parametrize("path", [".git", ".GIT", "pkg/../.git", "sub/.git/hooks/post-commit"])
def test_gits_own_files_are_not_written(bench: Bench, path: str) -> None:
    """Neither the file that leads to the repository, nor a repository in a folder."""
    before = (bench.fork / ".git").read_text()
    said = told(bench, ("write_file", {"path": path, "content": "gitdir: /tmp/evil"}))
    assert "protected" in said or "git" in said
    assert (bench.fork / ".git").read_text() == before
    assert not (bench.fork / "sub").exists()
    assert bench.steps[1].failed


def test_a_link_into_git_is_not_written_through(bench: Bench) -> None:
    """The main repository's hooks, by a link in the fork."""
    (bench.fork / "hooks").symlink_to(bench.main / ".git" / "hooks")
    (bench.fork / "g").symlink_to(".git")
    before = (bench.fork / ".git").read_text()
    told(bench, ("write_file", {"path": "hooks/pre-commit", "content": "evil"}),
         ("write_file", {"path": "g", "content": "evil"}))  # fmt: skip
    assert not (bench.main / ".git" / "hooks" / "pre-commit").exists()
    assert (bench.fork / ".git").read_text() == before


def test_the_workspace_itself_refuses(bench: Bench, tmp_path: Path) -> None:
    """Behind the tools: whatever asks, nothing outside is reached and git's are not written."""
    from sef.executors.api.jail import Fork

    (tmp_path / "o").mkdir()
    (bench.fork / "link").symlink_to(tmp_path / "o")
    fork = Fork(bench.fork, jail=bench.jail, variables={})

    async def tried(call: Callable, *given: object) -> None:
        with pytest.raises(PermissionError):
            await call(*given)

    async def all_of_them() -> None:
        for path in (str(tmp_path), f"{bench.fork}/link/x", f"{bench.fork}/../x", "/etc/passwd"):
            for call in (fork.read_bytes, fork.stat, fork.list_dir, fork.exists, fork.remove):
                await tried(call, path)
            await tried(fork.write_bytes, path, b"")
            await tried(fork.make_dir, path)
        for path in (f"{bench.fork}/.git", f"{bench.fork}/a/.git/b"):
            await tried(fork.write_bytes, path, b"")
            await tried(fork.remove, path)

    asyncio.run(all_of_them())


def test_a_command_writes_in_the_fork_alone(bench: Bench, tmp_path: Path) -> None:
    """Not in the main repository, not in another work tree, nowhere else."""
    other = tmp_path / "forks" / "other"
    git(bench.main, "worktree", "add", "-q", "--detach", str(other))
    places = (bench.main / ".git" / "x", bench.main / "x", other / "x", tmp_path / "x")
    script = "; ".join(f"echo bad > {place}" for place in places)
    ran(bench, f"{script}; echo good > {bench.fork}/x; echo too > y")
    assert not any(place.exists() for place in places)
    assert (bench.fork / "x").read_text() == "good\n"
    assert (bench.fork / "y").read_text() == "too\n"


def test_a_command_does_not_lead_the_fork_elsewhere(bench: Bench) -> None:
    """The file that says where the repository is cannot be written, moved or removed; git log works."""
    before = (bench.fork / ".git").read_text()
    said = ran(
        bench, "echo evil > .git; rm -f .git; mv .git g; ln -sf /tmp .git; git log --oneline"
    )
    assert (bench.fork / ".git").read_text() == before
    assert "start" in said


def test_a_command_reads_no_other_fork(bench: Bench, tmp_path: Path) -> None:
    """Nor the user's own tree beside git's folder."""
    other = tmp_path / "forks" / "other"
    git(bench.main, "worktree", "add", "-q", "--detach", str(other))
    for tree in (other, bench.main):
        (tree / "seen.txt").write_text("canary")
    said = ran(bench, f"cat {other}/seen.txt {bench.main}/seen.txt")
    assert "canary" not in said


def test_a_command_does_not_read_the_home(bench: Bench) -> None:
    """A key of ssh is not there."""
    home = Path.home()
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id_ed25519").write_text("canary-of-ssh")
    said = ran(bench, f"cat ~/.ssh/id_ed25519 {home}/.ssh/id_ed25519")
    assert "canary-of-ssh" not in said
    assert "No such file" in said


def test_a_command_has_no_network(bench: Bench) -> None:
    """A server on this machine's loopback is not reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        said = ran(bench, f'python3 -c "{code}" && echo reached-it')
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "refused" in said or "unreachable" in said


def test_a_command_sees_no_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is what was given for it, and nothing of this process."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-one")
    monkeypatch.setenv("SOME_SECRET", "canary-two")
    said = ran(bench, "env; cat /proc/self/environ /proc/[0-9]*/environ /proc/[0-9]*/cmdline")
    assert "PATH=" in said
    assert "canary" not in said
    assert KEY not in said


def test_a_command_leaves_nothing_running(bench: Bench) -> None:
    """What it put into the background ends with it."""
    ran(bench, "(setsid sleep 3777 >/dev/null 2>&1 &) ; echo begun")
    assert gone(
        lambda: [one for one in Path("/proc").glob("[0-9]*/cmdline") if b"3777" in _read(one)]
    )


def test_tools_run_one_at_a_time(bench: Bench, tmp_path: Path) -> None:
    """A path is not swapped for a link by a command beside the tool that checked it."""
    bench.jailed()
    calls = (
        ("run_command", {"command": "sleep 0.3; echo first > order"}),
        ("write_file", {"path": "order", "content": "second"}),
    )
    told(bench, *calls)
    assert (bench.fork / "order").read_text() == "second"


def test_without_a_sandbox_there_is_no_executor(bench: Bench) -> None:
    """One that is off has to say so itself."""
    from sef.executors.api import ApiExecutor

    with LoopbackProvider() as provider, pytest.raises(UsageError, match="sandbox"):
        ApiExecutor(bench.settings(provider, "anthropic"), sandbox=None, variables={})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
