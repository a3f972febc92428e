"""Where summaries lead: the first chunk of what each one summarises, which is found in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from lake.recipe.chunking import IS_SUMMARY, IS_TEXT
from lake.search.predicate import Predicate

if TYPE_CHECKING:
    from lake.search.candidates import RankedList
    from lake.tables.reader import TableReader

#: Chunks that are text of their documents.
TEXTS = Predicate(IS_TEXT)


@dataclass(frozen=True, slots=True)
class Leads:
    """Row ids of a release's summaries, sorted, and of the chunk that each one leads to."""

    summaries: np.ndarray
    chunks: np.ndarray

    @classmethod
    def read(cls, chunks: TableReader) -> Leads:
        columns = ["_rowid", "parent_id", "ordinal"]
        summaries = chunks.scan(columns, IS_SUMMARY).sort_by("_rowid")
        texts = chunks.scan(columns, IS_TEXT).sort_by("ordinal")
        first = pc.index_in(summaries.column("parent_id"), texts.column("parent_id").combine_chunks())
        found = texts.column("_rowid").take(first)
        return cls(summaries.column("_rowid").to_numpy(), found.to_numpy())

    def followed(self, found: RankedList) -> RankedList:
        """The list with the chunks that its summaries lead to, each once, with its best score."""
        if not len(self.summaries):
            return found
        at = np.searchsorted(self.summaries, found.row_ids).clip(max=len(self.summaries) - 1)
        row_ids = np.where(self.summaries[at] == found.row_ids, self.chunks[at], found.row_ids)
        order = np.lexsort((row_ids, -found.scores))
        kept, first = np.unique(row_ids[order], return_index=True)
        n_merged = found.n_merged + len(row_ids) - len(kept)
        return replace(found, row_ids=kept, scores=found.scores[order][first], n_merged=n_merged)
