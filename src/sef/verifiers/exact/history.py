"""What an answer says about commits, branches, authors and counts, read again from git."""

from __future__ import annotations

import re
from typing import Final

from sef.git import Git
from sef.text import one_line
from sef.verifiers.exact.finding import Finding, right, told, wrong

_WHO: Final = (
    r"(?P<who>[A-Z](?:[\w'-]|\.(?=\w))*"
    r"(?: [A-Z](?:[\w'-]|\.(?=\w))*){0,3})"
)
_HASH: Final = r"(?P<hash>(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,40})(?![\w-])"
_COMMIT = re.compile(
    rf"\b(?:commits?|revision|sha|hash)\s+(?:is\s+)?[`(\"']*{_HASH}", re.IGNORECASE
)
_LOOSE = re.compile(rf"`{_HASH}`")
_AUTHOR = re.compile(
    r"^.{0,80}?\b(?:by|author(?:ed by)?(?: is|:)?|written by)\s+[`*\"']*"
    rf"{_WHO}"
)
_BRANCH = re.compile(
    r"\bbranch\s+(?:is\s+|called\s+|named\s+)?[`'\"](?P<name>[\w./-]{1,200})[`'\"]"
    r"|[`'\"](?P<other>[\w./-]{1,200})[`'\"]\s+branch\b",
    re.IGNORECASE,
)
_CURRENT = re.compile(r"\b(?:current(?:ly)?|checked[- ]out|on)\b[^.\n]{0,40}$", re.IGNORECASE)
_COUNT = re.compile(r"(?P<count>\d[\d,]{0,8})\s+commits?\b(?P<rest>[^.\n]{0,80})", re.IGNORECASE)
_TOTAL = re.compile(
    r"\s*(?:in total|in (?:the|this) (?:repo\w*|history|project)|altogether|overall)?[\s,;)*]*$"
)
_BY = re.compile(rf"\s*(?:were\s+|was\s+)?(?:made\s+)?by\s+[`*\"']*{_WHO}")
_MOST: Final = 50


async def history_findings(git: Git, text: str, commit: str) -> list[Finding]:
    """The findings about at most 50 claims of each kind."""
    found: list[Finding] = []
    for one in [*_COMMIT.finditer(text)][:_MOST]:
        rest = text[one.end() : one.end() + 160].split("\n", maxsplit=1)[0]
        found.append(await _commit(git, one["hash"].lower(), rest, sure=True))
    known = {one["hash"].lower() for one in _COMMIT.finditer(text)}
    for one in [*_LOOSE.finditer(text)][:_MOST]:
        if one["hash"] not in known:
            rest = text[one.end() : one.end() + 160].split("\n", maxsplit=1)[0]
            found.append(await _commit(git, one["hash"], rest, sure=False))
    for one in [*_BRANCH.finditer(text)][:_MOST]:
        current = _CURRENT.search(text[max(0, one.start() - 60) : one.start()]) is not None
        found.append(await _branch(git, one["name"] or one["other"], current=current))
    for one in [*_COUNT.finditer(text)][:_MOST]:
        found.append(await _count(git, int(one["count"].replace(",", "")), one["rest"], commit))
    return found


async def _commit(git: Git, name: str, rest: str, *, sure: bool) -> Finding:
    about = "--format=%an <%ae>%n%cn%n%(trailers:key=Co-authored-by)"
    done = await git.run("log", "-1", about, "--end-of-options", name, "--")
    if done.exit_code:
        if sure:
            return wrong("commit-missing", f"git has no commit {name}")
        return told("commit-missing", f"{name} is no commit of this repository")
    who = _AUTHOR.search(rest)
    names = done.stdout.decode("utf-8", "replace")
    if who and who["who"].casefold() not in names.casefold():
        first = one_line(names.split("\n")[0])
        return wrong("author-differs", f"{name} is by {first}, and not by {who['who']}")
    return right("history-holds", f"git has the commit {name}" + " by that author" * bool(who))


async def _branch(git: Git, name: str, *, current: bool) -> Finding:
    if current:
        head = await git.run("symbolic-ref", "--quiet", "--short", "HEAD")
        now = head.stdout.decode("utf-8", "replace").strip()
        if now and now != name:
            return wrong("branch-differs", f"the branch is {now}, and not {name}")
    for space in ("heads", "remotes", "remotes/origin"):
        ref = f"refs/{space}/{name}"
        if (await git.run("show-ref", "--verify", "--quiet", "--", ref)).exit_code == 0:
            return right("history-holds", f"git has the branch {name}")
    return wrong("branch-missing", f"git has no branch {name}")


async def _count(git: Git, claimed: int, rest: str, commit: str) -> Finding:
    by = _BY.match(rest)
    if not by and not _TOTAL.match(rest):
        said = f"{claimed} commits{one_line(rest, 60)}"
        return told("count-narrowed", f"not counted again: {said}")
    how = (f"--author={by['who']}", "--fixed-strings", "--regexp-ignore-case") if by else ()
    counts = set()
    # A snapshot of uncommitted work is a commit more than the user has.
    for start in ("HEAD", commit):
        done = await git.run("rev-list", "--count", *how, "--end-of-options", start, "--")
        if done.exit_code == 0:
            counts.add(int(done.stdout))
    if claimed in counts:
        return right("history-holds", f"git counts {claimed} commits too")
    ours = " or ".join(map(str, sorted(counts)))
    return wrong("count-differs", f"{claimed} commits are claimed, and git counts {ours}")
