"""Deltas that follow one another become one, which makes the same of every base."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lake.ingest.delta import Delta

IDS = "abcde"
#: What a delta deletes, and what it writes to the manifest and to quarantine.
CHANGES = st.lists(
    st.tuples(st.sets(st.sampled_from(IDS)), st.sets(st.sampled_from(IDS[:3])), st.sets(st.sampled_from(IDS[3:]))),
    min_size=1,
    max_size=6,
)


def rows(ids: set[str], number: int) -> pa.Table:
    return pa.table(
        {"doc_id": pa.array(sorted(ids), pa.string()), "digest": pa.array([str(number)] * len(ids), pa.string())}
    )


def applied(base: dict[str, str], delta: Delta) -> dict[str, str]:
    """The rows of either table by document after a delta."""
    left = {doc_id: digest for doc_id, digest in base.items() if doc_id not in delta.deleted}
    for part in (delta.documents, delta.quarantine):
        left |= dict(zip(part["doc_id"].to_pylist(), part["digest"].to_pylist(), strict=True))
    return left


@given(CHANGES, st.sets(st.sampled_from(IDS)))
def test_a_merged_delta_does_what_its_parts_did(changes: list[tuple[set[str], ...]], held: set[str]) -> None:
    deltas = [
        Delta(rows(written, number), rows(quarantined, number), sorted(deleted))
        for number, (deleted, written, quarantined) in enumerate(changes)
    ]
    base = dict.fromkeys(held, "before")
    wanted = base
    for delta in deltas:
        wanted = applied(wanted, delta)
    merged = Delta.merged(reversed(deltas))
    assert applied(base, merged) == wanted
    assert len(set(merged.doc_ids())) == len(merged.doc_ids())
