"""Differences between two releases: documents, chunks, quarantine and recipe; reads, never writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from lake.ingest.plan import moves
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe
    from lake.releases.values import Release

_MANIFEST = ("doc_id", "source", "uri", "fingerprint", "digest", "content_id", "n_chunks", "acl")
_QUARANTINE = ("doc_id", "source", "uri", "digest", "error_class", "reason")
_TOTALS = ("n_documents", "n_quarantined", "n_parents", "n_chunks")
#: Maximum number of documents to look up by id; beyond it, filtering whole columns is faster.
_LOOKED_UP = 1000


Access = Literal["opened", "closed", "altered"]


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document that differs between the releases, and the effect on its chunks.

    A chunk is kept if its heading path and text are unchanged, even if a new embedder gave it another vector.
    ``was`` is source and uri in A, if the place differs. ``access`` tells if others may see it, as the releases were
    built: ``opened`` to everybody, ``closed`` to some, or ``altered``.
    """

    source: str
    uri: str
    n_chunks_added: int
    n_chunks_removed: int
    n_chunks_kept: int
    was: tuple[str, str] | None = None
    access: Access | None = None

    def to_json(self) -> dict[str, Any]:
        """Without ``was`` if the place is the same, and without ``access`` if who may see it is."""
        names = ("source", "uri", "n_chunks_added", "n_chunks_removed", "n_chunks_kept")
        value = {name: getattr(self, name) for name in names}
        value |= {} if self.was is None else {"was": {"source": self.was[0], "uri": self.was[1]}}
        return value if self.access is None else {**value, "access": self.access}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A document in quarantine, and why."""

    source: str
    uri: str
    error_class: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes that turn release ``a`` into release ``b``; each list is sorted by source and uri.

    ``changed`` documents have other bytes; ``reindexed`` ones the same bytes under another recipe. ``moved`` pairs a
    document that disappeared with one of equal content that appeared elsewhere. A document that went into quarantine
    is both in ``removed`` and in ``entered``. ``altered`` ones are in quarantine in both, with other bytes or for
    another reason. ``recipe`` maps dotted names to both values. ``totals`` has those of both releases.
    """

    a: str
    b: str
    added: tuple[DocumentChange, ...]
    changed: tuple[DocumentChange, ...]
    reindexed: tuple[DocumentChange, ...]
    moved: tuple[DocumentChange, ...]
    removed: tuple[DocumentChange, ...]
    entered: tuple[Quarantined, ...]
    altered: tuple[Quarantined, ...]
    left: tuple[Quarantined, ...]
    recipe: Mapping[str, tuple[Any, Any]]
    totals: tuple[Mapping[str, int], Mapping[str, int]]

    def __bool__(self) -> bool:
        return any((*self.documents.values(), *self.quarantine.values(), self.recipe))

    @property
    def documents(self) -> dict[str, tuple[DocumentChange, ...]]:
        """Kind of change -> documents."""
        return {name: getattr(self, name) for name in ("added", "changed", "reindexed", "moved", "removed")}

    @property
    def quarantine(self) -> dict[str, tuple[Quarantined, ...]]:
        return {name: getattr(self, name) for name in ("entered", "altered", "left")}

    @property
    def chunks(self) -> dict[str, int]:
        """Numbers of chunks added, removed and kept, including those of untouched documents."""
        rows = [row for kind in self.documents.values() for row in kind]
        removed = sum(row.n_chunks_removed for row in rows)
        added = sum(row.n_chunks_added for row in rows)
        return {"added": added, "removed": removed, "kept": self.totals[0]["n_chunks"] - removed}

    def to_json(self) -> dict[str, Any]:
        return {
            **self.summary(),
            "documents": {kind: [row.to_json() for row in rows] for kind, rows in self.documents.items()},
            "quarantine": {kind: [row.to_json() for row in rows] for kind, rows in self.quarantine.items()},
        }

    def summary(self) -> dict[str, Any]:
        """What is not a list of documents."""
        return {
            "a": self.a,
            "b": self.b,
            "equal": not self,
            "chunks": self.chunks,
            "recipe": {name: {"a": a, "b": b} for name, (a, b) in self.recipe.items()},
            "totals": {"a": dict(self.totals[0]), "b": dict(self.totals[1])},
        }


def difference(lake: Lake, a: Release, b: Release) -> Difference:
    """Compare two releases by their manifests and the chunk ids of documents whose content differs.

    No text and no vector is read. The releases may lie in different generations and have different embedders.
    """
    old, new = (_scan(lake, release, "documents", _MANIFEST) for release in (a, b))
    joined = old.join(new, on="doc_id", suffix="_b", maintain_order="right")
    both = _counted(lake, a, b, joined.filter(pl.col("fingerprint") != pl.col("fingerprint_b")))
    gone, fresh = _only(old, new), _only(new, old)
    moved = moves(gone, fresh)
    is_edit = pl.col("digest") != pl.col("digest_b")
    return Difference(
        a.id,
        b.id,
        added=_whole(fresh.filter(~pl.col("doc_id").is_in(list(moved.values()))), "n_chunks_added"),
        changed=_changes(both.filter(is_edit)),
        reindexed=_changes(both.filter(~is_edit)),
        moved=_moved(gone, fresh, moved),
        removed=_whole(gone.filter(~pl.col("doc_id").is_in(list(moved))), "n_chunks_removed"),
        **_quarantine(lake, a, b),
        recipe=_recipe_fields(a.recipe, b.recipe),
        totals=(_totals(a), _totals(b)),
    )


def _scan(lake: Lake, release: Release, table: str, columns: Sequence[str], where: str | None = None) -> pl.DataFrame:
    reader = lake.tables(release.generation).at(table, release.versions[table])
    rows = pl.DataFrame(reader.scan(columns, where))
    return rows.sort("source", "uri") if "uri" in columns else rows


def _only(these: pl.DataFrame, those: pl.DataFrame) -> pl.DataFrame:
    return these.join(those, on="doc_id", how="anti", maintain_order="left")


def _counted(lake: Lake, a: Release, b: Release, both: pl.DataFrame) -> pl.DataFrame:
    """Add the numbers of chunks added, removed and kept for each document.

    Chunk ids are a function of document and content, so documents of equal content need no lookup.
    """
    is_recut = pl.col("content_id") != pl.col("content_id_b")
    kept = _kept_chunks(lake, a, b, both.filter(is_recut)["doc_id"])
    n_kept = pl.when(is_recut).then(pl.col("n_kept").fill_null(0)).otherwise(pl.col("n_chunks")).cast(pl.Int64)
    return both.join(kept, on="doc_id", how="left", maintain_order="left").with_columns(
        n_chunks_added=pl.col("n_chunks_b") - n_kept,
        n_chunks_removed=pl.col("n_chunks") - n_kept,
        n_chunks_kept=n_kept,
    )


def _kept_chunks(lake: Lake, a: Release, b: Release, doc_ids: pl.Series) -> pl.DataFrame:
    """Number of chunks that each of these documents has in both releases; no row if it has none."""
    if doc_ids.is_empty():
        return pl.DataFrame(schema={"doc_id": pl.String, "n_kept": pl.UInt32})
    where = one_of("doc_id", doc_ids) if len(doc_ids) <= _LOOKED_UP else None
    old, new = (_scan(lake, r, r.recipe.embedder.table, ("doc_id", "chunk_id"), where) for r in (a, b))
    mine = old.join(doc_ids.to_frame(), on="doc_id", how="semi")
    return mine.join(new, on="chunk_id", how="semi").group_by("doc_id").agg(n_kept=pl.len())


def _changes(both: pl.DataFrame) -> tuple[DocumentChange, ...]:
    columns = ("source", "uri", "n_chunks_added", "n_chunks_removed", "n_chunks_kept")
    accesses: Iterable[Access | None] = repeat(None)
    if "acl_b" in both.columns:
        accesses = map(_access, both["acl"], both["acl_b"])
    changes = zip(both.select(columns).iter_rows(named=True), accesses, strict=False)
    return tuple(DocumentChange(**row, access=access) for row, access in changes)


def _access(was: Iterable[str] | None, now: Iterable[str] | None) -> Access | None:
    a, b = (None if acl is None else sorted(acl) for acl in (was, now))
    if a == b:
        return None
    return "opened" if b is None else "closed" if a is None else "altered"


def _whole(documents: pl.DataFrame, column: str) -> tuple[DocumentChange, ...]:
    """Documents that only one of the releases has; all their chunks count in ``column``."""
    none = {name: pl.lit(0) for name in ("n_chunks_added", "n_chunks_removed", "n_chunks_kept")}
    return _changes(documents.with_columns(**{**none, column: pl.col("n_chunks")}))


def _moved(gone: pl.DataFrame, fresh: pl.DataFrame, pairs: Mapping[str, str]) -> tuple[DocumentChange, ...]:
    """Equal content means equal chunks, though under different ids."""
    places = {doc_id: (source, uri) for doc_id, source, uri in gone.select("doc_id", "source", "uri").iter_rows()}
    acls = dict(gone.select("doc_id", "acl").iter_rows())
    had = {new: acls[old] for old, new in pairs.items()}
    came_from = {new: places[old] for old, new in pairs.items()}

    def rows() -> Iterator[DocumentChange]:
        columns = ("doc_id", "source", "uri", "n_chunks", "acl")
        for doc_id, source, uri, n_chunks, acl in fresh.select(columns).iter_rows():
            if doc_id in came_from:
                yield DocumentChange(source, uri, 0, 0, n_chunks, came_from[doc_id], _access(had[doc_id], acl))

    return tuple(rows())


def _quarantine(lake: Lake, a: Release, b: Release) -> dict[str, tuple[Quarantined, ...]]:
    old, new = (_scan(lake, release, "quarantine", _QUARANTINE) for release in (a, b))
    both = new.join(old, on="doc_id", suffix="_a", maintain_order="left")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_a")) for name in ("digest", "error_class", "reason")]
    found = {
        "entered": _only(new, old),
        "altered": both.filter(pl.any_horizontal(differs)),
        "left": _only(old, new),
    }
    columns = ("source", "uri", "error_class", "reason")
    return {name: tuple(Quarantined(*row) for row in rows.select(columns).iter_rows()) for name, rows in found.items()}


def _recipe_fields(a: Recipe, b: Recipe) -> dict[str, tuple[Any, Any]]:
    old, new = (dict(_leaves(recipe.to_json())) for recipe in (a, b))
    names = sorted({*old, *new})
    if old["text_tokenizer"] != new["text_tokenizer"]:  # which says it
        names = [name for name in names if name != "words_revision"]
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _leaves(inner, f"{prefix}{name}.")
        elif name == "further_embedders":
            for number, one in enumerate(inner, 2):
                yield from _leaves(one, f"embedder {number}.")
        else:
            yield f"{prefix}{name}", inner


def _totals(release: Release) -> dict[str, int]:
    return {name: release.counts[name] for name in _TOTALS}
