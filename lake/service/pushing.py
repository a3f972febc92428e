"""Takes documents from callers: durable in the lake before the response, published by the next run."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from lake.directory import Lake
from lake.errors import ContractError, StorageError
from lake.ids import document_id
from lake.service.lake_views import is_read_only
from lake.service.problems import Problem
from lake.service.push_requests import Conditions, etag_of
from lake.service.workers import Workers
from lake.storage import clock, inbox
from lake.storage.pushed import Pushed, PushedDocuments
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.releases.values import Release
    from lake.service.keys import Key
    from lake.service.service import Service
    from lake.tables.reader import TableReader

    T = TypeVar("T")

audit = logging.getLogger("raglake.documents")

#: Threads that write, and requests in line for them.
_THREADS, _IN_LINE = 4, 200
#: Seconds between looks at whether a run has taken up what somebody waits for.
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class DocumentToStore:
    """What a request wants stored: a checked uri, the bytes, and who may see them (None: everybody)."""

    uri: str
    data: bytes
    acl: list[str] | None
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version that is durable; ``is_new``: there was no such document before."""

    documents: PushedDocuments
    source: str
    version: Pushed
    is_new: bool = False

    @property
    def doc_id(self) -> str:
        return document_id(self.source, self.version.uri)


class Pushing:
    """Stores and deletes documents of pushed sources, and knows what became of them."""

    def __init__(self, service: Service) -> None:
        self._service, self._url = service, service.index.url
        self.workers, self._looking = Workers(_THREADS, _IN_LINE), Workers(1, _IN_LINE)
        self._lock, self._looked, self._names = asyncio.Lock(), float("-inf"), frozenset[str]()

    async def put(
        self, key: Key, source: str, document: DocumentToStore, conditions: Conditions, request_id: str
    ) -> StoredVersion:
        """Store a document; it is durable, and a run is told of it, when this returns."""

        def work() -> StoredVersion:
            taken = self._put(key, source, document, conditions)
            _record("put", key, taken, request_id)
            return taken

        return await self.workers.run(partial(written, work), self._service.bounds.document_seconds)

    def _put(self, key: Key, source: str, document: DocumentToStore, conditions: Conditions) -> StoredVersion:
        documents, before = PushedDocuments(self._lake.store, source), list[Pushed | None]()

        def check(newest: Pushed | None) -> None:
            conditions.check(newest)
            before.append(newest)

        self._refuse_erased(documents, source, document.uri)
        words: dict[str, Any] = {"acl": document.acl, "metadata": document.metadata}
        version = documents.put(document.uri, document.data, by=key.name, **words, check=check)
        self._refuse_erased(documents, source, document.uri, version)
        taken = StoredVersion(documents, source, version, is_new=before[-1] is None)
        if before[-1] != version or self._state(taken, frozenset())["state"] == "held_back":
            inbox.put(self._lake.store, source, [version.uri], token=version.token)
        return taken

    def _refuse_erased(self, documents: PushedDocuments, source: str, uri: str, version: Pushed | None = None) -> None:
        """Raises Problem 409 if the document was erased for good, also while it was stored."""
        denylist = self._lake.denylist()
        if denylist.has_document(source, uri) or (version and denylist.has_content(version.digest)):
            if version is not None:
                documents.erase(denylist)
            message = "this document was erased for good; `raglake forget --lift` would let it come back"
            raise Problem(409, "erased", message)

    async def delete(self, key: Key, source: str, uri: str, conditions: Conditions, request_id: str) -> StoredVersion:
        """Mark a document as deleted. Raises Problem 404 if there is none."""

        def check(newest: Pushed | None) -> None:
            conditions.check(newest)
            if newest is None:
                raise Problem(404, "no_document", f"no document of {source} has this uri")

        def work() -> StoredVersion:
            documents = PushedDocuments(self._lake.store, source)
            taken = StoredVersion(documents, source, documents.delete(uri, key.name, check))
            inbox.put(self._lake.store, source, [uri], token=taken.version.token)
            _record("delete", key, taken, request_id)
            return taken

        return await self.workers.run(partial(written, work), self._service.bounds.seconds)

    async def found(self, source: str, doc_id: str) -> StoredVersion:
        """The newest version of a document. Raises Problem 404 if the service was never given one."""

        def work() -> StoredVersion:
            documents = PushedDocuments(self._lake.store, source)
            version = documents.of_id(doc_id)
            if version is None:
                raise Problem(404, "no_document", f"no document of {source} has this id")
            return StoredVersion(documents, source, version)

        return await self._looking.run(work, self._service.bounds.seconds)

    async def publication(self, taken: StoredVersion, wait: float = 0.0) -> dict[str, Any]:
        """A DocumentPublication, once a run has taken up the version, or after ``wait`` seconds."""
        began, names = time.monotonic(), await self._waiting(time.monotonic())
        while inbox.waits(taken.version.token, names) and (left := began + wait - time.monotonic()) > 0:
            await asyncio.sleep(min(_LOOK, left))
            names = await self._waiting(time.monotonic() - _LOOK / 2)
        return await self._looking.run(lambda: self._state(taken, names), self._service.bounds.seconds)

    async def _waiting(self, since: float) -> frozenset[str]:
        """The names of the notices that wait, no older than ``since``; looked up once for all who wait."""
        async with self._lock:
            if self._looked < since:
                began, look = time.monotonic(), partial(inbox.names, self._lake.store)
                self._names = await self._looking.run(look, self._service.bounds.seconds)
                self._looked = began
            return self._names

    def _state(self, taken: StoredVersion, names: frozenset[str]) -> dict[str, Any]:
        version, live = taken.version, self._lake.log.read().live
        found: dict[str, Any] = {
            "source": taken.source,
            "uri": version.uri,
            "doc_id": taken.doc_id,
            "etag": None if version.is_deleted else etag_of(version),
            "state": "held_back",
            "release": live.id if live else None,
        }
        if inbox.waits(version.token, names):
            waited = max((clock.now() - version.at).total_seconds(), 0.0)
            return {**found, "state": "waiting", "waiting_seconds": round(waited, 1)}
        return found | (self._in_release(live, taken) if live else {})

    def _in_release(self, live: Release, taken: StoredVersion) -> dict[str, Any]:
        row = self._row(live, "documents", taken.doc_id, "digest")
        failed = self._row(live, "quarantine", taken.doc_id, "digest", "reason")
        if taken.version.is_deleted:
            return {} if row or failed else {"state": "removed"}
        if row and row["digest"] == taken.version.digest:
            return {"state": "published"}
        if failed and failed["digest"] == taken.version.digest:
            return {"state": "quarantined", "reason": failed["reason"]}
        return {}

    def _row(self, live: Release, table: str, doc_id: str, *columns: str) -> dict[str, Any] | None:
        reader: TableReader = self._lake.tables(live.generation).at(table, live.versions[table])
        rows: list[dict[str, Any]] = reader.scan(list(columns), one_of("doc_id", [doc_id])).to_pylist()
        return rows[0] if rows else None

    @cached_property
    def _lake(self) -> Lake:
        return Lake.existing(self._url)

    def close(self) -> None:
        self.workers.close()
        self._looking.close()


def _record(event: str, key: Key, taken: StoredVersion, request_id: str) -> None:
    """One line for the audit log. It names the document by its id; the access log has the path."""
    version = taken.version
    line = {"event": event, "source": taken.source, "doc_id": taken.doc_id, "key": key.name, "request_id": request_id}
    audit.info("%s", json.dumps({**line, "etag": version.token, "size": version.size, "sha256": version.digest}))


def written(work: Callable[[], T]) -> T:
    """Raises Problem for a lake that can't be written to."""
    try:
        return work()
    except (StorageError, ContractError, OSError) as error:
        message = "the lake can't be written to from here; nothing was acknowledged, so send it again"
        if is_read_only(error):
            raise Problem(403, "read_only", message) from error
        raise Problem(503, "not_stored", message, {"Retry-After": "10"}) from error
