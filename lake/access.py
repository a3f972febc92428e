"""Who may see which document, as of today: kept beside the releases, so that it holds for each of them.

The lake's log names one immutable file of RIGHTS. Documents that were never restricted are not in it; one that is
gone from its source keeps what was last known. Only who holds the writer lease may change it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import ContractError, GoneError
from lake.ids import value_digest
from lake.ingest.rows import each_stated
from lake.schemas import RIGHTS
from lake.storage.store import Store, open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.ingest.scan import Scan
    from lake.releases.history import History

_FOLDER = "rights"
#: Contents whose front matter is read at a time.
_AT_A_TIME = 4096


def read(store: Store, path: str | None) -> pa.Table:
    """RIGHTS rows that the log names. GoneError: others took their place; ContractError: they are damaged."""
    if path is None:
        return RIGHTS.empty_table()
    try:
        rows = open_parquet(store, path).read()
    except FileNotFoundError as error:
        raise GoneError(f"{path} in {store.url} is no longer there; open the lake again") from error
    if not rows.schema.equals(RIGHTS) or path != path_of(rows):
        raise ContractError(
            f"{path} in {store.url} does not hold what its name stands for, so nobody can be told who may see what; "
            "restore it from a copy of the lake"
        )
    return rows


def path_of(rows: pa.Table) -> str:
    """Where these rows lie: a function of what they say."""
    columns = [rows.column(name).to_pylist() for name in RIGHTS.names]
    return f"{_FOLDER}/{value_digest(columns)}.parquet"


def write(store: Store, rows: pa.Table) -> str | None:
    """Store RIGHTS rows and say where; None where there are none."""
    if not rows.num_rows:
        return None
    path = path_of(rows)
    store.write(path, parquet_bytes(rows, 1 << 16))
    return path


def without(rows: pa.Table, doc_ids: Collection[str]) -> pa.Table:
    """The rights of all other documents."""
    return rows.filter(pc.invert(pc.is_in(rows.column("doc_id"), pa.array(list(doc_ids), pa.string()))))


def revised(rows: pa.Table, current: pa.Table) -> pa.Table:
    """RIGHTS after ``current`` (of documents in the sources) was learned; what it does not name stays."""
    known = pc.is_in(current.column("doc_id"), rows.column("doc_id").combine_chunks())
    told = current.filter(pc.or_(known, pc.is_valid(current.column("acl"))))
    kept = without(rows, told.column("doc_id").to_pylist())
    return pa.concat_tables([kept, told]).sort_by("doc_id").combine_chunks()


def outdated(lake: Lake, scan: Scan) -> bool:
    """Whether a scan learned rights that are not those that the log names."""
    return _revision(lake, lake.log.read(), scan) is not None


def keep(lake: Lake, scan: Scan) -> None:
    """Make what a scan learned, and what is stored of its contents, the rights of today, at every release."""

    def step(history: History) -> History:
        rows = _revision(lake, history, scan)
        if rows is None:
            return history
        path = write(lake.store, rows)
        return lake.log.append(history, "rights", "", rights=path, facts={"n_documents": rows.num_rows})

    lake.log.insist(step)


def _revision(lake: Lake, history: History, scan: Scan) -> pa.Table | None:
    """Today's rights where they differ from those that are kept."""
    held = read(lake.store, history.rights)
    rows = revised(held, _learned(lake, history, scan, held))
    return None if rows.equals(held) else rows


def _learned(lake: Lake, history: History, scan: Scan, held: pa.Table) -> pa.Table:
    """RIGHTS rows of all documents in the looked-at sources whose rights are known by now.

    What a sidecar says needs no look at the document. What is unchanged is in the rows of the base. Of the rest
    the contents tell, as far as they are stored.
    """
    beside = {doc_id: json.loads(said) for doc_id, said in scan.stated.items()}
    told = {doc_id: said["acl"] for doc_id, said in beside.items() if "acl" in said}
    parts = [_rows(told), *_of_base(lake, history, scan, held), *_of_contents(lake, scan)]
    rows = pa.concat_tables(parts)
    numbered = rows.append_column("index", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by("doc_id").aggregate([("index", "min")]).column("index_min")
    return rows.take(first.combine_chunks().sort())


def _rows(acls: dict[str, list[str] | None]) -> pa.Table:
    return pa.table([pa.array(acls, pa.string()), pa.array(acls.values(), RIGHTS.field("acl").type)], schema=RIGHTS)


def _of_base(lake: Lake, history: History, scan: Scan, held: pa.Table) -> Iterator[pa.Table]:
    """Documents that stay as they are, less those that neither are restricted nor ever were, which are most."""
    base = history.releases.get(scan.plan.base or "")
    if base is None:
        return
    rows = lake.tables(base.generation).at("documents", base.versions["documents"]).scan(["doc_id", "source", "acl"])
    ours = pc.is_in(rows.column("source"), pa.array(scan.sources, pa.string()))
    ever = pc.is_in(rows.column("doc_id"), held.column("doc_id").combine_chunks())
    ours = pc.and_(ours, pc.or_(ever, pc.is_valid(rows.column("acl"))))
    stale = [*scan.plan.deleted, *scan.plan.write["doc_id"]]
    yield without(rows.filter(ours).select(RIGHTS.names).cast(RIGHTS), stale)


def _of_contents(lake: Lake, scan: Scan) -> Iterator[pa.Table]:
    """Documents to write whose contents are stored."""
    lake.contents.refresh()
    write = scan.plan.write.select("doc_id", "content_id", "stated").drop_nulls("content_id")
    absent = lake.contents.missing(write["content_id"].to_list())
    for part in write.filter(~write["content_id"].is_in(absent)).iter_slices(_AT_A_TIME):
        contents = lake.contents.read(part["content_id"].to_list(), ["metadata", "error_class"])
        metadata, errors = (contents.column(name).to_pylist() for name in ("metadata", "error_class"))
        rows = zip(part["doc_id"], each_stated(metadata, part["stated"]), errors, strict=True)
        yield _rows({doc_id: said.get("acl") for doc_id, said, error in rows if not error})
