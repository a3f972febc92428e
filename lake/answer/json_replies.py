"""Extracts JSON from a model's reply, however the model wrapped it."""

from __future__ import annotations

import json
from typing import Any


def first_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in ``text``, past any fence or talk around it; None if there is none.

    >>> first_object('Sure! ```json\\n{"query": "lamp oil"}\\n```')
    {'query': 'lamp oil'}
    """
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        try:
            value, _ = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        place = text.find("{", place + 1)
    return None


def a_text(text: str, key: str) -> str | None:
    """The text at ``key``; None if it is missing, no text, or blank."""
    value = (first_object(text) or {}).get(key)
    return value.strip() if isinstance(value, str) and any(map(str.isalnum, value)) else None


def texts(text: str, key: str) -> list[str] | None:
    """The texts at ``key`` that are not blank; None if there is no list of texts.

    >>> texts('{"queries": ["a", "", "b"]}', "queries"), texts('{"queries": "a"}', "queries")
    (['a', 'b'], None)
    """
    value = (first_object(text) or {}).get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return [item.strip() for item in value if any(map(str.isalnum, item))]


def schema_of(key: str, *, many: bool) -> dict[str, Any]:
    """The JSON schema of an object with one text, or one list of texts."""
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {key: {"type": "array", "items": text} if many else text},
        "required": [key],
        "additionalProperties": False,
    }
