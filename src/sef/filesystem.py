"""Which file system a folder lies on."""

from __future__ import annotations

import os
from pathlib import Path

_FAR = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "glusterfs", "ceph")
)


def is_far(kind: str) -> bool:
    """True for a network file system, whose locks do not hold between machines."""
    return kind in _FAR


def file_system(folder: Path) -> str:
    """The kind of file system under a folder; empty where the kernel does not list mounts."""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    real = os.path.realpath(folder)
    found = [(_unescaped(point), kind) for _, point, kind, *_ in map(str.split, mounts)]
    inside = [(point, kind) for point, kind in found if _lies_under(real, point)]
    return max(inside, key=lambda mount: len(mount[0]), default=("", ""))[1]


def _lies_under(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _unescaped(point: str) -> str:
    return point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
