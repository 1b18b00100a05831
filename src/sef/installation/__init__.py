"""Putting the executors and skills where Claude Code finds them, and taking them away again.

The standard library is enough here: `scripts/install.sh` runs from a clone in which nothing was
installed. Only `capabilities` asks the price table, and it is not needed to install.
"""
