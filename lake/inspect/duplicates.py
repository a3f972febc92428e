"""Lists the documents of a release that are copies of one another, exact and near; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import UsageError
from lake.ids import derived_id
from lake.ingest.signatures import nearest_heads, stacked
from lake.releases.copies import COPY_COLUMNS, Copy, exact_groups, standing
from lake.schemas import CANONICAL_DIGEST, DUPLICATES
from lake.tables.sql import one_of, quoted

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot

#: The estimated Jaccard similarity from which on documents are near-copies.
NEAR = 0.8
#: Contents whose signatures are read at a time.
_AT_A_TIME = 4096


def duplicates(
    lake: Lake, snapshot: Snapshot, rights: Rights, *, near: bool = False, likeness: float = NEAR
) -> pa.Table:
    """DUPLICATES rows of exact copies, with ``near`` also of documents that resemble another one that much.

    The largest groups come first. Documents of releases before 0.4 have no digests and are in no group.
    """
    if not 0.5 <= likeness <= 1:
        raise UsageError(f"likeness={likeness!r} must be at least 0.5 and at most 1")
    documents = snapshot.table("documents").scan([*COPY_COLUMNS, "content_id", "size", "acl"])
    documents = documents.filter(pc.is_valid(documents.column(CANONICAL_DIGEST.name)))
    facts = documents.select(["doc_id", "size", "acl", CANONICAL_DIGEST.name]).to_pylist()
    is_open, documents = rights.may_see(), documents.drop_columns(["acl"])
    exact = exact_groups(documents)
    groups: list[_Group] = [[(group, 1.0)] for group in exact.values()]
    if near:
        groups = _near_groups(lake, documents, exact, likeness)
    by_id = {row["doc_id"]: row | {"restricted": not is_open(row["doc_id"], row["acl"])} for row in facts}
    rows = [list(_rows(group, by_id)) for group in groups]
    ordered = sorted(rows, key=lambda group: (-len(group), group[0]["uri"], group[0]["source"]))
    return pa.Table.from_pylist([row for group in ordered for row in group], schema=DUPLICATES)


#: The exact copies of each text of a group, with its likeness to the first.
_Group = list[tuple[Sequence[Copy], float]]


def _rows(group: _Group, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    head = group[0][0][0]
    for copies, likeness in group:
        for copy in copies:
            yield {
                "copy_group": derived_id("copies", facts[head.doc_id][CANONICAL_DIGEST.name], head.title or ""),
                "doc_id": copy.doc_id,
                "source": copy.source,
                "uri": copy.uri,
                "size": facts[copy.doc_id]["size"],
                "stands": copy is copies[0],
                "kind": "exact" if copies is group[0][0] else "near",
                "likeness": likeness,
                "duplicate_of": None if copy is copies[0] else copies[0].doc_id,
                "restricted": facts[copy.doc_id]["restricted"],
            }


def _near_groups(lake: Lake, documents: pa.Table, exact: Mapping[str, list[Copy]], likeness: float) -> list[_Group]:
    """Groups of similar texts, in the order in which their documents stand; each has at least two documents."""
    texts = _texts(documents, exact)
    whole, values = stacked(_signatures(lake, [content_id for _, content_id in texts]))
    heads, likenesses = nearest_heads(values, likeness)
    groups: dict[int, _Group] = {}
    for at, head, alike in zip(whole.tolist(), whole[heads].tolist(), likenesses.tolist(), strict=True):
        groups.setdefault(head, []).append((texts[at][0], alike))
    for at in set(range(len(texts))) - set(whole.tolist()):  # texts without words
        groups[at] = [(texts[at][0], 1.0)]
    return [group for group in groups.values() if len(group) > 1 or len(group[0][0]) > 1]


def _texts(documents: pa.Table, exact: Mapping[str, list[Copy]]) -> list[tuple[Sequence[Copy], str]]:
    """The documents of each distinct text and one of its contents, in the order in which the first ones stand."""
    *place, _, contents = (documents.column(name).to_pylist() for name in (*COPY_COLUMNS, "content_id"))
    group_of = {copy.doc_id: group for group in exact.values() for copy in group}
    found: dict[str, tuple[Sequence[Copy], str]] = {}
    for content_id, *values in zip(contents, *place, strict=True):
        group = group_of.get(values[0]) or [Copy(*values)]
        found.setdefault(group[0].doc_id, (group, content_id))
    return sorted(found.values(), key=lambda text: standing(text[0][0]))


def _signatures(lake: Lake, content_ids: Sequence[str]) -> list[bytes | None]:
    lake.contents.refresh()
    found: list[bytes | None] = []
    for start in range(0, len(content_ids), _AT_A_TIME):
        rows = lake.contents.read(content_ids[start : start + _AT_A_TIME], ["signature"])
        found += rows.column("signature").to_pylist()
    return found


def copies_of(snapshot: Snapshot, doc_id: str) -> dict[str, Any] | None:
    """The exact copies of a document, and which of them ``stands`` for it in searches of everything (None: it does).

    None if it has no copy.
    """
    documents = snapshot.table("documents")
    digest = documents.scan([CANONICAL_DIGEST.name], one_of("doc_id", [doc_id])).column(0)[0].as_py()
    if digest is None or CANONICAL_DIGEST.name not in documents.schema.names:
        return None
    groups = exact_groups(documents.scan(COPY_COLUMNS, f"{CANONICAL_DIGEST.name} = {quoted(digest)}")).values()
    group = next((group for group in groups if any(copy.doc_id == doc_id for copy in group)), [])
    others = [{"source": copy.source, "uri": copy.uri} for copy in group if copy.doc_id != doc_id]
    if not others:
        return None
    return {"stands": None if group[0].doc_id == doc_id else others[0], "documents": others}
