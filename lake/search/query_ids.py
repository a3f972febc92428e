"""Ids of searches for feedback; an id contains its question and release, so that no search has to be recorded."""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

from lake.errors import UsageError
from lake.ids import bytes_digest

#: Longer questions get no id, since they can't become ground truth.
MAX_QUESTION = 2000
MAX_ID = 20_000
_VERSION = "q1."
_MARK = 6


class Searched(NamedTuple):
    """What an id names; ``variant`` is what answered in a trial of profiles."""

    release: str
    question: str
    variant: str | None = None


def query_id(release: str, question: str, variant: str | None = None) -> str | None:
    """The id of a search, always the same for the same search; None if the question is too long to be judged.

    >>> searched(query_id("2026-11-21", "how much oil?") or "")
    Searched(release='2026-11-21', question='how much oil?', variant=None)
    """
    if len(question) > MAX_QUESTION:
        return None
    named = [release, question] if variant is None else [release, question, variant]
    payload = json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _VERSION + base64.urlsafe_b64encode(_mark(payload) + payload).decode().rstrip("=")


def searched(query: str) -> Searched:
    """The search of an id; raises UsageError if it is invalid, or was cut or changed."""
    wrong = UsageError("this is not the query_id of a search; send back the one that came with the passages, unchanged")
    if not isinstance(query, str) or not query.startswith(_VERSION) or len(query) > MAX_ID:
        raise wrong
    body = query.removeprefix(_VERSION)
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        found = Searched(*json.loads(raw[_MARK:].decode("utf-8", "surrogatepass")))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise wrong from error
    if raw[:_MARK] != _mark(raw[_MARK:]) or not all(isinstance(part, str) for part in found[:2]):
        raise wrong
    if not isinstance(found.variant, str | None) or not found.question.strip() or len(found.question) > MAX_QUESTION:
        raise wrong
    return found


def _mark(payload: bytes) -> bytes:
    """Detects damage, not forgery: whoever may search could run the forged question as well."""
    return bytes.fromhex(bytes_digest(payload))[:_MARK]
