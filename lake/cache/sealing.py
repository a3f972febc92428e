"""Seals the entries of a shared cache, so that one that was changed, cut or moved counts as missing."""

from __future__ import annotations

import hashlib
import hmac

_MARK = b"raglake1"
_SEAL = 32


def digest(secret: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts, none of which can run into the next."""
    made = hmac.new(secret, digestmod=hashlib.sha256)
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.digest()


def sealed(secret: bytes, key: str, data: bytes) -> bytes:
    return _MARK + digest(secret, b"entry", key.encode(), data) + data


def opened(secret: bytes, key: str, stored: object) -> bytes | None:
    """The data, None unless it was sealed with this secret under this key."""
    if not isinstance(stored, bytes) or not stored.startswith(_MARK):
        return None
    start = len(_MARK)
    seal, data = stored[start : start + _SEAL], stored[start + _SEAL :]
    return data if hmac.compare_digest(seal, digest(secret, b"entry", key.encode(), data)) else None
