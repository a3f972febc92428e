"""The first step of a run: lists the sources, digests what may have changed, and plans."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.directory import Lake
from lake.errors import TransientError, UsageError
from lake.ingest.choosing import choose_recipe
from lake.ingest.completeness import check_formats
from lake.ingest.delta import read_deltas, text_digests
from lake.ingest.opening import guard_opening
from lake.ingest.plan import KNOWN, Plan, diff, guard
from lake.ingest.refused_texts import REFUSED_BY_MODEL
from lake.ingest.scoped import (
    before_scopes,
    check_scope,
    guard_scope,
    in_scope,
    removed_by_scopes,
)
from lake.ingest.source_listing import ListedSources, list_sources
from lake.ingest.unanswered import as_they_were, behind_gaps
from lake.options.completeness import USUAL, Completeness
from lake.options.recipe import RecipeOptions
from lake.recipe import Recipe
from lake.releases.history import History
from lake.releases.values import Release
from lake.reporting import listed
from lake.schemas import tuples
from lake.sources.listing_state import ListingState
from lake.sources.scope import SourceScope
from lake.sources.source import Source

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scan:
    """A plan, and what reading the sources revealed."""

    plan: Plan
    #: DIGESTS rows for the cache.
    digests: pa.Table
    #: Reason and error class by doc_id of documents that can't be read.
    unreadable: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Number of documents left out because they were erased for good.
    n_denied: int = 0
    #: Problems of sidecars.
    remarks: tuple[str, ...] = ()
    #: JSON of ``lake.sources.declared`` by doc_id, of documents of which something is stated.
    stated: Mapping[str, str] = field(default_factory=dict)
    #: Names of the scanned sources.
    sources: tuple[str, ...] = ()
    #: The lake's before the scan.
    revision: tuple[int, tuple[str, ...]] = (0, ())
    #: Decides which documents go to quarantine as incomplete.
    completeness: Completeness = USUAL
    #: Like ``stated``, of denied documents by source and uri.
    stated_of_denied: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: By source, where its next listing may continue.
    states: Mapping[str, ListingState] = field(default_factory=dict)
    #: doc_ids of ``live`` that a run over a scope looked at; None if it looked at all of its sources.
    looked_at: frozenset[str] | None = None
    #: Remarks on what could not be read or listed, and stays as it was.
    unanswered: tuple[str, ...] = ()
    #: Whether ``digests`` has every file that was listed, so that an equal listing means equal bytes.
    is_settled: bool = False

    @property
    def every_remark(self) -> tuple[str, ...]:
        """On sidecars, then on what stays as it was."""
        return (*self.remarks, *self.unanswered)


def scan(
    lake: Lake,
    sources: Sequence[Source],
    settings: RecipeOptions,
    *,
    verify: bool = False,
    full: bool = False,
    change_recipe: bool = False,
    allow_removed: int = 0,
    allow_opening: int = 0,
    completeness: Completeness = USUAL,
    scope: SourceScope | None = None,
) -> Scan:
    """Plan a run; writes nothing. Raises RefusedError if a guard objects, UsageError for a wrong recipe.

    With a ``scope``, only its documents are looked at; everything else stays as it is in ``live``.
    """
    check_formats(completeness)
    revision, history = lake.revision(), lake.log.read()
    recipe = choose_recipe(history, settings, change_recipe=change_recipe)
    base, names = history.live, [source.name for source in sources]
    known = known_documents(lake, base)
    if scope is None:
        _check_other_sources(known, names, recipe, base)
        origin, looked_at = None, None
        found = list_sources(lake, sources, verify=verify, full=full)
    else:
        check_scope(base, recipe)
        origin = before_scopes(history)
        found, looked_at = _within(lake, sources, known, scope)
    hidden = behind_gaps(known, found, looked_at)
    if hidden and base and base.recipe != recipe:
        gaps = [gap.why for each in found.gaps.values() for gap in each if gap.hides]
        raise TransientError(f"a change of recipe concerns every document, and some can't be seen: {gaps[0]}")
    documents, unanswered = as_they_were(lake, found, known, recipe)
    plan = diff(
        documents,
        _with_refused_anew(lake, base, known) if verify and base else known,
        recipe,
        sources=names,
        base=base.id if base else None,
        base_recipe=base.recipe if base else None,
        completeness=completeness,
        looked_at=looked_at,
        hidden=hidden,
    )
    allowed = max(allow_removed, _n_erased(lake, known, plan))
    if scope is None:
        may_be_empty = [source.name for source in sources if source.states_removals]
        guard(plan, known, found.documents, allow_removed=allowed, may_be_empty=may_be_empty)
    else:
        removed = removed_by_scopes(known_documents(lake, origin), known) if plan.removed and origin else {}
        guard_scope(plan, known, sources, removed, allow_removed=allowed)
    guard_opening(lake, history, plan, found.documents, found.sidecars, allow_opening=allow_opening, origin=origin)
    if verify:
        plan = replace(plan, lost=_lost(lake, history, plan, known, found.documents))
    if recipe.has_token_vectors and base is not None and not base.recipe.has_token_vectors:
        plan = replace(plan, lost=_without_tokens(lake, plan, known))
    _log.info("plan for %s: %s", ", ".join(names), listed(plan.counts))
    return replace(_scanned(plan, found, names, revision, completeness, looked_at), unanswered=unanswered)


def _scanned(
    plan: Plan,
    found: ListedSources,
    names: Iterable[str],
    revision: tuple[int, tuple[str, ...]],
    completeness: Completeness,
    looked_at: frozenset[str] | None,
) -> Scan:
    return Scan(
        plan=plan,
        digests=found.cache,
        unreadable=found.unreadable,
        n_denied=found.n_denied,
        remarks=found.remarks,
        stated=_statements(found.documents),
        sources=tuple(names),
        revision=revision,
        completeness=completeness,
        stated_of_denied=found.stated_of_denied,
        states=found.states,
        looked_at=looked_at,
        is_settled=found.is_settled and looked_at is None,
    )


def _within(
    lake: Lake, sources: Sequence[Source], known: pa.Table, scope: SourceScope
) -> tuple[ListedSources, frozenset[str]]:
    """What the scope of the sources holds, and the doc_ids of the KNOWN rows in it."""
    names = [source.name for source in sources]
    ours = in_scope(known, names, scope)
    others = known.select(["source", "uri"]).filter(pc.invert(ours))
    found = list_sources(lake, sources, verify=False, scope=scope, others=others)
    return found, frozenset(known.filter(ours).column("doc_id").to_pylist())


def _statements(documents: pa.Table) -> dict[str, str]:
    """What sidecars and sources state of documents, by doc_id."""
    declared = documents.filter(pc.is_valid(documents.column("stated")))
    return {doc_id: stated for doc_id, stated in tuples(declared, "doc_id", "stated") if stated}


def _with_refused_anew(lake: Lake, base: Release, known: pa.Table) -> pa.Table:
    """KNOWN rows, in which documents that the model refused count as changed: it may embed them today."""
    quarantine = lake.tables(base.generation).at("quarantine", base.versions["quarantine"])
    refused = quarantine.scan(["doc_id"], f"error_class = '{REFUSED_BY_MODEL}'").column("doc_id")
    again = pc.is_in(known.column("doc_id"), refused.combine_chunks())
    place = known.schema.get_field_index("fingerprint")
    fingerprints = pc.if_else(again, pa.scalar(""), known.column("fingerprint"))
    return known.set_column(place, known.schema.field(place), fingerprints)


def _n_erased(lake: Lake, known: pa.Table, plan: Plan) -> int:
    """Number of documents to remove that were erased: live still holds them if an erasure was interrupted."""
    denylist = lake.denylist()
    if not denylist:
        return 0
    gone = (row[1:] for row in tuples(known, "doc_id", "source", "uri", "digest") if row[0] in plan.removed)
    return sum(denylist.has_document(source, uri) or denylist.has_content(digest) for source, uri, digest in gone)


def _lost(lake: Lake, history: History, plan: Plan, known: pa.Table, listed: pa.Table) -> pl.DataFrame:
    """Unchanged documents whose content the lake has lost, and contents that lack vectors."""
    present = pl.DataFrame(listed).select("doc_id", "size")
    kept = pl.DataFrame(known).drop_nulls("content_id").join(plan.write, on="doc_id", how="anti")
    kept = kept.join(present, on="doc_id").select(plan.lost.columns)
    lake.contents.refresh()
    gone = lake.contents.missing(kept["content_id"].to_list())
    # Contents without vectors are not parsed again, so the names of their documents do not matter.
    silent = pl.DataFrame({"content_id": _without_vectors(lake, history, plan.recipe)}, {"content_id": pl.String})
    return pl.concat([kept.filter(pl.col("content_id").is_in(gone)), silent], how="diagonal")


def _without_tokens(lake: Lake, plan: Plan, known: pa.Table) -> pl.DataFrame:
    """Contents of documents that stay as they are, whose texts have no token vectors yet; they are not parsed."""
    kept = pl.DataFrame(known).drop_nulls("content_id").join(plan.write, on="doc_id", how="anti")
    ids = kept["content_id"].unique(maintain_order=True).to_list()
    lake.contents.refresh()
    gone = set(lake.contents.missing(ids))
    stored = pa.array([one for one in ids if one not in gone], pa.string())
    files = lake.token_vectors(plan.recipe.embedder)
    files.refresh()
    is_due = bool(len(stored)) and files.missing(text_digests(lake, stored).to_pylist())
    silent = pl.DataFrame({"content_id": stored.to_pylist() if is_due else []}, {"content_id": pl.String})
    return pl.concat([plan.lost, silent], how="diagonal")


def _without_vectors(lake: Lake, history: History, recipe: Recipe) -> list[str]:
    """Stored contents of kept releases, for these embedders, that have a text without a vector."""
    each = list(recipe.by_embedder)
    each += [replace(one, token_vectors="none") for one in each if one.has_token_vectors]  # of other releases
    return sorted({found for one in each for found in _without_vectors_of(one, lake, history)})


def _without_vectors_of(recipe: Recipe, lake: Lake, history: History) -> list[str]:
    """The same of the one embedder of ``recipe``."""
    folders = lake.vector_folders(recipe).keys()
    lake.refresh(recipe)
    ours = [name for name, release in history.releases.items() if folders <= lake.vector_folders(release.recipe).keys()]
    parts = [delta.content_ids() for name, delta in read_deltas(lake, history).items() if name in ours]
    needed = pa.concat_arrays([pa.array([], pa.string()), *parts]).unique().to_pylist()
    absent = set(lake.contents.missing(needed))
    stored = [content_id for content_id in needed if content_id not in absent]
    if not lake.unembedded(recipe, text_digests(lake, pa.array(stored, pa.string())).to_pylist()):
        return []
    each = ((content_id, text_digests(lake, pa.array([content_id]))) for content_id in stored)
    return [content_id for content_id, digests in each if lake.unembedded(recipe, digests.to_pylist())]


def _check_other_sources(known: pa.Table, names: Sequence[str], recipe: Recipe, base: Release | None) -> None:
    others = sorted(set(known.column("source").to_pylist()) - set(names))
    if base is None or not others or recipe.upgraded(base.recipe):
        return
    raise UsageError(f"a change of recipe concerns every source of the lake; name these too: {', '.join(others)}")


def known_documents(lake: Lake, release: Release | None) -> pa.Table:
    """KNOWN rows: what a release has indexed or put into quarantine."""
    if release is None:
        return KNOWN.empty_table()
    tables = lake.tables(release.generation)
    parts = [tables.at(name, release.versions[name]).scan(KNOWN.names) for name in ("documents", "quarantine")]
    return pa.concat_tables([part.cast(KNOWN) for part in parts])
