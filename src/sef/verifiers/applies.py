"""Applies: the draft is a change, and one that a tree can take as it is."""

from __future__ import annotations

import re

from sef.git import Git
from sef.model import Evidence, Patch, Verdict
from sef.protocols import Case

_LINK = "120000"
_MODES = frozenset({"000000", "100644", "100755", _LINK})
"""Deleted, file, executable, link. Anything else is a repository inside the repository."""
_LEFTOVER = re.compile(r"(?P<path>.+):(?P<line>\d+): leftover conflict marker")
# A line of seven = is a heading in reStructuredText and Markdown; these two are nothing else.
_MARKERS = ("<<<<<<< ", ">>>>>>> ")
_HOPS = 40
"""Links that the system follows on one path."""


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
            if _in_git(change.path.split("/")):
                return f"{change.path} lies in git's own folder"
        return await self._link_out(patch) or await self._markers(patch)

    async def _link_out(self, patch: Patch) -> str | None:
        """A link that leads out of the tree, or does so now that another link has changed."""
        out = _leading_out(await self._links(patch.commit))
        if not out:
            return None
        changed = {change.path for change in patch.changes}
        before = _leading_out(await self._links(patch.base))
        new = sorted(path for path in out if path in changed or path not in before)
        return f"{new[0]} is a link that leads out of the tree" if new else None

    async def _links(self, commit: str) -> dict[str, str]:
        """Every link of a commit, and what it says."""
        rows = await self._git.names("ls-tree", "-r", "-z", commit)
        links = {}
        for meta, _, path in (row.partition("\t") for row in rows):
            mode, _, blob = meta.split()
            if mode == _LINK:
                links[path] = await self._git.ask("cat-file", "blob", blob)
        return links

    async def _markers(self, patch: Patch) -> str | None:
        done = await self._git.run("diff-tree", "--check", "-r", patch.base, patch.commit)
        texts: dict[str, list[bytes]] = {}
        for said in done.stdout.decode(errors="surrogateescape").splitlines():
            if not (found := _LEFTOVER.match(said)):
                continue
            path = found["path"]
            if path not in texts:
                blob = await self._git.run("cat-file", "blob", f"{patch.commit}:{path}")
                texts[path] = blob.stdout.split(b"\n") if blob.exit_code == 0 else []
            if _is_marker(texts[path], int(found["line"])):
                return f"a conflict marker was added: {path}:{found['line']}"
        return None


def _is_marker(lines: list[bytes], number: int) -> bool:
    """True also where the line cannot be read."""
    if number > len(lines):
        return True
    return lines[number - 1].decode(errors="replace").startswith(_MARKERS)


def _leading_out(links: dict[str, str]) -> set[str]:
    return {path for path in links if _leads_out(path, links)}


def _leads_out(path: str, links: dict[str, str]) -> bool:
    """Follows the link through the other links of its tree, as the system would."""
    at: list[str] = []
    todo = path.split("/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if not at:
                return True
            at.pop()
        elif part not in ("", "."):
            at.append(part)
            target = links.get("/".join(at))
            if target is not None:
                hops += 1
                if target.startswith("/") or hops > _HOPS:
                    return True
                at.pop()
                todo += target.split("/")[::-1]
    return _in_git(at)


def _in_git(parts: list[str]) -> bool:
    return any(part.casefold().rstrip(". ") == ".git" for part in parts)
