"""The executor that asks a model through its provider's API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from sef.agents import definition
from sef.errors import UsageError
from sef.executors.api.places import place
from sef.executors.api.seams import Asking, Jail, at_once
from sef.executors.settings import ModelSettings
from sef.model import Proposal
from sef.protocols import Assignment

NEEDED: Final = ("pydantic_ai", "pydantic_ai_harness", "anthropic", "openai")
"""Packages of the extra."""


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

    async def execute(self, assignment: Assignment) -> Proposal:
        """The hand-back of the model; what it changed lies in the fork.

        Raises DraftFailure for what is final: an error that is the request's, a refusal, an answer
        that was cut, a limit, no hand-back. Raises Transient for what may pass.
        """
        # It takes seconds the first time: not on the loop, and not for a run that asks no model.
        conversation = await asyncio.to_thread(import_module, "sef.executors.api.conversation")
        proposal: Proposal = await conversation.held(
            self._settings,
            definition(assignment.route.kind, assignment.tier),
            assignment,
            jail=self._jail,
            variables=self._variables,
            asking=self._asking,
        )
        return proposal


def _insist_on_extra() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the api executor needs {missing[0].replace('_', '-')}, which is not installed",
            hint="pip install 'sef-framework[api]'",
        )
