"""What an erasure of the selected documents takes: their texts, names, ids and vectors, which must all disappear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.directory import Lake
from lake.erasure.selection import Selection
from lake.erasure.vectors import kept_vectors, stored_vectors
from lake.erasure.verification import Terms, occurring, words_of
from lake.ids import place_ids
from lake.ids.uris import places, spellings
from lake.ingest.delta import Delta, text_digests
from lake.releases import rights
from lake.releases.history import History
from lake.releases.values import Release
from lake.schemas import CANONICAL_DIGEST
from lake.tables.places import place_text

#: Number of kept contents whose texts are compared with the erased ones at a time.
_AT_A_TIME = 256
#: Lists of spans of a content, each with the digest of its text.
_HELD = ("parents", "chunks", "sentences")
#: Holds what a chat model wrote about chunks.
_SITUATED = "chunks"
_TEXT_COLUMNS = ("text", "title", "author", "metadata")
_DESCRIBED = ("title", "author", "metadata", "tags", "acl")
#: JSON of raglake's own words around names of a document's parts: searched for as a whole, never word by word.
_OMITTED = "omitted"
#: Digest and signature of a text, which a kept copy in other bytes may have as well.
_DIGEST, _SIGNATURE = CANONICAL_DIGEST.name, "signature"


@dataclass(frozen=True)
class ErasureScope:
    """Everything that a selection erases. ``ids`` are those of ``terms``; ``deltas`` are the releases' without it."""

    choice: Selection
    deltas: Mapping[str, Delta]
    terms: Terms

    def gone_from(self, release: Release) -> list[str]:
        """doc_ids that the release loses."""
        return self.choice.rows.filter(pl.col("release") == release.id)["doc_id"].unique().to_list()


def collect(lake: Lake, history: History, choice: Selection) -> ErasureScope:
    """Read the contents of the chosen documents, without whatever kept documents hold as well."""
    whole = {name: Delta.read(lake, release.commit) for name, release in history.releases.items()}
    deltas = {name: delta.without(choice.named, choice.digests) for name, delta in whole.items()}
    kept = pa.concat_arrays([pa.array([], pa.string()), *(delta.content_ids() for delta in deltas.values())]).unique()
    contents = _contents(lake, choice)
    # The whole of an erased text may be a chunk or a section of a kept one, and its digest with it.
    of_kept = {digest for name in _HELD for digest in text_digests(lake, kept, name).to_pylist()}
    terms = _terms(lake, choice, contents, _text_digests(contents) - of_kept, _described(whole, choice))
    terms = replace(terms, ids=terms.ids - of_kept)
    for strings in _kept_strings(lake, kept, deltas.values(), rights.read(lake.store, history.rights)):
        terms = _less(terms, strings)
    of_others = _kept_signatures(lake, kept) | kept_vectors(lake, of_kept, terms.vectors)
    terms = replace(terms, vectors=terms.vectors - of_others)
    return ErasureScope(choice, deltas, terms)


def less_cached(lake: Lake, erased: ErasureScope) -> ErasureScope:
    """The scope without terms of files that the caches still hold; call it once the erased ones are redacted.

    The sources hold these files, though perhaps no release does: a sidecar whose document is not there, for instance.
    """
    terms = erased.terms
    for name in lake.store.names("cache"):
        if (rows := lake.cached(f"cache/{name}")) is not None:
            for strings in _strings(rows, ("source", "uri", "states")):
                terms = _less(terms, strings)
    return replace(erased, terms=terms)


def _contents(lake: Lake, choice: Selection) -> pa.Table:
    """CONTENTS rows of the erased documents, as far as they are stored."""
    lake.contents.refresh()
    wanted = choice.rows["content_id"].drop_nulls().unique(maintain_order=True).to_list()
    absent = set(lake.contents.missing(wanted))
    stored = [content_id for content_id in wanted if content_id not in absent]
    columns = ["content_id", *_TEXT_COLUMNS, _OMITTED, _DIGEST, _SIGNATURE, *_HELD]
    return lake.contents.read(stored, columns) if stored else pa.table({name: pa.array([]) for name in columns})


def _text_digests(contents: pa.Table) -> set[str]:
    """Digests of the texts that were embedded."""
    embedded = [spans for name in ("chunks", "sentences") for spans in contents.column(name).to_pylist()]
    return {span["text_digest"] for spans in embedded for span in spans or ()}


def _described(deltas: Mapping[str, Delta], choice: Selection) -> set[str]:
    """Strings of the erased documents in manifests, including those from sidecars."""
    ids, digests = pa.array(sorted(choice.named), pa.string()), pa.array(sorted(choice.digests), pa.string())
    found: set[str] = set()
    for delta in deltas.values():
        rows = delta.documents
        rows = rows.filter(pc.or_(pc.is_in(rows.column("doc_id"), ids), pc.is_in(rows.column("digest"), digests)))
        found |= {value for strings in _strings(rows, _DESCRIBED) for value in strings}
    return found


def _strings(rows: pa.Table, names: Iterable[str]) -> Iterator[list[str]]:
    """The distinct strings of each of these columns that exists."""
    for name in set(names) & set(rows.column_names):
        column = rows.column(name)
        values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        yield pc.unique(values).drop_null().to_pylist()


def _terms(lake: Lake, choice: Selection, contents: pa.Table, texts: set[str], described: set[str]) -> Terms:
    strings = {value for value in described if value and value != "{}"}
    strings |= {
        value for name in _TEXT_COLUMNS for value in contents.column(name).to_pylist() if value and value != "{}"
    }
    named = choice.rows.filter(pl.col("doc_id").is_in(list(choice.named)))
    strings |= {spelling for uri in named["uri"] for spelling in spellings(uri)}
    spans = {text for row in contents.to_pylist() for text in _spans(row)}
    ids = {*choice.named, *choice.digests, *texts, *_span_ids(choice, contents)}
    ids |= {place for source, uri in named.select("source", "uri").iter_rows() for place in places(source, uri)}
    for name in ("content_id", "fingerprint"):
        ids |= set(choice.rows[name].drop_nulls()) - {""}
    words = frozenset(word for string in strings for word in words_of(string))
    omitted = set(contents.column(_OMITTED).to_pylist()) - {None}
    ids |= set(contents.column(_DIGEST).to_pylist()) - {None}
    signatures = set(contents.column(_SIGNATURE).to_pylist()) - {None, b""}
    vectors = frozenset({*stored_vectors(lake, texts), *signatures})
    return Terms(frozenset(ids), frozenset(strings | spans | omitted), words, vectors)


def _spans(row: dict[str, object]) -> Iterator[str]:
    text = str(row["text"] or "")
    for column in ("parents", "chunks"):
        for span in row[column] or ():  # type: ignore[attr-defined]
            yield text[span["start"] : span["end"]]
            if situation := span.get("situation"):
                yield situation


def _span_ids(choice: Selection, contents: pa.Table) -> Iterator[str]:
    """Ids of the named documents' parents and chunks; a copy that remains elsewhere may share its own."""
    by_content = {row["content_id"]: row for row in contents.to_pylist()}
    named = choice.rows.filter(pl.col("doc_id").is_in(list(choice.named)))
    for doc_id, content_id in named.select("doc_id", "content_id").unique().iter_rows():
        row = by_content.get(content_id, {})
        for kind, column in (("parent", "parents"), ("chunk", "chunks")):
            yield from place_ids(kind, doc_id, [span["text_digest"] for span in row.get(column) or ()])


def _kept_strings(lake: Lake, kept: pa.Array, deltas: Iterable[Delta], held: pa.Table) -> Iterator[list[str]]:
    """All strings of the remaining documents: contents, names, and who may see them."""
    yield from _strings(held, ["acl"])
    for delta in deltas:
        for part in (delta.documents, delta.quarantine):
            for strings in _strings(part, ("source", "uri", *_DESCRIBED, "reason")):
                yield strings
                yield [form for one in strings for form in (place_text(one).casefold(), one.casefold())]  # as indexed
    content_ids = kept.to_pylist()
    for start in range(0, len(content_ids), _AT_A_TIME):
        rows = lake.contents.read(
            content_ids[start : start + _AT_A_TIME], [*_TEXT_COLUMNS, _OMITTED, _DIGEST, _SITUATED]
        )
        yield [
            one["situation"] for each in rows.column(_SITUATED).to_pylist() for one in each or () if one["situation"]
        ]
        yield [
            value for name in (*_TEXT_COLUMNS, _OMITTED, _DIGEST) for value in rows.column(name).to_pylist() if value
        ]


def _kept_signatures(lake: Lake, kept: pa.Array) -> set[bytes]:
    """Those of the remaining documents, of which one may have the text of an erased one in other bytes."""
    return set(lake.contents.read(kept.to_pylist(), [_SIGNATURE]).column(0).to_pylist()) if len(kept) else set()


def _less(terms: Terms, strings: list[str]) -> Terms:
    also = occurring(terms, strings)
    return replace(terms, ids=terms.ids - also.ids, texts=terms.texts - also.texts, words=terms.words - also.words)
