"""Verifiers: each judges one thing about a draft. A stage names those that must all accept."""
