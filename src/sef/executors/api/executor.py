"""The executor that asks a model through its provider's API."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from sef.agents import definition
from sef.errors import UsageError
from sef.executors.api.places import place
from sef.executors.api.seams import Asking, Jail, at_once
from sef.executors.settings import ModelSettings
from sef.model import Proposal
from sef.protocols import Assignment

NEEDED: Final = ("pydantic_ai", "pydantic_ai_harness", "anthropic", "openai")
"""Packages of the extra."""
_LOOP: Final = "sef.executors.api.conversation"
"""What imports them."""


class ApiExecutor:
    """Works in a fork with the tools that the definition for the task allows.

    Keys stay in this process: tools get `variables` and nothing else of the environment.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        sandbox: Jail | None,
        variables: Mapping[str, str],
        asking: Asking = at_once,
    ) -> None:
        """`variables` is the environment of commands, already reduced to what they may see.

        Raises UsageError where the extra is missing, where there is no sandbox (one that is off
        has to say so itself), or where nobody said where the model is served.
        """
        _insist_on_extra()
        if sandbox is None:
            raise UsageError(
                f"{settings.executor}: no sandbox works here, and a model's commands need one",
                hint='Install bubblewrap, or accept the risk with mode = "off" under [sandbox].',
            )
        if place(settings) is None:
            raise UsageError(
                f"{settings.executor}: where does {settings.provider} serve {settings.model}?",
                hint="Set base_url for this executor in sef.toml.",
            )
        self._settings = settings
        self._jail = sandbox
        self._variables = dict(variables)
        self._asking = asking
        self._imported: Future[Any] | None = None

    def warm(self) -> None:
        """Begins to import what a conversation needs, in a thread; returns at once."""
        if self._imported is None:
            self._imported = Future()
            # A daemon: a run that ends before it asked anybody does not wait for it.
            threading.Thread(target=_import, args=(self._imported,), daemon=True).start()

    async def ready(self) -> None:
        """Returns when everything is imported: 3 s after the first `warm`, 10 on a busy machine."""
        await self._conversation()

    async def execute(self, assignment: Assignment) -> Proposal:
        """The hand-back of the model; what it changed lies in the fork.

        Raises DraftFailure for what is final: an error that is the request's, a refusal, an answer
        that was cut, a limit, no hand-back. Raises Transient for what may pass.
        """
        conversation = await self._conversation()
        proposal: Proposal = await conversation.held(
            self._settings,
            definition(assignment.route.kind, assignment.tier),
            assignment,
            jail=self._jail,
            variables=self._variables,
            asking=self._asking,
        )
        return proposal

    async def _conversation(self) -> Any:
        self.warm()
        assert self._imported is not None  # noqa: S101 -- warm() has set it
        return await asyncio.wrap_future(self._imported)


def _import(told: Future[Any]) -> None:
    # Who waits may be called off; that does not call off the import, which others wait for.
    told.set_running_or_notify_cancel()
    try:
        told.set_result(import_module(_LOOP))
    except BaseException as error:  # who waits for it is told
        told.set_exception(error)


def _insist_on_extra() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the api executor needs {missing[0].replace('_', '-')}, which is not installed",
            hint="pip install 'sef-framework[api]'",
        )
