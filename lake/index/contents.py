"""What releases hold: documents, counts, findings, and what differs between two."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.directory import configuration
from lake.index.opened import OpenLake
from lake.inspect.describe import contents, description
from lake.inspect.duplicates import NEAR, duplicates
from lake.records.last_listings import last_listed
from lake.records.watch_state import WatchState
from lake.records.watch_state import states as watch_states
from lake.releases.history import At
from lake.releases.rows import release_table
from lake.releases.values import Release
from lake.search.facets import facets, named
from lake.search.reading import read_document
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot
from lake.storage.denylist import erasure_is_unfinished

if TYPE_CHECKING:
    from lake.inspect.diff import Difference
    from lake.inspect.indexed import IndexedDocuments
    from lake.options.completeness import Completeness


class ReleaseContents(OpenLake):
    """Reads what releases hold, without a search."""

    def releases(self) -> pa.Table:
        """Every release, oldest first."""
        return release_table(self.history())

    def describe(self, at: At = "live") -> dict[str, Any]:
        """Everything known about a release: its RELEASES row, recipe, failed checks, usage and log entries."""
        history = self.history()
        return description(self._lake, history, history.resolve(at))

    def status(self) -> dict[str, Any]:
        """The live release, its contents and its quarantine, as JSON."""
        history = self.history()
        found: dict[str, Any] = {"lake": self._lake.url, "pinned": history.pinned, "n_releases": len(history.releases)}
        found["is_erasing"] = erasure_is_unfinished(self._lake.store)
        found["watches"] = [watch.summary() for watch in self.watches()]
        if history.live is None:
            return {**found, "live": None, "quarantine": []}
        return found | self._reader.of_release("live", self._contents)

    def watches(self) -> Iterator[WatchState]:
        """How soon changes are published, by each who watches or watched the lake (``raglake watch``)."""
        return watch_states(self._lake.store)

    def _contents(self, live: Release) -> dict[str, Any]:
        found = contents(self.history(), live, self._reader.snapshot(live), self._completeness())
        return found | {"listed_at": {name: last_listed(self._lake.store, name) for name in found["sources"]}}

    def _completeness(self) -> Completeness:
        return configuration.read(self._lake.store).completeness

    def inspect(self, uri: str, *, at: At = "live", source: str | None = None, chunks: bool = False) -> dict[str, Any]:
        """A document as a release or its quarantine holds it, as JSON; for operators, whatever its rights.

        ``sections`` hold the text as it is indexed, with ``chunks`` also cut into chunks; ``account`` what became of
        the words of the source; ``quarantine`` why it is not indexed. Raises UsageError for an unknown uri.
        """
        return self.documents.inspected(uri, at, source, chunks=chunks)

    @property
    def documents(self) -> IndexedDocuments:
        """What releases hold of single documents, and how these differ between releases."""
        from lake.inspect.indexed import IndexedDocuments

        return IndexedDocuments(self._lake, self._reader, self.history, self._completeness)

    def duplicates(self, at: At = "live", *, near: bool = False, likeness: float = NEAR) -> pa.Table:
        """DUPLICATES rows: documents with exactly the same text, largest groups first; for operators.

        With ``near``, also documents whose words resemble those of another one at least so much: ``likeness`` is the
        Jaccard similarity of their sequences of three words, from 0.5 to 1, estimated with a standard error of 0.03.
        """

        def read(snapshot: Snapshot, rights: Rights) -> pa.Table:
            return duplicates(self._lake, snapshot, rights, near=near, likeness=likeness)

        return self._reader.search(at, read)

    def dataset(self, table: str, at: At = "live") -> Any:
        """A pyarrow dataset of ``documents``, ``parents``, ``chunks`` or ``quarantine`` at a release.

        Readable as long as its release is kept, and at least for the grace period of ``prune``.
        """
        return self._reader.of_release(at, lambda release: self._reader.snapshot(release).table(table).dataset())

    def findings(self, at: At = "live") -> pa.Table:
        """FINDINGS rows of the release's audit."""
        return self._lake.findings(self.release(at).id)

    def diff(self, a: str, b: str = "live") -> Difference:
        """Differences from release ``a`` to release ``b``."""
        from lake.inspect.diff import difference

        history = self.history()
        return difference(self._lake, history.resolve(a), history.resolve(b))

    def facets(
        self,
        filters: Mapping[str, Any] | None = None,
        *,
        at: At = "live",
        principals: tuple[str, ...] | str = (),
    ) -> dict[str, Any]:
        """The documents that a search with these filters could find, counted by source, media type, language and more.

        ``facets`` holds the most frequent values of each column, counted without the column's own filter.
        """
        return self._reader.search(at, lambda snapshot, rights: facets(snapshot, rights, filters or {}, principals))

    def find_documents(
        self, name: str, *, at: At = "live", principals: tuple[str, ...] | str = (), limit: int = 20
    ) -> dict[str, Any]:
        """The release, and ``documents`` whose title or uri contains all words of ``name``."""

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return {"release": snapshot.release.id, "documents": named(snapshot, rights, name, principals, limit)}

        return self._reader.search(at, read)

    def document(
        self,
        doc_id: str,
        *,
        at: At = "live",
        principals: Collection[str] | str = (),
        start: int = 0,
        characters: int = 100_000,
    ) -> dict[str, Any]:
        """A document that the principals may see: ``release``, its row of the manifest, and its text in ``sections``.

        The text starts at ``start``; ``next_start`` is where to read on, None at its end.
        """

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return read_document(snapshot, rights.may_see(principals), doc_id, start, characters)

        return self._reader.search(at, read)
