"""What a session consists of: tasks, the requests made for them, and the agents that made some.

These grow while a file is read, because a message spans several records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from sef.transcripts.usage import Mode, Used

DOCUMENTS = (".md", ".rst", ".txt", ".adoc", ".mdx")


@dataclass(slots=True, kw_only=True)
class Task:
    """An instruction of the user's, and what is known of the work that followed."""

    text: str
    """In the user's words; empty where the session begins without any."""
    edited_code: bool = False
    edited_documents: bool = False
    ran_programs: bool = False

    def note(self, tool: str, path: str) -> None:
        """Takes note of a tool that was wanted for it."""
        if tool in ("Edit", "MultiEdit", "Write", "NotebookEdit"):
            documents = path.lower().endswith(DOCUMENTS)
            self.edited_documents |= documents
            self.edited_code |= not documents
        elif tool in ("Bash", "PowerShell"):
            self.ran_programs = True


@dataclass(slots=True, kw_only=True)
class Request:
    """One request to a model."""

    key: int
    """The same in every copy of its records, by the message's id."""
    ticket: str
    """The provider's id of the request; empty where no record tells it."""
    moment: float | None
    """Seconds since 1970; None where no record before it told the time either."""
    model: str
    used: Used
    mode: Mode
    task: Task | None
    agent: Agent | None
    """None where the session itself made it."""
    before: int = 0
    """Where the model differs from that of the request before: the tokens that one had read."""
    tools: int = 0
    failed: int = 0
    """Uses of tools that gave an error."""
    repeated: int = 0
    """Reads of a file that gave, to the letter, what an earlier read of it gave."""
    repeated_length: int = 0
    """Characters that those gave."""
    interrupted: bool = False
    client_cost: Decimal | None = None
    """US dollars, as an old client wrote them."""

    def is_other(self, model: str, ticket: str) -> bool:
        """True where a message of the same id is another request: another model's, asked apart."""
        apart = bool(ticket and self.ticket) and ticket != self.ticket
        return apart and model != self.model


@dataclass(slots=True, kw_only=True)
class Agent:
    """An agent that the session handed work to."""

    name: str
    parent: Request | None
    """The request that wanted it."""
    task: Task | None
    later: int = 0
    """Requests of the parent after the hand-over, until its context was cut."""
    report: int = 0
    """Characters that came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """The user stopped what was under way, or did not let a tool be used."""

    key: bytes
    """The same in every copy of its record."""
    moment: float | None
    """Seconds since 1970; None where nothing tells it."""


@dataclass(slots=True, kw_only=True)
class Session:
    """Everything that the files of one session tell."""

    name: str
    project: str
    """Its working folder, or the name of the transcripts' folder where no record tells it."""
    exact: bool = False
    """True where the project is a path that a record tells."""
    requests: list[Request] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    client_total: Decimal | None = None
    """US dollars that the client says it cost, with whatever it continued."""
    backwards: bool = False
    """True where time went back by more than a minute from one record to the next."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What reading came across, over all files."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    not_understood: int = 0
    unknown_kinds: dict[str, int] = field(default_factory=dict)
    """Well-formed records of kinds that are not known here; at most 50 kinds are named."""
    unreadable: list[str] = field(default_factory=list)
    """Files and folders that could not be read."""
    undated: int = 0
    """Requests before which no record tells the time."""
