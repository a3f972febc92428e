"""What a lake stores of documents and their texts: its tables, and the Parquet files that they are made from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from lake.schemas.columns import (
    ACCOUNT,
    CANONICAL_DIGEST,
    PAGES,
    SECTION_PAGE,
    SENTENCES,
    SIGNATURE,
    SITUATION,
    SPAN,
    UTC,
    WORDS,
    key,
    vector_type,
)

#: Of a recipe with one embedder.
NO_FURTHER: Mapping[str, int] = MappingProxyType({})

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
        *SPAN,
        pa.field("text", pa.string()),  # canonical_text[start:end]
        *PAGES,
    ]
)

#: Columns of the document that each of its chunks repeats, so that filters apply before ranking.
DOCUMENT_COLUMNS = ("source", "uri", "media_type", "title", "author", "language", "modified_at", "tags", "acl")


def chunks(
    dimensions: int, dtype: Literal["float32", "float16"] = "float32", further: Mapping[str, int] = NO_FURTHER
) -> pa.Schema:
    """Small spans that are embedded and searched; ``further``: dimensions of further columns, 0 of sparse ones."""
    return pa.schema(
        [
            key("chunk_id"),  # document, embedded text, occurrence
            pa.field("doc_id", pa.string()),
            pa.field("parent_id", pa.string()),
            *SPAN,
            pa.field("text", pa.string()),  # canonical_text[start:end]
            pa.field("text_digest", pa.string()),  # digest of what was embedded: heading path and text
            *(DOCUMENTS.field(name) for name in DOCUMENT_COLUMNS),
            pa.field("vector", vector_type(dimensions, dtype)),  # unit length
            *PAGES,
            SECTION_PAGE,
            *WORDS,
            *(pa.field(name, vector_type(size, dtype)) for name, size in further.items()),  # unit length, unless sparse
            SITUATION,
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
        *(f for f in SPAN if f.name != "ordinal"),
        pa.field("text_digest", pa.string()),  # digest of canonical_text[start:end]
        *PAGES,
    ]
)
_CONTENT_CHUNK = pa.struct(
    [
        pa.field("parent", pa.int32()),  # ordinal of its parent
        *(f for f in SPAN if f.name != "ordinal"),
        pa.field("context", pa.string()),  # what is embedded before the text: headings, columns of a cut table
        pa.field("text_digest", pa.string()),  # digest of context + text
        *PAGES,
        SITUATION,
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
        SIGNATURE,
        SENTENCES,
    ]
)

#: Texts that wait for their vectors: one staged request per embedding task.
TEXTS = pa.schema([key("text_digest"), pa.field("text", pa.string()), pa.field("n_tokens", pa.int32())])


#: Token vectors of the same texts: int8 [tokens, dimensions] row by row, see ``lake.embed.short_tokens``.
TOKEN_VECTORS = pa.schema([key("text_digest"), pa.field("tokens", pa.binary(), nullable=False)])


def vectors(dimensions: int, dtype: Literal["float32", "float16"] = "float32") -> pa.Schema:
    """The durable vector store: each distinct text once per embedder. 0 ``dimensions``: sparse vectors."""
    return pa.schema([key("text_digest"), pa.field("vector", vector_type(dimensions, dtype))])
