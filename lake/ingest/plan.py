"""The plan: the changes that bring the index in line with the sources; a pure value."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import RefusedError
from lake.ids import derived_id
from lake.options.completeness import USUAL, Completeness
from lake.parse import media_type_of, parser_of
from lake.parse.packed import PACKED_SUFFIXES
from lake.parse.registry import suffix_of
from lake.recipe import Recipe
from lake.schemas import DIGESTS
from lake.sources.loose_sidecars import LOOSE_PATTERN
from lake.sources.protocol import INODE_MARK, MISNAMED_PATTERN, SIDECAR_PATTERN

#: Columns of the manifest that planning needs: indexed and quarantined documents of a release.
KNOWN = pa.schema([(name, pa.string()) for name in ("doc_id", "source", "uri", "digest", "fingerprint", "content_id")])

#: Files modified less than this before the listing may still change without a new time stamp.
RACY_MICROSECONDS = 100_000
#: The same of a remote file whose time has whole seconds, by a clock that is not ours.
_RACY_ELSEWHERE = 6_000_000

#: Columns of documents whose content must be made, whether or not their rows change.
_WANTED = {"content_id": pl.String, "source": pl.String, "uri": pl.String, "size": pl.Int64}

UNREADABLE = "unreadable"
MAX_REMOVED, MAX_REMOVED_SHARE = 10, 0.10


@dataclass(frozen=True, slots=True)
class Shard:
    """A slice of a plan, as (content_id, source, uri), that one task run turns into one Parquet file."""

    contents: tuple[tuple[str, str, str], ...]
    n_bytes: int


@dataclass(frozen=True)
class Plan:
    """The difference between a listing and a manifest under a recipe.

    ``write`` has a row for each document to (re)write: DIGESTED columns, content_id, fingerprint. ``moved`` maps old
    doc_ids to new ones. ``digest`` identifies the index that results; equal digests mean equal rows. ``lost`` lists
    contents of unchanged documents that must be stored again, or whose vectors must. ``new_index``: rows stay,
    and what is beside them changes: an index, or whether token vectors are stored.
    """

    base: str | None
    recipe: Recipe
    write: pl.DataFrame
    added: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    n_unchanged: int = 0
    removed_uris: tuple[str, ...] = ()
    digest: str = ""
    new_index: bool = False
    lost: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_WANTED))

    def __bool__(self) -> bool:
        return bool(self.write.height or self.removed or self.moved or self.new_index)

    @property
    def deleted(self) -> list[str]:
        """doc_ids whose rows in the base release are removed or replaced."""
        return sorted(self.removed | self.changed | set(self.moved))

    @property
    def counts(self) -> dict[str, int]:
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "moved": len(self.moved),
            "removed": len(self.removed),
            "unchanged": self.n_unchanged,
        }

    def examples(self, n: int) -> dict[str, list[str]]:
        """The first ``n`` names of each kind of change."""
        uris = dict(self.write.select("doc_id", "uri").iter_rows())
        by_kind = {
            "added": (uris[doc_id] for doc_id in self.added),
            "changed": (uris[doc_id] for doc_id in self.changed),
            "moved": (uris[doc_id] for doc_id in self.moved.values()),
            "removed": self.removed_uris,
        }
        return {kind: sorted(names)[:n] for kind, names in by_kind.items()}

    def content_ids(self) -> list[str]:
        """Distinct contents needed by documents to write and by documents that lost theirs."""
        return list(self._content_ids)

    @cached_property
    def _content_ids(self) -> tuple[str, ...]:
        return tuple(self._wanted()["content_id"].drop_nulls().unique(maintain_order=True))

    def _wanted(self) -> pl.DataFrame:
        return pl.concat([self.write.select(list(_WANTED)).cast(_WANTED), self.lost])  # type: ignore[arg-type]

    def shards(self, missing: Iterable[str], n_documents: int = 2000, n_bytes: int = 16 << 20) -> Iterator[Shard]:
        """Slice the ``missing`` contents into shards, in the order of the listing; each content is parsed once."""
        wanted = pl.DataFrame({"content_id": list(missing)}, schema={"content_id": pl.String})
        rows = (
            self._wanted()
            .join(wanted, on="content_id", how="semi")
            .unique("content_id", keep="first", maintain_order=True)
        )
        slice_: list[tuple[str, str, str]] = []
        size = 0
        for content_id, source, uri, n in rows.select("content_id", "source", "uri", "size").iter_rows():
            if slice_ and (len(slice_) >= n_documents or size + (n or 0) > n_bytes):
                yield Shard(tuple(slice_), size)
                slice_, size = [], 0
            slice_.append((content_id, source, uri))
            size += n or 0
        if slice_:
            yield Shard(tuple(slice_), size)


def split_known(listing: pa.Table, cache: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Split a listing (LISTED) into rows whose digest the cache knows (DIGESTS) and rows to read (LISTED).

    The cache knows a file if its size, time and revision mark are unchanged since its bytes were read, unless it has
    neither time nor mark.
    """
    known, listed = _frame(cache).lazy(), _frame(listing).lazy()
    marks = ["doc_id", "size", "modified_at", "etag"]
    has_mark = pl.col("modified_at").is_not_null() | pl.col("etag").is_not_null()
    # A sidecar states what it did when it was read; of a document, the listing tells anew what its source declares.
    # What is named like a sidecar keeps what was found in it, unless it was read by a version that did not look.
    is_loose = pl.col("declared").is_null() & pl.col("uri").str.contains(LOOSE_PATTERN)
    is_loose &= ~pl.col("uri").str.contains(SIDECAR_PATTERN) & ~pl.col("uri").str.contains(MISNAMED_PATTERN)
    is_sidecar = pl.col("uri").str.contains(SIDECAR_PATTERN)
    states = pl.when(is_sidecar | is_loose).then("states").otherwise("declared")
    is_known = pl.col("digest").is_not_null() & has_mark & ~(is_loose & pl.col("states").is_null())
    joined = (
        listed.join(
            known.select(*marks, "digest", "states"), on=marks, how="left", nulls_equal=True, maintain_order="left"
        )
        .with_columns(states=states, is_trusted=is_known)
        .collect()
        .to_arrow()
    )
    is_trusted = joined.column("is_trusted")
    return (
        joined.filter(is_trusted).select(DIGESTS.names).cast(DIGESTS),
        joined.filter(pc.invert(is_trusted)).select(listing.schema.names).cast(listing.schema),
    )


def settled(digests: pa.Table, read_at_us: int) -> pa.Table:
    """The rows whose time stamps were old enough, when their bytes were read, to be trusted next time."""
    is_local = pl.col("etag").str.starts_with(INODE_MARK).fill_null(value=True)
    changed = pl.col("etag").str.extract(rf"^{INODE_MARK}\d+ (\d+)$", 1).cast(pl.Int64)
    stamp = pl.max_horizontal(pl.col("modified_at").dt.timestamp("us"), changed)
    is_coarse = pl.col("etag").is_null() & (stamp % 1_000_000 == 0)
    keep = ~is_local | (stamp < read_at_us - pl.when(is_coarse).then(_RACY_ELSEWHERE).otherwise(RACY_MICROSECONDS))
    passes = _frame(digests).select(keep & pl.col("digest").is_not_null()).to_series()
    return digests.filter(passes.to_arrow()).cast(DIGESTS)


def diff(
    listed: pa.Table,
    known: pa.Table,
    recipe: Recipe,
    *,
    sources: Iterable[str],
    base: str | None = None,
    base_recipe: Recipe | None = None,
    completeness: Completeness = USUAL,
    looked_at: Collection[str] | None = None,
    hidden: Collection[str] = (),
) -> Plan:
    """Compare what ``sources`` hold (DIGESTED) with what a release holds (KNOWN, of all sources).

    Documents of other sources stay as they are, and with ``looked_at`` (doc_ids of the release) all but those;
    ``hidden`` ones stay in any case. Pure: the rows decide, not their order.
    """
    ours = pl.col("source").is_in(list(sources))
    if hidden:
        ours &= ~pl.col("doc_id").is_in(list(hidden))
    if looked_at is not None:
        ours &= pl.col("doc_id").is_in(list(looked_at))
    before = _frame(known)
    old, others = before.filter(ours), before.filter(~ours)
    new = _with_fingerprints(_frame(listed).sort("source", "uri"), recipe, completeness)
    joined = new.join(
        old.select("doc_id", old_fingerprint="fingerprint"), on="doc_id", how="left", maintain_order="left"
    )
    is_new = pl.col("old_fingerprint").is_null()
    is_changed = ~is_new & (pl.col("old_fingerprint") != pl.col("fingerprint"))
    fresh = joined.filter(is_new)
    gone = old.join(new, on="doc_id", how="anti").sort("source", "uri")
    moved = moves(gone, fresh)
    write = joined.filter(is_new | is_changed).drop("old_fingerprint")
    return Plan(
        base=base,
        recipe=recipe,
        write=write,
        added=frozenset(fresh["doc_id"]) - set(moved.values()),
        changed=frozenset(joined.filter(is_changed)["doc_id"]),
        moved=moved,
        removed=frozenset(gone["doc_id"]) - set(moved),
        n_unchanged=new.height - write.height,
        removed_uris=tuple(gone.filter(~pl.col("doc_id").is_in(list(moved)))["uri"]),
        digest=release_digest(pl.concat([part.select("doc_id", "fingerprint") for part in (new, others)]), recipe),
        new_index=base_recipe is not None and _beside_rows(base_recipe) != _beside_rows(recipe),
    )


def _beside_rows(recipe: Recipe) -> tuple[object, ...]:
    """What a release has besides the rows of its documents."""
    return recipe.text_index, recipe.index, recipe.token_vectors


def oldest_change(plan: Plan, since: datetime) -> datetime | None:
    """The earliest possible time of the oldest document change in a plan; None if there is no change.

    ``since`` is when the run that built its base began, which had not found them; a file that appeared later may have
    an older time stamp, or none. Removals have no time and are left out.
    """
    changed = pl.col("doc_id").is_in([*plan.added, *plan.changed, *plan.moved.values()])
    times = plan.write.filter(changed)["modified_at"].to_list()
    return min((max(time or since, since) for time in times), default=None)


def release_digest(documents: pl.DataFrame, recipe: Recipe) -> str:
    """Digest of documents (doc_id, fingerprint) under a recipe, independent of their order."""
    rows = documents.select("doc_id", "fingerprint").sort("doc_id")
    digest = hashlib.sha256(recipe.digest.encode())
    for name in rows.columns:  # joined by Polars: there may be a million
        digest.update(rows[name].str.join("").item().encode())
    return digest.hexdigest()


def _with_fingerprints(new: pl.DataFrame, recipe: Recipe, completeness: Completeness) -> pl.DataFrame:
    """Add content_id and fingerprint; a document that can't be read has no content and a fixed fingerprint.

    A floor of completeness other than the default is part of the fingerprint, so that a change of it moves documents
    into quarantine, or out of it, without parsing them again.
    """
    identify, unreadable = recipe.identifier(), (None, derived_id(UNREADABLE))
    floors = [None] * new.height if completeness.has_usual_floors else _floor_marks(new["uri"], completeness)
    rows = [
        unreadable if digest is None else identify(digest, *parser_and_suffix(uri), stated, floor)
        for (digest, uri, stated), floor in zip(new.select("digest", "uri", "stated").iter_rows(), floors, strict=True)
    ]
    contents, fingerprints = ([row[i] for row in rows] for i in (0, 1))
    return new.with_columns(
        content_id=pl.Series(contents, dtype=pl.String), fingerprint=pl.Series(fingerprints, dtype=pl.String)
    )


def _floor_marks(uris: Iterable[str], completeness: Completeness) -> list[str | None]:
    return [completeness.mark_of(parser_and_suffix(uri)[0], media_type_of(uri)) for uri in uris]


def parser_and_suffix(uri: str) -> tuple[str, str]:
    """The document's parser and suffix; "" if no parser reads it, so that a new parser plans it anew."""
    stem, _, rest = uri.rpartition("/")[2].lower().rpartition(".")
    # Only the suffix of a plain name matters; there are few suffixes and many names.
    is_plain = rest and stem[:1] not in ("", ".") and f".{rest}" not in PACKED_SUFFIXES
    return _parser_and_suffix(f"a.{rest}" if is_plain else uri)


@lru_cache(maxsize=1024)
def _parser_and_suffix(uri: str) -> tuple[str, str]:
    parser, suffix = parser_of(uri), posixpath.splitext(uri)[1].lower()
    return parser.name if parser else "", suffix_of(uri) if suffix in PACKED_SUFFIXES else suffix


def moves(gone: pl.DataFrame, fresh: pl.DataFrame) -> dict[str, str]:
    """Pair documents that disappeared with equal new ones, one to one, in order of their names."""
    if not gone.height:
        return {}
    places: dict[str, list[str]] = {}
    for digest, doc_id in fresh.select("content_id", "doc_id").iter_rows():
        if digest is not None:
            places.setdefault(digest, []).append(doc_id)
    pairs = {}
    for digest, doc_id in gone.select("content_id", "doc_id").iter_rows():
        if digest is not None and places.get(digest):
            pairs[doc_id] = places[digest].pop(0)
    return pairs


def guard(
    plan: Plan, known: pa.Table, listed: pa.Table, *, allow_removed: int = 0, may_be_empty: Collection[str] = ()
) -> None:
    """Raises RefusedError, with the option that allows it, if a plan removes more than a nightly run should.

    ``may_be_empty``: sources whose documents are gone only if somebody deleted them.
    """
    before = _frame(known)
    if len(plan.removed) <= allow_removed:
        return
    present = set(listed.column("source").to_pylist())
    for source, n_before, n_removed in removed_by_source(before, plan.removed):
        emptied = source not in present and source not in may_be_empty
        if emptied or (n_removed > MAX_REMOVED and n_removed > MAX_REMOVED_SHARE * n_before):
            what = "its listing is empty" if emptied else f"that is {n_removed / n_before:.0%} of it"
            raise RefusedError(
                f"{n_removed} of {n_before} documents of {source} would be removed ({what}; the first: "
                f"{', '.join(plan.removed_uris[:3])}); nothing was written. If they are really gone, "
                f"allow it with --allow-removals {len(plan.removed)}"
            )


def removed_by_source(before: pl.DataFrame, removed: frozenset[str]) -> list[tuple[str, int, int]]:
    gone = pl.col("doc_id").is_in(list(removed))
    counts = before.group_by("source").agg(n=pl.len(), gone=gone.sum()).sort("source")
    return [row for row in counts.iter_rows() if row[2]]


def _frame(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(table)
