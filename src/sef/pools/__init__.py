"""Pools: where the stages of a cascade run."""
