"""The installer for whoever has Python and no library: what `scripts/install.sh` runs.

It takes the options of `sef claude install`, which does the same.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sef.errors import SefError
from sef.installation.order import obey, order
from sef.installation.words import as_json, lines
from sef.text import plain

OPTIONS = {
    "user": "for all your sessions: ~/.claude",
    "project": "for the project you are in: .claude",
    "both": "for both; the project's executors go first there",
    "status": "tell what is there",
    "uninstall": "remove it, by default from both",
    "dry-run": "tell what would be done, and do nothing",
    "force": "also replace or remove what somebody edited or put there",
    "claude-md": "also put rules of efficient work into CLAUDE.md",
    "statusline": "also show in the status line what sef does, after your own line",
}
"""The options, each a flag, and what they say."""


def main(arguments: list[str]) -> int:
    """Does what the options say; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="install.sh",
        description="Deploys the executors of sef to Claude Code.",
        epilog="Exit codes: 0 done; 2 it cannot be done as asked, and nothing was changed.",
        allow_abbrev=False,
    )
    for name, meaning in OPTIONS.items():
        parser.add_argument(f"--{name}", action="store_true", help=meaning)
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object")
    flags = vars(parser.parse_args(arguments))
    in_json = flags.pop("as_json")
    try:
        wanted = order(**flags)
        told = obey(wanted, variables=os.environ, start=Path.cwd())
    except SefError as error:
        return _complain(plain(str(error.args[0])), error.hint, error.exit_code)
    except OSError as error:
        return _complain(plain(str(error)), "Nothing was changed. Mend that, then try again.", 2)
    text = as_json(wanted, told) if in_json else "".join(f"{one}\n" for one in lines(wanted, told))
    if sys.stdout is not None:  # it is closed: nobody is told
        sys.stdout.write(text)
    return 0


def _complain(message: str, hint: str | None, code: int) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"sef: {message}\n" + (f"     {hint}\n" if hint else ""))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
