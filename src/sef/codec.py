"""Facts as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from sef.events import Fact

_KINDS: Mapping[str, type[Fact]] = MappingProxyType(
    {kind.__name__: kind for kind in get_args(Fact)}
)


@cache
def _adapter(kind: str) -> TypeAdapter[Fact]:
    """Made when the first fact of its kind is written or read: that takes milliseconds."""
    return TypeAdapter(_KINDS[kind])


def encoded(fact: Fact) -> str:
    """One line of JSON."""
    adapter = _adapter(type(fact).__name__)
    try:
        return adapter.serializer.to_json(fact).decode()
    except PydanticSerializationError:
        # A file name that is not UTF-8 holds half characters; the standard library writes them.
        return json.dumps(adapter.dump_python(fact, mode="json"))


def decoded(kind: str, body: str) -> Fact:
    """The fact of that kind. Raises KeyError and ValidationError for what this version has not."""
    adapter = _adapter(kind)
    try:
        return adapter.validate_json(body)
    except ValidationError:
        return adapter.validate_python(json.loads(body))
