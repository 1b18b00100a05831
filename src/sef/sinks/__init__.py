"""Sinks: each is told every fact of a run and cannot hurt it."""
