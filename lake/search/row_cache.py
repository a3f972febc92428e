"""Rows of a release's chunks, sections and documents, held in memory; for a small release their texts, too.

Lance takes as long to read ten hits with their columns as to search for them. Long texts stay in the tables, which
costs one column of ten rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import ContractError
from lake.search.passages import OF_CHUNK, OF_DOCUMENT, OF_SECTION, OF_SPAN, ReadRows, Span

if TYPE_CHECKING:
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Maximum bytes, and approximate bytes of each row.
_MOST, _BYTES = 128 << 20, {"n_chunks": 152, "n_parents": 208, "n_documents": 300}
_CHUNK = ("chunk_id", *OF_SPAN, "heading", "page", "kind", "section_page")
#: Columns that repeat few values.
_REPEATED = ("heading", "kind")


@dataclass(frozen=True, slots=True)
class RowCache:
    """``section`` and ``document``: row numbers in ``sections`` and ``documents`` for each row of ``chunks``.

    ``row_ids`` of the chunks are sorted. ``read_texts`` reads texts of sections, or of chunks, by row ids.
    """

    row_ids: np.ndarray
    chunks: pa.Table
    section: np.ndarray
    document: np.ndarray
    sections: pa.Table
    documents: pa.Table
    read_texts: Callable[[str, Sequence[int]], pa.ChunkedArray]

    @classmethod
    def read(cls, table: Callable[[str], TableReader], *, with_texts: bool, more: Sequence[str] = ()) -> RowCache:
        """``with_texts``: holds the texts of the sections, which contain all texts once. ``more`` columns of chunks."""
        own = (*_CHUNK, *more)
        chunks = table("chunks").scan(["_rowid", "doc_id", "parent_id", *own]).sort_by("_rowid")
        sections = table("parents").scan(["_rowid", *OF_SECTION[: None if with_texts else -1]])
        documents = table("documents").scan(["doc_id", *OF_DOCUMENT])
        return cls(
            chunks.column("_rowid").to_numpy(),
            _compact(chunks.select(own)),
            _places(chunks, "parent_id", sections),
            _places(chunks, "doc_id", documents),
            _compact(sections),
            documents.combine_chunks(),
            lambda name, row_ids: table(name).rows(row_ids, ["text"]).column("text"),
        )

    def rows(self, row_ids: np.ndarray, columns: Sequence[str]) -> pa.Table:
        """Columns that locate these chunks, in the order given."""
        return self._of_chunks(np.searchsorted(self.row_ids, row_ids), columns)

    def _of_chunks(self, at: np.ndarray, columns: Sequence[str]) -> pa.Table:
        elsewhere = {"parent_id": (self.sections, self.section), "doc_id": (self.documents, self.document)}
        own = _taken(self.chunks, at, [name for name in columns if name not in elsewhere])
        found = dict(zip(own.column_names, own.columns, strict=True))
        for name in elsewhere.keys() & set(columns):
            table, places = elsewhere[name]
            found[name] = table.column(name).take(pa.array(places[at]))
        return pa.table({name: found[name] for name in columns})

    def of(self, found: pa.Table, *, with_sections: bool) -> ReadRows:
        at = np.searchsorted(self.row_ids, found.column("_rowid").to_numpy())
        chunks = self._of_chunks(at, [name for name in OF_CHUNK if name not in (*OF_DOCUMENT, "text")])
        documents = _taken(self.documents, self.document[at], OF_DOCUMENT)
        for name, column in zip(documents.column_names, documents.columns, strict=True):
            chunks = chunks.append_column(name, column)
        if not with_sections and "text" not in self.sections.column_names:
            texts = self.read_texts("chunks", self.row_ids[at].tolist())
            return ReadRows(chunks.append_column("text", texts), None)
        sections = self._sections(self.section[at])
        spans = zip(*(table.column(name).to_pylist() for table, name in _cut(sections, chunks)), strict=True)
        texts = pa.array([text[start - first : end - first] for text, first, start, end in spans], pa.string())
        return ReadRows(chunks.append_column("text", texts), sections if with_sections else None)

    def _sections(self, at: np.ndarray) -> pa.Table:
        known = _taken(self.sections, at, [name for name in OF_SECTION if name in self.sections.column_names])
        if "text" in known.column_names:
            return known
        own, place = np.unique(at, return_inverse=True)
        texts = self.read_texts("parents", self.sections.column("_rowid").take(pa.array(own)).to_pylist())
        return known.append_column("text", texts.take(pa.array(place)))

    def spans(self, found: pa.Table) -> dict[str, list[Span]]:
        sections = self.section[np.searchsorted(self.row_ids, found.column("_rowid").to_numpy())]
        names = dict(zip(sections.tolist(), found.column("parent_id").to_pylist(), strict=True))
        at = np.flatnonzero(np.isin(self.section, sections))
        columns = [column.to_pylist() for column in _taken(self.chunks, at, OF_SPAN).columns]
        spans: dict[str, list[Span]] = {}
        for section, *span in zip(self.section[at].tolist(), *columns, strict=True):
            spans.setdefault(names[section], []).append(tuple(span))
        return spans


def fits(release: Release) -> bool:
    """Whether a release is small enough for the cache."""
    return n_bytes(release) <= _MOST


def n_bytes(release: Release) -> int:
    """Approximate size of the cache, without texts."""
    return sum(release.counts[name] * each for name, each in _BYTES.items())


def _cut(sections: pa.Table, chunks: pa.Table) -> list[tuple[pa.Table, str]]:
    """Columns that cut a chunk's text out of its section's."""
    return [(sections, "text"), (sections, "start"), (chunks, "start"), (chunks, "end")]


def _places(rows: pa.Table, key: str, of: pa.Table) -> np.ndarray:
    """For each row, the row of ``of`` with the same key; raises ContractError if one is missing."""
    found = pc.index_in(rows.column(key), of.column(key).combine_chunks()).combine_chunks()
    if found.null_count:
        raise ContractError(
            f"{found.null_count:,} chunks name a {key} that is not in the release; run `raglake doctor`"
        )
    places: np.ndarray = found.to_numpy().astype(np.int32)
    return places


def _compact(rows: pa.Table) -> pa.Table:
    for name in _REPEATED:
        rows = rows.set_column(rows.column_names.index(name), name, rows.column(name).dictionary_encode())
    return rows.unify_dictionaries().combine_chunks()


def _taken(rows: pa.Table, at: np.ndarray, columns: Sequence[str]) -> pa.Table:
    """Some rows, with dictionary columns decoded."""
    taken = rows.select(list(columns)).take(pa.array(at))
    for name in set(_REPEATED) & set(taken.column_names):
        taken = taken.set_column(taken.column_names.index(name), name, taken.column(name).cast(pa.string()))
    return taken
