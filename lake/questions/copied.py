"""Counts an exact copy of the evidence as the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.questions.alignment import Found, Place, Resolved, Spans
from lake.questions.manifest import MANIFEST_COLUMNS
from lake.releases.copies import COPY_COLUMNS, exact_groups

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release


def as_found(
    lake: Lake, release: Release, resolved: Sequence[Resolved], found: Mapping[str, Sequence[str]]
) -> list[Resolved]:
    """Each question with its evidence in those copies of its documents that a search found first.

    ``found``: doc_ids by question_id, best first. Evidence in several copies becomes evidence in one, so that copies
    add nothing to what can be found. Texts of copies are equal, so a place has the same span in each; chunks and
    sections are those of the copy.
    """
    if not release.counts.get("n_copies", 0):
        return list(resolved)
    documents = lake.tables(release.generation).at("documents", release.versions["documents"])
    groups = exact_groups(documents.scan(COPY_COLUMNS))
    group_of = {copy.doc_id: digest for digest, copies in groups.items() for copy in copies}
    chosen = [_chosen(one, group_of, found.get(one.question.question_id, ())) for one in resolved]
    moved: Found = {
        (name, place.evidence): replace(place, doc_id=name)
        for one, names in zip(resolved, chosen, strict=True)
        for place in one.places
        if (name := names[place.doc_id]) != place.doc_id
    }
    placed: Found = {key: place for key, place in moved.items() if isinstance(place, Place) and place.start is not None}
    Spans(lake, release).attach(placed)
    rows = documents.take("doc_id", sorted({name for name, _ in moved}), MANIFEST_COLUMNS).to_pylist() if moved else []
    by_id = {row["doc_id"]: row for row in rows}
    return [_replaced(one, names, moved | placed, by_id) for one, names in zip(resolved, chosen, strict=True)]


def _chosen(one: Resolved, group_of: Mapping[str, str], found: Sequence[str]) -> dict[str, str]:
    """For each document with evidence, itself or the copy that takes its place."""
    mine = [place.doc_id for place in one.places]
    wanted = {group_of[doc_id] for doc_id in mine if doc_id in group_of}
    first: dict[str, str] = {}
    for doc_id in (*found, *mine) if wanted else ():
        if group_of.get(doc_id) in wanted:
            first.setdefault(group_of[doc_id], doc_id)
    return {doc_id: first.get(group_of.get(doc_id, ""), doc_id) for doc_id in mine}


def _replaced(one: Resolved, names: Mapping[str, str], moved: Found, rows: Mapping[str, Mapping[str, Any]]) -> Resolved:
    if all(doc_id == name for doc_id, name in names.items()):
        return one
    places = [moved.get((names[place.doc_id], place.evidence), place) for place in one.places]
    documents = {name: rows.get(name) or one.documents[name] for name in names.values()}
    return replace(one, places=tuple(p for p in places if isinstance(p, Place)), documents=documents)
