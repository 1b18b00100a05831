"""The executor that drives the real Claude Code, one client a call, in the call's fork."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sef.errors import DraftFailure, UsageError
from sef.executors.claude.account import Account
from sef.executors.claude.ends import failure, hand_back
from sef.executors.claude.launch import find_client
from sef.executors.claude.role import Role, place_of, role_of
from sef.executors.claude.sandbox import require_programs
from sef.executors.settings import ModelSettings
from sef.handback import answer, request
from sef.model import Effort, Kind, Proposal, Tier, Usage
from sef.protocols import Assignment
from sef.sandbox.places import shown_below
from sef.steps import together

if TYPE_CHECKING:
    from sef.executors.claude.clients import Clients
    from sef.executors.claude.seat import Seat

_NO_KEY_NEEDED: Final = "none-is-needed"


def _today() -> date:
    return datetime.now(UTC).date()


class ClaudeExecutor:
    """Works on a task with Claude Code: its own prompt and tools, a sandbox, and nothing of the
    user's settings, memory, servers or variables.

    `close` ends its clients. They belong to the event loop of the first call.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        variables: Mapping[str, str],
        home: Path,
        login: Path | None = None,
        cli_path: Path | None = None,
        hidden: tuple[Path, ...] = (),
        shown: Iterable[str] = (),
        sandboxed: bool = True,
        waiting: int = 1,
        now: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = _today,
    ) -> None:
        """`variables` and `home` are the user's; the client gets few of the former by name and a
        home of its own. `login` is the configuration folder of a login, used where there is no
        key. `hidden` folders cannot be read by commands, nor the home, but for the tool chains in
        it and the `shown` paths, of which `~/` is the home. `waiting` is how many clients wait
        for the next call.

        Raises UsageError, with the way out, where the SDK, the client, a key and a login, or what
        the sandbox needs is missing.
        """
        self._settings = settings
        self._binary = find_client(cli_path)
        if sandboxed:
            require_programs(variables.get("PATH", ""))
        if settings.key is None and settings.base_url is None and login is None:
            raise UsageError(
                f"{settings.executor}: Claude Code has neither a key nor a login",
                hint="Set ANTHROPIC_API_KEY, or sign in with Claude Code.",
            )
        self._variables = dict(variables)
        self._login = login if settings.key is None else None
        self._hidden = (home, *hidden)
        self._shown = shown_below(home, variables, shown)
        self._sandboxed = sandboxed
        self._waiting = waiting
        self._now = now
        self._today = today
        self._clients: Clients | None = None

    async def execute(self, assignment: Assignment) -> Proposal:
        """The answer of the model in the form of a hand-back, and what it cost.

        Raises DraftFailure for an end without one, Transient where the same call may succeed
        later; both carry the usage.
        """
        if assignment.checkout.users:
            raise DraftFailure("Claude Code works in a fork, and this is the user's own tree")
        began = self._now()
        place = await asyncio.to_thread(place_of, assignment.checkout.path)
        clients, role = self._pool(), self._role(assignment)
        account = Account(
            self._settings, plan=self._pays_by_plan(), now=self._now, today=self._today
        )
        seat = await clients.take(role, place)
        try:
            return await self._worked(seat, role, account, assignment, began)
        except DraftFailure as failed:
            failed.usage = failed.usage or self._usage(account, began)
            raise
        finally:
            clients.leave(seat)

    def warm(self, kind: Kind, tier: Tier, effort: Effort) -> None:
        """Has a client wait for a task of that kind; returns at once."""
        self._pool().warm(role_of(self._settings, kind, tier, effort))

    async def warmed(self) -> None:
        """Returns when the clients that are to wait do so, and those that were left are gone."""
        if self._clients is not None:
            await self._clients.warmed()

    async def close(self) -> None:
        """Ends all clients; none of their processes is left."""
        if self._clients is not None:
            await self._clients.close()
            self._clients = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of the clients that wait."""
        return self._clients.pids if self._clients is not None else ()

    async def _worked(
        self, seat: Seat, role: Role, account: Account, assignment: Assignment, began: float
    ) -> Proposal:
        from sef.executors.claude.conversation import Conversation

        task = assignment.task
        # Not before: a client that starts takes the processor from the one that is asked.
        talk = Conversation(
            seat, account, assignment, self._settings.limits, partial(self._pool().warm, role)
        )
        try:
            result = await talk.run(request(task.text, assignment.findings, task.paths))
        except BaseException:
            # Called off, or no longer wanted: it must not spend more.
            await talk.call_off()
            raise
        wrong = failure(result, stopped=account.stopped, said=talk.said, turns=role.turns)
        if wrong is not None:
            raise type(wrong)(seat.without_secrets(wrong.args[0]), hint=wrong.hint)
        back = hand_back(result)
        if back is None:
            raise DraftFailure("it ended without handing back its work in the form asked for")
        root = str(assignment.checkout.path)
        return Proposal(answer=answer(back, root), usage=self._usage(account, began))

    def _role(self, assignment: Assignment) -> Role:
        route = assignment.route
        return role_of(self._settings, route.kind, assignment.tier, assignment.effort)

    def _usage(self, account: Account, began: float) -> Usage:
        """Of all requests; the seconds are the call's, those of tools included."""
        total = together(one.usage for one in account.steps)
        return replace(total, seconds=max(0.0, self._now() - began))

    def _pays_by_plan(self) -> bool:
        from sef.executors.claude.launch import is_plan_token

        return self._login is not None or is_plan_token(self._settings.key)

    def _pool(self) -> Clients:
        if self._clients is None:
            from sef.executors.claude.clients import Clients, private_folder
            from sef.executors.claude.seat import Ground
            from sef.executors.claude.traces import Traces

            key = self._settings.key or (None if self._login else _NO_KEY_NEEDED)
            ground = Ground(
                binary=self._binary,
                root=private_folder(),
                given=self._variables,
                base_url=self._settings.base_url,
                key=key,
                login=self._login,
                hidden=self._hidden,
                shown=self._shown,
                sandboxed=self._sandboxed,
                traces=Traces(),
            )
            self._clients = Clients(ground, waiting=self._waiting)
        return self._clients
