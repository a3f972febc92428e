"""What a run learns of who may see which document, made the rights of today at every release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ingest.rows import each_stated
from lake.releases import rights as kept
from lake.schemas import RIGHTS

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.ingest.scan import Scan
    from lake.releases.history import History


#: Contents whose front matter is read at a time.
_AT_A_TIME = 4096


def outdated(lake: Lake, scan: Scan) -> bool:
    """Whether a scan learned rights that are not those that the log names."""
    return _revision(lake, lake.log.read(), scan) is not None


def keep(lake: Lake, scan: Scan) -> None:
    """Make what a scan learned, and what is stored of its contents, the rights of today, at every release."""

    def step(history: History) -> History:
        rows = _revision(lake, history, scan)
        if rows is None:
            return history
        path = kept.write(lake.store, rows)
        return lake.log.append(history, "rights", "", rights=path, facts={"n_documents": rows.num_rows})

    lake.log.insist(step)


def _revision(lake: Lake, history: History, scan: Scan) -> pa.Table | None:
    """Today's rights where they differ from those that are kept."""
    held = kept.read(lake.store, history.rights)
    rows = kept.revised(held, _learned(lake, history, scan, held))
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
    yield kept.without(rows.filter(ours).select(RIGHTS.names).cast(RIGHTS), stale)


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
