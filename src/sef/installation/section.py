"""The section of CLAUDE.md with the rules of efficient work: put in, and taken out exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sef.errors import UsageError

BEGIN: Final = "<!-- sef: begin -->"
END: Final = "<!-- sef: end -->"
TEXT: Final = f"""{BEGIN}
## Execution efficiency

For all work here.

- **Parallel**: tasks that do not need one another go out in one message, at most 10 agents in it.
  Nothing waits its turn that could run beside the rest. Join results as they come.
- **Latency**: no idle waiting; prepare the next step while one runs. Answer what is simple at once.
- **Redundancy**: compute, search and read each thing once. Reuse what you or an agent found; hand
  it on by path and line.
- **Resources**: several operations in one call. Read only the part that is needed. Stop when the
  answer is proved.

Aims: parallelization above 80 %, cache hits (what is known is not asked again) above 70 %,
redundancy below 5 %, utilization of agents above 90 %. Right goes before fast.
{END}
"""
"""At most 150 words."""

_ANY: Final = re.compile(
    rb"\n{0,2}" + re.escape(BEGIN.encode()) + rb".*?" + re.escape(END.encode()) + rb"\r?\n?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What was put into a CLAUDE.md."""

    texts: tuple[str, ...]
    """With the empty lines before it; an older one may still be there after a kill."""
    made: bool
    """True where there was no file before."""


def with_section(path: Path, data: bytes | None, *, force: bool) -> tuple[bytes, Section | None]:
    """The file with the section at its end, and the record of it.

    None is: it is there word for word, and somebody else put it there. Raises UsageError where
    there is another one, which `force` replaces.
    """
    whole = data or b""
    if TEXT.encode() in whole:
        return whole, None
    if BEGIN.encode() in whole:
        if not force or not _ANY.search(whole):
            raise UsageError(f"{path} has a section of sef's that is not as sef left it", hint=_WAY)
        whole = _ANY.sub(b"", whole)
    text = gap_after(whole) + TEXT
    return whole + text.encode(), Section(texts=(text,), made=data is None)


_WAY: Final = "Take it out by hand, or let it be replaced: --force"


def gap_after(whole: bytes) -> str:
    """What separates the section from the text before it."""
    if not whole:
        return ""
    return "\n" if whole.endswith(b"\n") else "\n\n"


def renewed(data: bytes, record: Section) -> tuple[bytes, Section]:
    """The file with the section's words of today, where the recorded ones stand in it."""
    old = next(one for one in record.texts if one.encode() in data)
    text = old[: old.index(BEGIN)] + TEXT
    return data.replace(old.encode(), text.encode(), 1), Section(texts=(text,), made=record.made)


def is_whole(data: bytes, record: Section) -> bool:
    """True where the section stands as it was put in."""
    return any(one.encode() in data for one in record.texts)


def is_there(data: bytes) -> bool:
    """True where something of a section stands."""
    return BEGIN.encode() in data


def without_section(data: bytes, record: Section, *, force: bool = False) -> bytes | None:
    """The file without the section; None where that leaves an empty file that we made.

    With `force` also where somebody edited it.
    """
    for text in record.texts:
        if text.encode() in data:
            data = data.replace(text.encode(), b"", 1)
            break
    else:
        if force:
            data = _ANY.sub(b"", data)
    return None if record.made and not data else data
