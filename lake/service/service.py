"""What each request is answered with; knows the lake and nothing of HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lake.adapters.access import Access
from lake.errors import LakeError, UsageError
from lake.query import Index
from lake.service.bounds import Bounds
from lake.service.keys import Key
from lake.service.messages import Asked, Query
from lake.service.metrics import Metrics
from lake.service.problems import Problem, forbidden, no_release
from lake.service.workers import Workers

#: Seconds for which the lake is not looked at again.
_FRESH = 1.0


class Service:
    """One lake, its threads and its figures. ``options`` are words of every search, unless a request sets them."""

    def __init__(self, index: Index, bounds: Bounds, options: Mapping[str, Any], chat: str | None = None) -> None:
        self.index, self.bounds, self.options, self.chat = index, bounds, dict(options), chat
        self.workers = Workers(bounds.n_threads, bounds.n_waiting)
        # Whoever asks whether we are well must not stand in line behind questions.
        self._looking = Workers(1, 64)
        self.metrics = Metrics(lambda: self.workers.n_taken)
        self._health: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def warm_up(self) -> None:
        """Load the model and open the tables before the first question, in the background."""
        self._looking.post(lambda: Access(self.index, options=self.options).search("warm up", 1))

    async def query(self, key: Key, asked: Query) -> tuple[str, bytes]:
        """The release, and a QueryResult."""
        how = self._allowed(key, asked)

        def work() -> tuple[str, bytes]:
            found = self._access(key).search(asked.text, asked.k, self.release(asked.at), **how)
            return found.release, encode({"release": found.release, "hits": found.hits.to_pylist()})

        return await self.workers.run(work, self.bounds.seconds)

    async def document(self, key: Key, doc_id: str, at: str, start: int) -> tuple[str, bytes]:
        """The release, and a Document."""
        _check_options(key, ["at"] if at != "live" else [])

        def work() -> tuple[str, bytes]:
            characters = self.bounds.document_characters
            try:
                read = self._access(key).document(doc_id, self.release(at), start, characters)
            except UsageError as error:
                raise Problem(404, "no_document", str(error)) from error
            return read["release"], encode(read)

        return await self.workers.run(work, self.bounds.seconds)

    async def releases(self, key: Key) -> bytes:
        return await self.workers.run(lambda: encode({"releases": self._access(key).releases()}), self.bounds.seconds)

    async def health(self) -> dict[str, Any]:
        """As of messages.Health, at most a second old."""
        at, found = self._health
        if time.monotonic() - at > _FRESH:
            found = await self._looking.run(self._look, self.bounds.seconds)
            self._health = time.monotonic(), found
        return found

    def _look(self) -> dict[str, Any]:
        try:
            live = self.index.history().live
            if live is None:
                return {"status": "empty", "release": None}
            counts = {f"n_{name}": self.index.dataset(name).count_rows() for name in ("documents", "chunks")}
            return {"status": "ok", "release": live.release, **counts}
        except (LakeError, OSError):
            return {"status": "unreadable", "release": None}

    def _access(self, key: Key) -> Access:
        return Access(self.index, key.principals, options=self.options)

    def release(self, at: str) -> str:
        """``at`` itself, once it is known to name a release; Problem 404 else."""
        try:
            self.index.release(at)
        except UsageError as error:
            raise no_release(error) from error
        return at

    def _allowed(self, key: Key, asked: Asked) -> dict[str, Any]:
        """Words of the search, all of which the key allows."""
        if asked.k > self.bounds.max_k:
            raise UsageError(f"k={asked.k} is more than the {self.bounds.max_k} passages that this service returns")
        how = asked.how()
        _check_options(key, [*how, *(["at"] if asked.at != "live" else [])])
        return how

    def close(self) -> None:
        self.workers.close()
        self._looking.close()


def _check_options(key: Key, names: list[str]) -> None:
    if wrong := key.forbidden(names):
        raise forbidden(f"this API key does not allow {wrong}; it allows {list(key.options or ())}")


def encode(value: Any) -> bytes:
    """JSON; times as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=datetime.isoformat, separators=(",", ":")).encode()
