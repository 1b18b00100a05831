"""What must hold after every fact."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What must hold after every fact."""

    STALE = "a fact that does not count changes nothing"
    SLOTS = "slots are never exceeded"
    WAITS = "only what waits starts"
    NEEDS_START = "needs come before a start"
    NEEDS_COMMIT = "needs come before a commit"
    ONE_COMMIT = "one commit that moves the tip at a time"
    COMMITS_ONCE = "what is accepted commits, once"
    SQUASH = "squashed is exactly who read what is void"
    STOP = "stopped is exactly what had begun and is lost or called off"
    BLOCK = "blocked is exactly what needs something lost"
    EPOCHS = "every squash is one epoch, and commands name the present one"
    CONSERVATION = "no slot and no turn is left free while somebody could take it"
    PRIORITY = "nobody starts before a ready task of higher priority"
    CALLED_OFF = "nothing starts or commits once everything is called off"
    STATES = "states are what the facts say"
    DONE = "done when all have ended"
    ENDS = "the walk ends"
    REPLAY = "the same facts give the same commands and states"
    RESUME = "resume says what is under way, once"


class Broken(AssertionError):
    """A rule was broken."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule


def must(holds: object, rule: Rule, detail: object = "") -> None:
    if not holds:
        raise Broken(rule, str(detail))
