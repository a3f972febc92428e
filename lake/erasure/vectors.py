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
    for name in lake.store.names("vectors"):
        files = lake.vectors_in(f"vectors/{name}")
        files.refresh()
        stored = sorted({*texts} - {*files.missing(texts)})
        for start in range(0, len(stored), _AT_A_TIME):
            column = files.read(stored[start : start + _AT_A_TIME], ["vector"]).column("vector").combine_chunks()
            yield from column.to_pylist() if pa.types.is_binary(column.type) else _rows(column)


def kept_vectors(lake: Lake, texts: Collection[str], erased: Collection[bytes]) -> set[bytes]:
    """Those of the erased vectors that kept texts have, too.

    A model that sees neither case nor accents makes the same vector of texts that differ in them; one that counts
    words, of all orders of the same words.
    """
    return {vector for vector in stored_vectors(lake, texts) if vector in erased}


def _rows(column: pa.FixedSizeListArray) -> list[bytes]:
    rows = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    found: list[bytes] = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel().tolist()
    return found
