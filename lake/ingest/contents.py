"""Turns bytes into one row of the Parquet layer: parses, chunks, digests; runs in the isolated child."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from lake.chunk.chunker import chunk
from lake.chunk.turns import Sentences, Turns, sentences_of
from lake.embed import tokenizer_of
from lake.errors import InputError
from lake.ids import text_digest
from lake.ingest.accounts import account_columns
from lake.ingest.signatures import signature
from lake.ingest.summaries import with_extracts
from lake.parse import parse
from lake.parse.account import account_of
from lake.recipe.chunking import ChunkRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from lake.chunk.chunker import Child, Parent
    from lake.parse.document import ParsedDocument


@dataclass(frozen=True, slots=True)
class Bytes:
    """One document on its way into the isolated child."""

    content_id: str
    digest: str
    uri: str
    data: bytes
    chunking: ChunkRecipe
    embedder: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A parsed document whose chunks depend on vectors of its sentences."""

    document: ParsedDocument
    account: dict[str, Any]
    sentences: Sentences

    @property
    def texts(self) -> tuple[str, ...]:
        """The sentences' texts."""
        return tuple(self.document.text[start:end] for start, end in self.sentences.spans)


@dataclass(frozen=True, slots=True)
class Turned:
    """A draft on its way back into the child, with the change before each sentence."""

    item: Bytes
    draft: Draft
    changes: tuple[float, ...]


def content_step(item: Bytes | Turned) -> dict[str, Any] | Draft:
    """A CONTENTS row, or what must be known before it can be made. Raises InputError for what can't be indexed."""
    if isinstance(item, Turned):
        draft = item.draft
        turns = Turns(draft.sentences.spans, item.changes, item.item.chunking)
        digests = [text_digest(text) for text in draft.texts]
        spoken = [
            {"text_digest": digest, "n_tokens": n_tokens}
            for digest, n_tokens in zip(digests, draft.sentences.n_tokens, strict=True)
        ]
        return _row(item.item, draft.document, draft.account, turns) | {"sentences": spoken}
    if not item.chunking.is_semantic:
        return content_row(item)
    document = parse(item.data, item.uri)
    sentences = sentences_of(document, item.chunking, _tokenizer(item.embedder))
    return Draft(replace(document, source_text=None), account_columns(account_of(document)), sentences)


def content_row(item: Bytes) -> dict[str, Any]:
    """The CONTENTS row of some bytes, without turns. Raises InputError if they can't be indexed."""
    document = parse(item.data, item.uri)
    return _row(item, document, account_columns(account_of(document)))


def _row(item: Bytes, document: ParsedDocument, account: dict[str, Any], turns: Turns | None = None) -> dict[str, Any]:
    chunks = chunk(document, item.chunking, _tokenizer(item.embedder), turns)
    if not chunks.children:
        raise InputError("it holds no text that can be searched", "no_text")
    text = document.text
    row = {
        "content_id": item.content_id,
        "digest": item.digest,
        "text": text,
        "title": document.title,
        "author": document.author,
        "language": document.language,
        "metadata": json.dumps(document.metadata, ensure_ascii=False, sort_keys=True, default=str),
        "parents": [
            _span(parent) | {"text_digest": text_digest(text[parent.start : parent.end])} for parent in chunks.parents
        ],
        "chunks": [
            _span(child)
            | {
                "parent": child.parent,
                "context": child.context,
                "situation": None,
                "text_digest": text_digest(child.context + text[child.start : child.end]),
            }
            for child in chunks.children
        ],
        **account,
        "canonical_digest": text_digest(text),
        "signature": signature(text),
    }
    return with_extracts(row, item.chunking, _tokenizer(item.embedder))


_tokenizer = lru_cache(maxsize=4)(tokenizer_of)


def _span(span: Parent | Child) -> dict[str, Any]:
    return {
        "start": span.start,
        "end": span.end,
        "heading": " > ".join(span.heading),
        "page": span.page,
        "kind": span.kind,
        "n_tokens": span.n_tokens,
        "first_page": span.first_page,
        "last_page": span.last_page,
    }


def contents_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Build CONTENTS rows by column: ``pa.Table.from_pylist`` takes ten times as long for lists of structs."""
    import pyarrow as pa

    from lake.schemas import CONTENTS

    columns = [_column([row.get(field.name) for row in rows], field.type) for field in CONTENTS]
    return pa.Table.from_arrays(columns, schema=CONTENTS)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if not pa.types.is_list(kind):
        return pa.array(values, kind)
    ends = list(accumulate(len(spans or ()) for spans in values))
    flat = [span for spans in values if spans for span in spans]
    fields = [pa.array([span[field.name] for span in flat], field.type) for field in kind.value_type]
    spans = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
    mask = pa.array([spans is None for spans in values], pa.bool_())
    return pa.ListArray.from_arrays(pa.array([0, *ends], pa.int32()), spans, type=kind, mask=mask)
