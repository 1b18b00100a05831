"""Measurements, each a module that is run by name: python -m benchmarks.NAME --json."""
