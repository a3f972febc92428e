"""The release_facts suite: what must hold across tables and against the base, counted into one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from expectations.column_metrics import Frames, Readers, misplaced, missing_contents
from expectations.verdict import MAX_SAMPLES, Check
from lake.search.recall import missed_neighbours
from lake.tables.sql import one_of
from lake.tables.words import text_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expectations.audit_settings import AuditSettings
    from expectations.verdict import Severity
    from lake.directory import Lake
    from lake.releases.values import Release

#: Kinds of document that raglake leaves out by design; no failure of theirs.
_BY_DESIGN = "unsupported"
_REBUILD = "the tables disagree: run `raglake rebuild`"
_VERIFY = "run `raglake ingest SOURCE --verify`, which parses again what was lost"
_REBUILD_INDEX = "run `raglake rebuild`, which trains the index anew"
#: Share of the nearest neighbours that an approximate index may miss.
_MISSED = 0.05
_AGAIN = "run `raglake ingest SOURCE` again; if it stays, run `raglake rebuild`"


@dataclass(frozen=True)
class Facts:
    """One row of counts and shares, and for each count the first ids that it counts."""

    row: pl.DataFrame
    samples: Mapping[str, tuple[str, ...]]


def build(settings: AuditSettings) -> list[Check]:
    """Checks over ``count``'s row: nothing broken across tables, nothing missing, no sudden loss."""
    of_all = [*_identity(), *_references(), *_contents(), *_indices(), *_losses(settings)]
    return [*of_all, _copies(settings), _misunderstood()]


def _none(column: str, total: str, message: str, remedy: str = _REBUILD, *, warn: bool = False) -> Check:
    """A count that must be 0 of the ``total`` rows."""
    return Check("expect_column_values_to_be_between", column, "warning" if warn else "critical", message,
                 kwargs={"max_value": 0}, remedy=remedy, total=total)  # fmt: skip


def _identity() -> list[Check]:
    repeated = "{n} ids come more than once in {total} rows of"
    return [
        _none("n_duplicate_documents", "n_documents", f"{repeated} documents"),
        _none("n_duplicate_parents", "n_parents", f"{repeated} parents"),
        _none("n_duplicate_chunks", "n_chunks", f"{repeated} chunks"),
        _none("n_duplicate_quarantine", "n_quarantined", f"{repeated} quarantine"),
        _none("n_documents_in_quarantine", "n_documents", "{n} of {total} documents are in quarantine as well"),
    ]


def _references() -> list[Check]:
    return [
        _none("n_documents_without_parents", "n_documents", "{n} of {total} documents have no parent"),
        _none("n_documents_without_chunks", "n_documents", "{n} of {total} documents have no chunk and can't be found"),
        _none("n_miscounted_documents", "n_documents", "{n} of {total} documents count other spans than there are"),
        _none("n_parents_without_document", "n_parents", "{n} of {total} parents belong to no document"),
        _none("n_chunks_without_document", "n_chunks", "{n} of {total} chunks belong to no document"),
        _none("n_chunks_without_parent", "n_chunks", "{n} of {total} chunks have no parent"),
        _none("n_chunks_outside_parent", "n_chunks", "{n} of {total} chunks reach outside their parent"),
    ]


def _contents() -> list[Check]:
    cut = "lower child_tokens or heading_tokens, the model cuts the rest off"
    return [
        _none("n_overlong_chunks", "n_chunks", "{n} of {total} chunks are longer than the embedder reads", cut),
        _none("n_offset_mismatches", "n_spans_compared", "{n} of {total} spans are not canonical_text[start:end]"),
        _none("n_documents_without_contents", "n_documents", "{n} of {total} documents lack their content", _VERIFY),
        _none("n_missing_documents", "n_documents_expected", "{n} of {total} documents are in neither table", _AGAIN),
        _none("n_surplus_documents", "n_documents_expected", "{n} documents more than the {total} expected are there",
              _AGAIN),
    ]  # fmt: skip


def _indices() -> list[Check]:
    return [
        _none("n_missing_text_indices", "n_chunks", "{n} full-text indices are missing, so words find nothing", _AGAIN),
        _none("n_unindexed_rows", "n_rows", "{n} rows are in no index yet: right answers, but slower", warn=True),
        Check("expect_column_values_to_be_between", "neighbours_missed_share", "warning",
              f"the vector index misses {{n}} of {{total}} nearest neighbours, more than {_MISSED:.0%}",
              kwargs={"max_value": _MISSED}, remedy=_REBUILD_INDEX, total="n_neighbours",
              above=("n_neighbours_missed", 0)),
    ]  # fmt: skip


def _losses(settings: AuditSettings) -> list[Check]:
    few = max(settings.a_few, settings.allow_removed)
    gone = "{n} of {total} documents of the base are gone"
    lost = "documents that stayed hold {n} chunks fewer than the {total} before"
    unreadable = "{n} of {total} documents can't be indexed, formats that are not supported aside"
    allow = "if they are really gone, allow that many removals by name"
    look = "look at the quarantine's reasons"
    parser = "compare a few of them with the base: a parser may read less"
    removed, chunks = ("n_documents_removed", "n_base_documents"), ("n_chunks_lost", "n_base_chunks_kept")
    failed = ("n_documents_failed", "n_documents_tried")
    return [
        *_share("documents_removed_share", *removed, gone, allow,
                (settings.warn_removed_share, settings.max_removed_share), (few, few)),
        *_share("chunks_lost_share", *chunks, lost, parser, (settings.warn_removed_share, settings.max_removed_share),
                (settings.a_few_chunks, settings.a_few_chunks)),
        *_share("failed_share", *failed, unreadable, look,
                (settings.warn_failed_share, settings.max_failed_share), (0, settings.a_few)),
    ]  # fmt: skip


def _copies(settings: AuditSettings) -> Check:
    limit, message = settings.warn_copies_share, "{n} of {total} documents hold just what another one holds"
    return Check("expect_column_values_to_be_between", "copies_share", "warning", f"{message}, more than {limit:.0%}",
                 kwargs={"max_value": limit}, remedy="searches return one of each; `raglake duplicates` lists them",
                 total="n_documents", above=("n_copies", settings.a_few))  # fmt: skip


def _misunderstood() -> Check:
    message = "{n} of {total} documents have a sidecar or front matter that is not understood, and may be hidden by it"
    remedy = "`raglake status` names them and what to mend, `raglake inspect URI` shows one"
    return _none("n_documents_misunderstood", "n_documents", message, remedy, warn=True)


def _share(
    column: str, count: str, total: str, message: str, remedy: str, limits: tuple[float, float], few: tuple[int, int]
) -> list[Check]:
    """A remark above the first limit and a refusal above the second, neither for no more than a ``few`` rows."""
    severities: tuple[Severity, Severity] = ("warning", "critical")
    return [
        Check("expect_column_values_to_be_between", column, severity, f"{message}, more than {limit:.0%}",
              kwargs={"max_value": limit}, remedy=remedy, total=total, above=(count, least))
        for severity, limit, least in zip(severities, limits, few, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of a release, whether or not its frames have all of them; ``n_failed``: unsupported formats aside."""

    n_documents: int
    n_quarantined: int
    n_failed: int

    @classmethod
    def of(cls, frames: Frames) -> Totals:
        """From frames that have all rows."""
        n_failed = frames.quarantine.filter(pl.col("error_class").ne_missing(_BY_DESIGN)).height
        return cls(frames.documents.height, frames.quarantine.height, n_failed)

    @classmethod
    def counted(cls, readers: Readers) -> Totals:
        """Without reading any row."""
        n_quarantined = readers.quarantine.count()
        n_unsupported = readers.quarantine.count(f"error_class = '{_BY_DESIGN}'")
        return cls(readers.documents.count(), n_quarantined, n_quarantined - n_unsupported)

    @property
    def n_listed(self) -> int:
        return self.n_documents + self.n_quarantined


def count(
    lake: Lake,
    release: Release,
    base: Release | None,
    readers: Readers,
    frames: Frames,
    sample: Sequence[str] | None = None,
) -> Facts:
    """Count every fact of the release; of a ``sample`` (doc_ids, whose rows are all in the frames) those about it."""
    totals = Totals.of(frames) if sample is None else Totals.counted(readers)
    offenders = {**_repeated(frames), **_unrelated(frames), **_unlike_recipe(release, frames)}
    offenders["n_documents_without_contents"] = gone = missing_contents(lake, frames.documents)
    new = frames.documents.join(frames.new_parents, on="doc_id", how="semi").filter(~pl.col("doc_id").is_in(gone))
    n_compared, offenders["n_offset_mismatches"] = misplaced(lake, readers, new)
    offenders["n_documents_misunderstood"] = frames.documents.filter("has_problem")["doc_id"].to_list()
    facts: dict[str, int | float | None] = {name: len(ids) for name, ids in offenders.items()}
    facts |= {
        "n_spans_compared": n_compared,
        **_rows(frames),
        **_index_facts(release, readers, is_whole=sample is None),
        **_quarantine_facts(totals),
    }
    facts |= _copied(frames)
    facts |= _completeness(release, base, totals)
    facts |= _removed(base, totals)
    facts |= _lost(release, base, readers, frames, sample)
    samples = {name: tuple(sorted(ids)[:MAX_SAMPLES]) for name, ids in offenders.items()}
    schema = {name: pl.Float64 if name.endswith("_share") else pl.Int64 for name in facts}
    return Facts(pl.DataFrame([facts], schema=schema), samples)


def _rows(frames: Frames) -> dict[str, int]:
    n_rows = {
        "n_documents": frames.documents.height,
        "n_parents": frames.parents.height,
        "n_chunks": frames.chunks.height,
        "n_quarantined": frames.quarantine.height,
    }
    return n_rows | {"n_rows": sum(n_rows.values())}


def _repeated(frames: Frames) -> dict[str, list[str]]:
    both = frames.documents.join(frames.quarantine, on="doc_id", how="semi")
    return {
        "n_duplicate_documents": _duplicates(frames.documents["doc_id"]),
        "n_duplicate_parents": _duplicates(frames.parents["parent_id"]),
        "n_duplicate_chunks": _duplicates(frames.chunks["chunk_id"]),
        "n_duplicate_quarantine": _duplicates(frames.quarantine["doc_id"]),
        "n_documents_in_quarantine": both["doc_id"].to_list(),
    }


def _duplicates(ids: pl.Series) -> list[str]:
    if ids.n_unique() == len(ids):
        return []
    return ids.filter(ids.is_duplicated()).unique().to_list()


def _unrelated(frames: Frames) -> dict[str, list[str]]:
    documents, parents, chunks = frames.documents, frames.parents, frames.chunks
    return {
        "n_documents_without_parents": _without(documents, parents, "doc_id", "doc_id"),
        "n_documents_without_chunks": _without(documents, chunks, "doc_id", "doc_id"),
        "n_parents_without_document": _without(parents, documents, "doc_id", "parent_id"),
        "n_chunks_without_document": _without(chunks, documents, "doc_id", "chunk_id"),
        "n_chunks_without_parent": _without(chunks, parents, "parent_id", "chunk_id"),
        "n_miscounted_documents": _miscounted(frames),
        "n_chunks_outside_parent": _outside(parents, chunks),
    }


def _without(rows: pl.DataFrame, others: pl.DataFrame, on: str, ids: str) -> list[str]:
    return rows.select({on, ids}).join(others.select(on), on=on, how="anti")[ids].to_list()


def _miscounted(frames: Frames) -> list[str]:
    counted = frames.documents
    for rows, name in ((frames.parents, "parents"), (frames.chunks, "chunks")):
        counted = counted.join(rows.group_by("doc_id").agg(pl.len().alias(name)), on="doc_id", how="left")
    wrong = pl.col("n_parents").ne_missing(pl.col("parents").fill_null(0))
    wrong |= pl.col("n_chunks").ne_missing(pl.col("chunks").fill_null(0))
    return counted.filter(wrong)["doc_id"].to_list()


def _outside(parents: pl.DataFrame, chunks: pl.DataFrame) -> list[str]:
    places = parents.select("parent_id", "doc_id", "start", "end").unique("parent_id")
    joined = chunks.select("chunk_id", "parent_id", "doc_id", "start", "end").join(places, on="parent_id", suffix="_of")
    outside = (pl.col("start") < pl.col("start_of")) | (pl.col("end") > pl.col("end_of"))
    return joined.filter(outside | pl.col("doc_id").ne_missing(pl.col("doc_id_of")))["chunk_id"].to_list()


def _unlike_recipe(release: Release, frames: Frames) -> dict[str, list[str]]:
    overlong = pl.col("n_tokens") > min(one.max_tokens for one in release.recipe.embedders)
    return {"n_overlong_chunks": frames.chunks.filter(overlong)["chunk_id"].to_list()}


def _index_facts(release: Release, readers: Readers, *, is_whole: bool) -> dict[str, int | float]:
    missed, n_neighbours = missed_neighbours(readers.chunks, release.recipe.vector_index) if is_whole else (0, 0)
    unindexed = readers.chunks.unindexed()
    tables = (readers.documents, readers.parents, readers.quarantine)
    n_rows = sum(sum(reader.unindexed().values()) for reader in tables) + sum(unindexed.values())
    missing = {*text_columns(release.recipe.text_tokenizer)} - unindexed.keys() if readers.chunks.count() else set()
    return {
        "n_unindexed_rows": n_rows,
        "n_missing_text_indices": len(missing),
        "n_neighbours": n_neighbours,
        "n_neighbours_missed": missed,
        "neighbours_missed_share": missed / n_neighbours if n_neighbours else 0.0,
    }


def _quarantine_facts(totals: Totals) -> dict[str, int | float]:
    tried = totals.n_documents + totals.n_failed
    return {
        "n_documents_failed": totals.n_failed,
        "n_documents_tried": tried,
        "failed_share": totals.n_failed / tried if tried else 0.0,
    }


def _copied(frames: Frames) -> dict[str, int | float]:
    """Documents that are there already under another name."""
    n_documents = frames.documents.height
    n_copies = n_documents - frames.documents["content_id"].n_unique()
    return {"n_copies": n_copies, "copies_share": n_copies / n_documents if n_documents else 0.0}


def _completeness(release: Release, base: Release | None, totals: Totals) -> dict[str, int | None]:
    """Every listed document is indexed or in quarantine; a move takes one away and adds one."""
    if "added" not in release.counts or (release.base and base is None):  # whose base is pruned
        return dict.fromkeys(("n_documents_expected", "n_missing_documents", "n_surplus_documents"))
    before = base.counts["n_documents"] + base.counts["n_quarantined"] if base else 0
    expected = before + release.counts["added"] - release.counts["removed"]
    missing = expected - totals.n_listed
    return {
        "n_documents_expected": expected,
        "n_missing_documents": max(0, missing),
        "n_surplus_documents": max(0, -missing),
    }


def _removed(base: Release | None, totals: Totals) -> dict[str, int | float]:
    """Documents that are gone; those that went into quarantine are counted there."""
    before = base.counts["n_documents"] + base.counts["n_quarantined"] if base else 0
    removed = max(0, before - totals.n_listed)
    return {
        "n_base_documents": before,
        "n_documents_removed": removed,
        "documents_removed_share": removed / before if before else 0.0,
    }


def _lost(
    release: Release, base: Release | None, readers: Readers, frames: Frames, sample: Sequence[str] | None
) -> dict[str, int | float]:
    """Chunks lost by documents that are in both releases, which no removal explains; other chunk sizes do."""
    before, lost = 0, 0
    if base and readers.base and base.recipe.chunking == release.recipe.chunking:
        where = None if sample is None else one_of("doc_id", sample)
        earlier = pl.DataFrame(readers.base.scan(["doc_id", "n_chunks"], where))
        both = earlier.join(frames.documents.select("doc_id", now="n_chunks"), on="doc_id")
        before, now = int(both["n_chunks"].sum()), int(both["now"].sum())
        lost = max(0, before - now)
    return {
        "n_base_chunks_kept": before,
        "n_chunks_lost": lost,
        "chunks_lost_share": lost / before if before else 0.0,
    }
