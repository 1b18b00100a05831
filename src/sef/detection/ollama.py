"""A local Ollama: where it listens, and which of its models would draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sef.detection.address import Address, Refused, parsed
from sef.detection.finding import API, API_EXTRA, Finding, offers
from sef.detection.machine import Machine
from sef.model import Tier

SOURCE: Final = "Ollama"
_VARIABLE: Final = "OLLAMA_HOST"
_PORT: Final = 11434
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what a server listens on, not what is asked
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_CODER: Final = re.compile(r"code|coder|devstral")
_NO_CHAT: Final = re.compile(r"embed|bge-|minilm|rerank|whisper|ocr")
_SIZED: Final = re.compile(r"(?:^|[:x_-])(\d{1,4}(?:\.\d)?)b(?:$|[^a-z])")
_MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    name: str
    size: int
    """Bytes; 0 where it is not said."""

    @property
    def rank(self) -> tuple[bool, int, float, str]:
        """The best last: made for code, then large by bytes, then by its name."""
        name = self.name.lower()
        said = [float(one) for one in _SIZED.findall(name)]
        return bool(_CODER.search(name)), self.size, max(said, default=0.0), self.name


def of_ollama(variables: Mapping[str, str], here: Machine) -> Finding:
    """The server and the model that would serve the light tier.

    Asked is loopback, or the host that OLLAMA_HOST names.
    """
    try:
        at = _address(variables.get(_VARIABLE, ""))
    except Refused as refused:
        return _unusable(str(refused))
    models = sorted(_models(here.tags(at.text)), key=lambda one: one.rank)
    if not models:
        return _unusable(_silent(at, here))
    best = models[-1].name
    if not here.installed("pydantic_ai"):
        return _unusable(f"It serves {best}; what is missing is the package for it: {API_EXTRA}.")
    given = offers("ollama", API, {Tier.LIGHT: best}, "ollama", base_url=f"{at.text}/v1")
    why = f"Of {len(models)} it serves, {best} drafts; no local model is taken for a higher tier."
    return Finding(source=SOURCE, usable=True, why=why, executors=given)


def _unusable(why: str) -> Finding:
    return Finding(source=SOURCE, usable=False, why=why)


def _silent(at: Address, here: Machine) -> str:
    where = f"{at.host}:{at.port}"
    if here.which("ollama") is None:
        return f"No model is served at {where}, and the program is not on PATH: see ollama.com."
    return f"No model is served at {where}: ollama serve, then ollama pull a model for code."


def _address(value: str) -> Address:
    """Where to ask, from what Ollama's own variable may say: a host, a port, both, an address."""
    text = value.strip() or "127.0.0.1"
    if text.startswith(":"):
        text = f"127.0.0.1{text}"
    schemed = "://" in text
    found = parsed(_VARIABLE, text if schemed else f"http://{text}")
    host = "127.0.0.1" if found.host in _EVERYWHERE else found.host
    usual = {"http": 80, "https": 443}[found.scheme] if schemed else _PORT
    port = found.port or usual
    shown = f"[{host}]" if ":" in host else host
    path = re.sub(r"^[a-z]+://[^/]*", "", found.text)
    url = f"{found.scheme}://{shown}:{port}{path}"
    return Address(text=url, host=host, port=port, scheme=found.scheme)


def _models(said: object) -> Iterator[_Listed]:
    """The models on this machine that can be talked to; what is served elsewhere is left out."""
    listed = said.get("models") if isinstance(said, dict) else None
    for one in islice(listed if isinstance(listed, list) else (), _MOST):
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            continue
        remote = one.get("remote_host") or one.get("remote_model") or name.endswith("-cloud")
        if remote or _NO_CHAT.search(name.lower()):
            continue
        size = one.get("size")
        yield _Listed(name=name, size=size if isinstance(size, int) and size > 0 else 0)
