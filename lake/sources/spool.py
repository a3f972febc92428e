"""Documents of a source that can only be read from its beginning, kept in a temporary file for reading one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

_AT_A_TIME = 500


class Spool:
    """Bytes by uri, in a nameless file on disk that ends with the process."""

    def __init__(self, documents: Iterable[tuple[str, bytes]]) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000")
        self._database.execute("CREATE TABLE documents (uri TEXT PRIMARY KEY, data BLOB)")
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?)", documents)
        self._database.execute("COMMIT")

    def read_many(self, uris: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of those that exist."""
        for start in range(0, len(uris), _AT_A_TIME):
            part = uris[start : start + _AT_A_TIME]
            query = f"SELECT uri, data FROM documents WHERE uri IN ({', '.join('?' * len(part))})"
            with self._lock:
                rows = self._database.execute(query, part).fetchall()
            yield from rows


_LOCK = Lock()
#: The spools of this process by source and mark: each shard of a run opens its source anew.
_spools: dict[tuple[str, str], Spool] = {}
_MOST = 2


def spool_of(root: str, mark: str, documents: Iterable[tuple[str, bytes]], *, fresh: bool = False) -> Spool:
    """The spool of a source in the state ``mark``; filled by ``documents`` if there is none yet, or if ``fresh``."""
    with _LOCK:
        if fresh:
            _spools.pop((root, mark), None)
        if (root, mark) not in _spools:
            for stale in list(_spools)[: max(0, len(_spools) + 1 - _MOST)]:
                del _spools[stale]
            _spools[root, mark] = Spool(documents)
        return _spools[root, mark]


def known_spool(root: str, mark: str) -> Spool | None:
    """The spool of a source that this process has made."""
    with _LOCK:
        return _spools.get((root, mark))
