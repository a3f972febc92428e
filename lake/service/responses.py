"""What the service sends: a response of one release, its JSON, and server-sent events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple


class Sent(NamedTuple):
    """A response: the release that it is from, its JSON, and headers."""

    release: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})


def encode(value: Any) -> bytes:
    """A value as JSON; times as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=datetime.isoformat, separators=(",", ":")).encode()


def event(name: str, value: Any) -> bytes:
    """A server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + encode(value) + b"\n\n"
