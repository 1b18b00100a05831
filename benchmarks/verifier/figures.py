"""The figures of a measurement, and the counts that a fusion is fitted with. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from benchmarks.verifier.calibrate import balanced
from benchmarks.verifier.cases import Sort
from benchmarks.verifier.judge import INTEGRITY, STAGES, Judged, Seen
from benchmarks.verifier.measure import Row
from benchmarks.verifier.score import Interval, auc, ece, interval, share

Groups = Sequence[Sequence[Row]]
_Figure = Callable[[list[Row]], float | None]
_MARKS = {True: "yes", False: "no", None: "undecided"}


def figures(groups: Groups) -> dict[str, object]:
    """All figures; `groups` are the rows of each commit, which are drawn together."""
    rows = [row for group in groups for row in group]
    main = {name: _rounded(figure(rows)) for name, figure in _FIGURES.items()}
    ranges = {name: _range(interval(groups, figure)) for name, figure in _FIGURES.items()}
    return {
        "cases": len(rows),
        **main,
        "stages": {name: _stage(rows, name) for name in STAGES},
        "intervals": ranges,
        "details": _details(groups),
    }


def _own(rows: Iterable[Row], *sorts: Sort) -> list[Row]:
    return [row for row in rows if row.sample.sort in sorts]


def _mutants(rows: Iterable[Row], killable: bool | None = None) -> list[Row]:
    found = _own(rows, Sort.MUTANT)
    return [row for row in found if killable is None or row.sample.killable is killable]


def _probabilities(rows: Iterable[Row]) -> list[float]:
    return [row.judged.probability for row in rows]


def _auc(rows: list[Row], killable: bool | None = None) -> float | None:
    right = _probabilities(_own(rows, Sort.RIGHT))
    return auc(right, _probabilities(_mutants(rows, killable)))


def _accepted(rows: Iterable[Row]) -> float | None:
    return share([row.judged.accepted for row in rows])


def _ece(rows: list[Row]) -> float | None:
    return ece([(row.judged.probability, row.sample.right) for row in balanced(rows)])


def _caught(rows: list[Row]) -> float | None:
    return share([not row.judged.accepted for row in _own(rows, Sort.TAMPERING)])


def _false_alarms(rows: list[Row]) -> float | None:
    return share([_alarmed(row.judged) for row in _own(rows, Sort.RIGHT)])


def _alarmed(judged: Judged) -> bool:
    return any(one.stage in INTEGRITY and one.passed is not True for one in judged.stages)


def _documents(rows: list[Row]) -> float | None:
    return share([row.judged.accepted is row.sample.right for row in _own(rows, Sort.DOCUMENT)])


def _seconds(rows: list[Row]) -> float | None:
    own = [row for row in _own(rows, Sort.RIGHT, Sort.MUTANT) if not row.first]
    return sum(row.judged.seconds for row in own) / len(own) if own else None


def _over_tests(rows: list[Row]) -> float | None:
    timed = [(row.judged.seconds, row.tests_s) for row in rows if row.tests_s and not row.first]
    spent = sum(tests for _, tests in timed if tests)
    return sum(seconds for seconds, _ in timed) / spent if spent else None


_FIGURES: dict[str, _Figure] = {
    "auc": _auc,
    "auc_killable": lambda rows: _auc(rows, True),
    "far_killable": lambda rows: _accepted(_mutants(rows, True)),
    "auc_other": lambda rows: _auc(rows, False),
    "tar": lambda rows: _accepted(_own(rows, Sort.RIGHT)),
    "far": lambda rows: _accepted(_mutants(rows)),
    "ece": _ece,
    "tampering_caught": _caught,
    "false_alarms": _false_alarms,
    "document_exact": _documents,
    "seconds_per_draft": _seconds,
    "time_over_tests": _over_tests,
}


# -- stages --------------------------------------------------------------------------------------


def _stage(rows: list[Row], name: str) -> dict[str, object]:
    """A stage by itself, on the drafts that came to it."""

    def saw(chosen: list[Row]) -> list[Seen]:
        return [one for row in chosen for one in row.judged.stages if one.stage == name]

    right, wrong = saw(_own(rows, Sort.RIGHT)), saw(_mutants(rows))
    killable, other = saw(_mutants(rows, True)), saw(_mutants(rows, False))
    tampering = saw(_own(rows, Sort.TAMPERING))
    everything = saw(rows)
    said = [(one.probability, True) for one in right] + [(one.probability, False) for one in wrong]
    return {
        "judged": len(everything),
        "auc": _rounded(_stage_auc(right, wrong)),
        "auc_killable": _rounded(_stage_auc(right, killable)),
        "auc_other": _rounded(_stage_auc(right, other)),
        "tar": _rounded(_passed(right)),
        "far": _rounded(_passed(wrong)),
        "far_killable": _rounded(_passed(killable)),
        "ece": _rounded(ece(said)),
        "tampering_stopped": sum(one.passed is not True for one in tampering),
        "seconds": _rounded(sum(one.seconds for one in everything) / len(everything))
        if everything
        else None,
    }


def _stage_auc(right: list[Seen], wrong: list[Seen]) -> float | None:
    return auc([one.probability for one in right], [one.probability for one in wrong])


def _passed(seen: list[Seen]) -> float | None:
    return share([one.passed is True for one in seen])


# -- what stands behind ----------------------------------------------------------------------------


def _details(groups: Groups) -> dict[str, object]:
    rows = [row for group in groups for row in group]
    steady = [row for row in rows if row.consistent]
    classes = Counter(row.sample.class_name for row in _own(rows, Sort.TAMPERING))
    missed = _own((row for row in rows if row.judged.accepted), Sort.TAMPERING)
    wrong = [
        row for row in _own(rows, Sort.DOCUMENT) if row.judged.accepted is not row.sample.right
    ]
    names = ("auc", "auc_killable", "auc_other", "tar", "far", "ece")
    return {
        "commits": len(groups),
        "drafts": dict(Counter(str(row.sample.sort) for row in rows)),
        "mutants_killable": len(_mutants(rows, True)),
        "mutants_by_class": _by_class(_mutants(rows)),
        "tampering_by_class": {
            name: [of - sum(row.sample.class_name == name for row in missed), of]
            for name, of in sorted(classes.items())
        },
        "documents_wrong": dict(Counter(row.sample.class_name for row in wrong)),
        "whole_accepted": _rounded(_accepted(_own(rows, Sort.WHOLE))),
        "whole_alarms": _rounded(share([_alarmed(r.judged) for r in _own(rows, Sort.WHOLE)])),
        "base_tests_hold": {
            "right": len(_own(steady, Sort.RIGHT)),
            **{name: _rounded(_FIGURES[name](steady)) for name in names},
        },
        "fresh_tests": _halves(rows),
        "right_rejected": [
            f"{row.sample.name}: {row.judged.reason[:160]}"
            for row in _own(rows, Sort.RIGHT)
            if not row.judged.accepted
        ],
        "killable_accepted": [
            f"{row.sample.name}: {row.sample.class_name}"
            for row in _mutants(rows, True)
            if row.judged.accepted
        ],
    }


def _halves(rows: list[Row]) -> dict[str, object] | None:
    """What tests written by somebody else would add: each half of the hidden ones, in turn."""
    asked = [(row.judged.probability, row.halves) for row in rows if row.halves is not None]
    if not asked:
        return None
    right = _probabilities(_own(rows, Sort.RIGHT))
    others = _mutants(rows, False)
    with_fresh = [
        0.0 if row.halves and row.halves[half] else row.judged.probability
        for row in others
        for half in (0, 1)
    ]
    return {
        "accepted_mutants": len(asked),
        "caught": _rounded(share([one for _, halves in asked for one in halves])),
        "auc_other": _rounded(auc(right, with_fresh)),
    }


def _by_class(mutants: list[Row]) -> dict[str, list[int]]:
    """By class: how many were rejected, and how many there are."""
    classes = sorted({row.sample.class_name for row in mutants})
    rows = {name: [row for row in mutants if row.sample.class_name == name] for name in classes}
    return {
        name: [sum(not row.judged.accepted for row in some), len(some)]
        for name, some in rows.items()
    }


def fitted(groups: Groups) -> dict[str, object]:
    """How often each sign was given, by what it said, among right and wrong drafts.

    A sign counts once a draft and mark. Tampering is counted apart: how much of it there is
    depends on what was planted, not on drafts.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    totals: Counter[str] = Counter()
    for row in (row for group in groups for row in group):
        kind = _kind(row)
        if kind is None:
            continue
        totals[kind] += 1
        for sign, passed in set(row.judged.signs):
            counts.setdefault((sign, _MARKS[passed]), Counter())[kind] += 1
    kinds = ("right", "wrong", "tampering")
    return {
        "version": 1,
        "drafts": {kind: totals[kind] for kind in kinds},
        "signs": [
            {"sign": sign, "passed": mark, **{kind: found[kind] for kind in kinds}}
            for (sign, mark), found in sorted(counts.items())
        ],
    }


def _kind(row: Row) -> str | None:
    kinds = {Sort.RIGHT: "right", Sort.MUTANT: "wrong", Sort.TAMPERING: "tampering"}
    return kinds.get(row.sample.sort)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _range(found: Interval | None) -> list[float] | None:
    return None if found is None else [round(one, 4) for one in found]
