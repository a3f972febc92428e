"""Rows of a release's chunks: from its tables, and from memory once it is searched often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lake.releases.values import Release
from lake.search.exact_index import Loading, has_few_vectors
from lake.search.passages import OF_CHUNK
from lake.search.row_cache import RowCache, fits
from lake.tables.reader import TableReader

#: Chunks whose rows are held in memory in the time that a search takes longer without.
_CHUNKS_PER_SEARCH = 3000


class ChunkRows:
    """Reads columns of chunks by row id; ``table`` opens a table of the release."""

    def __init__(self, release: Release, table: Callable[[str], TableReader], submit: Callable[..., Any]) -> None:
        chunking, self._table = release.recipe.chunking, table
        #: The columns that a chat model wrote, if the recipe has any.
        self.written = ("situation",) if chunking.is_situated or chunking.has_summaries else ()
        self._more = (*self.written, *(("text_digest",) if release.recipe.has_token_vectors else ()))
        self._is_small, self._fits = has_few_vectors(release), fits(release)
        more = self._more if self._is_small else ()
        self.loading = Loading(lambda: RowCache.read(table, with_texts=self._is_small, more=more), submit)
        self._n_before, self._n_searches = max(1, release.counts["n_chunks"] // _CHUNKS_PER_SEARCH), 0

    def count_search(self) -> None:
        """Note that one more search reads rows."""
        self._n_searches += 1

    @property
    def in_memory(self) -> RowCache | None:
        """None for the first searches, as long as loading everything would have cost more than it saved."""
        return self.loading.at_hand() if self._fits and self._n_searches > self._n_before else None

    def of(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Columns of these chunks, in their order; from memory if they are there."""
        is_small = self._is_small and set(columns) <= {*OF_CHUNK, *self._more}
        held = self.in_memory if is_small else None
        if held is None or not row_ids:
            return self._table("chunks").rows(row_ids, columns)
        ids = pa.array(row_ids, pa.uint64())
        found = held.of(pa.table({"_rowid": ids}), with_sections=False).chunks
        for name in set(columns) & set(self._more):
            found = found.append_column(name, held.rows(ids.to_numpy(), [name]).column(name))
        return found.select(columns)

    def stored(self, row_ids: np.ndarray, columns: Sequence[str]) -> pa.Table:
        """Columns of these chunks, from the table."""
        return self._table("chunks").rows(row_ids.tolist(), columns)
