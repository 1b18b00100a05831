"""An audit as one JSON object; docs/reference/audit-json.md describes every field.

The table on the terminal and the page are drawn from this object alone, so all three say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sef.cli.audit_estimates import estimated
from sef.cli.audit_names import place_name, project_names
from sef.prices import PriceTable
from sef.spend.ledger import Ledger
from sef.spend.spend import CLASSES, LONG_PROMPT, UNDIVIDED, UNKNOWN, Spend, quantile
from sef.spend.statement import Statement
from sef.spend.sums import Sums
from sef.text import one_line
from sef.transcripts.session import Tally

SCHEMA: Final = 1
LATER: Final = "after today"
_BIGGEST: Final = 10
_NAME: Final = 80
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What was asked for, and what reading it showed."""

    since: float | None
    """Seconds since 1970."""
    project: Path | None
    backwards: int
    """Sessions in which time went back."""
    show_text: bool
    today: str
    """The day (UTC) on which the report is made; what is dated after it stands apart."""

    def day(self, day: str) -> str:
        """The day, or the one name of all days that have not come yet."""
        return LATER if day > self.today and day != UNKNOWN else day


def audit_json(
    done: Statement, ledger: Ledger, tally: Tally, table: PriceTable, scope: Scope
) -> Object:
    """The whole report."""
    spend = done.spend
    names = project_names(
        [(one.project, one.exact) for one in ledger.sessions], whole=scope.show_text
    )
    return {
        "schema": SCHEMA,
        "scope": _scope(spend, scope),
        "reading": _reading(spend, ledger, tally, scope),
        "prices": _prices(spend, table),
        "measured": {
            "total": sums(spend.total),
            "by_day": _rows(_summed(spend.days, scope.day), by_name=True),
            "by_model": _rows(_summed(spend.models, _named)),
            "by_project": _rows({names[name]: one for name, one in spend.projects.items()}),
            "by_maker": _rows(spend.makers),
            "by_kind": _rows(spend.kinds),
            "by_tier": _rows(spend.tiers, by_name=True),
            "by_class_usd": {
                name: money(spend.classes.get(name)) or 0.0 for name in (*CLASSES, UNDIVIDED)
            },
            "by_day_and_model": _days_and_models(spend, scope),
            "context": _context(spend),
            "waste": _waste(spend),
            "biggest_tasks": _biggest(spend, ledger, names, scope),
            "client_totals": _client(spend),
        },
        "estimated": estimated(done),
    }


def money(amount: Decimal | None) -> float | None:
    """US dollars to a billionth; None is unknown."""
    return None if amount is None else round(float(amount), 9) + 0.0  # never -0.0


def sums(one: Sums) -> Object:
    """What some requests used and cost."""
    return {
        "requests": one.requests,
        "cost_usd": money(one.cost),
        "priced_usd": money(one.priced),
        "unpriced_requests": one.unpriced,
        "input_tokens": one.input,
        "cache_read_tokens": one.cache_read,
        "cache_write_5m_tokens": one.cache_write_5m,
        "cache_write_1h_tokens": one.cache_write_1h,
        "output_tokens": one.output,
        "web_searches": one.web_searches,
        "web_fetches": one.web_fetches,
        "code_runs": one.code_runs,
    }


def _rows(table: Mapping[str, Sums], *, by_name: bool = False) -> list[Object]:
    ordered = sorted(table.items(), key=lambda pair: (-pair[1].priced, -pair[1].tokens, pair[0]))
    if by_name:
        ordered = sorted(table.items())
    return [{"name": name, **sums(one)} for name, one in ordered]


def _summed(table: Mapping[str, Sums], named: Callable[[str], str]) -> dict[str, Sums]:
    """The same by the names that are shown: those that become equal are one row."""
    found: dict[str, Sums] = {}
    for name, one in table.items():
        found.setdefault(named(name), Sums()).merge(one)
    return found


def _days_and_models(spend: Spend, scope: Scope) -> list[Object]:
    found: dict[tuple[str, str], Decimal] = {}
    for (day, model), amount in spend.day_models.items():
        key = (scope.day(day), _named(model))
        found[key] = found.get(key, Decimal(0)) + amount
    return [
        {"day": day, "model": model, "priced_usd": money(amount)}
        for (day, model), amount in sorted(found.items())
    ]


def _named(name: str) -> str:
    return one_line(name, _NAME) or "?"


def _scope(spend: Spend, scope: Scope) -> Object:
    days = sorted(day for day in spend.days if day != UNKNOWN and day <= scope.today)
    since = None if scope.since is None else datetime.fromtimestamp(scope.since, UTC)
    project = scope.project and (str(scope.project) if scope.show_text else scope.project.name)
    return {
        "since": since and since.isoformat(timespec="seconds"),
        "project": project and one_line(project, _NAME),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "sessions": len(spend.sessions),
        "tasks": len(spend.tasks),
        "text_shown": scope.show_text,
    }


def _reading(spend: Spend, ledger: Ledger, tally: Tally, scope: Scope) -> Object:
    places = [place if scope.show_text else place_name(place) for place in tally.unreadable]
    return {
        "files": tally.files,
        "bytes": tally.bytes,
        "lines": tally.lines,
        "lines_not_understood": tally.not_understood,
        "unknown_kinds": dict(sorted(tally.unknown_kinds.items())),
        "unreadable": [one_line(place, 200) for place in places],
        "requests_told_twice": ledger.copies,
        "requests_without_date": tally.undated,
        "requests_after_today": _after_today(spend, scope),
        "left_out_without_date": ledger.left_out,
        "sessions_back_in_time": scope.backwards,
    }


def _after_today(spend: Spend, scope: Scope) -> int:
    return sum(one.requests for day, one in spend.days.items() if scope.day(day) == LATER)


def _prices(spend: Spend, table: PriceTable) -> Object:
    source, newest = table.source()
    return {
        "source": source,
        "newest_price_from": newest and newest.isoformat(),
        "unknown": _unknown(spend),
        "client_priced_requests": spend.client_priced,
    }


def _unknown(spend: Spend) -> list[Object]:
    found: dict[tuple[str, str], Sums] = {}
    for (model, missing), one in spend.missing.items():
        found.setdefault((_named(model), missing.value), Sums()).merge(one)
    ordered = sorted(found.items(), key=lambda pair: (-pair[1].tokens, pair[0]))
    return [
        {
            "model": model,
            "missing": missing,
            "requests": one.requests,
            "tokens": one.tokens,
            "web_searches": one.web_searches,
        }
        for (model, missing), one in ordered
    ]


def _context(spend: Spend) -> list[Object]:
    return [
        {
            "maker": maker,
            "requests": len(prompts),
            "p50_tokens": quantile(prompts, 0.5),
            "p90_tokens": quantile(prompts, 0.9),
            "max_tokens": max(prompts),
            "above_100k": sum(tokens > LONG_PROMPT for tokens in prompts),
        }
        for maker, prompts in sorted(spend.prompts.items(), reverse=True)
    ]


def _waste(spend: Spend) -> Object:
    waste = spend.waste
    return {
        "interruptions": waste.interruptions,
        "interrupted_requests": waste.interrupted.requests,
        "interrupted_usd": money(waste.interrupted.cost),
        "tool_uses": waste.tools,
        "failed_tool_uses": waste.failed,
        "failed_tool_uses_usd": money(waste.failed_usd),
        "repeated_reads": waste.repeated,
        "repeated_read_characters": waste.repeated_length,
    }


def _biggest(
    spend: Spend, ledger: Ledger, names: Mapping[str, str], scope: Scope
) -> Sequence[Object]:
    ordered = sorted(spend.tasks.items(), key=lambda pair: (-pair[1].sums.priced, pair[0]))
    found = []
    for number, task in ordered[:_BIGGEST]:
        booked = ledger.tasks[number]
        found.append(
            {
                "day": task.day,
                "project": names[ledger.sessions[booked.session].project],
                "tier": None if booked.tier is None else int(booked.tier),
                "kind": booked.kind,
                "models": sorted(_named(model) for model in task.models),
                "main_requests": task.steps,
                "agent_requests": task.sums.requests - task.steps,
                "cost_usd": money(task.sums.cost),
                "priced_usd": money(task.sums.priced),
                "text": booked.text if scope.show_text else None,
            }
        )
    return found


def _client(spend: Spend) -> Object:
    client = spend.client
    return {
        "sessions": client.sessions,
        "client_usd": money(client.client),
        "transcripts_usd": money(client.ours),
        "not_in_transcripts_usd": money(client.client - client.ours),
        "sessions_left_out": client.left_out,
    }
