"""What verifiers ask of models, and what they are told: values and the facts about them."""

from __future__ import annotations

from dataclasses import dataclass

from sef.model import Patch, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a model told a verifier."""

    text: str
    """Its answer; empty where there is none."""
    usage: Usage
    """This draft's share, where several were asked about at once."""
    patch: Patch | None = None
    """What it wrote, where it was asked to write."""
    failed: str = ""
    """Why there is none; empty where there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """A verifier is about to ask a model: durable before it does."""

    task: str
    epoch: int
    verifier: str
    executor: str
    """Who is asked."""
    key: str
    """Of the question: the same one is not paid twice in a run."""
    call: str
    """Key of the call, which several questions may share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """A verifier was answered, or was not: durable before the answer is used."""

    task: str
    epoch: int
    verifier: str
    executor: str
    key: str
    call: str
    advice: Advice
