"""The commit message of an accepted task."""

from __future__ import annotations

from decimal import Decimal

from sef.events import Accepted
from sef.model import Task
from sef.text import one_line


def commit_message(run: str, task: Task, accepted: Accepted, cost_usd: Decimal | None) -> str:
    """A subject, the request, and the trailers Sef-Run, -Task, -Executor, -Verdict, -Cost.

    All parts are single lines, so that no text of a task or a model can pose as a trailer.
    """
    model, listed = accepted.draft.usage.model, accepted.draft.usage.plan
    paid = "unknown" if cost_usd is None else f"{cost_usd} USD"
    trailers = {
        "Sef-Run": run,
        "Sef-Task": task.id,
        "Sef-Executor": accepted.executor + (f" ({one_line(model, 80)})" if model else ""),
        "Sef-Verdict": f"accepted: {one_line(accepted.verdict.reason, 160)}",
        "Sef-Cost": f"{paid} by the price list, covered by a subscription" if listed else paid,
    }
    lines = [f"{name}: {value}" for name, value in trailers.items()]
    return "\n".join([one_line(task.text, 72), "", *_body(task.text), *lines, ""])


def _body(text: str) -> list[str]:
    """The whole request where the subject had to cut it, quoted so that it is no trailer."""
    return [f"> {one_line(text, 2000)}", ""] if len(one_line(text, 2000)) > 72 else []
