"""From a release's tables to frames of scalars, batch by batch; no text or vector outlives its batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.embed.sparse_vectors import SparseRows
from lake.ingest.completeness import judged
from lake.options.completeness import USUAL, Completeness
from lake.recipe import SPARSE
from lake.recipe.chunking import SUMMARY
from lake.schemas import ACCOUNT
from lake.sources.declared import PROBLEMS
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lake.directory import Lake
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Documents whose spans are compared with the canonical text, and how many at a time.
N_SAMPLED, _AT_A_TIME = 200, 20

_PRESENT = ("digest", "fingerprint", "indexed_at")
_SPAN = ("start", "end", "n_tokens")
_PARENT, _CHUNK = ("parent_id", "doc_id", *_SPAN), ("chunk_id", "doc_id", "parent_id", *_SPAN)
#: What ``chunks`` reads of a chunk besides its keys and vectors.
_CONTENT = ("text", "kind")

_DOCUMENT = (
    *("doc_id", "uri", "media_type", "content_id", "n_parents", "n_chunks", "metadata"),
    *(*ACCOUNT.names, *_PRESENT),
)
_QUARANTINE = ("doc_id", "uri", "reason", "error_class")

Features = Callable[[pa.RecordBatch], dict[str, pa.Array]]


@dataclass(frozen=True)
class Readers:
    """The tables of one release, each at the release's version.

    ``base`` is the manifest it was built on; ``audited`` are the base's tables, if they passed an audit.
    """

    documents: TableReader
    parents: TableReader
    chunks: TableReader
    quarantine: TableReader
    base: TableReader | None = None
    audited: Readers | None = None

    @classmethod
    def of(cls, lake: Lake, release: Release, base: Release | None, *, whole: bool) -> Readers:
        """``whole``: as if the base's rows had passed no audit."""
        readers = cls._of(lake, release)
        if base is None:
            return readers
        verdict = lake.log.read().verdict(base.id)
        is_kept = base.generation == release.generation and base.recipe == release.recipe
        is_whole = verdict and verdict["passed"] and not verdict.get("of_sample")
        audited = cls._of(lake, base) if is_kept and is_whole and not whole else None
        before = lake.tables(base.generation).at("documents", base.versions["documents"])
        return replace(readers, base=before, audited=audited)

    @classmethod
    def _of(cls, lake: Lake, release: Release) -> Readers:
        tables = lake.tables(release.generation)
        names = ("documents", "parents", release.recipe.embedder.table, "quarantine")
        documents, parents, chunks, quarantine = (tables.at(name, release.versions[name]) for name in names)
        return cls(documents, parents, chunks, quarantine)


@dataclass(frozen=True)
class Frames:
    """Scalars of every row: ``documents``, ``parents``, ``chunks`` and ``quarantine``, keyed as the tables are.

    What is known of texts and vectors is in ``new_parents`` and ``new_chunks`` alone: the rows that no audit passed
    yet. A row never changes where it lies, so that those before it need not be read again every night.
    """

    documents: pl.DataFrame
    parents: pl.DataFrame
    chunks: pl.DataFrame
    quarantine: pl.DataFrame
    new_parents: pl.DataFrame
    new_chunks: pl.DataFrame


def frames(readers: Readers, recipe: Recipe, completeness: Completeness = USUAL) -> Frames:
    """Read every row once."""
    before = (readers.audited.parents, readers.audited.chunks) if readers.audited else (None, None)
    every_parent, new_parents = _spans(readers.parents, before[0], _PARENT, ("text",), parents)
    sizes = {column: one.dimensions for column, one in recipe.vector_columns.items()}
    of_chunks = partial(chunks, sizes=sizes)
    every_chunk, new_chunks = _spans(readers.chunks, before[1], _CHUNK, (*_CONTENT, *sizes), of_chunks)
    return Frames(
        _frame(readers.documents, _DOCUMENT, partial(documents, completeness=completeness)),
        every_parent,
        every_chunk,
        _frame(readers.quarantine, _QUARANTINE, quarantine),
        new_parents,
        new_chunks,
    )


def sample_frames(
    readers: Readers, doc_ids: Sequence[str], recipe: Recipe, completeness: Completeness = USUAL
) -> Frames:
    """Read every row of these documents, and no other."""
    where = one_of("doc_id", doc_ids) if doc_ids else "doc_id IS NULL"
    sizes = {column: one.dimensions for column, one in recipe.vector_columns.items()}
    of_chunks = partial(chunks, sizes=sizes)
    every_parent = _frame(readers.parents, (*_PARENT, "text"), parents, where=where)
    every_chunk = _frame(readers.chunks, (*_CHUNK, *_CONTENT, *sizes), of_chunks, where=where)
    return Frames(
        _frame(readers.documents, _DOCUMENT, partial(documents, completeness=completeness), where=where),
        every_parent,
        every_chunk,
        _frame(readers.quarantine, _QUARANTINE, quarantine, where=where),
        every_parent,
        every_chunk,
    )


def _spans(
    reader: TableReader, audited: TableReader | None, keys: tuple[str, ...], content: tuple[str, ...], of: Features
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keys of all rows, and features of those that no audit passed yet."""
    old, new = reader.fragments(audited)
    found = _frame(reader, (*keys, *content), of, new)
    if not old:
        return found, found
    known = _frame(reader, keys, lambda batch: _columns(batch, *keys), old)
    return pl.concat([known, found.select(known.columns)]), found


def _frame(
    reader: TableReader,
    columns: tuple[str, ...],
    features: Features,
    fragments: Sequence[Any] | None = None,
    where: str | None = None,
) -> pl.DataFrame:
    parts = [_owned(features(batch)) for batch in reader.batches(columns, where, fragments)]
    schema = pa.unify_schemas([reader.schema.remove_metadata(), ACCOUNT])  # which a table of an older release lacks
    none = pa.schema([(name, schema.field(name).type) for name in columns])
    # The features of no rows give the columns of a table without any.
    parts.append(_owned(features(pa.RecordBatch.from_pylist([], schema=none))))
    return pl.DataFrame(pa.concat_tables(parts))


def _owned(columns: dict[str, pa.Array]) -> pa.Table:
    """A copy: one column of a batch read from Lance keeps the whole batch in memory, vectors and all."""
    table = pa.table(columns)
    return table.take(pa.array(np.arange(table.num_rows)))


def documents(batch: pa.RecordBatch, completeness: Completeness = USUAL) -> dict[str, pa.Array]:
    """Keys and counts, whether each descriptive column is there, and whether the account needs no remark."""
    present = {f"has_{name}": _present(batch.column(name)) for name in (*_PRESENT, "uri", "content_id")}
    problem = pc.match_substring(pc.fill_null(batch.column("metadata"), ""), f'"{PROBLEMS}"')
    keys = _columns(batch, "doc_id", "content_id", "n_parents", "n_chunks")
    return keys | present | {"has_problem": problem} | _accounts(batch, completeness)


def _accounts(batch: pa.RecordBatch, completeness: Completeness) -> dict[str, pa.Array]:
    """``kept_enough`` and ``all_was_read``; true for documents without an account, which an older release indexed."""
    found = judged(batch.select(["uri", "media_type", *ACCOUNT.names]), completeness)
    fine = found.select(kept_enough=~pl.col("is_short"), all_was_read=~pl.col("has_unread")).to_arrow()
    return {name: fine.column(name).combine_chunks() for name in fine.column_names}


def quarantine(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Keys and error classes, and whether what failed and why is stated."""
    present = {f"has_{name}": _present(batch.column(name)) for name in ("uri", "reason", "error_class")}
    return _columns(batch, "doc_id", "error_class") | present


def parents(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Keys and spans of parents; see ``spans``."""
    return _columns(batch, "parent_id", "doc_id") | spans(batch)


def chunks(batch: pa.RecordBatch, sizes: Mapping[str, int]) -> dict[str, pa.Array]:
    """Keys, spans and vectors of chunks; see ``spans`` and ``vectors``. ``sizes``: dimensions of each column.

    The metrics of a further column of vectors end as ``metric_ending`` states.
    """
    found = _columns(batch, "chunk_id", "doc_id", "parent_id") | spans(batch)
    # A summary has no text of its document.
    found["has_text"] = pc.or_(found["has_text"], pc.fill_null(pc.equal(batch.column("kind"), SUMMARY), False))
    for column, dimensions in sizes.items():
        of_column = sparse_vectors if column == SPARSE else vectors
        ending = metric_ending(column)
        found |= {f"{name}{ending}": of for name, of in of_column(batch.column(column), dimensions).items()}
    return found


def metric_ending(column: str) -> str:
    """What the metrics of a column of vectors end in.

    >>> metric_ending("vector"), metric_ending("vector_2"), metric_ending("sparse")
    ('', '_2', '_sparse')
    """
    return f"_{SPARSE}" if column == SPARSE else column.removeprefix("vector")


def spans(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """Place and tokens; ``length_ok``: the text is as long as its span; ``has_text``: more than white space."""
    length = pc.utf8_length(batch.column("text")).cast(pa.int64())
    width = pc.subtract(batch.column("end"), batch.column("start"))
    return _columns(batch, *_SPAN) | {
        "length_ok": pc.fill_null(pc.equal(length, width), False),
        "has_text": _present(batch.column("text")),
    }


def vectors(column: pa.FixedSizeListArray, dimensions: int) -> dict[str, pa.Array]:
    """``dimension_ok``, ``finite`` and ``norm`` of each vector.

    Each defect shows in one feature alone: a vector of the wrong size has no ``finite``, one that is
    not finite has no ``norm``.
    """
    size, valid = column.type.list_size, np.asarray(column.is_valid())
    values = column.drop_null().flatten().fill_null(np.nan).to_numpy(zero_copy_only=False)
    rows = values.reshape(-1, size).astype(np.float64 if values.dtype == np.float64 else np.float32, copy=False)
    norm, finite = np.zeros(len(column)), np.zeros(len(column), bool)
    norm[valid] = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    finite[valid] = np.isfinite(rows).all(axis=1)
    measured = valid & (size == dimensions)
    return {
        "dimension_ok": pa.array(measured),
        "finite": pa.array(finite, mask=~measured),
        "norm": pa.array(norm, mask=~(measured & finite)),
    }


def sparse_vectors(column: pa.Array, dimensions: int) -> dict[str, pa.Array]:
    """``dimension_ok``, and ``finite`` of those: whether all weights are finite and above zero."""
    rows = SparseRows.of(column)
    fits = rows.fitting(dimensions)
    return {"dimension_ok": pa.array(fits), "finite": pa.array(rows.positive(), mask=~fits)}


def _columns(batch: pa.RecordBatch, *names: str) -> dict[str, pa.Array]:
    return {name: batch.column(name) for name in names}


def _present(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column.is_valid()
    return pc.fill_null(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0), False)


def missing_contents(lake: Lake, manifest: pl.DataFrame) -> list[str]:
    """doc_ids whose parsed content is not in the Parquet lake."""
    keyed = manifest.select("doc_id", "content_id").drop_nulls()
    lake.contents.refresh()
    gone = lake.contents.missing(keyed["content_id"].to_list())
    return keyed.filter(pl.col("content_id").is_in(gone))["doc_id"].to_list()


def misplaced(lake: Lake, readers: Readers, manifest: pl.DataFrame) -> tuple[int, list[str]]:
    """How many spans of a sample of the manifest's documents were compared with the canonical text, and the ids of
    those unlike it.

    The sample is the lowest doc_ids, which are digests: the same documents every time, and any kind of them.
    """
    known = manifest.drop_nulls("content_id").unique("doc_id")
    sample = known.select("doc_id", "content_id").sort("doc_id").head(N_SAMPLED)
    n_compared, unlike = 0, []
    for part in sample.iter_slices(_AT_A_TIME):
        texts = _canonical_texts(lake, part)
        for reader, key in ((readers.parents, "parent_id"), (readers.chunks, "chunk_id")):
            for span_id, is_equal in _compared(reader, key, texts):
                n_compared += 1
                unlike += [] if is_equal else [span_id]
    return n_compared, unlike


def _canonical_texts(lake: Lake, part: pl.DataFrame) -> dict[str, str | None]:
    texts = lake.contents.read(part["content_id"].to_list(), ["text"]).column("text").to_pylist()
    return dict(zip(part["doc_id"], texts, strict=True))


def _compared(reader: TableReader, key: str, texts: dict[str, str | None]) -> Iterator[tuple[str, bool]]:
    rows = reader.scan([key, "doc_id", "start", "end", "text"], one_of("doc_id", texts))
    for span_id, doc_id, start, end, text in _tuples(rows):
        canonical = texts[doc_id]
        yield span_id, canonical is not None and start is not None and canonical[start:end] == text


def _tuples(rows: pa.Table) -> Iterable[tuple[str, str, int, int, str]]:
    return zip(*(column.to_pylist() for column in rows.columns), strict=True)
