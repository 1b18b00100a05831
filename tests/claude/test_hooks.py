"""Hooks of the real client, which asks a provider on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.claude.hooked import delegates, hooked_run, of

from sef.hooks.records import rows
from sef.testing.provider import Turn


def from_main(request: object) -> bool:
    return not any(of(name, request) for name in ("sef-explore", "sef-implement"))


@pytest.mark.slow
def test_the_policy_reaches_the_wire(tmp_path: Path) -> None:
    """Told nothing but whom and what, the client asks for the policy's model and effort, in the
    foreground; a target's model as executor is refused with the reason, and never asked."""
    calls = (
        delegates("sef-explore", "Say yes.", run_in_background=True),
        delegates("sef-review", "Say yes.", model="opus"),
    )
    script = [
        Turn(when=from_main, calls=calls),
        Turn(when=lambda one: of("sef-explore", one), text="## Result\nyes\n## Doubts\nnone"),
        Turn(when=from_main, text="done"),
    ]
    run = hooked_run(tmp_path, script)
    assert run.result["result"] == "done"
    asked = [one for one in run.requests if of("sef-explore", one)]
    assert [one.model for one in asked] == ["claude-haiku-5-5"]
    assert asked[0].body["output_config"] == {"effort": "low"}
    assert not [one for one in run.requests if of("sef-review", one)]
    assert "costs what you cost" in str(run.requests[-1].messages)
    decided = list(rows(str(tmp_path / "project/.git/sef/hooks")))
    assert {"delegated", "refused"} <= {one["event"] for one in decided}
