"""A lake opened for reading: its log, its releases, and its options."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from lake.directory import Lake
from lake.endpoints.endpoint import using
from lake.plugins.later import Later
from lake.releases.history import At, History
from lake.releases.values import Release
from lake.search.known_log import LogReader, Wait
from lake.search.reader import Reader

if TYPE_CHECKING:
    from lake.cache import caches
    from lake.options import CacheOptions, SearchDefaults
else:  # what only an index with caches needs
    caches = Later("lake.cache.caches")


class OpenLake:
    """What each way of reading a lake needs: the lake, its log, and a reader of its releases."""

    def __init__(self, lake: Lake, cache: CacheOptions | None = None, log: LogReader | None = None) -> None:
        self._lake, self._log = lake, log or LogReader(lake)
        self.caches = caches.opened(lake, cache, is_seen=self._log.is_seen) if cache else None
        self._reader = Reader(lake, self._log, self.caches)
        if self.caches:
            caches.watch(Reader.follow, self._reader)

    def __repr__(self) -> str:
        return f"<Index of the lake {self._lake.url}>"

    @property
    def url(self) -> str:
        """The lake's folder or URL."""
        return self._lake.url

    def history(self) -> History:
        """The current release log."""
        return self._log.known(Wait.of({})).history

    def release(self, at: At = "live", *, degrade: bool = False) -> Release:
        """The release of ``live``, an id or name, or the one that was live at a date (its end) or time, UTC.

        With ``degrade``, as far as it is known if the lake can't be reached.
        """
        return self._log.known(Wait.of({"degrade": degrade})).history.resolve(at)

    def health(self) -> tuple[Release, datetime | None]:
        """The live release; and when the lake was last read, if searches with ``degrade`` go on without it now.

        Raises TransientError or ContractError if they can't, UsageError if nothing is published.
        """
        return self._reader.health()

    def age(self) -> float:
        """Seconds since the lake was last read; infinite if it never was."""
        return self._log.age()

    def using_endpoints(self) -> AbstractContextManager[None]:
        """Models that are loaded inside are called as the lake's configuration states."""
        return using(self._reader.endpoints(self.history()))

    def defaults(self) -> SearchDefaults:
        """The lake's search options: those of its configuration, else the defaults."""
        return self._reader.defaults(self.history())
