"""What `sef calibrate` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from rich.table import Table
from rich.text import Text

from sef.build import open_journal, promise, repository_config
from sef.calibration import Calibration, Line, Share, calibrated, calibration
from sef.cli import loop
from sef.cli.complaints import before_anything, printing, write
from sef.learning import ALL, learned, past_runs
from sef.repository import find_repository
from sef.sinks.console import terminal


def run_calibrate(*, apply: bool, as_json: bool, config: Path | None) -> int:
    """Prints the calibration of the repository you are in; with `apply` puts it in force."""

    async def work() -> int:
        with before_anything():
            repository = await find_repository(Path.cwd())
            settings = repository_config(repository, config)
            journal = open_journal(repository)
        with closing(journal):
            runs = past_runs(journal, ALL)
            found = calibration(runs, learned(journal, runs, promise(settings)))
            if apply:
                await journal.calibrate(calibrated(found))
        if as_json:
            write(json.dumps(_as_json(found, applied=apply), indent=2) + "\n")
        else:
            _print(found, applied=apply)
        return 0

    return loop.run(work())


def _as_json(found: Calibration, *, applied: bool) -> dict[str, object]:
    return {
        "schema": 1,
        "strata": [_line_json(line) for line in found.lines],
        "rates": {one.name: _share_json(one) for one in (found.delegation, found.rejection)},
        "applied": applied,
    }


def _line_json(line: Line) -> dict[str, object]:
    standing, proof = line.standing, line.standing.certificate
    return {
        "stratum": standing.stratum,
        "drafts": standing.drafts,
        "accepted": standing.accepted,
        "acceptance": round(standing.accepted / standing.drafts, 4),
        "audited": standing.audited,
        "untold": standing.untold,
        "regressions": standing.regressions,
        "regression_rate_interval": [round(bound, 4) for bound in proof.interval],
        "epsilon": proof.epsilon,
        "delta": proof.delta,
        "tau": line.tau,
        "proved_tau": line.proved,
        "stopped": standing.stopped or None,
        "change": line.change,
        "why": proof.reason,
    }


def _share_json(share: Share) -> dict[str, object]:
    return {
        "value": None if share.value is None else round(share.value, 4),
        "hits": share.hits,
        "tried": share.tried,
        "earlier_interval": [round(bound, 4) for bound in share.earlier],
        "latest_interval": [round(bound, 4) for bound in share.latest],
        "changed": share.changed,
    }


def _print(found: Calibration, *, applied: bool) -> None:
    console = terminal()
    with printing():
        if not found.lines:
            console.print("No draft has been judged in this repository yet.")
        else:
            console.print(_table(found))
        for line in _said(found, applied=applied):
            console.print(Text(line), soft_wrap=True)


def _table(found: Calibration) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("stratum", "drafts", "accepted", "audited", "regressions", "rate, 95 %", "tau"):
        table.add_column(name, justify="left" if name == "stratum" else "right")
    for line in found.lines:
        standing, proof = line.standing, line.standing.certificate
        untold = f" ({standing.untold} untold)" if standing.untold else ""
        low, high = proof.interval
        cells = (
            standing.stratum,
            str(standing.drafts),
            f"{standing.accepted / standing.drafts:.0%}",
            f"{standing.audited}{untold}",
            str(standing.regressions),
            f"{low:.1%}-{high:.1%}",
            "-" if line.tau is None else f"{line.tau:g}",
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _said(found: Calibration, *, applied: bool) -> Iterator[str]:
    for line in found.lines:
        what = "now in force" if applied and line.changes else line.change
        yield f"{line.standing.stratum}: {what}. {line.standing.certificate.reason}"
    for share in (found.delegation, found.rejection):
        if share.value is not None:
            alarm = "; CHANGED of late" if share.changed else ""
            yield f"{share.name} rate {share.value:.0%} of {share.tried}{alarm}"
