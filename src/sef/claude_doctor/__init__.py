"""Whether what sef put into Claude Code works there: all is looked at once, then judged.

`looked` gathers a snapshot and changes nothing; `judged` makes rows of it and looks at nothing.
What lies in a project is hostile: it is read within bounds and never run.
"""

from sef.claude_doctor.judging import judged
from sef.claude_doctor.looking import looked
from sef.claude_doctor.rows import Row, State
from sef.claude_doctor.snapshot import Snapshot

__all__ = ["Row", "Snapshot", "State", "judged", "looked"]
