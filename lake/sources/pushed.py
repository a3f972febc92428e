"""Documents that a lake's service was given, as a source."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

from lake.errors import UsageError
from lake.ids.uris import folded
from lake.sources.address import place_of
from lake.sources.protocol import SourceFile, is_sidecar
from lake.storage.pushed import Pushed, PushedDocuments
from lake.storage.store import open_store


class PushedReader:
    """A pushed source of a lake, ``pushed:LAKE?name=NAME``. Its documents state metadata and rights themselves."""

    def __init__(self, root: str, hidden: bool = False) -> None:
        names = parse_qs(root.partition("?")[2]).get("name", [])
        place = unquote(place_of(root))
        if len(names) != 1 or not place:
            raise UsageError("a pushed source needs a name and a lake: uploads=pushed:LAKE; `ingest` knows the lake")
        self._documents = PushedDocuments(open_store(place), names[0])

    def list(self) -> Iterator[SourceFile]:
        """The newest version of each document."""
        yield from map(_listed, self._documents.every())

    def named(self, uri: str) -> Iterator[SourceFile]:
        """What ``list`` yields of one document, or of everything below one folder; nothing if there is neither."""
        if is_sidecar(uri):
            return
        if uri and (found := self._documents.find(uri)) is not None and not found.is_deleted:
            yield _listed(found)
        if self._documents.holds_folder(uri):
            below = f"{folded(uri)}/" if uri else ""
            yield from (one for one in self.list() if one.uri.startswith(below))

    def holds_anything(self) -> bool:
        """True: a document is gone only if somebody deleted it."""
        return True

    def find(self, uri: str) -> SourceFile:
        """One document, as ``list`` would yield it."""
        found = self._documents.find(uri)
        if found is None or found.is_deleted:
            raise FileNotFoundError(uri)
        return _listed(found)

    def read(self, uri: str) -> bytes:
        return self._documents.read(uri)

    def open(self, uri: str) -> Any:
        """A binary file in memory: documents are no larger than a request."""
        return io.BytesIO(self.read(uri))


def _listed(found: Pushed) -> SourceFile:
    moment = int(found.at.timestamp() * 1_000_000)
    return SourceFile(found.uri, found.size, moment, found.token, found.metadata, found.acl)
