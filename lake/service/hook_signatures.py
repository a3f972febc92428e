"""Proofs that a notification is from who it says: Standard Webhooks, GitHub's signature, and a bearer token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from lake.service.problems import Problem

#: Seconds by which the time of a signature may differ from ours, so that a captured request is soon worth nothing.
_TOLERANCE = 300
_PREFIX = "whsec_"
#: Shorter secrets could be guessed.
LEAST_CHARACTERS = 16


def check(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises Problem 401 unless the headers prove the secret. All comparisons take the same time."""
    if "webhook-signature" in headers:
        is_proven = _is_standard(secret, headers, body)
    elif "x-hub-signature-256" in headers:
        is_proven = _same(headers["x-hub-signature-256"], f"sha256={_hmac(secret.encode(), body).hex()}")
    else:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        is_proven = scheme.lower() == "bearer" and _same(token.strip(), secret)
    if not is_proven:
        message = (
            "the request proves no secret: it needs webhook-id, webhook-timestamp and webhook-signature of the last "
            "5 minutes, X-Hub-Signature-256, or Authorization: Bearer SECRET; and hooks.secrets of the lake's "
            "configuration must name this source"
        )
        raise Problem(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def _is_standard(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is of this body, and recent (https://www.standardwebhooks.com)."""
    number, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(time.time() - int(stamp[:20])) > _TOLERANCE:
        return False
    signed = f"{number}.{stamp}.".encode("latin-1", "replace") + body
    wanted = f"v1,{base64.b64encode(_hmac(_key(secret), signed)).decode()}"
    given = headers["webhook-signature"].split()
    return any([_same(one, wanted) for one in given[:10]])  # a list, so that each is compared


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
