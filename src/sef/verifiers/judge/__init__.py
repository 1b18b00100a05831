"""The judge: a verifier that asks a model about finished work, without saying whose it is."""

from __future__ import annotations

from sef.verifiers.judge.judge import ModelJudge
from sef.verifiers.judge.rubric import RUBRIC

__all__ = ["RUBRIC", "ModelJudge"]
