"""How long a context went on after each request: what an agent's report was read by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from sef.transcripts.session import Request


def later(requests: Sequence[Request]) -> Mapping[int, int]:
    """Requests after each one that read its context still, by the `id` of the one.

    A context counts as cut where a prompt is less than half as long as that of the request. Takes
    n log n steps: from the end, it keeps the prompts that are shorter than all nearer ones.
    """
    found: dict[int, int] = {}
    prompts: list[int] = []  # ascending
    places: list[int] = []
    for at in range(len(requests) - 1, -1, -1):
        prompt = requests[at].used.prompt
        shorter = bisect_left(prompts, prompt // 2)
        end = places[shorter - 1] if shorter else len(requests)
        found[id(requests[at])] = end - at - 1
        while prompts and prompts[-1] >= prompt:
            prompts.pop()
            places.pop()
        prompts.append(prompt)
        places.append(at)
    return found
