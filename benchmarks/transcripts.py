"""Transcripts like those of Claude Code, made up, with their true sums beside them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

_MODELS: Final = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
_ASKED: Final = (
    "fix the failing test test_rounding in tests/test_money.py",
    "add a docstring to the function parse in reader.py",
    "implement pagination for the orders endpoint, 50 rows a page",
    "why is the cache sometimes stale after a deploy?",
    "rename the class Basket to Cart everywhere",
    "design how we should split billing from the shop",
    "where is the discount computed?",
    "update the README for the new options",
)
_CODE: Final = """
def return self value import if not None: for in class error path: 'text' "q" # 0x7f x = y + 1
"""
_TOOLS: Final = ("Edit", "Read", "Bash", "Read", "Grep")
_CLASSES: Final = (
    "input_tokens", "cache_read_input_tokens", "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens", "output_tokens",
)  # fmt: skip


@dataclass(slots=True)
class Truth:
    """What the files that were written add up to."""

    bytes: int = 0
    lines: int = 0
    requests: int = 0
    copies: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_CLASSES, 0))


class Writer:
    """Writes sessions into a folder until they have a size."""

    def __init__(self, folder: Path, *, result_characters: int, seed: int = 7) -> None:
        """`result_characters` is the mean length of what a tool gives back."""
        self._folder = folder
        self._mean = result_characters
        self._random = random.Random(seed)  # noqa: S311
        self._text = " ".join(self._random.choices([*_CODE.split(), "\n"], k=200_000))
        self._now = datetime(2026, 10, 20, 8, tzinfo=UTC)
        self._number = 0
        self._project = ""
        self._launch = ""
        self.truth = Truth()

    def write(self, size: int) -> Truth:
        """Writes sessions of some megabytes each; every fifth has agents, every tenth a copy."""
        number = 0
        while self.truth.bytes < size:
            project = self._folder / "projects" / f"-home-ada-project{number % 7}"
            project.mkdir(parents=True, exist_ok=True)
            own = project / f"session{number:05}.jsonl"
            self._project = f"/home/ada/project{number % 7}"
            self._now += timedelta(hours=self._random.randint(1, 9))
            lines = list(self._session(self._random.randint(60, 400), agent=None))
            self._put(own, lines)
            if number % 5 == 0:
                folder = own.with_suffix("") / "subagents"
                folder.mkdir(parents=True)
                self._put(folder / "agent-a1.jsonl", self._session(30, agent="a1"))
                meta = json.dumps({"agentType": "explore", "toolUseId": self._launch})
                (folder / "agent-a1.meta.json").write_text(meta)
            if number % 10 == 0:
                self._put(project / f"session{number:05}fork.jsonl", lines[:40])
                kept = {json.loads(line).get("requestId") for line in lines[:40]} - {None}
                self.truth.copies += len(kept)
            number += 1
        return self.truth

    def _put(self, path: Path, lines: Iterator[str] | list[str]) -> None:
        data = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(data)
        self.truth.bytes += len(data)
        self.truth.lines += data.count(b"\n")

    def _session(self, steps: int, agent: str | None) -> Iterator[str]:
        context, model = 20_000, self._random.choice(_MODELS)
        for step in range(steps):
            if step % 25 == 0:
                yield self._line(agent, type="user", message={
                    "role": "user", "content": self._random.choice(_ASKED)})  # fmt: skip
            added = self._random.randint(200, 6_000)
            use = f"toolu_{self._number:08}"
            tool = "Agent" if step == 10 and agent is None else self._random.choice(_TOOLS)
            self._launch = use if tool == "Agent" else self._launch
            yield from self._answer(agent, model, (context, added), (tool, use))
            context = context + added if context < 180_000 else 20_000
            said = self._said(self._random.expovariate(1 / self._mean))
            failed = {"is_error": True} if self._random.random() < 0.06 else {}
            result = {"tool_use_id": use, "type": "tool_result", "content": said, **failed}
            yield self._line(
                agent,
                type="user",
                message={"role": "user", "content": [result]},
                toolUseResult={"type": "text", "file": {"filePath": "/p/a.py", "content": said}},
            )

    def _answer(
        self, agent: str | None, model: str, prompt: tuple[int, int], use: tuple[str, str]
    ) -> Iterator[str]:
        """A message on two lines, as the client writes them: words, then a tool."""
        self._number += 1
        read, added = prompt
        hour = added // 3 if self._number % 4 == 0 else 0
        usage = {
            "input_tokens": 3,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": added,
            "cache_creation": {
                "ephemeral_5m_input_tokens": added - hour, "ephemeral_1h_input_tokens": hour,
            },
            "output_tokens": self._random.randint(50, 1_500),
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
            "service_tier": "standard",
        }  # fmt: skip
        self._note(usage)
        given = {"file_path": "/p/a.py", "old_string": self._said(300), "new_string": "x"}
        blocks: tuple[dict[str, Any], ...] = (
            {"type": "text", "text": self._said(200)},
            {"type": "tool_use", "id": use[1], "name": use[0], "input": given},
        )
        for block in blocks:
            message = {
                "id": f"msg_{self._number:08}", "type": "message", "role": "assistant",
                "model": model, "content": [block], "usage": usage,
            }  # fmt: skip
            yield self._line(
                agent, type="assistant", message=message, requestId=f"req_{self._number:08}"
            )

    def _note(self, usage: dict[str, Any]) -> None:
        self.truth.requests += 1
        for name in _CLASSES:
            self.truth.tokens[name] += usage.get(name, usage["cache_creation"].get(name, 0))

    def _said(self, length: float) -> str:
        size = min(int(length), len(self._text) - 1)
        begin = self._random.randrange(len(self._text) - size)
        return self._text[begin : begin + size]

    def _line(self, agent: str | None, **record: object) -> str:
        self._now += timedelta(seconds=1)
        envelope = {
            "parentUuid": "00000000-0000-4000-8000-000000000000", "isSidechain": agent is not None,
            "userType": "external", "cwd": self._project, "sessionId": "0" * 36,
            "version": "2.1.330", "gitBranch": "main", "uuid": f"{self._number:036}",
            "timestamp": f"{self._now:%Y-%m-%dT%H:%M:%S}.000Z",
        }  # fmt: skip
        who = {"agentId": agent} if agent else {}
        return json.dumps({**envelope, **who, **record}, separators=(",", ":"))
