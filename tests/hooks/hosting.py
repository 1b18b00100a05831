"""What Claude Code does around an executor, without Claude Code: its tree and its events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.hooks.events import git, repository

from sef.hooks.records import rows
from sef.hooks.settling import settled
from sef.hooks.starting import started

CALC = "def add(a, b):\n    return a - b\n\n\ndef two():\n    return 2\n"
RIGHT = CALC.replace("-", "+")
FILES = {
    "calc.py": CALC,
    "conftest.py": "",
    "notes.md": "one\n",
    "tests/test_calc.py": "from calc import add, two\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    "\n\ndef test_two():\n    assert two() == 2\n",
}
TASK = "Fix the function add in calc.py so that it adds."
REPORT = "## Result\nMended.\n## Files changed\ncalc.py\n"


class Host:
    """A session in a project, with executors that the test plays."""

    def __init__(self, root: Path) -> None:
        self.project = repository(root / "project", FILES)
        self.transcript = root / "s-1.jsonl"

    def start(self, agent: str = "a1", executor: str = "sef-implement") -> Path:
        """The tree of an executor that has started."""
        tree = self.project / ".claude/worktrees" / f"agent-{agent}"
        if executor in ("sef-implement", "sef-document"):
            git(self.project, "worktree", "add", "-q", "-b", f"worktree-agent-{agent}", str(tree))
        else:
            tree = self.project
        event = {
            "session_id": "s-1",
            "transcript_path": str(self.transcript),
            "cwd": str(tree),
            "agent_id": agent,
            "agent_type": executor,
        }
        assert asyncio.run(started(event))
        return tree

    def shell(self, agent: str = "a1", *, used: bool) -> None:
        """What the executor's transcript says of its shell."""
        file = self.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        block = {"type": "tool_use", "name": "Bash" if used else "Edit", "input": {}}
        file.write_text(json.dumps({"message": {"content": [block]}}) + "\n")

    def end(
        self,
        agent: str = "a1",
        executor: str = "sef-implement",
        task: str = TASK,
        report: str = REPORT,
        **response: object,
    ) -> str:
        """What the orchestrator reads."""
        event: Mapping[str, Any] = {
            "session_id": "s-1",
            "cwd": str(self.project),
            "transcript_path": str(self.transcript),
            "tool_name": "Agent",
            "tool_use_id": f"toolu_{agent}",
            "tool_input": {"prompt": task, "subagent_type": executor},
            "tool_response": {
                "status": "completed",
                "agentId": agent,
                "agentType": executor,
                "content": [{"type": "text", "text": report}],
                "worktreePath": "x",
                **response,
            },
        }
        found = asyncio.run(settled(event))
        assert found is not None
        told = found["hookSpecificOutput"]["updatedToolOutput"]
        assert "worktreePath" not in told and told["status"] == "completed"
        return told["content"][0]["text"]

    def state(self) -> Path:
        return self.project / ".git/sef/hooks"

    def events(self) -> list[str]:
        return [str(row["event"]) for row in rows(str(self.state()))]

    def untouched(self) -> tuple[str, ...]:
        """Index, HEAD, branches and stash, as git tells them."""
        asked = (
            ("ls-files", "--stage"),
            ("rev-parse", "HEAD"),
            ("branch", "--list"),
            ("stash", "list"),
        )
        return tuple(git(self.project, *one) for one in asked)
