"""Searching a tree without a model: text, files, definitions.

executor    the requests and their answers
symbols     definitions in Python, by its grammar
ripgrep     text, and definitions in other languages by pattern
globs       file names
"""

from sef.executors.search.executor import SearchExecutor

__all__ = ["SearchExecutor"]
