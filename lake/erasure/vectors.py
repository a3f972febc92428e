"""The stored vectors of erased texts, and of kept ones that may be equal to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lake.directory import Lake

_AT_A_TIME = 8192


def stored_vectors(lake: Lake, texts: Collection[str]) -> Iterator[bytes]:
    """The bytes of these texts' vectors, by whichever embedder, as they are stored."""
    for column in _columns(lake, texts):
        is_packed = pa.types.is_binary(column.type)
        for vector in column:
            yield vector.as_py() if is_packed else vector.values.to_numpy(zero_copy_only=False).tobytes()


def kept_sparse(lake: Lake, texts: Collection[str], erased: Collection[bytes]) -> set[bytes]:
    """Those of the erased vectors that are sparse ones of kept texts, too; few weights may be equal."""
    columns = _columns(lake, texts, only_sparse=True)
    return {vector for column in columns for vector in column.to_pylist() if vector in erased}


def _columns(lake: Lake, texts: Collection[str], *, only_sparse: bool = False) -> Iterator[pa.Array]:
    for name in lake.store.names("vectors"):
        files = lake.vectors_in(f"vectors/{name}")
        files.refresh()
        absent = set(files.missing(texts))
        stored = sorted(set(texts) - absent)
        for start in range(0, len(stored), _AT_A_TIME):
            column = files.read(stored[start : start + _AT_A_TIME], ["vector"]).column("vector").combine_chunks()
            if only_sparse and not pa.types.is_binary(column.type):
                break
            yield column
