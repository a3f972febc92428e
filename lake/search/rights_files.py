"""Files of RIGHTS as a reader reads them: each once, and ahead of the release that was published with it."""

from __future__ import annotations

from concurrent.futures import Future
from contextvars import Context
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa

from lake.endpoints.deadline import in_background
from lake.releases import rights

if TYPE_CHECKING:
    from lake.storage.protocol import Store

#: The newest, and those of searches that began before it.
_MOST_FILES = 4


class RightsFiles:
    """RIGHTS rows by their path; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._read: dict[str | None, Future[pa.Table]] = {}

    def begin(self, path: str | None) -> Future[pa.Table]:
        """The rows, which are read in the background unless they are known; a file that failed is read again.

        No deadline of a search ends it, since a slow lake would never be done with it then.
        """
        with self._lock:
            known = self._read.pop(path, None)
            if known is None or (known.done() and known.exception() is not None):
                known = Context().run(in_background, lambda: rights.read(self._store, path))
            self._read[path] = known
            while len(self._read) > _MOST_FILES:
                self._read.pop(next(iter(self._read)))
            return known

    def read(self, path: str | None) -> pa.Table:
        """The rows, which somebody may have begun to read; raises the errors of ``lake.releases.rights.read``."""
        with self._lock:
            begun = self._read.get(path)
        return rights.read(self._store, path) if begun is None else self.begin(path).result()
