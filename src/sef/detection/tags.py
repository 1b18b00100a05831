"""Asking a server for the models that it lists, on a short leash."""

from __future__ import annotations

import json
import queue
import threading
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector

_WAITED_S: Final = 1.0
_LARGEST: Final = 1_000_000


def tags_at(url: str, seconds: float = _WAITED_S) -> object:
    """The parsed JSON of GET `url`/api/tags; None where none comes within that many seconds.

    Proxies are not used and redirects are not followed: nobody else is asked.
    """
    answer: queue.SimpleQueue[object] = queue.SimpleQueue()
    # A server that sends a byte now and then never times out by itself.
    asking = threading.Thread(
        target=lambda: answer.put(_asked(f"{url}/api/tags", seconds)), daemon=True
    )
    asking.start()
    try:
        return answer.get(timeout=seconds)
    except queue.Empty:
        return None


def _asked(url: str, seconds: float) -> object:
    # Without the handlers of a usual opener: none for proxies, redirects, files.
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    opener.add_handler(HTTPSHandler())
    try:
        with opener.open(url, timeout=seconds) as response:
            if response.status != 200:
                return None
            return json.loads(response.read(_LARGEST))
    except (URLError, OSError, HTTPException, ValueError, RecursionError):
        # Nobody is there, or nobody who speaks this.
        return None
