"""Which releases changed a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lake.errors import GoneError
from lake.tables.sql import quoted

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release

#: Releases that are looked at, the newest ones, and how many at a time.
_MOST, _AT_A_TIME = 100, 4
_COLUMNS = ("digest", "fingerprint", "content_id", "title", "size", "n_chunks")


def changes_of(lake: Lake, history: History, doc_id: str) -> tuple[list[dict[str, Any]], int]:
    """The changes of a document, newest first, and how many older releases were not looked at.

    ``change`` is ``added``, ``changed`` (other bytes), ``reindexed`` (the same bytes under another recipe or with other
    metadata), ``quarantined`` or ``removed``. ``before`` is the release that it is compared with. Releases are
    compared with the one built before them, whether or not they were published.
    """
    releases = list(history.releases.values())
    looked = releases[-_MOST:]
    with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="raglake-history") as pool:
        states = list(pool.map(partial(_state, lake, doc_id), looked))
    found = list(_changes(history, looked, states, is_whole=len(looked) == len(releases)))
    return found[::-1], len(releases) - len(looked)


def _state(lake: Lake, doc_id: str, release: Release) -> dict[str, Any] | None:
    """What a release holds of the document; None if it holds nothing."""
    where = f"doc_id = {quoted(doc_id)}"
    with suppress(GoneError):
        for table, columns in (("documents", _COLUMNS), ("quarantine", ("digest", "error_class"))):
            reader = lake.tables(release.generation).at(table, release.versions[table])
            if rows := reader.scan(list(columns), where).to_pylist():
                return {"is_indexed": table == "documents", **dict.fromkeys(_COLUMNS), **rows[0]}
    return None


def _changes(
    history: History, releases: Sequence[Release], states: Sequence[dict[str, Any] | None], *, is_whole: bool
) -> Iterator[dict[str, Any]]:
    before = [(None, None), *zip(releases, states, strict=True)]
    for (old, a), (new, b) in pairwise(before):
        word = _word(a, b)
        if new is None or word is None or (old is None and not is_whole):
            continue
        shown = b or {}
        published = history.published(new.id)
        yield {
            "release": new.id,
            "before": old.id if old and a and a["is_indexed"] else None,
            "change": word,
            "built_at": new.created_at.isoformat(),
            "published_at": published.at.isoformat() if published else None,
            "text_changed": (a or {}).get("content_id") != shown.get("content_id"),
            **{name: shown.get(name) for name in ("digest", "size", "n_chunks")},
        }


def _word(a: dict[str, Any] | None, b: dict[str, Any] | None) -> str | None:
    if b is None:
        return "removed" if a else None
    if not b["is_indexed"]:
        return None if a and not a["is_indexed"] and a["digest"] == b["digest"] else "quarantined"
    if a is None or not a["is_indexed"]:
        return "added"
    if a["digest"] != b["digest"]:
        return "changed"
    return "reindexed" if a["fingerprint"] != b["fingerprint"] else None
