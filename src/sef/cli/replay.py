"""`sef replay`: what policies would have cost on tasks whose outcomes are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sef.cli.complaints import guarded

app = typer.Typer()


@app.command(
    epilog="""Examples:

  sef replay --outcomes runs.csv --target STRONG --draft CHEAP,OTHER --verifier-auc .95 --json

  sef replay --outcomes runs.csv --target STRONG --draft CHEAP --html replay.html

  sef replay --outcomes runs.csv --all-pairs --verifier-auc .9

  sef replay --certificate --epsilon .02 --delta .05 --json

Exit codes: 0 done; 2 it cannot be done as asked; 130 called off."""
)
def replay(  # noqa: PLR0917 - a command's options are its parameters
    outcomes: Annotated[
        Path | None,
        typer.Option(help="CSV or JSON lines: task, repo, model, resolved, cost_usd, calls."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The model to save on.")] = None,
    draft: Annotated[
        str | None, typer.Option(metavar="MODEL[,MODEL]", help="Models that may draft.")
    ] = None,
    all_pairs: Annotated[
        bool,
        typer.Option("--all-pairs", help="Every pair whose target is dearer and better instead."),
    ] = False,
    verifier_auc: Annotated[
        float | None,
        typer.Option(help="How well right drafts are told from wrong ones; 1 is perfect. [.95]"),
    ] = None,
    verifier_tar: Annotated[
        float | None, typer.Option(help="Instead: share of right drafts that are accepted.")
    ] = None,
    verifier_far: Annotated[
        float | None, typer.Option(help="And the share of wrong drafts that are accepted.")
    ] = None,
    verifier_rho: Annotated[
        float, typer.Option(help="Correlation of the scores' noise between drafts of a task.")
    ] = 0.0,
    verifier_cost: Annotated[
        float, typer.Option(help="Cost of a verdict over the target's mean cost.")
    ] = 0.03,
    max_regressions: Annotated[
        float,
        typer.Option(
            min=0, max=100, help="Most points of accepted drafts that are worse than the target."
        ),
    ] = 5.0,
    orders: Annotated[
        int, typer.Option(min=1, max=1000, help="Orders of the tasks that are averaged.")
    ] = 20,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Tasks on which drafts run beside the target at first.")
    ] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Simulate certified acceptance instead.")
    ] = False,
    epsilon: Annotated[float, typer.Option(help="Certified rate of regressions.")] = 0.02,
    delta: Annotated[float, typer.Option(help="Probability that a certificate is wrong.")] = 0.05,
    deployments: Annotated[int, typer.Option(min=1, help="Simulated deployments.")] = 2000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with the cost-quality frontier.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let --html overwrite a regular file of another kind.")
    ] = False,
) -> None:
    """Replay policies over a table of outcomes, with a simulated verifier.

    Nothing is called and nothing is paid. Thresholds are chosen on other repositories than those
    they are scored on. Costs are over those of the target alone; intervals are 95 %.
    """
    from sef.cli.replay_run import Certified, Replay, run_certificate, run_replay

    if certificate:
        ignored = {
            "--outcomes": outcomes,
            "--target": target,
            "--draft": draft,
            "--all-pairs": all_pairs or None,
            "--verifier-auc": verifier_auc,
            "--verifier-tar": verifier_tar,
            "--verifier-far": verifier_far,
            "--html": html,
            "--force": force or None,
        }
        certified = Certified(
            epsilon=epsilon,
            delta=delta,
            deployments=deployments,
            seed=seed,
            as_json=as_json,
            unfit=tuple(name for name, value in ignored.items() if value is not None),
        )
        raise typer.Exit(guarded(lambda: run_certificate(certified), as_json=as_json))
    asked = Replay(
        outcomes=outcomes,
        target=target,
        drafts=tuple(name.strip() for name in (draft or "").split(",") if name.strip()),
        all_pairs=all_pairs,
        auc=verifier_auc,
        tar=verifier_tar,
        far=verifier_far,
        rho=verifier_rho,
        verifier_cost=verifier_cost,
        max_regressions=max_regressions,
        orders=orders,
        warm_up=warm_up,
        seed=seed,
        as_json=as_json,
        html=html,
        force=force,
    )
    raise typer.Exit(guarded(lambda: run_replay(asked), as_json=as_json))
