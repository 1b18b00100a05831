"""Many files of one commit, asked of git at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sef.errors import GitError
from sef.git import Git


async def blobs(git: Git, commit: str, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
    """The first `limit` bytes of each path that the commit holds as a file.

    Raises GitError where git's answer cannot be understood.
    """
    asked = [path for path in dict.fromkeys(paths) if "\n" not in path]
    stdin = b"".join(os.fsencode(f"{commit}:{path}\n") for path in asked)
    done = await git.run("cat-file", "--batch", stdin=stdin)
    if done.exit_code != 0:
        raise GitError("git cat-file --batch failed")
    found: dict[str, bytes] = {}
    at = 0
    for path in asked:
        end = done.stdout.find(b"\n", at)
        if end < 0:
            raise GitError("git cat-file --batch ended early")
        words = done.stdout[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(words) == 3 and words[1] in (b"blob", b"tree", b"commit", b"tag"):
            size = int(words[2])
            if words[1] == b"blob":
                found[path] = done.stdout[at : at + min(size, limit)]
            at += size + 1
    return found
