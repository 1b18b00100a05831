"""Which tests a change reaches, and how runs of tests are narrowed, kept, repeated.

modules, mentions, nodes    what the Python files of a tree are made of (pure)
spread, selection           from a change to the tests that come to it (pure)
recorded                    what coverage data adds
reach                       the same for a checkout
narrow                      a check with some of its tests (pure)
bases                       runs on bases, each paid once
steady                      tests that end differently on the same tree
"""

from sef.reach.bases import Bases, Key
from sef.reach.narrow import narrowed, rejects_early
from sef.reach.reach import Reach
from sef.reach.selection import Reached, Tree, reached
from sef.reach.steady import Settled, settle, suspects

__all__ = [
    "Bases",
    "Key",
    "Reach",
    "Reached",
    "Settled",
    "Tree",
    "narrowed",
    "reached",
    "rejects_early",
    "settle",
    "suspects",
]
