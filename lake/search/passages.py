"""From the chunks found to the passages returned: the chunks, their sections, or windows of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lake.schemas import DOCUMENT_COLUMNS, HITS
from lake.search.held import HeldKeys
from lake.table_reader import TableReader, one_of

#: Runs a function beside the caller.
Submit = Callable[..., "Future[Any]"]

#: What is read of a passage's best chunk. Spans and texts of chunks and parents bear the same names.
_OF_CHUNK = (
    *(name for name in DOCUMENT_COLUMNS if name != "acl"),
    *("doc_id", "parent_id", "ordinal", "text", "start", "end", "heading", "page", "kind"),
)
_OF_PARENT = ("parent_id", "text", "start", "end", "heading", "page", "kind")


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates that make one passage: their rows, best first, and the ordinals of the chunks in it."""

    rows: list[int]
    first: int = 0
    last: int = 0


def grouped(candidates: pa.Table, expand: str, window: int) -> list[Group]:
    """Groups in order of their best candidate; no chunk stands in two of them."""
    if expand == "none":
        return [Group([row]) for row in range(candidates.num_rows)]
    sections: dict[str, list[int]] = {}
    for row, parent_id in enumerate(candidates.column("parent_id").to_pylist()):
        sections.setdefault(parent_id, []).append(row)
    if expand == "parent":
        return [Group(rows) for rows in sections.values()]
    ordinals = candidates.column("ordinal").to_pylist()
    windows = (group for rows in sections.values() for group in _windows(rows, ordinals, window))
    return sorted(windows, key=lambda group: group.rows[0])


def _windows(rows: list[int], ordinals: Sequence[int], window: int) -> Iterable[Group]:
    """Stretches of neighbours around the chunks found in one section; those that touch are one."""
    at_hand: Group | None = None
    for row in sorted(rows, key=lambda row: ordinals[row]):
        first, last = ordinals[row] - window, ordinals[row] + window
        if at_hand and first <= at_hand.last + 1:
            at_hand = Group(sorted([*at_hand.rows, row]), at_hand.first, last)
            continue
        if at_hand:
            yield at_hand
        at_hand = Group([row], first, last)
    if at_hand:
        yield at_hand


class Passages:
    """Reads what the passages of one release say."""

    def __init__(self, chunks: TableReader, parents: TableReader, submit: Submit, held: HeldKeys | None = None) -> None:
        """``held``: where the sections lie, if that is known."""
        self._chunks, self._parents, self._submit, self._held = chunks, parents, submit, held

    def read(self, candidates: pa.Table, groups: Sequence[Group], expand: str) -> pa.Table:
        """HITS rows, one for each group."""
        best = candidates.take(pa.array([group.rows[0] for group in groups], pa.int64()))
        parents = self._submit(self._sections, best) if expand != "none" and groups else None
        hits = best.select([name for name in HITS.names if name in best.column_names]).to_pylist()
        said = self._chunks.rows(best.column("_rowid").to_pylist(), _OF_CHUNK).to_pylist()
        chunk_ids = candidates.column("chunk_id").to_pylist()
        for hit, chunk, group in zip(hits, said, groups, strict=True):
            hit |= chunk
            hit |= {"chunk_text": chunk["text"], "chunk_start": chunk["start"], "chunk_end": chunk["end"]}
            hit["chunk_ids"] = [chunk_ids[row] for row in group.rows]
        if parents is not None:
            self._widen(hits, groups, parents.result(), expand)
        return pa.Table.from_pylist(hits, schema=HITS)

    def _sections(self, best: pa.Table) -> dict[str, dict[str, Any]]:
        """What the sections of these candidates say, by parent_id."""
        ids = sorted(set(best.column("parent_id").to_pylist()))
        if self._held is None:
            found = self._parents.take("parent_id", ids, _OF_PARENT)
        else:
            found = self._parents.rows(self._held.row_ids_of(ids), _OF_PARENT)
        return {row.pop("parent_id"): row for row in found.to_pylist()}

    def _widen(
        self,
        hits: list[dict[str, Any]],
        groups: Sequence[Group],
        parents: dict[str, dict[str, Any]],
        expand: str,
    ) -> None:
        spans = self._spans(hits) if expand == "window" else {}
        for hit, group in zip(hits, groups, strict=True):
            parent = parents[hit["parent_id"]]
            if expand == "parent":
                hit |= parent
                continue
            inside = [span for ordinal, span in spans[hit["parent_id"]] if group.first <= ordinal <= group.last]
            start, end = min(start for start, _ in inside), max(end for _, end in inside)
            text = parent["text"][start - parent["start"] : end - parent["start"]]
            hit |= {"text": text, "start": start, "end": end}

    def _spans(self, hits: Sequence[dict[str, Any]]) -> dict[str, list[tuple[int, tuple[int, int]]]]:
        """By section: ordinal and span of each of its chunks."""
        # By document first, which an index finds.
        ids = {name: sorted({hit[name] for hit in hits}) for name in ("doc_id", "parent_id")}
        where = " AND ".join(one_of(name, values) for name, values in ids.items())
        found: dict[str, list[tuple[int, tuple[int, int]]]] = {}
        for row in self._chunks.scan(["parent_id", "ordinal", "start", "end"], where).to_pylist():
            found.setdefault(row["parent_id"], []).append((row["ordinal"], (row["start"], row["end"])))
        return found
