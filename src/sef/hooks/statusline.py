"""The status line: what the user's own command prints, and after it what sef did in the session.

Run as `python -I -S statusline.py [COMMAND]`, told of the session on standard input. COMMAND stands
in the settings beside this program's path, so that whoever may write there decides what runs, as
without sef. It is run as Claude Code would run it, within bounds; exit code 0 always.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

LARGEST = 2**20
"""Bytes of what is told, some 3 kB; no more is read."""
MOST_S = 2.0
"""Seconds that the user's command has; Claude Code asks for the line again after each answer."""
MOST_SHOWN = 8 * 2**10
"""Bytes of its output that are shown."""
_AFTER_S = 0.05
"""Seconds for which the rest of its output is waited for once it has ended."""


class Theirs:
    """The user's own command, while it runs, in a group of its own."""

    def __init__(self, command: str, told: bytes) -> None:
        self._told = told
        told_to, self._to = os.pipe()
        self._from, said_to = os.pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, told_to, 0),
            (os.POSIX_SPAWN_DUP2, said_to, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        shell = ("sh", "-c", command)
        try:
            self.pid = os.posix_spawn(
                "/bin/sh",
                shell,
                os.environ,
                file_actions=actions,
                setpgroup=0,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE,),
            )
        finally:
            os.close(told_to)
            os.close(said_to)
        os.set_blocking(self._to, False)
        self._code: int | None = None

    def said(self, until: float) -> bytes:
        """What it printed; nothing where it failed, as Claude Code shows nothing then either.

        What has run too long, or printed too much, is killed: what it printed so far is shown.
        """
        said = b""
        ended = False
        while len(said) <= MOST_SHOWN and not ended and time.monotonic() < until:
            # A program that it left in background may hold its output: that is not waited for.
            until = until if self._runs() else min(until, time.monotonic() + _AFTER_S)
            ready, writable, _ = select.select([self._from], self._writing(), [], 0.02)
            if writable:
                self._tell()
            if ready:
                more = os.read(self._from, MOST_SHOWN)
                said, ended = said + more, not more
        while ended and self._runs() and time.monotonic() < until:
            time.sleep(0.002)
        if self._runs():
            self.kill()
        if len(said) > MOST_SHOWN:  # not within a character
            said = said[:MOST_SHOWN].decode(errors="ignore").encode()
        return said if self._code in (None, 0) else b""

    def _writing(self) -> list[int]:
        return [self._to] if self._to >= 0 else []

    def _tell(self) -> None:
        try:
            self._told = self._told[os.write(self._to, self._told) :]
        except BlockingIOError:
            return
        except OSError:  # it does not read
            self._told = b""
        if not self._told:
            os.close(self._to)
            self._to = -1

    def _runs(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is None

    def kill(self) -> None:
        """Ends it, and what it started."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            # Nobody is left of it.
            return


def main(arguments: Sequence[str]) -> int:
    """Prints the line; always 0, because another exit code would take the user's own line away."""
    source = __file__.rsplit("/", 3)[0]
    if source not in sys.path:
        sys.path.insert(0, source)
    told = sys.stdin.buffer.read(LARGEST) if sys.stdin else b""
    until = time.monotonic() + MOST_S
    theirs = _started(arguments[0], told) if arguments else None
    ours = _ours(told)
    said = theirs.said(until) if theirs else b""
    try:
        sys.stdout.buffer.write(joined(said, ours.encode()))
        sys.stdout.flush()
    except OSError:  # nobody reads it any more
        os._exit(0)
    return 0


def _started(command: str, told: bytes) -> Theirs | None:
    # Claude Code ends a status line that it no longer waits for; between the start of theirs and
    # what takes it along such a signal waits.
    stops = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        theirs = Theirs(command, told)

        def gone(number: int, _: object) -> None:
            theirs.kill()
            os._exit(128 + number)

        for one in stops:
            signal.signal(one, gone)
        return theirs
    except (OSError, ValueError) as error:
        _log(error)
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)


def joined(theirs: bytes, ours: bytes) -> bytes:
    """Both on the last line of theirs; theirs alone stays as it is."""
    if not ours:
        return theirs
    before = theirs.rstrip(b"\r\n")
    if not before:
        return ours + b"\n"
    # Colours that they left on are theirs.
    reset = b"\x1b[0m" if b"\x1b" in before else b""
    return before + reset + b" \xc2\xb7 " + ours + b"\n"


def _ours(told: bytes) -> str:
    try:
        from sef.hooks.records import parsed

        event = parsed(told)
        return line(event) if event else ""
    except Exception as error:  # the user's own line is shown all the same
        _log(error)
        return ""


def line(event: Mapping[str, Any]) -> str:
    """What sef did in the session: empty where it handed nothing out."""
    from sef.hooks.records import git_folders, is_name, state_folder, users_tree

    session, cwd = event.get("session_id"), event.get("cwd")
    if not is_name(session) or not isinstance(cwd, str) or not os.path.isabs(cwd) or "\0" in cwd:
        return ""
    folders = git_folders(users_tree(cwd))
    state = state_folder(folders[2] if folders else None)
    if not os.path.exists(os.path.join(state, "sessions", f"{session}.json")):
        return ""
    from sef.hooks.sums import of_session
    from sef.hooks.working import working

    at_work = sum(one["session"] == session for one in working(state, time.time()))
    return _words(at_work, of_session(state, str(session)).told())


def _words(at_work: int, sums: Mapping[str, Any]) -> str:
    every = sums["executors"].values()
    names = ("accepted", "rejected", "failed")
    counts = {name: sum(one[name] for one in every) for name in names}
    verdicts = " ".join(f"{count} {name}" for name, count in counts.items() if count)
    told = [f"{at_work} at work"] if at_work else []
    told += [verdicts] if verdicts else []
    told += _price([one["usd"] for one in every], sums["used"])
    delegated = sum(one["delegated"] for one in every)
    told = told or ([f"{delegated} delegated"] if delegated else [])
    return f"sef {' · '.join(told)}" if told else ""


def _price(executors: Sequence[float | None], used: Mapping[str, Any]) -> list[str]:
    """What executors cost; else what the session was booked for at its end; else its tokens."""
    priced = [one for one in executors if one is not None]
    usd = sum(priced) if priced else used["usd"]
    if usd is not None:
        return [f"${usd:,.2f}"]
    return [f"{_short(used['tokens'])} tokens"] if used["tokens"] else []


def _short(count: int) -> str:
    if count < 1_000:
        return str(count)
    return f"{count / 1e3:.0f}k" if count < 999_500 else f"{count / 1e6:.1f}M"


def _log(error: BaseException) -> None:
    try:
        from sef.hooks.records import log

        log(f"statusline: {type(error).__name__}: {error}")
    except Exception:
        # There is nobody left to tell.
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
