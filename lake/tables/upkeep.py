"""Keeps the indices and fragments of a table in order after its rows have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lake.recipe import TextIndex
from lake.tables.table_indices import of_words

#: Every commit adds a fragment, and a segment to each index. A few cost a search nothing, and releases share unchanged
#: files; merging rewrites all of them.
_MANY_FRAGMENTS, _MANY_SEGMENTS = 16, 8
#: A fragment is small if it holds less than an eighth of the table, or fewer than this many rows.
_FRAGMENT_SHARE, _SMALL_FRAGMENT = 8, 1024

#: BM25 counts the words of all rows that a segment was made from, deleted ones included. Tables with fewer rows rebuild
#: the full-text index at every commit, which takes seconds and makes scores a function of the current rows. Larger ones
#: add segments instead, until there are this many (each costs a search one or two milliseconds) or this share of the
#: rows that they count is gone.
_TEXT_WHOLE_ROWS, _MANY_TEXT_SEGMENTS, _STALE_SHARE = 50_000, 4, 0.04

#: Runs over a few documents may follow one another within seconds, and merge less often. Each segment costs a search
#: one or two milliseconds.
_MANY_LATE_SEGMENTS = 12

#: Lance's name for a full-text index, and more segments than any index will ever have.
_FULL_TEXT, _ALL = "Inverted", 1000


def maintain(table: Any, text_index: TextIndex | None, *, in_part: bool) -> None:
    """Bring the indices of LanceDB's ``table`` up to date; see ``Tables.maintain``."""
    dataset = table.to_lance()
    indices = {index.name: index.index_type for index in dataset.describe_indices()}
    if in_part:
        is_many = _n_segments(dataset) > _MANY_LATE_SEGMENTS
        for index in dataset.describe_indices():
            # Lance adds the first one if it holds more than a few deleted rows.
            _cover(dataset, [index.name], n_merged=len(index.segments) - 1 if is_many else 0)
        if is_many:
            _compact(dataset, at_most=1)
    elif _n_segments(dataset) > _MANY_SEGMENTS or len(dataset.get_fragments()) > _MANY_FRAGMENTS:
        _cover(dataset, indices, n_merged=_ALL)
        _compact(dataset)  # after it, since fragments of different segments are never put together
    else:
        whole = [index for index, kind in indices.items() if kind == _FULL_TEXT and _must_be_whole(dataset, index)]
        if text_index is None:
            _cover(dataset, whole, n_merged=_ALL)
        else:
            _index_words_anew(table, [one for one in whole if not _is_current(dataset, one)], text_index)
        _cover(dataset, [index for index in indices if index not in whole], n_merged=0)


def _compact(dataset: Any, at_most: int = _MANY_FRAGMENTS) -> None:
    if len(dataset.get_fragments()) > at_most:
        # A fragment that holds much of the table stays as it is, shared with earlier releases.
        n_rows = max(dataset.count_rows() // _FRAGMENT_SHARE, _SMALL_FRAGMENT)
        dataset.optimize.compact_files(target_rows_per_fragment=n_rows)


def _index_words_anew(table: Any, indices: Sequence[str], text_index: TextIndex) -> None:
    columns = {one.name: one.columns[0] for one in table.list_indices()}
    for index in indices:
        table.create_index(columns[index], config=of_words(*text_index[:2]), replace=True)


def _n_segments(dataset: Any) -> int:
    return max((len(index.segments) for index in dataset.describe_indices()), default=0)


def _is_current(dataset: Any, index: str) -> bool:
    """Whether a full-text index counts all rows and no deleted ones, in one segment."""
    statistics = dataset.stats.index_stats(index)
    is_one = statistics["num_indices"] == 1 and not statistics["num_unindexed_rows"]
    return bool(is_one and _n_counted(statistics) == statistics["num_indexed_rows"])


def _n_counted(statistics: dict[str, Any]) -> int:
    """Rows that BM25 counts, deleted ones included. The segment of an empty table does not say."""
    return sum(int(segment.get("num_docs", 0)) for segment in statistics["indices"])


def _must_be_whole(dataset: Any, index: str) -> bool:
    """Whether to rebuild a full-text index instead of adding a segment."""
    if dataset.count_rows() < _TEXT_WHOLE_ROWS:
        return True
    statistics = dataset.stats.index_stats(index)
    n_counted = _n_counted(statistics)
    n_stale = n_counted - statistics["num_indexed_rows"]
    return bool(statistics["num_indices"] >= _MANY_TEXT_SEGMENTS or n_stale > _STALE_SHARE * n_counted)


def _cover(dataset: Any, indices: Iterable[str], *, n_merged: int) -> None:
    """Index rows that are in no segment yet, in a new segment merged with the last ``n_merged`` ones."""
    if names := list(indices):
        dataset.optimize.optimize_indices(num_indices_to_merge=n_merged, index_names=names)
