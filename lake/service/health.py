"""Whether the service can answer, and which parts work."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lake.endpoints.breaker import states
from lake.errors import LakeError
from lake.releases.history import NoReleaseError

if TYPE_CHECKING:
    from lake.index import Index

#: Seconds for which the health of the lake is cached.
_FRESH = 1.0

Look = Callable[[Callable[[], dict[str, Any]]], Awaitable[dict[str, Any]]]


class LakeHealth:
    """The health of a lake; ``run`` runs what would block the event loop."""

    def __init__(self, index: Index, run: Look) -> None:
        self._index, self._run = index, run
        self._found: tuple[float, dict[str, Any]] = (float("-inf"), {})

    async def lake(self) -> dict[str, Any]:
        """The fields of response_bodies.Health, at most a second old."""
        at, found = self._found
        if time.monotonic() - at > _FRESH:
            found = await self._run(self._look)
            self._found = time.monotonic(), found
        return found

    async def ready(self) -> dict[str, Any]:
        """The fields of response_bodies.Ready."""
        return {**await self.lake(), "parts": states()}

    def _look(self) -> dict[str, Any]:
        try:
            live, stale_since = self._index.health()
            return {"status": "stale" if stale_since else "ok", "release": live.id}
        except NoReleaseError:
            return {"status": "empty", "release": None}
        except (LakeError, OSError):
            return {"status": "unreadable", "release": None}
