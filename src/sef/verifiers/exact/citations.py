"""Citations: what an answer says about places of the tree and about history is looked up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sef.git import Git
from sef.model import Kind, Verdict
from sef.protocols import Case
from sef.text import one_line, plain
from sef.verifiers.exact.blobs import blobs
from sef.verifiers.exact.cited import LIMIT, Absence, Citation, absences, citations, defined_name
from sef.verifiers.exact.cited_lines import AROUND, findings, resolved
from sef.verifiers.exact.finding import Finding, doubted, right, told, verdict, wrong
from sef.verifiers.exact.history import history_findings

_NAME: Final = "citations"
_ASKS_PLACE = re.compile(r"\b(?:where|which|what|who|find|list|show|locate)\b", re.IGNORECASE)
_DEFINES: Final = (
    r"^[[:space:]]*([[:alnum:]_<>,*&:]+[[:space:]]+)*(class|def|function|func|fn|struct|enum|interface|trait|type"
    r"|const|let|var|val|module)[[:space:]]+(\([^)]*\)[[:space:]]*)?NAME([^[:alnum:]_]|$)"
    r"|^NAME[[:space:]]*(:[^=]*)?=([^=]|$)"
)
_IDLE = re.compile(r"\s*(?:#|//|\*|/\*)")
_DOCUMENTS: Final = (".md", ".rst", ".txt", ".adoc")
_MOST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    path: str
    line: int
    text: str


class Citations:
    """Rejects an answer that cites what is not there, or denies what is.

    Every `path:line` must exist and hold the identifier or the line that the answer puts beside
    it, within three lines; what is said to be nowhere is searched again in the judged commit; so
    are commits, branches, authors and counts of commits. Nothing to look up is undecided.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def verify(self, case: Case) -> Verdict:
        """Looks into the commit that was asked about. Raises GitError."""
        if case.route.kind.writes or case.route.kind is Kind.DESIGN:
            return verdict(_NAME, (), "not judged: the task asks for no answer about the tree")
        text = plain(case.draft.answer.text, LIMIT)
        cited = citations(text)
        found = [*await self._matches(case), *await self._cited(cited, case)]
        for claim in absences(text):
            found.append(await self._absent(claim, case.checkout.commit))
        found += await self._definition(case, cited)
        found += await history_findings(self._git, text, case.checkout.commit)
        if not any(one.passed for one in found) and not any(one.stops for one in found):
            asked = "where or what" if _ASKS_PLACE.search(case.task.text) else "about the tree"
            why = f"the answer names no place that can be looked up, and the task asks {asked}"
            found.append(doubted("no-citation", why))
        if len(case.draft.answer.text) > LIMIT:
            found.append(doubted("not-read", f"the answer is longer than {LIMIT:,} characters"))
        held = sum(one.passed is True for one in found)
        return verdict(_NAME, found, f"{held} claim{'s' * (held != 1)} looked up, and right")

    async def _texts(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        read = await blobs(self._git, commit, paths)
        return {path: one.data.decode("utf-8", "replace").replace("\r\n", "\n")
                for path, one in read.items() if one.data is not None}  # fmt: skip

    async def _matches(self, case: Case) -> list[Finding]:
        """The structured part of the answer: each place with its line."""
        matches, files = case.draft.answer.matches[:_MOST], set(case.checkout.files)
        paths = sorted({one.path for one in matches} & files)
        texts = await self._texts(case.checkout.commit, paths)
        found = []
        for one in matches:
            where = f"{one_line(one.path)}:{one.line}"
            lines = texts.get(one.path, "").split("\n")
            if one.path not in files:
                found.append(wrong("cited-path-missing", f"{where}: there is no such file"))
            elif one.path not in texts and one.line:
                found.append(doubted("not-read", f"{where}: the file is too large to be read"))
            elif one.line and not _stands(lines, one.line, one.text):
                found.append(wrong("quoted-line-missing", f"{where}: the line is another one"))
        if matches and not found:
            found.append(right("cited-place-holds", f"{len(matches)} places are there"))
        return found

    async def _cited(self, cited: Sequence[Citation], case: Case) -> list[Finding]:
        places = {one.path: resolved(one.path, case.checkout.files) for one in cited}
        paths = sorted({path for found in places.values() for path in found})
        texts = await self._texts(case.checkout.commit, paths)
        found: list[Finding] = []
        for one in cited:
            readings = [[*findings(one, path, texts[path])]
                        for path in places[one.path] if path in texts]  # fmt: skip
            if not places[one.path]:
                said = f"{one_line(one.path)}:{one.line} is cited, and there is no such file"
                found.append(wrong("cited-path-missing", said))
            elif not readings:
                found.append(doubted("not-read", f"{one.path} is too large, or no text"))
            else:
                found += min(readings, key=lambda each: sum(one.stops for one in each))
        return found

    async def _absent(self, claim: Absence, commit: str) -> Finding:
        hits = await self._hits(claim.name, commit)
        defining = await self._hits(claim.name, commit, _DEFINES)
        if claim.narrowed:
            said = f"{claim.name} is said not to be in a part of the tree: not looked up"
            return doubted("absence-narrowed", said)
        if claim.what == "definition":
            hits = defining
        elif claim.what == "uses":
            places = {(one.path, one.line) for one in defining}
            hits = [one for one in hits if (one.path, one.line) not in places and _is_code(one)]
        if not hits:
            return right("absence-holds", f"{claim.name}: searched again, and not found")
        first = hits[0]
        where = f"{first.path}:{first.line}: {one_line(first.text, 80)}"
        return wrong("absence-refuted", f"{claim.name} is said to be nowhere, and is at {where}")

    async def _definition(self, case: Case, cited: Sequence[Citation]) -> list[Finding]:
        """Of "where is X defined": a place where it is defined must be among those cited."""
        name = defined_name(case.task.text)
        if not name or not cited:
            return []
        hits = await self._hits(name, case.checkout.commit, _DEFINES)
        places = [(path, one) for one in cited for path in resolved(one.path, case.checkout.files)]
        near = any(
            path == hit.path and one.line - AROUND <= hit.line <= one.last + AROUND
            for path, one in places
            for hit in hits
        )
        if near:
            return [right("definition-cited", f"a definition of {name} is at a cited place")]
        if not hits:
            return [told("definition-unknown", f"no definition of {name} was found by its form")]
        where = f"{hits[0].path}:{hits[0].line}"
        return [wrong("definition-missed", f"{name} is defined at {where}, which is not cited")]

    async def _hits(self, name: str, commit: str, form: str = "") -> list[_Hit]:
        how = ("-E", "-e", form.replace("NAME", name)) if form else ("-w", "-F", "-e", name)
        done = await self._git.run("grep", "-I", "-n", "-z", *how, commit, "--")
        text = done.stdout.decode("utf-8", "replace")
        return await asyncio.to_thread(lambda: [*_read(text, commit)][:100_000])


def _stands(lines: Sequence[str], line: int, text: str) -> bool:
    there = plain(lines[line - 1], 300) if 1 <= line <= len(lines) else None
    said = text.removesuffix(" [cut]").rstrip()
    return there is not None and there.removesuffix(" [cut]").rstrip().startswith(said)


def _is_code(hit: _Hit) -> bool:
    return not hit.path.endswith(_DOCUMENTS) and not _IDLE.match(hit.text)


def _read(output: str, commit: str) -> Iterator[_Hit]:
    """Rows of `git grep -z -n`: commit:path NUL line NUL text."""
    for row in output.split("\n"):
        path, _, rest = row.partition("\0")
        line, _, text = rest.partition("\0")
        if line.isdigit():
            yield _Hit(path=path.removeprefix(f"{commit}:"), line=int(line), text=text)
