"""A pretend model: an executor that plays scripts, and the TOML file that holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from pydantic import Field

from sef.errors import ConfigError, DraftFailure
from sef.model import Answer, Proposal, Usage
from sef.protocols import Assignment, Clock
from sef.tables import Table, read
from sef.text import one_line

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A replacement in one file."""

    path: str
    """Relative to the checkout, with forward slashes."""
    find: str
    """Text that the file holds exactly once."""
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a pretend model does with one task, and what it claims to have used up."""

    says: str = ""
    writes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Whole files: path to text. They come first, then the edits, then the deletions."""
    edits: tuple[Edit, ...] = ()
    deletes: tuple[str, ...] = ()
    cost_usd: Decimal | None = None
    """US dollars; None is unknown."""
    seconds: float = 0.0
    """Slept on the executor's clock."""
    input_tokens: int = 0
    output_tokens: int = 0
    fails: str | None = None
    """When given, the attempt ends without a draft for this reason, after its cost was spent."""


class ScriptedExecutor:
    """An executor that plays a script for each task id.

    A sequence of scripts plays one an attempt, and its last for every later attempt. Whatever
    goes wrong is a DraftFailure that carries the usage of the attempt; nothing is ever written
    outside the checkout, inside its `.git`, or into the user's own tree.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script | Sequence[Script]],
        clock: Clock,
        model: str | None = None,
    ) -> None:
        self._scripts = {task: _several(script) for task, script in scripts.items()}
        self._clock = clock
        self._model = model
        self._attempts: Counter[str] = Counter()

    async def execute(self, assignment: Assignment) -> Proposal:
        script = self._next(assignment.task.id)
        usage = self._usage(script)
        await self._clock.sleep(script.seconds)
        try:
            _play(script, assignment.checkout.path, users=assignment.checkout.users)
        except DraftFailure as failure:
            failure.usage = usage
            raise
        return Proposal(answer=Answer(text=script.says), usage=usage)

    def _next(self, task: str) -> Script:
        scripts = self._scripts.get(task, ())
        if not scripts:
            raise DraftFailure(
                f'there is no script for the task "{task}"',
                hint=f"Scripted tasks: {', '.join(sorted(self._scripts)) or 'none'}.",
                usage=Usage(cost_usd=Decimal(0), model=self._model),
            )
        attempt = self._attempts[task]
        self._attempts[task] += 1
        return scripts[min(attempt, len(scripts) - 1)]

    def _usage(self, script: Script) -> Usage:
        return Usage(
            cost_usd=script.cost_usd,
            seconds=script.seconds,
            model=self._model,
            input_tokens=script.input_tokens,
            output_tokens=script.output_tokens,
        )


def _several(script: Script | Sequence[Script]) -> tuple[Script, ...]:
    return (script,) if isinstance(script, Script) else tuple(script)


def _play(script: Script, checkout: Path, *, users: bool) -> None:
    if script.fails is not None:
        raise DraftFailure(script.fails)
    if users and (script.writes or script.edits or script.deletes):
        raise DraftFailure("the script writes, and this is the user's own tree")
    try:
        for path, text in script.writes.items():
            _write(_jailed(checkout, path), text)
        for edit in script.edits:
            _edit(_jailed(checkout, edit.path), edit)
        for path in script.deletes:
            _jailed(checkout, path).unlink()
    except (OSError, RuntimeError, ValueError) as wrong:
        raise DraftFailure(f"the script cannot be played: {wrong}") from wrong


def _jailed(checkout: Path, path: str) -> Path:
    """The path inside the checkout; refused where it, or a link on the way, leads elsewhere."""
    named = PurePosixPath(path)
    root = checkout.resolve()
    real = (root / named).resolve()
    refused = (
        not named.parts
        or named.is_absolute()
        or ".." in named.parts
        or "\\" in path
        or real == root
        or not real.is_relative_to(root)
    )
    if refused or _in_git(named.parts) or _in_git(real.relative_to(root).parts):
        raise DraftFailure(f'the script may not touch "{path}"')
    return root / named


def _in_git(parts: Sequence[str]) -> bool:
    return any(part.casefold().rstrip(". ") == ".git" for part in parts)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())


def _edit(target: Path, edit: Edit) -> None:
    text = target.read_bytes().decode()
    found = text.count(edit.find)
    if found != 1:
        raise DraftFailure(
            f'the script looks for "{one_line(edit.find, 80)}" in {edit.path}, which has it'
            f" {found} times"
        )
    _write(target, text.replace(edit.find, edit.replace))


_SECONDS: Final = "a number of seconds from 0 to 86400"
_TOKENS: Final = "a whole number from 0"


class _WriteTable(Table):
    path: str = Field(min_length=1, description="a path in the checkout")
    text: str = Field(description="the text of the file")


class _EditTable(Table):
    path: str = Field(min_length=1, description="a path in the checkout")
    find: str = Field(min_length=1, description="text that the file holds exactly once")
    replace: str = Field(description="the text that takes its place")


class _ScriptTable(Table):
    task: str = Field(min_length=1, description="the id of a task")
    says: str = Field(default="", description="text")
    cost_usd: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="a number of US dollars from 0"
    )
    seconds: float = Field(default=0.0, ge=0, le=86_400, description=_SECONDS)
    fails: str | None = Field(default=None, min_length=1, description="a reason")
    input_tokens: int = Field(default=0, ge=0, description=_TOKENS)
    output_tokens: int = Field(default=0, ge=0, description=_TOKENS)
    deletes: list[str] = Field(default=[], description="a list of paths in the checkout")
    write: list[_WriteTable] = Field(default=[], description="tables [[script.write]]")
    edit: list[_EditTable] = Field(default=[], description="tables [[script.edit]]")


class _ScriptFile(Table):
    script: list[_ScriptTable] = Field(default=[], description="tables [[script]]")


def load_scripts(path: Path) -> Mapping[str, Script]:
    """The scripts of a TOML file by task id. Raises ConfigError naming what is not understood."""
    tables = read(path, _ScriptFile, ConfigError).script
    scripts = {table.task: _script(table) for table in tables}
    if len(scripts) < len(tables):
        twice = next(name for name, n in Counter(t.task for t in tables).items() if n > 1)
        raise ConfigError(f'{path.name}: two scripts for the task "{twice}"; keep one')
    return MappingProxyType(scripts)


def _script(table: _ScriptTable) -> Script:
    return Script(
        says=table.says,
        writes=MappingProxyType({write.path: write.text for write in table.write}),
        edits=tuple(Edit(path=e.path, find=e.find, replace=e.replace) for e in table.edit),
        deletes=tuple(table.deletes),
        # repr gives back the digits that the author wrote, not their binary neighbour.
        cost_usd=None if table.cost_usd is None else Decimal(repr(table.cost_usd)),
        seconds=table.seconds,
        input_tokens=table.input_tokens,
        output_tokens=table.output_tokens,
        fails=table.fails,
    )
