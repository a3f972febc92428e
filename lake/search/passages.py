"""From the chunks found to the passages returned: the chunks, their sections, or windows of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from lake.schemas import DOCUMENT_COLUMNS, HITS
from lake.tables.reader import TableReader
from lake.tables.sql import one_of

#: Runs a function beside the caller.
Submit = Callable[..., "Future[Any]"]

#: Ordinal, start and end of a chunk.
Span = tuple[int, int, int]

#: What is read of a passage's best chunk. Spans and texts of chunks and their sections bear the same names.
OF_DOCUMENT = tuple(name for name in DOCUMENT_COLUMNS if name != "acl")
OF_SECTION = ("parent_id", "start", "end", "heading", "page", "kind", "text")
OF_CHUNK = (*OF_DOCUMENT, "doc_id", "ordinal", *OF_SECTION)


@dataclass(frozen=True, slots=True)
class Told:
    """A row for each chunk: OF_CHUNK columns, and the OF_SECTION columns of its section where these were asked for."""

    chunks: pa.Table
    sections: pa.Table | None


class Group(NamedTuple):
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


class Rows(Protocol):
    """What is read of the chunks found."""

    def of(self, found: pa.Table, *, with_sections: bool) -> Told:
        """Of each, in their order; ``found`` has ``_rowid`` and ``parent_id``."""
        ...

    def spans(self, found: pa.Table) -> dict[str, list[Span]]:
        """Of all chunks of their sections, by section; ``found`` has ``doc_id``, too."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Reads all from the tables."""

    chunks: TableReader
    parents: TableReader
    submit: Submit

    def of(self, found: pa.Table, *, with_sections: bool) -> Told:
        reading = self.submit(self._sections, found.column("parent_id")) if with_sections else None
        chunks = self.chunks.rows(found.column("_rowid").to_pylist(), OF_CHUNK)
        return Told(chunks, None if reading is None else reading.result())

    def _sections(self, parent_ids: pa.ChunkedArray) -> pa.Table:
        found = self.parents.take("parent_id", sorted(set(parent_ids.to_pylist())), OF_SECTION)
        return found.take(pc.index_in(parent_ids, found.column("parent_id").combine_chunks()))

    def spans(self, found: pa.Table) -> dict[str, list[Span]]:
        # By document first, which an index finds.
        ids = {name: sorted(set(found.column(name).to_pylist())) for name in ("doc_id", "parent_id")}
        where = " AND ".join(one_of(name, values) for name, values in ids.items())
        spans: dict[str, list[Span]] = {}
        for row in self.chunks.scan(["parent_id", "ordinal", "start", "end"], where).to_pylist():
            spans.setdefault(row["parent_id"], []).append((row["ordinal"], row["start"], row["end"]))
        return spans


def passages(candidates: pa.Table, groups: Sequence[Group], expand: str, rows: Rows) -> pa.Table:
    """HITS rows, one for each group."""
    if not groups:
        return HITS.empty_table()
    best = candidates.take(pa.array([group.rows[0] for group in groups], pa.int64()))
    told = rows.of(best, with_sections=expand != "none")
    columns: dict[str, Any] = {"copies": pa.array([[]] * len(groups)), "rerank_score": pa.nulls(len(groups))}
    columns |= {name: best.column(name) for name in HITS.names if name in best.column_names}
    columns |= {name: told.chunks.column(name) for name in OF_CHUNK}
    columns |= {f"chunk_{name}": told.chunks.column(name) for name in ("text", "start", "end")}
    chunk_ids = candidates.column("chunk_id").to_pylist()
    columns["chunk_ids"] = pa.array([[chunk_ids[row] for row in group.rows] for group in groups])
    if told.sections is not None and expand == "parent":
        columns |= {name: told.sections.column(name) for name in OF_SECTION}
    elif told.sections is not None:
        spans = rows.spans(best.append_column("doc_id", told.chunks.column("doc_id")))
        columns |= _spelt(told.sections.select(["parent_id", "text", "start"]).to_pylist(), groups, spans)
    return pa.table([columns[name] for name in HITS.names], schema=HITS)


def _spelt(
    sections: Sequence[dict[str, Any]], groups: Sequence[Group], spans: Mapping[str, Sequence[Span]]
) -> dict[str, pa.Array]:
    """Texts and spans of the stretches of their sections that the groups stand for."""
    texts, starts, ends = [], [], []
    for section, group in zip(sections, groups, strict=True):
        inside = [span for span in spans[section["parent_id"]] if group.first <= span[0] <= group.last]
        start, end = min(start for _, start, _ in inside), max(end for _, _, end in inside)
        texts.append(section["text"][start - section["start"] : end - section["start"]])
        starts.append(start)
        ends.append(end)
    return {"text": pa.array(texts), "start": pa.array(starts, pa.int64()), "end": pa.array(ends, pa.int64())}
