"""Keys of documents that somebody said have changed, as small objects that wait in the lake for whoever watches it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from lake.storage import clock
from lake.storage.protocol import Store

_FOLDER = "inbox"


@dataclass(frozen=True, slots=True)
class Notice:
    """Documents of a source to look at: ``keys`` are uris, ``objects`` are ``bucket/key`` of an object store.

    ``since`` is when the change was reported. ``path`` is where the notice waits.
    """

    path: str
    source: str
    keys: tuple[str, ...]
    objects: tuple[str, ...]
    since: datetime


def put(store: Store, source: str, keys: Collection[str], objects: Collection[str] = (), token: str = "") -> Notice:
    """Store a notice, which stays until a run that looked at its documents has ended well.

    ``token``: hexadecimal, by which ``waits`` finds the notice among the names of all.
    """
    path = f"{_FOLDER}/{time.time_ns():020}-{token or secrets.token_hex(4)}.json"
    return _write(store, Notice(path, source, tuple(keys), tuple(objects), clock.now()))


def widen(store: Store, notice: Notice) -> Notice:
    """Make a notice one about its whole source, which names no document."""
    return _write(store, replace(notice, keys=("",), objects=()))


def names(store: Store) -> frozenset[str]:
    """The names of all notices that wait."""
    return frozenset(store.names(_FOLDER))


def waits(token: str, names: Collection[str]) -> bool:
    """Whether a notice with this token is among the names."""
    return any(name.endswith(f"-{token}.json") for name in names)


def done(store: Store, notices: Iterable[Notice]) -> None:
    """Delete notices, once a run that looked at their documents has ended well."""
    for notice in notices:
        store.delete(notice.path)


def _write(store: Store, notice: Notice) -> Notice:
    told = {"source": notice.source, "keys": notice.keys, "objects": notice.objects}
    store.write(notice.path, json.dumps({**told, "since": notice.since.isoformat()}).encode())
    return notice


def waiting(store: Store, known: Collection[str] = ()) -> Iterator[Notice]:
    """The notices that wait, oldest first, but for those whose paths are ``known``. A damaged one is deleted."""
    for name in store.names(_FOLDER):
        path = f"{_FOLDER}/{name}"
        if path in known:
            continue
        try:
            value = json.loads(store.read(path))
            since = datetime.fromisoformat(value["since"]).astimezone()
            yield Notice(path, str(value["source"]), _texts(value["keys"]), _texts(value["objects"]), since)
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            store.delete(path)


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    """The values. Raises TypeError unless each is a text."""
    found = tuple(value for value in values if isinstance(value, str))
    if not isinstance(values, list) or len(found) < len(values):
        raise TypeError("a notice names texts")
    return found
