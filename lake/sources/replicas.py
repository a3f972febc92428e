"""Notices that a database is read where it is older than where it was listed: replicas that lag behind one address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lake.errors import TransientError
from lake.sources.stamps import stamp_of

#: No replica that answers lags longer.
_LONGEST_LAG = timedelta(hours=1)


class LatelyListed:
    """The times of rows that changed lately, as they were listed; others cost no memory.

    A row that is read as it was before would count as read, and its change be lost.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._versions: dict[str, Any] = {}

    def note(self, uri: str, version: Any) -> None:
        """Take a row of a listing into account."""
        stamp = stamp_of(version, self._column)
        if stamp is not None and not stamp.is_over(datetime.now(UTC), _LONGEST_LAG):
            self._versions[uri] = version

    def check(self, uri: str, version: Any) -> None:
        """Raise TransientError if a row is read as it was before its listing."""
        listed = self._versions.get(uri)
        if listed is not None and type(version) is type(listed) and version < listed:
            raise TransientError(
                f"{uri} was listed with {self._column} {listed} and read with {version}: does a replica lag? "
                "Run it again, or name one server in the address"
            )
