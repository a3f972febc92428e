"""What a search found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import pyarrow as pa

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The passages found in one release, best first; reads like a table of HITS rows.

    ``query_id`` names the search in feedback; it is None if the text is too long to be judged. Polars, DuckDB and
    pandas read a result as they read any Arrow table.

    ``degraded`` names the parts that could not be reached, and without which the passages were found; empty for a
    whole result. ``cached`` names the store that had the result, ``process`` or ``redis``; None if it was searched for.
    ``stale_since``: when the lake was last read, if it could not be reached now; ``degraded`` then names ``lake``.
    ``synonyms``: terms of the question with what full text found besides.
    ``usage``: the Usage of a chat model that reranked; None if none did.
    """

    release: str
    query_id: str | None
    hits: pa.Table
    degraded: tuple[str, ...] = ()
    cached: str | None = None
    stale_since: datetime | None = None
    synonyms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    usage: Any = None

    def __repr__(self) -> str:
        return f"<SearchResult of {len(self)} {'hit' if len(self) == 1 else 'hits'} in release {self.release}>"

    def __len__(self) -> int:
        return int(self.hits.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_pylist())

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.hits[column]

    @property
    def num_rows(self) -> int:
        return len(self)

    @property
    def column_names(self) -> list[str]:
        return list(self.hits.column_names)

    def column(self, name: str) -> pa.ChunkedArray:
        return self.hits.column(name)

    def to_pylist(self) -> list[dict[str, Any]]:
        """One dictionary for each hit."""
        rows: list[dict[str, Any]] = self.hits.to_pylist()
        return rows

    def to_pandas(self) -> Any:
        return self.hits.to_pandas()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.hits.__arrow_c_stream__(requested_schema)


def stale(found: T, since: datetime) -> T:
    """Results and answers marked as found while the lake could not be reached; anything else as it is."""
    marked: Any = found
    if isinstance(marked, list):
        marked = [stale(one, since) for one in marked]
    elif hasattr(marked, "stale_since") and marked.stale_since is None:
        marked = replace(marked, degraded=(*marked.degraded, "lake"), stale_since=since)
    result: T = marked
    return result
