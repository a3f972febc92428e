"""API keys and what each of them allows."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lake.errors import UsageError
from lake.reporting import did_you_mean
from lake.search.rights import checked
from lake.service.problems import forbidden
from lake.sources.declared import EVERYTHING
from lake.storage.pushed import checked_source

VARIABLE = "RAGLAKE_API_KEYS"
_LEAST_CHARACTERS = 16
_MOST_BUDGET = 1e12
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Key:
    """``principals`` whose documents are visible, "*" for all; ``options`` of a request that may be set, None for all.

    ``rate`` is in requests per second with ``burst`` at once, None for the service's own; ``answers``: may call the
    chat model, which costs money. ``budget_usd_per_day`` and ``tokens_per_day`` limit what its answers cost in a day.
    ``operator``: may publish, roll back, pin and name releases. ``erases``: may erase documents for good. ``writes``:
    the pushed sources whose documents it may store and delete.
    """

    name: str
    sha256: str = ""
    principals: tuple[str, ...] | str = ()
    options: tuple[str, ...] | None = None
    rate: float | None = None
    burst: int | None = None
    answers: bool = True
    budget_usd_per_day: float | None = None
    tokens_per_day: int | None = None
    operator: bool = False
    erases: bool = False
    writes: tuple[str, ...] = ()

    @property
    def sees_everything(self) -> bool:
        """Whether no document is hidden from it, so that it may see what is about the lake as a whole."""
        return self.principals == EVERYTHING

    def forbidden(self, options: Iterable[str]) -> list[str]:
        """The options that the key does not allow."""
        return [] if self.options is None else [name for name in options if name not in self.options]

    def check(self, options: Iterable[str]) -> None:
        """Raises Problem 403 if the key does not allow one of the options."""
        if wrong := self.forbidden(options):
            allowed = ", ".join(self.options or ()) or "none"
            raise forbidden(f"this API key does not allow {', '.join(wrong)}; it allows {allowed}")

    @classmethod
    def from_json(cls, value: Any) -> Key:
        """Reads an object with ``name``, ``key`` or ``sha256``, and any other fields."""
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
            raise UsageError("an API key is an object with at least a name, and a key or its sha256")
        known = ("key", *(f.name for f in fields(cls)))
        if unknown := sorted(value.keys() - set(known)):
            meant = did_you_mean(unknown[0], known, f"there are {', '.join(known)}")
            raise UsageError(f"API key {value['name']!r} has unknown fields: {', '.join(unknown)}{meant}")
        given = {name: _checked(value["name"], name, allowed) for name, allowed in value.items() if name != "key"}
        key = cls(**(given | {"sha256": _digest(value)}))
        if key.erases and not (key.operator and key.sees_everything):
            raise UsageError(f'API key {key.name!r} erases, which needs "operator": true and "principals": "*" as well')
        return key


def _digest(value: dict[str, Any]) -> str:
    key, sha256 = value.get("key"), value.get("sha256")
    if (key is None) == (sha256 is None):
        raise UsageError(f"API key {value['name']!r} needs a key or its sha256, and not both")
    if key is None:
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise UsageError(f"the sha256 of API key {value['name']!r} must be 64 hexadecimal digits")
        return sha256
    if not isinstance(key, str) or len(key) < _LEAST_CHARACTERS:
        raise UsageError(
            f"API key {value['name']!r} is shorter than {_LEAST_CHARACTERS} characters; openssl rand -hex 32 makes one"
        )
    return digest_of(key)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _checked(key: str, name: str, allowed: Any) -> Any:
    if name in ("principals", "options"):
        if (name, allowed) in (("options", None), ("principals", EVERYTHING)):
            return allowed
        if not isinstance(allowed, list) or not all(isinstance(item, str) for item in allowed):
            raise UsageError(f"{name} of API key {key!r} must be a list of names")
        if name == "principals":
            checked(allowed)
        return tuple(allowed)
    if name == "writes":
        if not isinstance(allowed, list) or not all(isinstance(item, str) for item in allowed):
            raise UsageError(f"writes of API key {key!r} must be a list of pushed sources")
        return tuple(map(checked_source, allowed))
    if name in ("rate", "burst"):
        if allowed is not None and (isinstance(allowed, bool) or not isinstance(allowed, int | float) or allowed <= 0):
            raise UsageError(f"{name} of API key {key!r} must be a number above 0")
        return allowed
    if name in ("budget_usd_per_day", "tokens_per_day"):
        is_number = isinstance(allowed, int if name == "tokens_per_day" else int | float)
        if allowed is not None and (isinstance(allowed, bool) or not is_number or not 0 <= allowed < _MOST_BUDGET):
            number = "a number" if name == "budget_usd_per_day" else "a whole number"
            raise UsageError(f"{name} of API key {key!r} must be {number} of at least 0")
        return allowed
    if name in ("answers", "operator", "erases") and not isinstance(allowed, bool):
        raise UsageError(f"{name} of API key {key!r} must be true or false")
    return allowed


class KeyRing:
    """The keys of a service; ``anonymous`` is the key of callers without one, None if a key is required."""

    def __init__(self, keys: Iterable[Key] = (), anonymous: Key | None = None) -> None:
        self.keys, self.anonymous = tuple(keys), anonymous
        for field in ("name", "sha256"):
            values = [getattr(key, field) for key in self.keys]
            if len(set(values)) < len(values):
                raise UsageError(f"two API keys have the same {field.replace('sha256', 'key')}")

    def find(self, presented: str | None) -> Key | None:
        """The key presented; None for a wrong one, or for none if one is required.

        Compares all keys, in constant time, so that timing reveals nothing.
        """
        if presented is None:
            return self.anonymous
        digest, found = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).hexdigest(), None
        for key in self.keys:
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found


def load_keys(path: str | None = None) -> tuple[Key, ...]:
    """Keys of a JSON file, else of the variable RAGLAKE_API_KEYS: a list of objects with ``Key``'s fields."""
    text = _read(path) if path else os.environ.get(VARIABLE, "").strip()
    if not text:
        return ()
    where = path or VARIABLE
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{where} is no JSON ({error}); it holds a list of objects with name, key, principals"
        ) from error
    if not isinstance(value, list) or not value:
        raise UsageError(f"{where} must hold a list of at least one API key")
    return tuple(map(Key.from_json, value))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"no API keys can be read from {path}: {why}; name a file with a JSON list of keys") from error
