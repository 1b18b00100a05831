"""How well drafts are judged, on right and wrong ones made from a repository's history.

    python -m benchmarks.verifier --repo ~/pluggy --commits 40 --json
    python -m benchmarks.verifier --repo ~/pluggy --commits 40 --fit priors.json

The repository needs its tests, pytest, and a .venv with the project installed (editable), which
serves all of its commits; those whose tests do not run in it are left out and counted. Of each
commit that touches code and tests the code part is a right draft: checked by running the commit's
new and changed tests, which no judge sees. A fault in it makes a wrong draft where these tests
fail on it. Faults are killable where the base's own tests fail on them, too. Cases are kept in
--cache: a second run only judges. Half of the commits, by their names, calibrate the probability as
audits of their accepted drafts would; the others are scored.

    auc, auc_killable, auc_other   a right draft has a higher probability than a faulty one
    tar, far, far_killable         right and faulty drafts that are accepted, as shipped
    ece                            probability against truth, ten bins of equal mass, right drafts
                                   counted as often as among drafts of models
    tampering_caught               of planted tampering, the share that is rejected
    false_alarms                   of right drafts, the share that a stage of integrity rejects
    document_exact                 of changes of documentation, the share that is judged rightly
    seconds_per_draft              a base's results being known
    time_over_tests                the same over one run of all tests, on accepted right drafts
    stages                         each by itself, on the drafts that came to it
    intervals                      95 %, bootstrap over commits
    details                        what stands behind; base_tests_hold leaves out commits whose
                                   right draft fails tests of its base that the commit changed
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.verifier.calibrate import calibrated, curve_of
from benchmarks.verifier.cases import Commit, fits
from benchmarks.verifier.collect import Collected, Span, collected
from benchmarks.verifier.figures import figures, fitted
from benchmarks.verifier.ground import Ground, opened
from benchmarks.verifier.judge import STAGES
from benchmarks.verifier.measure import Row, Wish, measured
from benchmarks.verifier.store import Store
from benchmarks.verifier.truth import Limits, recheck
from sef.errors import SefError
from sef.fusion import Curve


async def run(asked: argparse.Namespace) -> dict[str, object]:
    """Builds or reads the cases, judges them, and gives the figures."""
    limits = Limits(mutants=asked.limit_mutants, seed=asked.seed, timeout_s=asked.timeout)
    with tempfile.TemporaryDirectory(prefix="sef-benchmark-") as scratch:
        async with opened(asked.repo, Path(scratch), asked.timeout) as ground:
            found = await _cases(ground, asked, limits)
            if asked.build_only:
                return {"cases": _drafts(found.commits), "details": _collected(found)}
            await _rechecked(ground, found.commits, limits, asked)
            groups = await _judged(ground, found.commits, asked)
            fitting = [rows for rows in groups if _fits(rows, asked.seed)]
            if asked.fit:
                asked.fit.write_text(json.dumps(fitted(fitting), indent=2) + "\n")
            curve = Curve() if asked.all else curve_of(fitting)
            scored = [rows for rows in groups if asked.all or not _fits(rows, asked.seed)]
            scored = calibrated(scored, curve)
            said = figures(scored)
            assert said["cases"], "no draft was judged"
            details = said["details"]
            assert isinstance(details, dict)
            details.update(_collected(found))
            details["curve"] = {"slope": round(curve.slope, 3), "shift": round(curve.shift, 3)}
            return said


async def _cases(ground: Ground, asked: argparse.Namespace, limits: Limits) -> Collected:
    folder = asked.cache or Path(tempfile.gettempdir()) / "sef-benchmark-verifier"
    store = Store(folder=folder / ground.repository.root.name)
    span = Span(start=asked.start, commits=asked.commits)
    found = await collected(ground, store, span, limits, jobs=asked.jobs, tell=_tell)
    if not found.commits:
        raise SystemExit(f"no commit can be used: {dict(found.skipped)}")
    return found


async def _rechecked(
    ground: Ground, commits: Sequence[Commit], limits: Limits, asked: argparse.Namespace
) -> None:
    """Runs the hidden tests of some commits again: what the cache says must still be so."""
    rng = random.Random(asked.seed)  # noqa: S311
    for commit in rng.sample(list(commits), min(asked.recheck, len(commits))):
        if why := await recheck(ground, commit, limits):
            raise SystemExit(f"{commit.sha[:12]}: {why}; remove its file from the cache")


async def _judged(
    ground: Ground, commits: Sequence[Commit], asked: argparse.Namespace
) -> list[list[Row]]:
    wish = Wish(
        whole=not asked.without_whole,
        tampering=asked.tampering,
        documents=asked.documents,
        timed=asked.timed,
        seed=asked.seed,
        jobs=asked.jobs,
        timeout_s=asked.timeout,
        halves=asked.halves,
        stages=tuple(asked.stages),
    )
    # Drafts are planted on the first ones, and tests timed: those that are scored.
    ordered = sorted(commits, key=lambda one: fits(one.sha, asked.seed))
    return await measured(ground, ordered, wish, _tell)


def _fits(rows: Sequence[Row], seed: int) -> bool:
    return fits(rows[0].sample.commit, seed)


def _drafts(commits: Sequence[Commit]) -> int:
    return sum(1 + len(one.mutants) for one in commits)


def _collected(found: Collected) -> dict[str, object]:
    return {
        "usable_commits": len(found.commits),
        "left_out": dict(found.skipped),
        "mutants_in_all": sum(len(one.mutants) for one in found.commits),
        "faults_tried": sum(one.tried for one in found.commits),
        "consistent_commits": sum(one.consistent for one in found.commits),
    }


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifier", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--repo", type=Path, required=True, metavar="PATH", help="a git repository with a .venv")
    add("--commits", type=int, default=40, metavar="N", help="how many are looked at")
    add("--from", dest="start", default="HEAD", metavar="REF", help="the newest of them")
    add("--seed", type=int, default=1, help="of faults, planted drafts, and the two halves")
    add("--limit-mutants", type=int, default=8, metavar="K", help="faults tried a commit")
    add("--tampering", type=int, default=600, help="planted cases of tampering")
    add("--documents", type=int, default=300, help="changes of documentation")
    add("--timed", type=int, default=10, help="right drafts whose tests are timed")
    add("--recheck", type=int, default=3, help="commits whose cached truth is tried again")
    add("--timeout", type=float, default=120, metavar="S", help="seconds a test run may take")
    add("--jobs", type=int, default=1, help="commits at once")
    add("--cache", type=Path, metavar="FOLDER", help="where cases are kept")
    add("--fit", type=Path, metavar="FILE", help="where the counts of the fitting half are written")
    add("--all", action="store_true", help="score both halves, uncalibrated")
    add("--halves", action="store_true", help="what fresh tests would add: half of the hidden ones")
    add("--without-whole", action="store_true", help="no drafts with their commit's tests")
    add("--build-only", action="store_true", help="only make the cases")
    add("--stages", nargs="+", choices=STAGES, default=STAGES, help="ask no other: quicker tries")
    add("--json", action="store_true", help="one object on standard output")
    return parser


def main() -> None:
    """Measures and prints."""
    asked = _parser().parse_args()
    try:
        said = asyncio.run(run(asked))
    except SefError as error:
        raise SystemExit(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    if asked.json:
        sys.stdout.write(json.dumps(said, indent=2) + "\n")
        return
    for name, value in said.items():
        sys.stdout.write(f"{name:<20}{value}\n")


if __name__ == "__main__":
    main()
