"""A sink that shows a run on the terminal while it goes on."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TaskID, TimeElapsedColumn
from rich.progress import Task as Row
from rich.text import Text

from sef.advice import Consulted
from sef.events import (
    Accepted,
    Audited,
    Blocked,
    Committed,
    Dispatched,
    Drafted,
    Exhausted,
    Fact,
    Failed,
    Rejected,
    RunStarted,
    Sampled,
    Squashed,
)
from sef.model import Tier
from sef.steps import FellBack, ModelCalled
from sef.text import one_line, sentences

_FOUND = {
    True: ("red", "a regression"),
    False: ("green", "no regression"),
    None: ("yellow", "it could not be told"),
}


def terminal(*, stderr: bool = False) -> Console:
    """Where words are shown to a person. What comes from elsewhere is printed as `Text` only."""
    return Console(stderr=stderr, highlight=False, emoji=False)


class _Words(ProgressColumn):
    """A field of a row, as it is."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self._field = field

    def render(self, task: Row) -> Text:
        words: Text = task.fields[self._field]
        return words


class Progressing:
    """Tells each step of each task: a live table on a terminal, a line a step elsewhere."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._live = console.is_terminal
        self._quiet = quiet
        self._rows: dict[str, TaskID] = {}
        self._explained: set[str] = set()
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            _Words("name"),
            _Words("step"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, fact: Fact) -> None:
        """Shows the fact, if it is one that a person waits for."""
        if isinstance(fact, RunStarted):
            self._begin(fact)
            return
        task = getattr(fact, "task", None)
        step = self._step(fact)
        if step and task in self._rows:
            self._show(task, step, ended=isinstance(fact, Committed | Exhausted | Blocked))

    def _begin(self, fact: RunStarted) -> None:
        if fact.found:
            self._console.print(Text(f"models of {fact.found}"))
        if fact.sandbox == "off":
            self._console.print(Text("no sandbox: what drafts wrote runs with your rights", "red"))
        for task in fact.tasks:
            self._rows[task.id] = self._progress.add_task(
                "", total=1, start=False, name=Text(task.id, "bold"), step=Text("waiting")
            )

    def _step(self, fact: Fact) -> Text | None:
        """A fact in a few words; each failure is told once."""
        if isinstance(fact, Failed | Rejected):
            self._explained.add(fact.task)
        if isinstance(fact, Exhausted) and fact.task in self._explained:
            return Text("gave up", "red")
        return in_words(fact)

    def _show(self, task: str, step: Text, *, ended: bool) -> None:
        if not self._live and not self._quiet:
            self._console.print(Text.assemble(f"{task}: ", step), soft_wrap=True)
        row = self._rows[task]
        self._progress.start_task(row)
        self._progress.update(row, step=step, completed=int(ended))


def in_words(fact: Fact) -> Text | None:
    """A few words about a fact; None where nobody waits for it."""
    match fact:
        case Drafted(tier=Tier.NONE) | Accepted(tier=Tier.NONE):
            return None  # what is computed is not checked
        case Dispatched(executor=executor):
            return Text(f"{executor} works")
        case ModelCalled(step=step) if step.substituted:
            what = f"{step.billed} was billed, {step.requested} was asked for"
            return Text(f"another model: {one_line(what, 160)}", "bold red")
        case FellBack(step=step):
            return _said("yellow", f"{step.to} takes over from {step.executor}:", step.reason)
        case Drafted(executor=executor):
            return Text(f"{executor} is done, checking")
        case Consulted(verifier="judge", executor=executor):
            return Text(f"asks {executor} to judge")
        case Failed(executor=executor, reason=reason):
            return _said("yellow", f"{executor} failed:", reason)
        case Rejected(executor=executor, verdict=verdict):
            return _said("yellow", f"{executor} was rejected:", verdict.reason)
        case Accepted(verdict=verdict):
            return _said("green", "accepted:", verdict.reason)
        case Squashed(reason=reason):
            return _said("yellow", "squashed, starts again:", reason)
        case _:
            return _end(fact)


def _end(fact: Fact) -> Text | None:
    """The same of how a task ends, and what comes after that."""
    match fact:
        case Committed(commit=commit):
            return _said("green", "committed", commit[:10]) if commit else Text("done", "green")
        case Sampled(drawn=True):
            return Text("drawn for an audit: the target will do it again")
        case Audited(regression=regression, reason=reason):
            style, found = _FOUND[regression]
            return _said(style, f"audited, {found}:", reason)
        case Exhausted(reason=reason):
            return _said("red", "gave up:", reason)
        case Blocked(reason=reason):
            return _said("red", "blocked:", reason)
        case _:
            return None


def _said(style: str, what: str, text: str) -> Text:
    return Text.assemble((what, style), " ", one_line(sentences(text), 160))
