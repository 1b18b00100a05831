"""The real Claude Code as an executor, through claude-agent-sdk (extra `claude`)."""

from __future__ import annotations

from sef.executors.claude.executor import ClaudeExecutor

__all__ = ["ClaudeExecutor"]
