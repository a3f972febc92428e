"""Which documents an erasure takes, and their rows in every release."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from lake.directory import Lake
from lake.erasure.manifests import NO_RELEASE, Manifests
from lake.erasure.vacuum import NOTHING_SPARED, vacuum
from lake.errors import UsageError
from lake.ids import document_id, value_digest
from lake.ids.uris import alike, folded, places, spellings
from lake.ingest.delta import Delta, read_deltas
from lake.ingest.plan import KNOWN
from lake.releases.history import History
from lake.storage import pushed
from lake.storage.denylist import erasure_is_unfinished
from lake.tables.sql import quoted


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
        return "named" if release != NO_RELEASE else "named; no release holds it, and what none needs goes with it"

    @property
    def releases(self) -> tuple[str, ...]:
        """Releases that hold any of them."""
        return tuple(self.rows.filter(pl.col("release") != NO_RELEASE)["release"].unique(maintain_order=True))

    @property
    def digest(self) -> str:
        """A digest of the documents and of all bytes that they hold, whichever releases have them."""
        return value_digest(
            sorted(map(list, self.rows.select("source", "uri", "digest").unique().iter_rows()), key=str)
        )

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
    if source is not None:
        wanted = f"({wanted}) AND source = {quoted(source)}"
    held = Manifests.opened(lake, history)
    named, rows = _named(lake, held, wanted, uri, source)
    # Before the next case: an erasure may be killed before it denies anything, and is repeated then.
    if not named and uri is not None and (left := _left_over(lake, history, held, uri, source)).height:
        named, digests = frozenset(left["doc_id"]), frozenset(left["digest"].drop_nulls())
        return Selection(pl.concat([left, held.with_bytes(digests)]), named, digests)
    if not named and erasure_is_unfinished(lake.store):
        return Selection(held.rows("false"), named, frozenset())  # the rest of an erasure that was killed
    if not named:
        raise UsageError(
            f"no document of any kept release matches {wanted}; `raglake inspect URI` suggests similar ones"
        )
    of_named = rows.filter(pl.col("doc_id").is_in(list(named)))
    if uri is not None and source is None and of_named["source"].n_unique() > 1:
        raise UsageError(
            f"{uri!r} is in several sources: {', '.join(sorted(of_named['source'].unique()))}; choose one with --source"
        )
    digests = frozenset(of_named["digest"].drop_nulls())
    taken = pl.concat([of_named, rows.filter(pl.col("digest").is_in(list(digests)))])
    return Selection(taken.unique(maintain_order=True), named, digests)


def _named(
    lake: Lake, held: Manifests, where: str, uri: str | None, source: str | None
) -> tuple[frozenset[str], pl.DataFrame]:
    """The documents at ``uri`` or else by SQL, and rows of at least these and of all with the same bytes."""
    if uri is None:
        named = frozenset(held.rows(where)["doc_id"])
        return named, held.with_copies(named)
    named, rows = held.at(uri, source)
    if named:
        return named, rows
    named = _erased_before(lake, held, uri, source)
    return named, held.with_copies(named)


def _erased_before(lake: Lake, held: Manifests, uri: str, source: str | None) -> frozenset[str]:
    """Documents that an earlier erasure of this URI denied, so that one that was killed can be resumed."""
    sources = {source} if source else held.sources()
    denylist = lake.denylist()
    return frozenset(place for name in sources for place in places(name, uri) if denylist.has_place(place))


def _left_over(lake: Lake, history: History, held: Manifests, uri: str, source: str | None) -> pl.DataFrame:
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
    if not rows.height and (erasure_is_unfinished(lake.store) or _has_leftovers(lake, history)):
        names = [source] if source else sorted(held.sources())
        each = [(name, spelling) for name in names for spelling in spellings(uri)]
        left = [{"doc_id": document_id(name, spelling), "source": name, "uri": spelling} for name, spelling in each]
        rows = pl.DataFrame(left, schema=rows.schema)
    return rows.with_columns(release=pl.lit(NO_RELEASE))


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
