"""Columns that several tables share, and the values of columns row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

UTC = pa.timestamp("us", tz="UTC")


def key(name: str) -> pa.Field:
    """A text column that is never null."""
    return pa.field(name, pa.string(), nullable=False)


def vector_type(dimensions: int, dtype: str) -> pa.DataType:
    """Fixed-size list that LanceDB recognises as a vector; ``dtype`` is ``float32`` or ``float16``.

    Without ``dimensions`` vectors are sparse, and packed in bytes: see ``lake.embed.sparse_vectors``.
    """
    if not dimensions:
        return pa.binary()
    return pa.list_(pa.float16() if dtype == "float16" else pa.float32(), dimensions)


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
SIGNATURE = pa.field("signature", pa.binary())

SPAN = [
    pa.field("ordinal", pa.int32()),  # position among the document's spans of this table, from 0
    pa.field("start", pa.int64()),  # first code point of canonical_text[start:end]
    pa.field("end", pa.int64()),  # one past the last code point
    pa.field("heading", pa.string()),  # headings over the span, outermost first, joined by " > "
    # Page, slide or sheet from 1; null if the format has none. Sections: the first one. Chunks: the one that most of
    # the chunk stands on; in rows of releases before 0.4, the one that it begins on.
    pa.field("page", pa.int32()),
    pa.field("kind", pa.string()),  # text, code or table; a chunk without text of its own is a summary
    pa.field("n_tokens", pa.int32()),  # parents: cl100k tokens of the text; chunks: the embedder's, of what is embedded
]

#: The pages that a span reaches from and to. Rows of releases before 0.4 have none.
PAGES = [pa.field("first_page", pa.int32()), pa.field("last_page", pa.int32())]
SECTION_PAGE = pa.field("section_page", pa.int32())  # the page that its section begins on
#: The words of text and heading, which full text is searched by. Null if Lance's tokenizer makes them of both.
WORDS = [pa.field("words", pa.string()), pa.field("heading_words", pa.string())]

#: What a chat model wrote about a chunk, the first line of its context; "" if the chunk is its whole document, null if
#: no model was asked, or if it wrote nothing. Of a summary its text, whoever wrote it.
SITUATION = pa.field("situation", pa.string())
#: The sentences that were embedded to find where a content's meaning turns; null unless it is chunked semantically.
SENTENCES = pa.field(
    "sentences", pa.list_(pa.struct([pa.field("text_digest", pa.string()), pa.field("n_tokens", pa.int32())]))
)


def tuples(rows: pa.Table | pa.RecordBatch, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The values of some columns, row by row.

    >>> list(tuples(pa.table({"a": [1, 2], "b": ["x", None]}), "b", "a"))
    [('x', 1), (None, 2)]
    """
    return zip(*(rows.column(name).to_pylist() for name in columns), strict=True)
