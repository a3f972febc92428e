"""Turns the chunks found into passages: the chunks, their sections, or windows of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.schemas import DOCUMENT_COLUMNS, HITS
from lake.tables.reader import TableReader
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.recipe import Recipe

#: Runs a function in the background.
Submit = Callable[..., "Future[Any]"]

#: Ordinal, start and end of a chunk, and its first and last page.
Span = tuple[int, int, int, int | None, int | None]
#: The columns of a span, besides the section that it belongs to.
OF_SPAN = ("ordinal", "start", "end", "first_page", "last_page")

#: Columns that are read of a passage's best chunk. Spans and texts of chunks and of sections have the same names.
OF_DOCUMENT = tuple(name for name in DOCUMENT_COLUMNS if name != "acl")
OF_SECTION = ("parent_id", "start", "end", "heading", "page", "kind", "first_page", "last_page", "text")
OF_CHUNK = (*OF_DOCUMENT, "doc_id", "ordinal", "section_page", *OF_SECTION)
#: Where a passage stands.
PLACES = ("doc_id", "parent_id", "chunk_ids", "start", "end", "source", "uri")
_OF_BEST = ("text", "start", "end", "first_page", "last_page")


@dataclass(frozen=True, slots=True)
class ReadRows:
    """A row for each chunk: OF_CHUNK columns, and the OF_SECTION columns of its section if requested."""

    chunks: pa.Table
    sections: pa.Table | None


class Group(NamedTuple):
    """Candidates that make one passage: their rows, best first, and its first and last ordinal."""

    rows: list[int]
    first: int = 0
    last: int = 0


def grouped(candidates: pa.Table, expand: str, window: int, most: int | None = None) -> list[Group]:
    """Groups in order of their best candidate, the first ``most`` of them; each chunk is in at most one."""
    if expand == "none":
        return [Group([row]) for row in range(candidates.num_rows)[:most]]
    # Numbers of sections in the order of their best candidates.
    section = candidates.column("parent_id").combine_chunks().dictionary_encode().indices.to_numpy()
    if expand == "parent":
        return [Group(rows) for rows in _sections(section, most)]
    ordinals = candidates.column("ordinal").to_pylist()
    windows = (group for rows in _sections(section) for group in _windows(rows, ordinals, window))
    return sorted(windows, key=lambda group: group.rows[0])[:most]


def _sections(section: np.ndarray, most: int | None = None) -> list[list[int]]:
    """The candidates of each of the first ``most`` sections; ``section``: the number of each candidate's."""
    n_sections = int(section.max(initial=-1)) + 1
    rows: list[list[int]] = [[] for _ in range(n_sections if most is None else min(most, n_sections))]
    among = np.flatnonzero(section < len(rows))
    for row, number in zip(among.tolist(), section[among].tolist(), strict=True):
        rows[number].append(row)
    return rows


def _windows(rows: list[int], ordinals: Sequence[int], window: int) -> Iterable[Group]:
    """Windows around the chunks found in one section; adjacent windows are merged."""
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
    """Reads the rows of the chunks found."""

    def of(self, found: pa.Table, *, with_sections: bool) -> ReadRows:
        """The rows of each chunk, in order; ``found`` has ``_rowid`` and ``parent_id``."""
        ...

    def spans(self, found: pa.Table) -> dict[str, list[Span]]:
        """Spans of all chunks of their sections, by section; ``found`` has ``doc_id``, too."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Reads rows from the stored tables."""

    chunks: TableReader
    parents: TableReader
    submit: Submit

    def of(self, found: pa.Table, *, with_sections: bool) -> ReadRows:
        reading = self.submit(self._sections, found.column("parent_id")) if with_sections else None
        chunks = self.chunks.rows(found.column("_rowid").to_pylist(), OF_CHUNK)
        return ReadRows(chunks, None if reading is None else reading.result())

    def _sections(self, parent_ids: pa.ChunkedArray) -> pa.Table:
        found = self.parents.take("parent_id", sorted(set(parent_ids.to_pylist())), OF_SECTION)
        return found.take(pc.index_in(parent_ids, found.column("parent_id").combine_chunks()))

    def spans(self, found: pa.Table) -> dict[str, list[Span]]:
        # Filters by document first, which has an index.
        ids = {name: sorted(set(found.column(name).to_pylist())) for name in ("doc_id", "parent_id")}
        where = " AND ".join(one_of(name, values) for name, values in ids.items())
        spans: dict[str, list[Span]] = {}
        columns = self.chunks.scan(["parent_id", *OF_SPAN], where).columns
        for parent_id, *span in zip(*(column.to_pylist() for column in columns), strict=True):
            spans.setdefault(parent_id, []).append(tuple(span))
        return spans


class ChosenPassages:
    """What becomes passages of a question: its candidates, and the groups that make one passage each."""

    def __init__(self, candidates: pa.Table, groups: Sequence[Group]) -> None:
        self.candidates, self.groups = candidates, groups
        self.best = candidates.take(pa.array([group.rows[0] for group in groups], pa.int64()))

    @property
    def chunk_ids(self) -> list[list[str]]:
        """The ids of each group's chunks, best first."""
        ids = self.candidates.column("chunk_id").to_pylist()
        return [[ids[row] for row in group.rows] for group in self.groups]


def hits_of(found: Sequence[ChosenPassages], expand: str, rows: Rows, recipe: Recipe) -> list[pa.Table]:
    """HITS rows of each question's passages; rows are read once for all whose candidates have the same columns."""
    alike: dict[tuple[str, ...], list[ChosenPassages]] = {}
    for one in found:
        alike.setdefault(tuple(one.candidates.column_names), []).append(one)
    hits: dict[int, pa.Table] = {}
    for some in alike.values():
        best = pa.concat_tables([one.best for one in some])
        groups = [group for one in some for group in one.groups]
        chunk_ids = [ids for one in some for ids in one.chunk_ids]
        table = _with_legs(_passages(best, groups, chunk_ids, expand, rows), best, recipe)
        start = 0
        for one in some:
            hits[id(one)] = table.slice(start, len(one.groups))
            start += len(one.groups)
    return [hits[id(one)] for one in found]


def _passages(
    best: pa.Table, groups: Sequence[Group], chunk_ids: Sequence[Sequence[str]], expand: str, rows: Rows
) -> pa.Table:
    """HITS rows, one for each group."""
    if not groups:
        return HITS.empty_table()
    read = rows.of(best, with_sections=expand != "none")
    none = pa.array([[]] * len(groups), pa.list_(pa.string()))
    columns: dict[str, Any] = {"copies": none, "copy_sources": none}
    columns |= dict.fromkeys(("rerank_score", "boost", "legs"), pa.nulls(len(groups)))
    columns |= {name: best.column(name) for name in HITS.names if name in best.column_names}
    columns |= {name: read.chunks.column(name) for name in OF_CHUNK}
    columns |= {f"chunk_{name}": read.chunks.column(name) for name in _OF_BEST}
    columns["chunk_ids"] = pa.array(chunk_ids)
    if read.sections is not None:
        columns["section_page"] = read.sections.column("page")
    if read.sections is not None and expand == "parent":
        columns |= {name: read.sections.column(name) for name in OF_SECTION if name != "page"}
    elif read.sections is not None:
        spans = rows.spans(best.append_column("doc_id", read.chunks.column("doc_id")))
        columns |= _spelt(read.sections.select(["parent_id", "text", "start"]).to_pylist(), groups, spans)
    return pa.table([columns[name] for name in HITS.names], schema=HITS)


def _with_legs(hits: pa.Table, best: pa.Table, recipe: Recipe) -> pa.Table:
    """The passages with what each retriever added to the score of the best chunk.

    Without it if there is but one, whose rank and score have columns of their own.
    """
    searched = {name.removesuffix("_added") for name in best.column_names if name.endswith("_added")}
    if not hits.num_rows or (len(searched) < 2 and searched <= {"vector", "text"}):
        return hits
    names: dict[str, str | None] = {column: one.name for column, one in recipe.vector_columns.items()}
    of_legs = [name for name in best.column_names if name.endswith(("_rank", "_score", "_added"))]
    legs = [
        [
            {"leg": leg, "embedder": name, **{part: row[f"{leg}_{part}"] for part in ("rank", "score", "added")}}
            for leg, name in {**names, "text": None}.items()
            if row.get(f"{leg}_added") is not None
        ]
        for row in best.select(of_legs).to_pylist()
    ]
    place = hits.schema.get_field_index("legs")
    return hits.set_column(place, HITS.field("legs"), pa.array(legs, HITS.field("legs").type))


def _spelt(
    sections: Sequence[dict[str, Any]], groups: Sequence[Group], spans: Mapping[str, Sequence[Span]]
) -> dict[str, pa.Array]:
    """Texts, spans and pages of the windows that the groups cover in their sections."""
    texts, starts, ends = [], [], []
    pages: list[tuple[int | None, int | None]] = []
    for section, group in zip(sections, groups, strict=True):
        inside = [span for span in spans[section["parent_id"]] if group.first <= span[0] <= group.last]
        start, end = min(span[1] for span in inside), max(span[2] for span in inside)
        known = [page for span in inside for page in span[3:] if page is not None]
        pages.append((min(known), max(known)) if known else (None, None))
        texts.append(section["text"][start - section["start"] : end - section["start"]])
        starts.append(start)
        ends.append(end)
    return {
        "text": pa.array(texts),
        "start": pa.array(starts, pa.int64()),
        "end": pa.array(ends, pa.int64()),
        "first_page": pa.array([first for first, _ in pages], pa.int32()),
        "last_page": pa.array([last for _, last in pages], pa.int32()),
    }
