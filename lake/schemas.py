"""Arrow schemas of what is indexed and released: the one place that defines its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeVar

import pyarrow as pa

UTC = pa.timestamp("us", tz="UTC")
#: Of a recipe with one embedder.
NO_FURTHER: Mapping[str, int] = MappingProxyType({})


def key(name: str) -> pa.Field:
    """A text column that is never null."""
    return pa.field(name, pa.string(), nullable=False)


#: The account of a document, which lakes have had since 0.4. Rows of older files and tables have none: they read as
#: null.
ACCOUNT = pa.schema(
    [
        pa.field("n_words_source", pa.int64()),  # words of the source by a reading of its own; null if not known
        pa.field("n_words_kept", pa.int64()),  # those of them that the canonical text holds
        pa.field("omitted", pa.string()),  # JSON list of {kind, n_words, place}: what was left out; null if nothing
    ]
)

#: The digest of a document's canonical text, which lakes have had since 0.4: equal for exact copies, whichever bytes
#: they come from.
CANONICAL_DIGEST = pa.field("canonical_digest", pa.string())
#: What near-copies are recognised by; see ``lake.ingest.signatures``. Null if older versions made the content.
_SIGNATURE = pa.field("signature", pa.binary())

_SPAN = [
    pa.field("ordinal", pa.int32()),  # position among the document's spans of this table, from 0
    pa.field("start", pa.int64()),  # first code point of canonical_text[start:end]
    pa.field("end", pa.int64()),  # one past the last code point
    pa.field("heading", pa.string()),  # headings over the span, outermost first, joined by " > "
    # Page, slide or sheet from 1; null if the format has none. Sections: the first one. Chunks: the one that most of
    # the chunk stands on; in rows of releases before 0.4, the one that it begins on.
    pa.field("page", pa.int32()),
    pa.field("kind", pa.string()),  # text, code or table
    pa.field("n_tokens", pa.int32()),  # parents: cl100k tokens of the text; chunks: the embedder's, of what is embedded
]

#: The pages that a span reaches from and to. Rows of releases before 0.4 have none.
_PAGES = [pa.field("first_page", pa.int32()), pa.field("last_page", pa.int32())]
_SECTION_PAGE = pa.field("section_page", pa.int32())  # the page that its section begins on
#: The words of text and heading, which full text is searched by. Null if Lance's tokenizer makes them of both.
_WORDS = [pa.field("words", pa.string()), pa.field("heading_words", pa.string())]

#: What a chat model wrote about a chunk, the first line of its context; "" if the chunk is its whole document, null if
#: no model was asked, or if it wrote nothing.
_SITUATION = pa.field("situation", pa.string())
#: The sentences that were embedded to find where a content's meaning turns; null unless it is chunked semantically.
_SENTENCES = pa.field(
    "sentences", pa.list_(pa.struct([pa.field("text_digest", pa.string()), pa.field("n_tokens", pa.int32())]))
)

#: What a source holds now. One row per document, sorted by doc_id.
LISTING = pa.schema(
    [
        key("doc_id"),  # digest of source and uri
        pa.field("source", pa.string()),  # name of the source, its root URL unless named
        pa.field("uri", pa.string()),  # path inside the source
        pa.field("size", pa.int64()),  # bytes; null if the store doesn't report it
        pa.field("modified_at", UTC),  # the source's own time of last change
        pa.field("etag", pa.string()),  # the store's revision mark, if it has one
    ]
)

#: What is known of a file's bytes without reading them again; a cache of work, outside every release.
DIGESTS = pa.schema(
    [
        *LISTING,
        pa.field("digest", pa.string()),  # SHA-256 of the bytes
        # JSON: what a sidecar states of which documents; null for a document. Rename it when the meaning of sidecars
        # changes: a cache with other columns is rebuilt.
        pa.field("states", pa.string()),
    ]
)

#: Documents whose every digest is known, and what their sidecars state of them.
DIGESTED = pa.schema(
    [
        *LISTING,
        pa.field("digest", pa.string()),
        pa.field("stated", pa.string()),  # JSON of ``lake.sources.declared``; null if no sidecar mentions it
    ]
)

#: The manifest: one row per indexed document, inside the release.
DOCUMENTS = pa.schema(
    [
        key("doc_id"),  # digest of source and uri
        pa.field("source", pa.string()),  # name of the source
        pa.field("uri", pa.string()),  # path inside the source
        pa.field("digest", pa.string()),  # SHA-256 of the bytes
        pa.field("fingerprint", pa.string()),  # digest of bytes and recipe: equal means nothing to do
        pa.field("content_id", pa.string()),  # key of the parsed and chunked content in the Parquet lake
        pa.field("size", pa.int64()),  # bytes
        pa.field("modified_at", UTC),  # the source's time of last change when these bytes were indexed
        pa.field("media_type", pa.string()),  # from the suffix
        pa.field("title", pa.string()),  # as the document states it
        pa.field("author", pa.string()),  # as the document states it
        pa.field("language", pa.string()),  # stated, else detected; ISO 639-1
        pa.field("metadata", pa.string()),  # JSON object of what format, front matter and sidecars state besides
        pa.field("tags", pa.list_(pa.string())),  # as front matter or sidecars state them
        pa.field("acl", pa.list_(pa.string())),  # who may see it, sorted; null: everybody, empty: nobody
        pa.field("n_parents", pa.int32()),
        pa.field("n_chunks", pa.int32()),
        pa.field("indexed_at", UTC),  # start of the run that put this row here; no part of any digest
        *ACCOUNT,
        CANONICAL_DIGEST,
    ]
)

#: Section-sized spans, from which answers are built.
PARENTS = pa.schema(
    [
        key("parent_id"),  # document, text, occurrence
        pa.field("doc_id", pa.string()),
        *_SPAN,
        pa.field("text", pa.string()),  # canonical_text[start:end]
        *_PAGES,
    ]
)

#: Columns of the document that each of its chunks repeats, so that filters apply before ranking.
DOCUMENT_COLUMNS = ("source", "uri", "media_type", "title", "author", "language", "modified_at", "tags", "acl")


def vector_type(dimensions: int, dtype: str) -> pa.DataType:
    """Fixed-size list that LanceDB recognises as a vector; ``dtype`` is ``float32`` or ``float16``."""
    return pa.list_(pa.float16() if dtype == "float16" else pa.float32(), dimensions)


def chunks(
    dimensions: int, dtype: Literal["float32", "float16"] = "float32", further: Mapping[str, int] = NO_FURTHER
) -> pa.Schema:
    """Small spans that are embedded and searched; ``further`` are the dimensions of further columns of vectors."""
    return pa.schema(
        [
            key("chunk_id"),  # document, embedded text, occurrence
            pa.field("doc_id", pa.string()),
            pa.field("parent_id", pa.string()),
            *_SPAN,
            pa.field("text", pa.string()),  # canonical_text[start:end]
            pa.field("text_digest", pa.string()),  # digest of what was embedded: heading path and text
            *(DOCUMENTS.field(name) for name in DOCUMENT_COLUMNS),
            pa.field("vector", vector_type(dimensions, dtype)),  # unit length
            *_PAGES,
            _SECTION_PAGE,
            *_WORDS,
            *(pa.field(name, vector_type(size, dtype)) for name, size in further.items()),  # unit length
            _SITUATION,
        ]
    )


#: Who may see each document that is or ever was restricted, as of the last run that checked; sorted by doc_id.
RIGHTS = pa.schema([key("doc_id"), pa.field("acl", pa.list_(pa.string()))])  # null: everybody again

#: What could not be indexed and why; inside the release, beside the manifest.
QUARANTINE = pa.schema(
    [
        key("doc_id"),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("digest", pa.string()),  # SHA-256 of the bytes; null if they could not be read
        pa.field("fingerprint", pa.string()),  # tried again when it changes
        pa.field("content_id", pa.string()),
        pa.field("media_type", pa.string()),
        pa.field("error_class", pa.string()),  # short and stable: encrypted, truncated, timeout, ...
        pa.field("reason", pa.string()),  # one sentence for a person
        pa.field("first_seen_at", UTC),  # when it failed first; no part of any digest
    ]
)

_CONTENT_PARENT = pa.struct(
    [
        *(f for f in _SPAN if f.name != "ordinal"),
        pa.field("text_digest", pa.string()),  # digest of canonical_text[start:end]
        *_PAGES,
    ]
)
_CONTENT_CHUNK = pa.struct(
    [
        pa.field("parent", pa.int32()),  # ordinal of its parent
        *(f for f in _SPAN if f.name != "ordinal"),
        pa.field("context", pa.string()),  # what is embedded before the text: headings, columns of a cut table
        pa.field("text_digest", pa.string()),  # digest of context + text
        *_PAGES,
        _SITUATION,
    ]
)

#: What parsing and chunking made of some bytes, whichever files hold them: the Parquet layer of record.
CONTENTS = pa.schema(
    [
        key("content_id"),  # digest of bytes, parser, its version, and chunking
        pa.field("digest", pa.string()),  # SHA-256 of the bytes
        pa.field("parser", pa.string()),  # name of the parser
        pa.field("text", pa.string()),  # the canonical text; null if parsing failed
        pa.field("title", pa.string()),
        pa.field("author", pa.string()),
        pa.field("language", pa.string()),
        pa.field("metadata", pa.string()),  # JSON object
        pa.field("parents", pa.list_(_CONTENT_PARENT)),
        pa.field("chunks", pa.list_(_CONTENT_CHUNK)),
        pa.field("error_class", pa.string()),  # set if the bytes can't be indexed
        pa.field("reason", pa.string()),
        pa.field("failed_at", UTC),
        *ACCOUNT,
        CANONICAL_DIGEST,
        _SIGNATURE,
        _SENTENCES,
    ]
)

#: Texts that wait for their vectors: one staged request per embedding task.
TEXTS = pa.schema([key("text_digest"), pa.field("text", pa.string()), pa.field("n_tokens", pa.int32())])


def vectors(dimensions: int, dtype: Literal["float32", "float16"] = "float32") -> pa.Schema:
    """The durable vector store: each distinct text once per embedder."""
    return pa.schema([key("text_digest"), pa.field("vector", vector_type(dimensions, dtype))])


#: A retriever's part in a passage. ``leg``: vector, vector_2, vector_3 or text; ``rank`` is null if it did not find it.
_LEG = pa.struct(
    [
        pa.field("leg", pa.string()),
        pa.field("embedder", pa.string()),  # null for text
        pa.field("rank", pa.int32()),
        pa.field("score", pa.float64()),  # cosine similarity or BM25
        pa.field("added", pa.float64()),
    ]
)

#: The result of a search: one row for each passage, best first.
HITS = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("source", pa.string()),
        pa.field("title", pa.string()),
        pa.field("author", pa.string()),
        pa.field("media_type", pa.string()),
        pa.field("language", pa.string()),
        pa.field("modified_at", UTC),
        pa.field("tags", pa.list_(pa.string())),
        pa.field("doc_id", pa.string()),
        pa.field("parent_id", pa.string()),
        pa.field("chunk_id", pa.string()),  # the best chunk of the passage
        pa.field("score", pa.float64()),  # of the last step that scored; its scale depends on the mode
        pa.field("text", pa.string()),  # the passage: a chunk, its section, or a window of the section
        pa.field("start", pa.int64()),  # canonical_text[start:end] is the passage
        pa.field("end", pa.int64()),
        pa.field("heading", pa.string()),
        pa.field("page", pa.int32()),  # that most of the best chunk stands on; before 0.4, that it begins on
        pa.field("kind", pa.string()),
        pa.field("ordinal", pa.int32()),  # of the best chunk
        pa.field("chunk_text", pa.string()),
        pa.field("chunk_start", pa.int64()),
        pa.field("chunk_end", pa.int64()),
        pa.field("chunk_ids", pa.list_(pa.string())),  # all chunks of the passage that were found, best first
        pa.field("vector_rank", pa.int32()),  # of the best chunk, from 1; null if vector search did not find it
        pa.field("vector_score", pa.float64()),  # cosine similarity
        pa.field("text_rank", pa.int32()),
        pa.field("text_score", pa.float64()),  # BM25
        pa.field("rerank_score", pa.float64()),  # null without a reranker, or if it did not read the chunk
        # Uris of documents that the passage stands for: exact copies, and near-duplicates that ``collapse`` dropped.
        pa.field("copies", pa.list_(pa.string())),
        *_PAGES,  # of the passage
        pa.field("chunk_first_page", pa.int32()),
        pa.field("chunk_last_page", pa.int32()),
        _SECTION_PAGE,  # of the best chunk
        pa.field("copy_sources", pa.list_(pa.string())),  # the source of each of ``copies``
        pa.field("boost", pa.float64()),  # factor of the boosts on the score; null without any
        # Of searches by several retrievers: the rank and score of each, and what it added to the fused score.
        pa.field("legs", pa.list_(_LEG)),
    ]
)

#: Documents of a release that are copies of one another: one row each, group by group, the one that stands first.
DUPLICATES = pa.schema(
    [
        key("copy_group"),  # made of the first document's text, so that it is the same whichever document holds it
        key("doc_id"),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("size", pa.int64()),  # bytes
        pa.field("stands", pa.bool_()),  # whether searches that may find all documents with its text return this one
        pa.field("kind", pa.string()),  # exact or near: how it resembles the one that stands
        pa.field("likeness", pa.float64()),  # estimated Jaccard similarity to that one; 1 for exact copies
        pa.field("duplicate_of", pa.string()),  # doc_id of the first document with exactly its text; null if it is that
    ]
)

#: What an audit and the gate found: one row per check, kept as long as the release.
FINDINGS = pa.schema(
    [
        pa.field("release", pa.string()),
        pa.field("suite", pa.string()),  # documents, parents, chunks, quarantine, release_facts, or gate
        pa.field("expectation", pa.string()),  # Great Expectations' name of the kind of check; floor or no_regression
        pa.field("column", pa.string()),  # what is checked; "" for the table as a whole; for the gate: set and measure
        pa.field("severity", pa.string()),  # critical, warning or info
        pa.field("success", pa.bool_()),
        pa.field("errored", pa.bool_()),  # the check itself failed, so nothing is known about the data
        pa.field("n_checked", pa.int64()),  # rows
        pa.field("n_unexpected", pa.int64()),  # rows that fail the check
        pa.field("observed", pa.string()),  # a value or a few
        pa.field("sample_ids", pa.list_(pa.string())),  # keys of the first rows that failed
        pa.field("message", pa.string()),  # one sentence for a person; "" if all is well
    ]
)

#: The releases of a lake, oldest first.
RELEASES = pa.schema(
    [
        key("release"),
        pa.field("created_at", UTC),
        pa.field("published_at", UTC),  # when readers first saw it; null for a candidate
        pa.field("live", pa.bool_()),
        pa.field("status", pa.string()),  # live, candidate, refused, superseded or rolled back
        pa.field("names", pa.list_(pa.string())),  # given by people; a named release is kept
        pa.field("published_by", pa.string()),  # who published it first; null for a candidate
        pa.field("audit", pa.string()),  # passed, passed with n remarks, refused; null before its audit
        pa.field("gate", pa.string()),  # passed, warned, blocked; null without a gate
        pa.field("why", pa.string()),  # the last reason that the log gives
        pa.field("n_documents", pa.int64()),
        pa.field("n_quarantined", pa.int64()),
        pa.field("n_parents", pa.int64()),
        pa.field("n_chunks", pa.int64()),
        pa.field("recipe", pa.string()),  # digest of the recipe
        pa.field("embedder", pa.string()),
        pa.field("base", pa.string()),  # the release it was built on
        pa.field("digest", pa.string()),  # of what it holds; equal digests mean equal rows
    ]
)

#: Quality of releases over time, for plots and alarms: one row for each release, set, search profile and measure. A
#: release that was not evaluated has one row, with nulls from ``set`` on.
HEALTH = pa.schema(
    [
        key("release"),
        pa.field("status", pa.string()),  # as in RELEASES
        pa.field("created_at", UTC),
        pa.field("released_at", UTC),  # when readers first saw it; null for a candidate
        pa.field("age_seconds", pa.float64()),  # from then until another was live, or until now
        # How long, at most, its oldest change had waited by then; null if unknown.
        pa.field("lag_seconds", pa.float64()),
        pa.field("n_documents", pa.int64()),
        pa.field("n_chunks", pa.int64()),
        pa.field("n_quarantined", pa.int64()),
        pa.field("quarantine_share", pa.float64()),  # of all documents listed for it
        pa.field("set", pa.string()),
        pa.field("settings", pa.string()),  # JSON object: the search options
        pa.field("level", pa.string()),
        pa.field("measure", pa.string()),
        pa.field("n_questions", pa.int64()),  # behind the mean
        pa.field("mean", pa.float64()),
        pa.field("low", pa.float64()),  # its 95 % interval
        pa.field("high", pa.float64()),
        pa.field("p50", pa.float64()),  # seconds of a search; null if answers were measured
        pa.field("p95", pa.float64()),
        pa.field("p99", pa.float64()),
    ]
)


#: Columns of tables and contents that came with 0.4. What was written before has none, and is read as null.
LATER = {
    field.name: field.type
    for field in (*_PAGES, _SECTION_PAGE, *ACCOUNT, *_WORDS, CANONICAL_DIGEST, _SIGNATURE, _SENTENCES, _SITUATION)
}
#: Those of them that documents have, in order.
LATER_OF_DOCUMENTS = pa.schema([*ACCOUNT, CANONICAL_DIGEST])
#: Those of them that chunks have, in order.
LATER_OF_CHUNKS = pa.schema([*_PAGES, _SECTION_PAGE, *_WORDS, _SITUATION])

RowsT = TypeVar("RowsT", pa.Table, pa.RecordBatch)


def completed(rows: RowsT, columns: Sequence[str]) -> RowsT:
    """The rows with nulls for those of ``columns`` that are LATER and absent."""
    for name in columns:
        if name in LATER and name not in rows.schema.names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, LATER[name]))
    return rows


def conformed(rows: RowsT, schema: pa.Schema) -> RowsT:
    """Rows of a file with the columns of ``schema``, those of nested values included, and nulls for LATER ones."""
    rows = completed(rows, [name for name in schema.names if name not in rows.schema.names])
    return rows.select(schema.names).cast(schema)


def older(schema: pa.Schema) -> pa.Schema:
    """The columns as releases before 0.4 wrote them."""
    return pa.schema([pa.field(f.name, _older(f.type), f.nullable) for f in schema if f.name not in LATER])


def _older(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return pa.list_(pa.struct([field for field in kind.value_type if field.name not in LATER]))
    return kind
