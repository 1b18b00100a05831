"""Static checks: what is wrong with a draft however it is run.

syntax                  whether a file can be parsed (pure)
scopes, facts           what a Python file defines, imports, calls (pure)
signatures, links       whether these fit the other files of the project (pure)
compared                what of that is new (pure)
verifier                the verdict
similar                 how alike two patches are (pure)
"""

from sef.verifiers.static.findings import SIGNS, Finding
from sef.verifiers.static.similar import similarity
from sef.verifiers.static.verifier import Static

__all__ = ["SIGNS", "Finding", "Static", "similarity"]
