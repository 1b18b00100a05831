"""Every executor goes through the same tests, made as a run makes it: with its wrappers."""
