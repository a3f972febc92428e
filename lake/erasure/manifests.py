"""What all kept releases hold, by their manifests and quarantines."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.directory import Lake
from lake.errors import StorageError, UsageError
from lake.ids.uris import alike, folded
from lake.ingest.plan import KNOWN
from lake.releases.history import History
from lake.tables.reader import TableReader
from lake.tables.sql import one_of

#: Stands for the release of rows that none holds.
NO_RELEASE = ""
_TABLES = ("documents", "quarantine")
_NAMED = ("doc_id", "source", "uri", "digest")


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests and quarantines of the kept releases, each opened once.

    Documents are looked for in each stored file once, however many releases share it, and then looked up in each
    release by their ids, for which manifests have an index.
    """

    tables: tuple[tuple[str, TableReader], ...]

    @classmethod
    def opened(cls, lake: Lake, history: History) -> Manifests:
        """Those of every release that is kept."""
        found = (
            (release.id, lake.tables(release.generation).at(name, release.versions[name]))
            for release in history.releases.values()
            for name in _TABLES
        )
        return cls(tuple(found))

    def rows(self, where: str) -> pl.DataFrame:
        """KNOWN rows and their release, of every release. Raises UsageError if the filter alone fails."""
        found = [pl.DataFrame(KNOWN.empty_table()).with_columns(release=pl.lit(NO_RELEASE))]
        for release, reader in self.tables:
            found.append(pl.DataFrame(_filtered(reader, where)).with_columns(release=pl.lit(release)))
        return pl.concat(found)

    def documents(self, doc_ids: Collection[str]) -> pl.DataFrame:
        """KNOWN rows and their release of these documents."""
        return self.rows(one_of("doc_id", sorted(doc_ids)) if doc_ids else "false")

    def sources(self) -> set[str]:
        """All sources of the releases."""
        return set(self.rows("true")["source"])

    def at(self, uri: str, source: str | None) -> tuple[frozenset[str], pl.DataFrame]:
        """doc_ids of the documents at ``uri``, in any spelling, and rows as of ``with_copies``."""
        rows = self._with_copies(self._stored(lambda rows: alike(rows, [uri])))
        is_there = pl.Series([folded(name) == folded(uri) for name in rows["uri"]], dtype=pl.Boolean)
        found = rows.filter(is_there).select("doc_id", "source").rows()
        return frozenset(doc_id for doc_id, name in found if source in (None, name)), rows

    def with_copies(self, doc_ids: Collection[str]) -> pl.DataFrame:
        """KNOWN rows and their release of these documents, and at least of all others that have any of their bytes."""
        wanted = pa.array(sorted(doc_ids), pa.string())
        return self._with_copies(self._stored(lambda rows: rows.filter(pc.is_in(rows["doc_id"], wanted))))

    def with_bytes(self, digests: Collection[str]) -> pl.DataFrame:
        """KNOWN rows and their release of all documents with any of these bytes."""
        return self.documents(self._of_bytes(digests)).filter(pl.col("digest").is_in(list(digests)))

    def _with_copies(self, ever: list[dict[str, str]]) -> pl.DataFrame:
        """The rows of documents by all their stored rows, and of others with bytes of theirs."""
        digests = {row["digest"] for row in ever if row["digest"]}
        return self.documents({row["doc_id"] for row in ever} | self._of_bytes(digests))

    def _of_bytes(self, digests: Collection[str]) -> set[str]:
        wanted = pa.array(sorted(digests), pa.string())
        ever = self._stored(lambda rows: rows.filter(pc.is_in(rows["digest"], wanted))) if digests else []
        return {row["doc_id"] for row in ever}

    def _stored(self, chosen: Callable[[pa.Table], pa.Table]) -> list[dict[str, str]]:
        """The chosen rows of all stored files, whether or not a release still holds them."""
        known = set[tuple[str, ...]]()
        batches = (batch for _, reader in self.tables for batch in reader.stored_rows(_NAMED, known))
        return [row for batch in batches for row in chosen(batch).to_pylist()]


def _filtered(reader: TableReader, where: str) -> pa.Table:
    try:
        return reader.scan(KNOWN.names, where).cast(KNOWN)
    except (StorageError, UsageError):
        try:
            reader.check_filter(where)
        except UsageError:
            if reader.name == "quarantine":  # which lacks some columns of the manifest
                return KNOWN.empty_table()
            raise
        raise
