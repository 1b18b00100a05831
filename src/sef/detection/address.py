"""Addresses that a variable names: whether one may be used and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 500
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
_PLAIN: Final = re.compile(r"[!-~]+")


class Refused(ValueError):
    """An address is not used; the message says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address without a secret in it."""

    text: str
    """Without a slash at its end."""
    host: str
    port: int | None
    scheme: str

    @property
    def loopback(self) -> bool:
        """True where it is this machine itself."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """True for localhost and the addresses of the loopback interface."""
    if host.lower() in ("localhost", "localhost."):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def safe(name: str, value: str) -> Address:
    """The address in a variable, for a key to be sent to. Raises Refused.

    One with a user, a query or a fragment is refused, because these may be secrets; so is one
    that would carry the key unencrypted off this machine.
    """
    found = parsed(name, value)
    if found.scheme == "http" and not found.loopback:
        raise Refused(f"{name} would send the key unencrypted: it has to begin with https.")
    return found


def parsed(name: str, value: str) -> Address:
    """The address in a variable. Raises Refused where it is none, or may hold a secret."""
    text = value.strip().rstrip("/")
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        raise Refused(f"{name} is no address.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused(f"{name} is no address.") from None
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise Refused(f"{name} holds more than an address: sef would have to show a secret.")
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise Refused(f"{name} is no address: it has to begin with https://.")
    return Address(text=text, host=host, port=port, scheme=parts.scheme)
