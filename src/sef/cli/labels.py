"""How routes fit labels that a person gave: what `sef route` sums up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from sef.model import Route, Tier
from sef.routers.wilson import wilson

LABELS: Final = ("1", "2", "3", "X")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A request with its route."""

    id: str
    """As its author named it, else its number."""
    text: str
    label: str | None
    """One of LABELS; None where nobody said."""
    route: Route
    microseconds: float
    """The least of some readings, on one core."""


def summary(judged: Sequence[Judged]) -> dict[str, Any] | None:
    """Shares, intervals and the confusion of the labelled ones; None where none is labelled.

    Exact, under- and over-routing are shares of the labels 1 to 3. A request that is routed to
    tier 0 and labelled 1 counts as exact: it is understood as a whole, and done by a program.
    """
    labelled = [one for one in judged if one.label]
    if not labelled:
        return None
    counted = [one for one in labelled if one.label != "X"]
    off = [_distance(one) for one in counted]
    hits = {
        "exact": off.count(0),
        "under_routing": sum(one < 0 for one in off),
        "over_routing": sum(one > 0 for one in off),
    }
    return {
        "counted": len(counted),
        "x": len(labelled) - len(counted),
        **{name: _share(count, len(counted)) for name, count in hits.items()},
        "intervals": {name: _interval(count, len(counted)) for name, count in hits.items()},
        "tier_0_at_label_1": sum(
            one.route.tier is Tier.NONE for one in counted if one.label == "1"
        ),
        "p99_ms": round(_p99([one.microseconds for one in judged]) / 1000, 3),
        "confusion": {label: _tiers(labelled, label) for label in LABELS},
        "needs_context": _context(labelled),
    }


def _distance(one: Judged) -> int:
    """Tiers above the label; below it, negative."""
    label = int(one.label or 0)
    return 0 if one.route.tier is Tier.NONE and label == 1 else int(one.route.tier) - label


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _interval(part: int, whole: int) -> list[float]:
    return [round(end, 4) for end in wilson(part, whole)]


def _p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed (nearest rank)."""
    return sorted(values)[ceil(0.99 * len(values)) - 1]


def _tiers(labelled: Sequence[Judged], label: str) -> dict[str, int]:
    tiers = [one.route.tier for one in labelled if one.label == label]
    return {str(int(tier)): tiers.count(tier) for tier in Tier}


def _context(labelled: Sequence[Judged]) -> dict[str, Any]:
    """How well `needs_context` finds the lines that are labelled X."""
    said = [one for one in labelled if one.route.needs_context]
    right = sum(one.label == "X" for one in said)
    wanted = sum(one.label == "X" for one in labelled)
    return {
        "said": len(said),
        "right": right,
        "precision": _share(right, len(said)),
        "recall": _share(right, wanted),
    }
