"""Landlock: a program gives up rights for good, and then becomes the command.

    python -I -S landlock.py '{"read": [...], "write": [...], "network": false}' COMMAND ...

Standard library only, and nothing of this project: it is run as a file. It ends with exit code 126
and says why where anything of it cannot be had. Needs Linux 6.2: before, every file could be
emptied by truncate(2). TCP is refused from 6.7 on, signals and abstract sockets to outside from
6.12 on (kernel documentation, "Landlock: unprivileged access control"). Where user namespaces are
allowed the command gets a network of its own instead.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import sys
from contextlib import suppress

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BY_PATH = 1
_VERSION_ASKED = 1
_NO_NEW_PRIVILEGES, _PARENT_DEATH, _DROP_CAPABILITY = 38, 1, 24
_NEW_USER, _NEW_IPC, _NEW_NET = 0x10000000, 0x08000000, 0x40000000
_READ = 1 << 0 | 1 << 2 | 1 << 3
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
_OLDEST = 3
"""The first version that refuses to truncate files."""
_FAILED = 126


def abi() -> int:
    """The kernel's version of Landlock, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, _system(_CREATE, None, 0, _VERSION_ASKED))


def rights(version: int) -> int:
    """Everything about files that this version can handle."""
    bits = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << bits) - 1


def restrict(read: list[str], write: list[str], *, network: bool, version: int) -> None:
    """Gives up all but these. Raises OSError."""
    handled = rights(version)
    tcp = 3 if version >= 4 and not network else 0
    scoped = 3 if version >= 6 else 0
    fields = 1 + (version >= 4) + (version >= 6)
    attributes = struct.pack("QQQ", handled, tcp, scoped)[: 8 * fields]
    ruleset = _checked(_system(_CREATE, attributes, len(attributes), 0))
    for path in read:
        with suppress(FileNotFoundError, PermissionError):  # gone since it was listed
            _allow(ruleset, path, _READ & handled)
    for path in write:
        _allow(ruleset, path, handled)
    for name in _DEVICES:
        with suppress(FileNotFoundError):
            _allow(ruleset, f"/dev/{name}", (_READ | 1 << 1 | _TRUNCATE | _IOCTL) & handled)
    _checked(_library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_system(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            allowed &= _OF_FILES
        # The structure is packed: eight bytes and four.
        rule = struct.pack("=Qi", allowed, place)
        _checked(_system(_ADD, ruleset, _BY_PATH, rule, 0))
    finally:
        os.close(place)


def _own_network() -> bool:
    """A network with loopback only; False where such a one is not allowed."""
    user, group = os.getuid(), os.getgid()
    if _library().unshare(_NEW_USER | _NEW_NET | _NEW_IPC) != 0:
        return False
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        up = struct.pack("16sH14x", b"lo", 1)
        fcntl.ioctl(asked, 0x8914, up)
    return True


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 -- pathlib takes long to import
        file.write(text)


def _powerless() -> None:
    """What the user has been allowed besides is lost with the next program."""
    for number in range(64):
        if _library().prctl(_DROP_CAPABILITY, number, 0, 0, 0) != 0:
            return


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _system(number: int, *words: object) -> int:
    call = _library().syscall
    call.restype = ctypes.c_long
    held = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    return int(call(ctypes.c_long(number), *held))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def main(words: list[str]) -> None:
    """Restricts this process and becomes the command; does not return."""
    asked, command = json.loads(words[0]), words[1:]
    try:
        version = abi()
        if version < 1:
            raise OSError("this kernel has no Landlock")
        if version < _OLDEST:
            raise OSError("this kernel's Landlock lets every file be emptied")
        network = bool(asked["network"])
        if not network and not _own_network() and version < 4:
            raise OSError("this kernel can neither refuse TCP nor give a network of its own")
        _powerless()
        _checked(_library().prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0))
        own = network or _only_loopback()
        restrict(asked["read"], asked["write"], network=own, version=version)
        # The home cannot be read, and git takes a file it may not read for an error.
        os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
        os.execvp(command[0], command)  # noqa: S606
    except OSError as problem:
        sys.stderr.write(f"landlock: {command[0]} was not run: {problem}\n")
        sys.exit(_FAILED)


def _only_loopback() -> bool:
    return [name for _, name in socket.if_nameindex()] == ["lo"]


if __name__ == "__main__":
    main(sys.argv[1:])
