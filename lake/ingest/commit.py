"""The last step before the audit: turns a plan and its contents into one version per table and a candidate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake import schemas
from lake.directory import Lake
from lake.ids import derived_id
from lake.ingest import rows
from lake.ingest.accounts import stored_account
from lake.ingest.completeness import INCOMPLETE, is_incomplete, shortfall
from lake.ingest.delta import Delta
from lake.ingest.plan import UNREADABLE, oldest_change, parser_and_suffix
from lake.ingest.refused_texts import (
    REFUSED_NEEDS,
    forget_refused,
    refused_texts,
    with_refusals,
    without_contents,
)
from lake.ingest.scan import Scan
from lake.options.completeness import LEAST_LOST, Completeness
from lake.parse import media_type_of
from lake.recipe import Recipe
from lake.releases.copies import COPY_COLUMNS, exact_groups
from lake.releases.values import LOOKED_AT, Release, Spent
from lake.reporting import counted
from lake.storage import clock
from lake.storage.lease import check_held, lease_mark
from lake.tables.writer import Tables

_log = logging.getLogger(__name__)

FIRST_GENERATION = "1"
#: Number of documents whose rows are made at a time, which bounds the memory of a commit.
_DOCUMENTS_PER_BATCH = 512
CHANGING = ("changed or went while the run was under way; the next run tries again", "changing")


def table_schemas(recipe: Recipe) -> dict[str, pa.Schema]:
    """The tables of a release under this recipe."""
    return {
        "documents": schemas.DOCUMENTS,
        "quarantine": schemas.QUARANTINE,
        "parents": schemas.PARENTS,
        recipe.embedder.table: _chunks(recipe),
    }


def _chunks(recipe: Recipe) -> pa.Schema:
    sizes = {column: one.width for column, one in recipe.vector_columns.items()}
    return schemas.chunks(sizes.pop("vector"), recipe.vector_dtype, sizes)


def commit(lake: Lake, scan: Scan, spent: Spent | None = None) -> Release:
    """Apply the plan's rows to its base, seal the versions and log them as a candidate.

    ``spent`` is the run's cost so far; the log records it plus the cost of this step. Readers see nothing of the
    candidate until the log names it; a run that dies before that leaves rows at the tables' heads, which the next
    commit resets.
    """
    started, history, moment = time.monotonic(), lake.log.read(), clock.now()
    base = history.releases[scan.plan.base] if scan.plan.base else None
    candidate = _built(lake, scan, base, history.next_id(moment.date()), moment)
    lake.store.flush()
    check_held(lake.url)  # without the lease, the rows at the heads may be another run's
    facts: dict[str, Any] = {"release": candidate.to_json()}
    if spent is not None:
        facts["spent"] = asdict(replace(spent, seconds=round(spent.seconds + time.monotonic() - started, 3)))
    if base is not None and base.recipe == scan.plan.recipe:  # under another recipe no document needs to have changed
        changed_at = oldest_change(scan.plan, history.begun_at(base.id))
        facts |= {"oldest_change_at": changed_at.isoformat()} if changed_at else {}
    if versions := {name: state.version for name, state in scan.states.items() if state.version}:
        facts["sources"] = versions
    lake.log.record("build", candidate.id, facts=facts)
    forget_refused(lake, scan.plan.recipe)
    _log.info("built %s: %s", candidate.id, _holds(candidate.counts))
    return candidate


def _holds(counts: Mapping[str, int]) -> str:
    held = ", ".join(counted(counts[f"n_{noun}s"], noun) for noun in ("document", "chunk"))
    return f"{held}; {counts['n_quarantined']:,} in quarantine"


def _built(lake: Lake, scan: Scan, base: Release | None, release: str, moment: datetime) -> Release:
    """Write the release that results from applying the plan to its base, to Parquet and the tables."""
    plan, delta = scan.plan, make_delta(lake, scan, moment)
    digest = _digest(plan.digest, delta)
    # A run that lost its lease while it slept must not write over the delta of the run that took over.
    folder = "-".join(filter(None, (f"commits/{digest[:16]}", plan.base or "first", lease_mark(lake.url))))
    delta.write(lake, folder)
    generation = base.generation if base else FIRST_GENERATION
    in_part = scan.looked_at is not None
    versions = write_tables(lake, delta, plan.recipe, base, release, generation=generation, in_part=in_part)
    return Release(
        id=release,
        digest=digest,
        base=plan.base,
        recipe=plan.recipe,
        generation=generation,
        versions=versions,
        counts=counts_of(lake.tables(generation), versions) | plan.counts | _looked_at(scan),
        created_at=moment,
        commit=folder,
        delta_base=plan.base,
    )


def _looked_at(scan: Scan) -> dict[str, int]:
    if scan.looked_at is None:
        return {}
    return {LOOKED_AT: len(scan.looked_at.union(scan.plan.write["doc_id"]))}


def _digest(planned: str, delta: Delta) -> str:
    """The plan's digest, or another one if documents changed during the run."""
    changing = pc.equal(delta.quarantine.column("error_class"), CHANGING[1])
    ids = delta.quarantine.filter(changing).column("doc_id").to_pylist()
    return derived_id(planned, *sorted(ids)) if ids else planned


def make_delta(lake: Lake, scan: Scan, moment: datetime) -> Delta:
    """Split the plan's documents into those that were indexed and those for quarantine."""
    lake.contents.refresh()
    write = scan.plan.write
    stored = set(write["content_id"].drop_nulls()) - set(lake.contents.missing(scan.plan.content_ids()))
    present = write.filter(pl.col("content_id").is_in(list(stored)))
    absent = write.filter(~pl.col("content_id").is_in(list(stored)) | pl.col("content_id").is_null())
    documents, failed = [schemas.DOCUMENTS.empty_table()], [_absent(absent, scan.unreadable, moment)]
    indexed_at = pa.scalar(moment, schemas.UTC)
    refused = refused_texts(lake, scan.plan.recipe)
    needs = ["error_class", "reason", "failed_at", *rows.DOCUMENT_NEEDS, *(REFUSED_NEEDS if refused else ())]
    for part in present.iter_slices(_DOCUMENTS_PER_BATCH):
        table = _with_media_type(part)
        contents = lake.contents.read(part["content_id"].to_list(), list(dict.fromkeys(needs)))
        contents = _judged(table, contents, scan.completeness, indexed_at)
        contents = with_refusals(contents, refused, indexed_at)
        fails = pc.is_valid(contents.column("error_class"))
        failed.append(without_contents(_failed(table.filter(fails), contents.filter(fails))))
        good = pc.invert(fails)
        batch = rows.document_rows(table.filter(good), contents.filter(good), indexed_at)
        documents.append(pa.Table.from_batches([batch]))
    return Delta(pa.concat_tables(documents), pa.concat_tables(failed), scan.plan.deleted)


def _judged(documents: pa.Table, contents: pa.Table, completeness: Completeness, moment: pa.Scalar) -> pa.Table:
    """The contents, with a class and a reason for those that are incomplete."""
    accounts = schemas.tuples(contents, *schemas.ACCOUNT.names)
    places = zip(documents.column("uri").to_pylist(), documents.column("media_type").to_pylist(), strict=True)
    reasons = [
        _shortfall(*place, *account, completeness=completeness) for place, account in zip(places, accounts, strict=True)
    ]
    if not any(reasons):
        return contents
    short = pa.array([reason is not None for reason in reasons])
    told = {"error_class": pa.scalar(INCOMPLETE), "reason": pa.array(reasons, pa.string()), "failed_at": moment}
    for name, value in told.items():
        place = contents.schema.get_field_index(name)
        field = contents.schema.field(place)
        contents = contents.set_column(place, field, pc.if_else(short, value, contents.column(name)).cast(field.type))
    return contents


def _shortfall(
    uri: str,
    media_type: str,
    n_source: int | None,
    n_kept: int | None,
    omitted: str | None,
    *,
    completeness: Completeness,
) -> str | None:
    if n_source is None or n_kept is None or n_source - n_kept < LEAST_LOST:
        return None
    account, parser = stored_account(n_source, n_kept, omitted), parser_and_suffix(uri)[0]
    floor = completeness.floor_of(parser, media_type)
    return shortfall(account, floor, uri, parser) if account and is_incomplete(account, floor) else None


def _with_media_type(documents: pl.DataFrame) -> pa.Table:
    types = [media_type_of(uri) for uri in documents["uri"]]
    return documents.with_columns(media_type=pl.Series(types, dtype=pl.String)).to_arrow()


def _failed(documents: pa.Table, contents: pa.Table) -> pa.Table:
    columns = {name: documents.column(name) for name in schemas.QUARANTINE.names if name in documents.column_names}
    columns |= {"error_class": contents.column("error_class"), "reason": contents.column("reason")}
    columns["first_seen_at"] = contents.column("failed_at")
    return pa.table({name: columns[name] for name in schemas.QUARANTINE.names}).cast(schemas.QUARANTINE)


def _absent(documents: pl.DataFrame, unreadable: dict[str, tuple[str, str]], moment: datetime) -> pa.Table:
    """Quarantine rows of documents without contents; their fingerprints never match those of the next run."""
    table = _with_media_type(documents)
    causes = [unreadable.get(doc_id, CHANGING) for doc_id in documents["doc_id"]]
    columns: dict[str, Any] = {name: table.column(name) for name in ("doc_id", "source", "uri", "digest", "media_type")}
    columns["fingerprint"] = [derived_id(UNREADABLE) if d in unreadable else "" for d in documents["doc_id"]]
    columns["content_id"] = pa.nulls(len(causes), pa.string())
    columns["reason"], columns["error_class"] = [c[0] for c in causes], [c[1] for c in causes]
    columns["first_seen_at"] = [moment] * len(causes)
    return pa.table({name: columns[name] for name in schemas.QUARANTINE.names}, schema=schemas.QUARANTINE)


def write_tables(
    lake: Lake,
    delta: Delta,
    recipe: Recipe,
    base: Release | None,
    release: str,
    *,
    generation: str,
    in_part: bool = False,
) -> dict[str, int]:
    """Apply a delta to the base's versions: rows and indices of each table, then the tag. Returns the new versions.

    ``in_part``: leave old segments of indices as they are.
    """
    tables, check = lake.tables(generation), partial(check_held, lake.url)
    versions = {}
    with tables.writing():
        for name, schema in table_schemas(recipe).items():
            kept = base is not None and table_schemas(base.recipe).get(name) == schema
            check()
            tables.reset(name, schema, base.versions[name] if base and kept else None)
            tables.apply(name, rows_of(name, lake, delta, recipe, schema), schema, _deleted(name, delta), check=check)
            tables.index(name, recipe.text_index, anew=base is not None and base.recipe.text_index != recipe.text_index)
            if name == recipe.embedder.table:
                was = base.recipe.vector_index if base and kept else None
                tables.index_vectors(name, recipe.vector_index, was)
            tables.maintain(name, text_index=recipe.text_index, in_part=in_part)
            check()  # a run that took over may have given the same id, and with it the tag, to its release
            versions[name] = tables.seal(name, release)
    return versions


def _deleted(name: str, delta: Delta) -> Sequence[str]:
    """A document may move between manifest and quarantine, so each table deletes what the other one gets."""
    if name == "quarantine":
        return sorted({*delta.deleted, *delta.documents.column("doc_id").to_pylist()})
    return delta.deleted


def rows_of(name: str, lake: Lake, delta: Delta, recipe: Recipe, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows that a delta adds to one table; all rows of a document are in one batch."""
    if name == "documents":
        return iter(delta.documents.to_batches())
    if name == "quarantine":
        return iter(delta.quarantine.to_batches())
    if name == "parents":
        return _joined(lake, delta.documents, rows.PARENT_NEEDS, rows.parent_rows)
    each = dict(zip(recipe.vector_columns, recipe.by_embedder, strict=True))
    of_columns = {column: _reading(lake, one) for column, one in each.items()}
    index = recipe.text_index
    return _joined(
        lake, delta.documents, rows.CHUNK_NEEDS, lambda d, c: rows.chunk_rows(d, c, of_columns, schema, index)
    )


def _reading(lake: Lake, recipe: Recipe) -> rows.VectorsOf:
    vectors = lake.vectors(recipe)
    vectors.refresh()

    def vectors_of(digests: Sequence[str]) -> pa.Array:
        column = vectors.read(digests, ["vector"]).column("vector")
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)

    return vectors_of


def _joined(
    lake: Lake, documents: pa.Table, needs: Sequence[str], make: Callable[[pa.Table, pa.Table], pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for start in range(0, documents.num_rows, _DOCUMENTS_PER_BATCH):
        part = documents.slice(start, _DOCUMENTS_PER_BATCH)
        batch = make(part, lake.contents.read(part.column("content_id").to_pylist(), needs))
        if batch.num_rows:
            yield batch


def counts_of(tables: Tables, versions: dict[str, int]) -> dict[str, int]:
    """Rows of each table at these versions, as a release states them.

    ``n_copies``: documents that are exact copies of another one, that one not counted.
    """
    n_rows = {name.split("__")[0]: tables.at(name, version).count() for name, version in versions.items()}
    names = {"documents": "n_documents", "quarantine": "n_quarantined", "parents": "n_parents", "chunks": "n_chunks"}
    groups = exact_groups(tables.at("documents", versions["documents"]).scan(COPY_COLUMNS))
    n_copies = sum(len(copies) - 1 for copies in groups.values())
    return {counted: n_rows[table] for table, counted in names.items()} | {"n_copies": n_copies}
