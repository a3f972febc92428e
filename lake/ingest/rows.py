"""Makes table rows, as a pure function of documents, their contents and their texts' vectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake import schemas
from lake.ids import place_ids
from lake.recipe import TextIndex
from lake.recipe.chunking import SUMMARY
from lake.sources.declared import (
    PROBLEMS,
    WORDS,
    Statement,
    broken,
    key_as_meant,
    merged,
    not_read,
    other_rights,
    statement,
)
from lake.tables.words import full_text

#: Columns of CONTENTS that each kind of row needs besides its key.
DOCUMENT_NEEDS = (
    *("title", "author", "language", "metadata"),
    *schemas.LATER_OF_DOCUMENTS.names,
    # One column of the spans is enough to count them.
    *("parents.list.element.start", "chunks.list.element.start"),
)
PARENT_NEEDS = ("text", "parents")
CHUNK_NEEDS = ("text", "parents", "chunks")

_NO_INDEX = TextIndex("", "")

VectorsOf = Callable[[Sequence[str]], pa.Array]


def document_rows(documents: pa.Table, contents: pa.Table, indexed_at: pa.Scalar) -> pa.RecordBatch:
    """DOCUMENTS rows; ``contents`` has one row per document, in the same order.

    The column ``stated`` of ``documents`` has what sidecars declare, which overrides the contents' own metadata.
    """
    columns = {name: _one(documents, name) for name in documents.column_names if name in schemas.DOCUMENTS.names}
    columns |= _described(_one(documents, "stated").to_pylist(), contents)
    columns |= {name: _one(contents, name) for name in schemas.LATER_OF_DOCUMENTS.names}
    columns["n_parents"] = pc.list_value_length(_one(contents, "parents"))
    columns["n_chunks"] = pc.list_value_length(_one(contents, "chunks"))
    columns["indexed_at"] = pa.repeat(indexed_at, documents.num_rows)
    return _batch(columns, schemas.DOCUMENTS)


def stated_of(metadata: str | None, stated: str | None) -> Statement:
    """The Statement about a document: from its own metadata (JSON) and from sidecars (JSON of a Statement)."""
    fields = json.loads(metadata) if metadata else {}
    lists = {key: fields.pop(key) for key in list(fields) if key_as_meant(key).lower() in ("tags", "acl")}
    of_itself = statement(lists) | ({"metadata": fields} if fields else {})
    if "acl" not in of_itself and (odd := other_rights(fields)):
        of_itself |= broken(not_read(odd))
    return merged(of_itself, json.loads(stated)) if stated else of_itself


def each_stated(metadata: Iterable[str | None], stated: Iterable[str | None]) -> list[Statement]:
    """``stated_of`` for each document, computed once for equal inputs. Don't modify the results, which are shared."""
    known: dict[tuple[str | None, str | None], Statement] = {}
    pairs = list(zip(metadata, stated, strict=True))
    for pair in pairs:
        if pair not in known:
            known[pair] = stated_of(*pair)
    return [known[pair] for pair in pairs]


def _described(stated: Sequence[str | None], contents: pa.Table) -> dict[str, pa.Array]:
    own = {name: _one(contents, name).to_pylist() for name in (*WORDS, "metadata")}
    statements = each_stated(own["metadata"], stated)
    texts = {id(one): _metadata(one) for one in {id(one): one for one in statements}.values()}
    words = {name: [one.get(name) or mine for one, mine in zip(statements, own[name], strict=True)] for name in WORDS}
    lists = {name: pa.array([one.get(name) for one in statements], pa.list_(pa.string())) for name in ("tags", "acl")}
    return (
        {name: pa.array(values, pa.string()) for name, values in words.items()}
        | lists
        | {"metadata": pa.array([texts[id(one)] for one in statements], pa.string())}
    )


def _metadata(stated: Statement) -> str:
    problems = {PROBLEMS: stated["problems"]} if "problems" in stated else {}
    return json.dumps({**stated.get("metadata", {}), **problems}, ensure_ascii=False, sort_keys=True)


def parent_rows(documents: pa.Table, contents: pa.Table) -> pa.RecordBatch:
    """PARENTS rows of these documents, in order."""
    spans = _SpanColumns(contents, "parents")
    doc_ids = _one(documents, "doc_id")
    columns = spans.columns()
    columns["parent_id"] = pa.array(_ids("parent", doc_ids, spans), pa.string())
    columns["doc_id"] = doc_ids.take(spans.owner)
    columns["text"] = spans.texts(_one(contents, "text"))
    return _batch(columns, schemas.PARENTS)


def chunk_rows(
    documents: pa.Table,
    contents: pa.Table,
    vectors_of: Mapping[str, VectorsOf],
    schema: pa.Schema,
    text_index: TextIndex = _NO_INDEX,
) -> pa.RecordBatch:
    """Rows of a chunks table; ``vectors_of`` returns, for each column, the vectors of text digests in order.

    ``text_index`` is the recipe's.
    """
    spans, parents = _SpanColumns(contents, "chunks"), _SpanColumns(contents, "parents")
    doc_ids = _one(documents, "doc_id")
    parent_ids = pa.array(_ids("parent", doc_ids, parents), pa.string())
    first_parent = pa.array(parents.offsets[:-1]).take(spans.owner)
    columns = spans.columns()
    columns["chunk_id"] = pa.array(_ids("chunk", doc_ids, spans), pa.string())
    columns["doc_id"] = doc_ids.take(spans.owner)
    section = pc.add(first_parent, spans.field("parent"))
    columns["parent_id"] = parent_ids.take(section)
    columns["section_page"] = parents.field("first_page").take(section)
    columns["ordinal"] = _ordinals(columns, section)
    columns["text"] = spans.texts(_one(contents, "text"))
    for name in ("text_digest", "situation"):
        columns[name] = spans.field(name)
    for name in schemas.DOCUMENT_COLUMNS:
        columns[name] = _one(documents, name).take(spans.owner)
    digests = columns["text_digest"].to_pylist()
    columns |= {column: of_texts(digests) for column, of_texts in vectors_of.items()}
    columns |= full_text(columns, text_index)
    return _batch(columns, schema)


def _ordinals(columns: Mapping[str, pa.Array], section: pa.Array) -> pa.Array:
    """Those of the chunks; a summary has that of the first chunk of what it summarises."""
    is_summary = pc.fill_null(pc.equal(columns["kind"], SUMMARY), False).to_numpy(zero_copy_only=False)
    if not is_summary.any():
        return columns["ordinal"]
    ordinals, sections = columns["ordinal"].to_numpy().copy(), section.to_numpy()
    # Sections are numbered in the order of their chunks.
    first = np.searchsorted(sections[~is_summary], sections[is_summary])
    ordinals[is_summary] = ordinals[~is_summary][first]
    return pa.array(ordinals)


def embedded_texts(contents: pa.Table) -> pa.Table:
    """TEXTS rows: what is embedded for each chunk, heading path first; may contain duplicates."""
    spans = _SpanColumns(contents, "chunks")
    texts = spans.texts(_one(contents, "text")).to_pylist()
    contexts = spans.field("context").to_pylist()
    return pa.table(
        {
            "text_digest": spans.field("text_digest"),
            "text": [context + text for context, text in zip(contexts, texts, strict=True)],
            "n_tokens": spans.field("n_tokens"),
        },
        schema=schemas.TEXTS,
    )


class _SpanColumns:
    """The flattened list column of a contents table: each span with the index of its row."""

    def __init__(self, contents: pa.Table, column: str) -> None:
        lists = _one(contents, column)
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        self.offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        self.owner = pa.array(np.repeat(np.arange(len(lengths)), lengths))
        self._flat = pc.list_flatten(lists)
        self._ordinals = np.arange(len(self.owner)) - np.repeat(self.offsets[:-1], lengths)

    def field(self, name: str) -> pa.Array:
        return self._flat.field(self._flat.type.get_field_index(name))

    def columns(self) -> dict[str, pa.Array]:
        names = ("start", "end", "heading", "page", "kind", "n_tokens", "first_page", "last_page")
        return {"ordinal": pa.array(self._ordinals, pa.int32()), **{name: self.field(name) for name in names}}

    def texts(self, canonical: pa.Array) -> pa.Array:
        """``canonical_text[start:end]`` of each span."""
        documents = canonical.to_pylist()
        places = zip(
            self.owner.to_pylist(), self.field("start").to_pylist(), self.field("end").to_pylist(), strict=True
        )
        return pa.array([documents[owner][start:end] for owner, start, end in places], pa.string())


def _ids(kind: str, doc_ids: pa.Array, spans: _SpanColumns) -> list[str]:
    digests = spans.field("text_digest").to_pylist()
    ids: list[str] = []
    for doc_id, first, last in zip(doc_ids.to_pylist(), spans.offsets[:-1], spans.offsets[1:], strict=True):
        ids += place_ids(kind, doc_id, digests[first:last])
    return ids


def _one(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _batch(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema
    )
