"""What the start-up hook must know, and the text of the hook that knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files

_PARTS = ("hook.py", "hook_watch.py")
_JOINED = ("from __future__ ", "from sef.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """Where imports of one user's tree lead while one fork is judged. All paths are absolute."""

    trace: str
    """Socket that every Python of the shadow sends its lines to."""
    fork: str
    """The fork, without symbolic links."""
    trees: tuple[str, ...]
    """The user's tree, as named and without symbolic links."""
    kept: tuple[str, ...]
    """Folders inside the user's tree that stay readable: its environment and git directory."""
    copies: tuple[str, ...]
    """Installed copies of the project's modules."""
    programs: tuple[str, ...]
    """How the path of a program begins that runs the user's environment."""
    sites: tuple[str, ...]
    """The user's site folders, in their order."""
    roots: tuple[str, ...]
    """The fork's import roots."""
    own: Mapping[str, str]
    """The project's modules and their files in the fork."""
    gone: tuple[str, ...]
    """Modules the fork no longer has."""
    untracked: Mapping[str, str]
    """Modules of the project that only the user's folder holds: their files there, or a copy."""
    protected: tuple[str, ...]
    """Files of the shadow that nothing may change while it is used."""
    mounted: bool = False
    """True where the fork is mounted over the user's tree, whose path it then has."""


def render(redirection: Redirection) -> str:
    """The source of the hook: constants inline, so that no child needs a variable or a file."""
    first, second = (files(__package__).joinpath(name).read_text("utf-8") for name in _PARTS)
    kept = [line for line in second.splitlines() if not line.startswith(_JOINED)]
    return "\n".join([first, *kept, "", f"finish = start({asdict(redirection)!a})", ""])
