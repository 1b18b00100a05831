"""Values of records, which may be of any type."""

from __future__ import annotations

import hashlib
from typing import Any


def as_dict(value: object) -> dict[str, Any]:
    """The value, or an empty object where it is none."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """The value, or an empty text where it is none."""
    return value if isinstance(value, str) else ""


def digest(text: str) -> bytes:
    """Eight bytes of a hash: the same for the same text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
