"""A search that ran once and is ordered anew under other options, as often as there are options to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from lake.errors import UsageError
from lake.search.question import SearchRequest
from lake.search.refine import OfRelease, Read, refined
from lake.search.retrieved import RetrievedLists

#: Options that order the chunks which the retrievers found; all others choose which are found.
ORDERING = ("fusion", "alpha", "weights", "rerank", "rerank_depth", "rerank_weight", "boosts", "collapse", "diversity")


@dataclass(frozen=True, slots=True)
class RecordedSearch:
    """One question with what its retrievers found; None if nothing may be found."""

    question: SearchRequest
    retrieved: RetrievedLists | None
    release: OfRelease

    def ordered(self, **options: Any) -> list[dict[str, Any]]:
        """The chunks that a search with these options finds: ``chunk_id``, ``doc_id``, ``parent_id``, their span.

        Raises UsageError for an option that decides what is found.
        """
        if wrong := sorted(options.keys() - set(ORDERING)):
            raise UsageError(f"a recorded search can't vary {', '.join(wrong)}; it varies {', '.join(ORDERING)}")
        question = replace(self.question, **options)
        if self.retrieved is None:
            return []
        fused = self.retrieved.fused(question)
        found = refined(fused, question, self.retrieved.depth, self.release)[-1][1].slice(0, question.k)
        rows = self.release.read(found.column("_rowid").to_pylist(), ["doc_id", "parent_id", "start", "end"])
        hits: list[dict[str, Any]] = rows.append_column("chunk_id", found.column("chunk_id")).to_pylist()
        return hits


@dataclass(slots=True)
class RowMemory:
    """Rows that were read before, by their columns, so that no option reads a chunk twice."""

    read: Read
    _known: dict[tuple[str, ...], tuple[dict[int, int], pa.Table]] = field(default_factory=dict)

    def __call__(self, row_ids: list[int], columns: Sequence[str]) -> pa.Table:
        """The rows in this order."""
        key = tuple(columns)
        at, rows = self._known.get(key, ({}, None))
        missing = list(dict.fromkeys(one for one in row_ids if one not in at))
        if rows is None or missing:
            new = self.read(missing, columns)
            at |= {one: len(at) + number for number, one in enumerate(missing)}
            rows = new if rows is None else pa.concat_tables([rows, new]).combine_chunks()
            self._known[key] = at, rows
        return rows.take(pa.array([at[one] for one in row_ids], pa.int64()))
