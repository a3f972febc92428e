"""Scope of an erasure: the chosen documents, their rows in every release, and all terms that must disappear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.directory import Lake
from lake.erasure.vacuum import NOTHING_SPARED, vacuum
from lake.erasure.vectors import kept_vectors, stored_vectors
from lake.erasure.verification import Terms, occurring, words_of
from lake.errors import UsageError
from lake.ids import document_id, place_ids
from lake.ids.uris import alike, folded, places, spellings
from lake.ingest.delta import Delta, read_deltas, text_digests
from lake.ingest.plan import KNOWN
from lake.releases import rights
from lake.releases.history import History
from lake.releases.values import Release
from lake.schemas import CANONICAL_DIGEST
from lake.storage import pushed
from lake.storage.denylist import ERASING
from lake.tables.places import place_text
from lake.tables.reader import TableReader
from lake.tables.sql import one_of, quoted

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
#: Stands for the release of rows that none holds.
_NO_RELEASE = ""


@dataclass(frozen=True, slots=True)
class SelectedDocument:
    """One document to erase, and why: it was named, or it held the bytes of one that was."""

    source: str
    uri: str
    because: str


@dataclass(frozen=True)
class Selection:
    """Rows (KNOWN and ``release``) to erase: those of ``named`` documents, and of others with the same ``digests``."""

    rows: pl.DataFrame
    named: frozenset[str]
    digests: frozenset[str]

    @property
    def documents(self) -> tuple[SelectedDocument, ...]:
        distinct = self.rows.unique(["doc_id"], keep="last", maintain_order=True).sort("source", "uri")
        return tuple(
            SelectedDocument(source, uri, self._because(doc_id, release))
            for doc_id, source, uri, release in distinct.select("doc_id", "source", "uri", "release").iter_rows()
        )

    def _because(self, doc_id: str, release: str) -> str:
        if doc_id not in self.named:
            return "same bytes as a named one"
        return "named" if release != _NO_RELEASE else "named; no release holds it, and what none needs goes with it"

    @property
    def releases(self) -> tuple[str, ...]:
        """Releases that hold any of them."""
        return tuple(self.rows.filter(pl.col("release") != _NO_RELEASE)["release"].unique(maintain_order=True))

    @property
    def denied(self) -> list[tuple[str, list[str]]]:
        """Each named document at every spelling of its uri; with the composed one, the digests of all its bytes.

        Whichever spelling is lifted, the composed one is lifted with it, and the bytes with that.
        """
        found: dict[str, set[str]] = {doc_id: set() for doc_id in self.named}
        rows = self.rows.filter(pl.col("doc_id").is_in(list(self.named)))
        for source, uri, digest in rows.select("source", "uri", "digest").unique().iter_rows():
            for place in places(source, uri):
                found.setdefault(place, set())
            found[document_id(source, folded(uri))].update([digest] if digest else [])
        return [(doc_id, sorted(found[doc_id])) for doc_id in sorted(found)]


def choose(lake: Lake, history: History, *, uri: str | None, where: str | None, source: str | None) -> Selection:
    """Select the documents at ``uri`` (in ``source``), or by SQL. Raises UsageError if there are none."""
    if (uri is None) == (where is None):
        raise UsageError("choose the documents: by URI or by --where SQL, not both")
    wanted = where or f"uri = {quoted(uri or '')}"
    of_source = "true" if source is None else f"source = {quoted(source)}"
    if source is not None:
        wanted = f"({wanted}) AND {of_source}"
    named = frozenset(_rows(lake, history, *((of_source, uri) if uri is not None else (wanted,)))["doc_id"])
    if not named and uri is not None:
        named = _erased_before(lake, history, uri, source)
    # Before the next case: an erasure may be killed before it denies anything, and is repeated then.
    if not named and uri is not None and (left := _left_over(lake, history, uri, source)).height:
        named, digests = frozenset(left["doc_id"]), frozenset(left["digest"].drop_nulls())
        copies = _rows(lake, history, one_of("digest", sorted(digests)) if digests else "false")
        return Selection(pl.concat([left, copies]), named, digests)
    if not named and erasure_is_unfinished(lake):
        return Selection(_rows(lake, history, "false"), named, frozenset())  # the rest of an erasure that was killed
    if not named:
        raise UsageError(f"no document of any kept release matches {wanted}; `raglake query WORDS` shows URIs")
    of_named = _rows(lake, history, one_of("doc_id", sorted(named)))
    if uri is not None and source is None and of_named["source"].n_unique() > 1:
        raise UsageError(
            f"{uri!r} is in several sources: {', '.join(sorted(of_named['source'].unique()))}; choose one with --source"
        )
    digests = frozenset(of_named["digest"].drop_nulls())
    copies = _rows(lake, history, one_of("digest", sorted(digests))) if digests else of_named
    return Selection(pl.concat([of_named, copies]).unique(maintain_order=True), named, digests)


def erasure_is_unfinished(lake: Lake) -> bool:
    """Whether an erasure was killed before all traces were gone."""
    folder, name = ERASING.split("/")
    return name in lake.store.names(folder)


def _erased_before(lake: Lake, history: History, uri: str, source: str | None) -> frozenset[str]:
    """Documents that an earlier erasure of this URI denied, so that one that was killed can be resumed."""
    sources = {source} if source else set(_rows(lake, history, "true")["source"])
    denylist = lake.denylist()
    return frozenset(place for name in sources for place in places(name, uri) if denylist.has_place(place))


def _left_over(lake: Lake, history: History, uri: str, source: str | None) -> pl.DataFrame:
    """Rows, with no release, of a document that pruned releases held or a run that was killed may have stored.

    Deltas that are not vacuumed yet name it, and so do documents that the service was given. Without them, any content
    or vector that no release needs may be its, and so may be what an erasure that was killed has left.
    """
    used = {release.commit for release in history.releases.values()}
    found = []
    for name in lake.store.names("commits"):
        with suppress(FileNotFoundError):  # a run was killed while it wrote them
            if f"commits/{name}" not in used:
                delta = Delta.read(lake, f"commits/{name}")
                found += [part.select(KNOWN.names).cast(KNOWN) for part in (delta.documents, delta.quarantine)]
    found += [_pushed(lake, uri)]
    rows = pl.DataFrame(alike(pa.concat_tables([KNOWN.empty_table(), *found]), [uri])).unique()
    rows = rows if source is None else rows.filter(pl.col("source") == source)
    if not rows.height and (erasure_is_unfinished(lake) or _has_leftovers(lake, history)):
        names = [source] if source else sorted(set(_rows(lake, history, "true")["source"]))
        each = [(name, spelling) for name in names for spelling in spellings(uri)]
        left = [{"doc_id": document_id(name, spelling), "source": name, "uri": spelling} for name, spelling in each]
        rows = pl.DataFrame(left, schema=rows.schema)
    return rows.with_columns(release=pl.lit(_NO_RELEASE))


def _pushed(lake: Lake, uri: str) -> pa.Table:
    """KNOWN rows of documents that the service was given and no run has looked at yet."""
    found = [(one.source, version) for one in pushed.sources(lake.store) if (version := one.find(uri)) is not None]
    rows = [
        {"doc_id": document_id(source, one.uri), "source": source, "uri": one.uri, "digest": one.digest or None}
        for source, one in found
    ]
    return pa.Table.from_pylist(rows, schema=KNOWN)


def _has_leftovers(lake: Lake, history: History) -> bool:
    found = vacuum(lake, history, NOTHING_SPARED, strictly=True, dry_run=read_deltas(lake, history))
    return bool(found.n_contents or found.n_vectors)


def _rows(lake: Lake, history: History, where: str, uri: str | None = None) -> pl.DataFrame:
    """KNOWN rows and their release, of every release, manifest and quarantine; of ``uri`` in any spelling, if given."""
    found = [pl.DataFrame(KNOWN.empty_table()).with_columns(release=pl.lit(""))]
    for release in history.releases.values():
        for name in ("documents", "quarantine"):
            reader = lake.tables(release.generation).at(name, release.versions[name])
            rows = _filtered(reader, where) if uri is None else alike(_filtered(reader, where), [uri])
            found.append(pl.DataFrame(rows).with_columns(release=pl.lit(release.id)))
    return pl.concat(found)


def _filtered(reader: TableReader, where: str) -> pa.Table:
    """Raises UsageError if the filter alone fails."""
    try:
        return reader.scan(KNOWN.names, where).cast(KNOWN)
    except (ValueError, RuntimeError, OSError):
        try:
            reader.check_filter(where)
        except UsageError:
            if reader.name == "quarantine":  # which lacks some columns of the manifest
                return KNOWN.empty_table()
            raise
        raise


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
