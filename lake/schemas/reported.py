"""What a lake reports: the passages of a search, copies, findings, releases and their quality."""

from __future__ import annotations

import pyarrow as pa

from lake.schemas.columns import PAGES, SECTION_PAGE, UTC, key

#: A retriever's part in a passage. ``leg``: vector, vector_2, vector_3, sparse or text; ``rank`` is null if it did not
#: find it.
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
        *PAGES,  # of the passage
        pa.field("chunk_first_page", pa.int32()),
        pa.field("chunk_last_page", pa.int32()),
        SECTION_PAGE,  # of the best chunk
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
        pa.field("restricted", pa.bool_()),  # whether it is closed to somebody, by today's rights
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
