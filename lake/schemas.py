"""Every Arrow schema: the one place where a column is defined."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

UTC = pa.timestamp("us", tz="UTC")


def _key(name: str) -> pa.Field:
    return pa.field(name, pa.string(), nullable=False)


_SPAN = [
    pa.field("ordinal", pa.int32()),  # position among the document's spans of this table, from 0
    pa.field("start", pa.int64()),  # first code point of canonical_text[start:end]
    pa.field("end", pa.int64()),  # one past the last code point
    pa.field("heading", pa.string()),  # headings over the span, outermost first, joined by " > "
    pa.field("page", pa.int32()),  # page, slide or sheet from 1; null where the format has none
    pa.field("kind", pa.string()),  # text, code or table
    pa.field("n_tokens", pa.int32()),  # parents: cl100k tokens of the text; chunks: the embedder's, of what is embedded
]

#: What a source holds now. One row per document, sorted by doc_id.
LISTING = pa.schema(
    [
        _key("doc_id"),  # digest of source and uri
        pa.field("source", pa.string()),  # name of the source, its root URL unless named
        pa.field("uri", pa.string()),  # path inside the source
        pa.field("size", pa.int64()),  # bytes; null where the store doesn't say
        pa.field("modified_at", UTC),  # the source's own time of last change
        pa.field("etag", pa.string()),  # the store's revision mark, where it has one
    ]
)

#: What is known of a file's bytes without reading them again; a cache of work, outside every release.
DIGESTS = pa.schema(
    [
        *LISTING,
        pa.field("digest", pa.string()),  # SHA-256 of the bytes
        # JSON: what a sidecar states of which documents; null for a document. To be renamed when sidecars are
        # understood otherwise: a cache of other columns is made anew.
        pa.field("states", pa.string()),
    ]
)

#: Documents whose every digest is known, and what their sidecars state of them.
DIGESTED = pa.schema(
    [
        *LISTING,
        pa.field("digest", pa.string()),
        pa.field(
            "stated", pa.string()
        ),  # JSON of ``lake.sources.declared``; null where no sidecar speaks of the document
    ]
)

#: The manifest: one row per indexed document, inside the release.
DOCUMENTS = pa.schema(
    [
        _key("doc_id"),  # digest of source and uri
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
    ]
)

#: Section-sized spans: what an answer is built from.
PARENTS = pa.schema(
    [
        _key("parent_id"),  # document, text, occurrence
        pa.field("doc_id", pa.string()),
        *_SPAN,
        pa.field("text", pa.string()),  # canonical_text[start:end]
    ]
)

#: Columns of the document that each of its chunks repeats, so that filters apply before ranking.
DOCUMENT_COLUMNS = ("source", "uri", "media_type", "title", "author", "language", "modified_at", "tags", "acl")


def vector_type(dimensions: int, dtype: str) -> pa.DataType:
    """Fixed-size list that LanceDB recognises as a vector; ``dtype`` is ``float32`` or ``float16``."""
    return pa.list_(pa.float16() if dtype == "float16" else pa.float32(), dimensions)


def chunks(dimensions: int, dtype: Literal["float32", "float16"] = "float32") -> pa.Schema:
    """Small spans that are embedded and searched; one table per embedder."""
    return pa.schema(
        [
            _key("chunk_id"),  # document, embedded text, occurrence
            pa.field("doc_id", pa.string()),
            pa.field("parent_id", pa.string()),
            *_SPAN,
            pa.field("text", pa.string()),  # canonical_text[start:end]
            pa.field("text_digest", pa.string()),  # digest of what was embedded: heading path and text
            *(DOCUMENTS.field(name) for name in DOCUMENT_COLUMNS),
            pa.field("vector", vector_type(dimensions, dtype)),  # unit length
        ]
    )


#: Who may see each document that is restricted or ever was, as of the last run that looked; sorted by doc_id.
RIGHTS = pa.schema([_key("doc_id"), pa.field("acl", pa.list_(pa.string()))])  # null: everybody, by now

#: What could not be indexed and why; inside the release, beside the manifest.
QUARANTINE = pa.schema(
    [
        _key("doc_id"),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("digest", pa.string()),  # SHA-256 of the bytes; null where they could not be read
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
    ]
)
_CONTENT_CHUNK = pa.struct(
    [
        pa.field("parent", pa.int32()),  # ordinal of its parent
        *(f for f in _SPAN if f.name != "ordinal"),
        pa.field("context", pa.string()),  # what is embedded before the text: headings that stand over it
        pa.field("text_digest", pa.string()),  # digest of context + text
    ]
)

#: What parsing and chunking made of some bytes, whatever files hold them: the Parquet layer of record.
CONTENTS = pa.schema(
    [
        _key("content_id"),  # digest of bytes, parser, its version, and chunking
        pa.field("digest", pa.string()),  # SHA-256 of the bytes
        pa.field("parser", pa.string()),  # name of the parser
        pa.field("text", pa.string()),  # the canonical text; null where parsing failed
        pa.field("title", pa.string()),
        pa.field("author", pa.string()),
        pa.field("language", pa.string()),
        pa.field("metadata", pa.string()),  # JSON object
        pa.field("parents", pa.list_(_CONTENT_PARENT)),
        pa.field("chunks", pa.list_(_CONTENT_CHUNK)),
        pa.field("error_class", pa.string()),  # set where the bytes can't be indexed
        pa.field("reason", pa.string()),
        pa.field("failed_at", UTC),
    ]
)

#: Texts that wait for their vectors: one staged request per embedding task.
TEXTS = pa.schema([_key("text_digest"), pa.field("text", pa.string()), pa.field("n_tokens", pa.int32())])


def vectors(dimensions: int, dtype: Literal["float32", "float16"] = "float32") -> pa.Schema:
    """The durable vector store: each distinct text once per embedder."""
    return pa.schema([_key("text_digest"), pa.field("vector", vector_type(dimensions, dtype))])


#: The answer of a search: one row for each passage, best first.
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
        pa.field("page", pa.int32()),
        pa.field("kind", pa.string()),
        pa.field("ordinal", pa.int32()),  # of the best chunk
        pa.field("chunk_text", pa.string()),
        pa.field("chunk_start", pa.int64()),
        pa.field("chunk_end", pa.int64()),
        pa.field("chunk_ids", pa.list_(pa.string())),  # all chunks of the passage that were found, best first
        pa.field("vector_rank", pa.int32()),  # of the best chunk, from 1; null where this leg did not find it
        pa.field("vector_score", pa.float64()),  # cosine similarity
        pa.field("text_rank", pa.int32()),
        pa.field("text_score", pa.float64()),  # BM25
        pa.field("rerank_score", pa.float64()),  # null where no model was asked
        pa.field("copies", pa.list_(pa.string())),  # uris whose near copies of the best chunk were left out
    ]
)

_EVIDENCE = pa.struct(
    [
        pa.field("source", pa.string()),  # null: of whichever source has the uri
        pa.field("uri", pa.string()),
        pa.field("quote", pa.string()),  # the text that answers; null: the document as a whole is relevant
        pa.field("before", pa.string()),  # what stands just before and after it, which tells its occurrences apart
        pa.field("after", pa.string()),
        pa.field("start", pa.int64()),  # canonical_text[start:end] was the quote when this was written down
        pa.field("end", pa.int64()),
        pa.field("grade", pa.int32()),  # how relevant; 0: judged, and not relevant
    ]
)

#: Ground truth: questions and where their answers stand, by place and words, never by the id of a chunk.
QUESTIONS = pa.schema(
    [
        _key("question_id"),  # digest of set and text
        pa.field("set", pa.string()),  # the questions that were brought together
        pa.field("text", pa.string()),
        pa.field("key", pa.string()),  # its id where it was imported from
        pa.field("answers", pa.list_(pa.string())),
        pa.field("language", pa.string()),  # ISO 639-1; null where nobody said
        pa.field("evidence", pa.list_(_EVIDENCE)),
        pa.field("origin", pa.string()),  # imported, generated or feedback
        pa.field("reviewed", pa.bool_()),  # whether a person stands by it
        pa.field("tags", pa.list_(pa.string())),
    ]
)

#: What an evaluation measured: one row for each question, setting and measure.
SCORES = pa.schema(
    [
        pa.field("release", pa.string()),
        pa.field("recipe", pa.string()),  # digest of the recipe
        pa.field("settings", pa.string()),  # JSON object: how the questions were asked
        pa.field("set", pa.string()),
        pa.field("question_id", pa.string()),
        pa.field("status", pa.string()),  # scored, failed (counts as 0), or why it was left out
        # document, parent, chunk, span or answer; search: what asking took, in seconds, tokens and USD; null where it
        # was left out
        pa.field("level", pa.string()),
        pa.field("measure", pa.string()),  # as nDCG@10
        pa.field("value", pa.float64()),
        pa.field("source", pa.string()),  # of the evidence, where it is of one source, media type or language
        pa.field("media_type", pa.string()),
        pa.field("language", pa.string()),  # of the question if that was said, else of its evidence
        pa.field("n_words", pa.int32()),  # of the question
        pa.field("evidence_bytes", pa.string()),  # digest of the bytes of the documents that answer it
        pa.field("question_digest", pa.string()),  # of the question with its evidence and answers, as it was asked
        pa.field("basis", pa.string()),  # digest of what answered it: the release's content, raglake's version
        pa.field("evaluated_at", UTC),
    ]
)

#: A reply of a chat model that was paid for, or a person's decision; one row a file, since each is kept at once.
CALLS = pa.schema(
    [
        _key("call_id"),  # digest of the model and of all that was sent to it
        pa.field("kind", pa.string()),  # what was asked: the name of its prompt; review: a person was asked
        pa.field("model", pa.string()),  # as the provider calls the one that replied
        pa.field("text", pa.string()),  # the reply
        pa.field("finish", pa.string()),  # stop, length or refused
        pa.field("n_input", pa.int64()),  # tokens
        pa.field("n_output", pa.int64()),
        pa.field("cost_usd", pa.float64()),  # null where no price is known
        pa.field("seconds", pa.float64()),
        pa.field("about", pa.list_(pa.string())),  # documents whose words were sent: doc_ids and digests of bytes
        pa.field("made_at", UTC),
    ]
)

#: What people said of passages that a search had found: one row for each judgement, never changed.
FEEDBACK = pa.schema(
    [
        _key("feedback_id"),
        pa.field("release", pa.string()),  # that answered
        pa.field("question", pa.string()),
        pa.field("useful", pa.bool_()),
        pa.field("source", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("doc_id", pa.string()),
        pa.field("digest", pa.string()),  # of the document's bytes
        pa.field("chunk_id", pa.string()),
        pa.field("start", pa.int64()),  # canonical_text[start:end] is the quote
        pa.field("end", pa.int64()),
        pa.field("quote", pa.string()),  # the chunk, so that the judgement outlives the release
        pa.field("voter", pa.string()),  # digest of what the caller called who judged; null where that was not said
        pa.field("given_at", UTC),
    ]
)

#: What an audit and the gate found: one row per check, kept beside the release as long as that is kept.
FINDINGS = pa.schema(
    [
        pa.field("release", pa.string()),
        pa.field("suite", pa.string()),  # documents, parents, chunks, quarantine, release_facts, or gate
        pa.field("expectation", pa.string()),  # Great Expectations' name of the kind of check; floor or no_regression
        pa.field("column", pa.string()),  # what is checked; "" for the table as a whole; of the gate: set and measure
        pa.field("severity", pa.string()),  # critical, warning or info
        pa.field("success", pa.bool_()),
        pa.field("errored", pa.bool_()),  # the check itself broke; says nothing about the data
        pa.field("n_checked", pa.int64()),  # rows
        pa.field("n_unexpected", pa.int64()),  # rows that are not as they must be
        pa.field("observed", pa.string()),  # a value or a few
        pa.field("sample_ids", pa.list_(pa.string())),  # keys of the first rows that failed
        pa.field("message", pa.string()),  # one sentence for a person; "" where all is well
    ]
)

#: The releases of a lake, oldest first.
RELEASES = pa.schema(
    [
        _key("release"),
        pa.field("created_at", UTC),
        pa.field("published_at", UTC),  # when readers first saw it; null for a candidate
        pa.field("live", pa.bool_()),
        pa.field("status", pa.string()),  # live, candidate, refused, superseded or rolled back
        pa.field("names", pa.list_(pa.string())),  # by which people call it, and for which it is kept
        pa.field("published_by", pa.string()),  # who published it first; null for a candidate
        pa.field("audit", pa.string()),  # passed, passed with n remarks, refused; null before its audit
        pa.field("gate", pa.string()),  # passed, warned, blocked; null where it was asked no questions
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

#: How releases did over time, for plots and alarms: one row for each release, set, search profile and measure; one with
#: nulls from ``set`` on for a release that was not evaluated.
HEALTH = pa.schema(
    [
        _key("release"),
        pa.field("status", pa.string()),  # as in RELEASES
        pa.field("created_at", UTC),
        pa.field("released_at", UTC),  # when readers first saw it; null for a candidate
        pa.field("age_seconds", pa.float64()),  # from then until readers were taken off it, or until now
        # How long at most the oldest change that it brought had waited then; null where that is not known.
        pa.field("lag_seconds", pa.float64()),
        pa.field("n_documents", pa.int64()),
        pa.field("n_chunks", pa.int64()),
        pa.field("n_quarantined", pa.int64()),
        pa.field("quarantine_share", pa.float64()),  # of all documents that it was to hold
        pa.field("set", pa.string()),
        pa.field("settings", pa.string()),  # JSON object: how the questions were asked
        pa.field("level", pa.string()),
        pa.field("measure", pa.string()),
        pa.field("n_questions", pa.int64()),  # measured so
        pa.field("mean", pa.float64()),
        pa.field("low", pa.float64()),  # its 95 % interval
        pa.field("high", pa.float64()),
        pa.field("p50", pa.float64()),  # seconds of a search; null where answers were measured
        pa.field("p95", pa.float64()),
        pa.field("p99", pa.float64()),
    ]
)
