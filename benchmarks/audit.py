"""How fast transcripts are read, and how much memory that takes.

    python -m benchmarks.audit --json

Writes transcripts of a given size into a temporary folder and audits them in a process of its
own: finding, reading, routing, pricing, folding, and the report as JSON. The sums are compared with
those that the writer kept. Two mixes: results of tools of 4,000 characters on average, and of 300,
with more records a megabyte. Memory is the process's largest resident set. The files
have just been written, so they come from the page cache.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.transcripts import Truth, Writer

_MEGABYTE = 10**6
_TOKENS = {
    "input_tokens": "input_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "ephemeral_5m_input_tokens": "cache_write_5m_tokens",
    "ephemeral_1h_input_tokens": "cache_write_1h_tokens",
    "output_tokens": "output_tokens",
}


def audited(folder: str) -> dict[str, Any]:
    """Audits the folder in this process: the report, the seconds and the memory it took."""
    from sef.cli.audit_run import Wish, collect
    from sef.prices import PriceTable

    began = time.perf_counter()
    said = collect(Wish(transcripts=Path(folder)), None, PriceTable())
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"said": said, "seconds": seconds, "peak_mb": peak / _MEGABYTE}


def measured(size: int, characters: int) -> dict[str, float]:
    """Writes, audits in a child process, checks the sums."""
    with tempfile.TemporaryDirectory() as folder:
        truth = Writer(Path(folder), result_characters=characters).write(size)
        command = (sys.executable, "-m", "benchmarks.audit", "--child", folder)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    check(result["said"], truth)
    return {
        "mb": round(truth.bytes / _MEGABYTE, 1),
        "requests": truth.requests,
        "seconds": round(result["seconds"], 2),
        "mb_per_s": round(truth.bytes / _MEGABYTE / result["seconds"], 1),
        "peak_mb": round(result["peak_mb"], 1),
    }


def check(said: dict[str, Any], truth: Truth) -> None:
    """Raises AssertionError where a sum is not the one that was written."""
    total, read = said["measured"]["total"], said["reading"]
    assert total["requests"] == truth.requests, (total["requests"], truth.requests)
    for theirs, ours in _TOKENS.items():
        assert total[ours] == truth.tokens[theirs], ours
    assert total["cost_usd"] is not None
    assert read["lines"] == truth.lines, (read["lines"], truth.lines)
    assert read["lines_not_understood"] == 0
    assert read["requests_told_twice"] == truth.copies


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--mb", type=int, default=500, help="megabytes of transcripts")
    parser.add_argument("--child", metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(audited(options.child)))
        return
    usual = measured(options.mb * _MEGABYTE, 4_000)
    short = measured(options.mb * _MEGABYTE // 5, 300)
    figures = {**usual, "short_records": short}
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, mix in (("usual records", usual), ("short records", short)):
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in mix.items())}")


if __name__ == "__main__":
    main()
