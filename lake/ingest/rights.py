"""Updates the current access rights, which hold for every release, with what a run learned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ids.uris import places
from lake.ingest.rows import each_stated
from lake.releases import rights as kept
from lake.schemas import RIGHTS, tuples

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.ingest.scan import Scan
    from lake.releases.history import History
    from lake.releases.values import Release


#: Number of contents whose front matter is read at a time.
_AT_A_TIME = 4096
#: Number of documents up to which their rows are looked up, instead of reading those of all.
_LOOKED_UP = 1000


def outdated(lake: Lake, scan: Scan) -> bool:
    """Whether a scan learned rights that differ from those that the log names."""
    return _revision(lake, lake.log.read(), scan) is not None


def gives(lake: Lake, scan: Scan) -> bool:
    """Whether a scan would let somebody see a document that the stored rights hide from them."""
    history = lake.log.read()
    held = kept.read(lake.store, history.rights)
    if not held.num_rows:
        return False
    rows = _revision(lake, history, scan)
    if rows is None:
        return False
    was, now = _by_document(held), _by_document(rows)
    return any(acl is not None and _is_wider(now.get(doc_id), acl) for doc_id, acl in was.items())


def _is_wider(now: list[str] | None, was: list[str]) -> bool:
    return now is None or not set(now) <= set(was)


def keep(lake: Lake, scan: Scan) -> int:
    """Make the rights from a scan, and from its stored contents, the current ones of every release.

    Returns of how many documents they changed.
    """
    n_changed = 0

    def step(history: History) -> History:
        nonlocal n_changed
        rows = _revision(lake, history, scan)
        if rows is None:
            return history
        n_changed = _n_different(kept.read(lake.store, history.rights), rows)
        path = kept.write(lake.store, rows)
        return lake.log.append(history, "rights", "", rights=path, facts={"n_documents": rows.num_rows})

    lake.log.insist(step)
    return n_changed


def _n_different(held: pa.Table, rows: pa.Table) -> int:
    was, now = _by_document(held), _by_document(rows)
    return sum(was.get(doc_id) != now.get(doc_id) for doc_id in was.keys() | now.keys())


def _by_document(rows: pa.Table) -> dict[str, list[str] | None]:
    return dict(tuples(rows, *RIGHTS.names))


def _revision(lake: Lake, history: History, scan: Scan) -> pa.Table | None:
    """The current rights; None if they equal the stored ones."""
    held = kept.read(lake.store, history.rights)
    rows = kept.revised(held, _learned(lake, history, scan, held))
    return None if rows.equals(held) else rows


def _learned(lake: Lake, history: History, scan: Scan, held: pa.Table) -> pa.Table:
    """RIGHTS rows of all documents in the scanned sources whose rights are known by now.

    Rights come from sidecars first, then from the base's rows for unchanged documents, then from stored contents.
    """
    statements = {doc_id: json.loads(stated) for doc_id, stated in scan.stated.items()}
    acls = {doc_id: stated["acl"] for doc_id, stated in statements.items() if "acl" in stated}
    parts = [
        _rows(acls),
        _of_denied(lake, history, scan),
        *_of_base(lake, history, scan, held),
        *_of_contents(lake, scan),
    ]
    rows = pa.concat_tables(parts)
    numbered = rows.append_column("index", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by("doc_id").aggregate([("index", "min")]).column("index_min")
    learned = rows.take(first.combine_chunks().sort())
    return pa.concat_tables([learned, _respelled(lake, history, scan, learned)])


def _of_denied(lake: Lake, history: History, scan: Scan) -> pa.Table:
    """RIGHTS rows of denied documents that kept releases still hold, as after an erasure that was cut short."""
    acls: dict[str, list[str] | None] = {}
    for (source, uri), stated in sorted(scan.stated_of_denied.items()):
        statement = json.loads(stated)
        if "acl" in statement:
            own, *others = places(source, uri)
            acls = {**dict.fromkeys(others, statement["acl"]), **acls, own: statement["acl"]}
    if not acls:
        return RIGHTS.empty_table()
    wanted, held = pa.array(sorted(acls), pa.string()), set[str]()
    for release in history.releases.values():
        ids = lake.tables(release.generation).at("documents", release.versions["documents"]).scan(["doc_id"])[0]
        held.update(ids.filter(pc.is_in(ids, wanted)).to_pylist())
    return _rows({doc_id: acls[doc_id] for doc_id in sorted(held)})


def _respelled(lake: Lake, history: History, scan: Scan, learned: pa.Table) -> pa.Table:
    """RIGHTS rows of documents that sources no longer hold, but kept releases do, under another spelling of a uri.

    Whoever named them named the documents that are there now, so they have those documents' rights at every release.
    """
    acls = dict(tuples(learned, *RIGHTS.names))
    named = scan.plan.write.select("doc_id", "source", "uri").iter_rows()
    others = {
        place: acls[doc_id]
        for doc_id, source, uri in named
        if doc_id in acls and not uri.isascii()
        for place in places(source, uri)[1:]
    }
    if not others:
        return RIGHTS.empty_table()
    wanted = pa.array(sorted(others), pa.string())
    found, present = set[str](), set(scan.plan.write["doc_id"])
    for release in history.releases.values():
        ids = lake.tables(release.generation).at("documents", release.versions["documents"]).scan(["doc_id"])[0]
        held = set(ids.filter(pc.is_in(ids, wanted)).to_pylist())
        found |= held
        if release.id == scan.plan.base:
            present |= held.difference(scan.plan.deleted)
    return _rows({doc_id: others[doc_id] for doc_id in sorted(found - present)})


def _rows(acls: dict[str, list[str] | None]) -> pa.Table:
    return pa.table([pa.array(acls, pa.string()), pa.array(acls.values(), RIGHTS.field("acl").type)], schema=RIGHTS)


def _of_base(lake: Lake, history: History, scan: Scan, held: pa.Table) -> Iterator[pa.Table]:
    """RIGHTS rows of unchanged documents, without the majority, which were never restricted."""
    base = history.releases.get(scan.plan.base or "")
    if base is None:
        return
    rows = _looked_at(lake, base, scan, ["doc_id", "source", "acl"])
    ours = pc.is_in(rows.column("source"), pa.array(scan.sources, pa.string()))
    ever = pc.is_in(rows.column("doc_id"), held.column("doc_id").combine_chunks())
    ours = pc.and_(ours, pc.or_(ever, pc.is_valid(rows.column("acl"))))
    stale = [*scan.plan.deleted, *scan.plan.write["doc_id"]]
    yield kept.without(rows.filter(ours).select(RIGHTS.names).cast(RIGHTS), stale)


def _looked_at(lake: Lake, base: Release, scan: Scan, columns: Sequence[str]) -> pa.Table:
    """Rows of the base's documents that the scan looked at: of others it may know older rights than today's."""
    documents = lake.tables(base.generation).at("documents", base.versions["documents"])
    if scan.looked_at is not None and 0 < len(scan.looked_at) <= _LOOKED_UP:
        return documents.take("doc_id", sorted(scan.looked_at), columns)
    rows = documents.scan(columns)
    if scan.looked_at is None:
        return rows
    return rows.filter(pc.is_in(rows.column("doc_id"), pa.array(scan.looked_at, pa.string())))


def _of_contents(lake: Lake, scan: Scan) -> Iterator[pa.Table]:
    """RIGHTS rows of documents to write whose contents are stored."""
    if not scan.plan.write.height:
        return
    lake.contents.refresh()
    write = scan.plan.write.select("doc_id", "content_id", "stated").drop_nulls("content_id")
    if absent := lake.contents.missing(write["content_id"].to_list()):
        write = write.filter(~write["content_id"].is_in(absent))
    for part in write.iter_slices(_AT_A_TIME):
        contents = lake.contents.read(part["content_id"].to_list(), ["metadata", "error_class"])
        metadata, errors = (contents.column(name).to_pylist() for name in ("metadata", "error_class"))
        rows = zip(part["doc_id"], each_stated(metadata, part["stated"]), errors, strict=True)
        yield _rows({doc_id: stated.get("acl") for doc_id, stated, error in rows if not error})
