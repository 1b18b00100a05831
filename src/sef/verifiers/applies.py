"""Applies: the draft is a change, and one that a tree can take as it is."""

from __future__ import annotations

import posixpath

from sef.git import Git
from sef.model import Evidence, Verdict
from sef.protocols import Case

_LINK = "120000"
_MODES = frozenset({"000000", "100644", "100755", _LINK})
"""Deleted, file, executable, link. Anything else is a repository inside the repository."""


class Applies:
    """Rejects an empty change where one was asked for, conflict markers, nested repositories."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Looks at the patch as git holds it."""
        problem = await self._problem(case)
        count = len(case.draft.patch.changes)
        detail = problem or (f"{count} files changed" if count != 1 else "1 file changed")
        evidence = Evidence(verifier="applies", passed=not problem, detail=detail)
        return Verdict(accepted=not problem, reason=detail, evidence=(evidence,))

    async def _problem(self, case: Case) -> str | None:
        patch = case.draft.patch
        if patch.empty:
            return "nothing was changed" if case.route.kind.writes else None
        for change in patch.changes:
            if change.mode not in _MODES:
                return f"{change.path} is a git repository inside the repository"
            if change.mode == _LINK and await self._leads_out(patch.commit, change.path):
                return f"{change.path} is a link that leads out of the tree"
        return await self._markers(patch.base, patch.commit)

    async def _leads_out(self, commit: str, path: str) -> bool:
        target = await self._git.ask("cat-file", "blob", f"{commit}:{path}")
        reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return target.startswith("/") or reached.split("/")[0] == ".."

    async def _markers(self, base: str, commit: str) -> str | None:
        done = await self._git.run("diff-tree", "--check", "-r", base, commit)
        for line in done.stdout.decode(errors="replace").splitlines():
            if "leftover conflict marker" in line:
                return f"a conflict marker was added: {line.split(': ')[0]}"
        return None
