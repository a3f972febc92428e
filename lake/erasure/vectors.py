"""The stored vectors of erased texts, and of kept ones that may be equal to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from lake.directory.layout import is_of_tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lake.directory import Lake

#: Vectors, and token vectors, that are read together.
_AT_A_TIME, _TOKENS_AT_A_TIME = 8192, 512
#: Bytes in the middle of a text's token vectors that stand for all of them.
_EXCERPT = 256


def stored_vectors(lake: Lake, texts: Collection[str]) -> Iterator[bytes]:
    """The bytes of these texts' vectors, by whichever embedder, as they are stored; of token vectors an excerpt."""
    return (vector for _, vector in [*_vectors(lake, texts), *_excerpts(lake, texts)])


def kept_vectors(lake: Lake, texts: Collection[str], erased: Collection[bytes]) -> set[bytes]:
    """Those of the erased vectors that kept texts have, too.

    A model that sees neither case nor accents makes the same vector of texts that differ in them; one that counts
    words, of all orders of the same words. Token vectors are the same only if the text's vector is.
    """
    alike = {digest: vector for digest, vector in _vectors(lake, texts) if vector in erased}
    return {*alike.values(), *(excerpt for _, excerpt in _excerpts(lake, alike) if excerpt in erased)}


def _vectors(lake: Lake, texts: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for stored, column in _columns(lake, texts, "vector", _AT_A_TIME, of_tokens=False):
        each = column.to_pylist() if pa.types.is_binary(column.type) else _rows(column)
        yield from zip(stored, each, strict=True)


def _excerpts(lake: Lake, texts: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for stored, column in _columns(lake, texts, "tokens", _TOKENS_AT_A_TIME, of_tokens=True):
        for digest, tokens in zip(stored, column.to_pylist(), strict=True):
            start = max(0, len(tokens) - _EXCERPT) // 2
            yield digest, tokens[start : start + _EXCERPT]


def _columns(
    lake: Lake, texts: Collection[str], column: str, n: int, *, of_tokens: bool
) -> Iterator[tuple[list[str], pa.Array]]:
    """Digests of stored texts, ``n`` at a time, with that column of theirs, by each embedder."""
    for folder in (f"vectors/{name}" for name in lake.store.names("vectors")):
        if is_of_tokens(folder) != of_tokens:
            continue
        files = lake.vectors_in(folder)
        files.refresh()
        stored = sorted({*texts} - {*files.missing(texts)})
        for start in range(0, len(stored), n):
            part = stored[start : start + n]
            yield part, files.read(part, [column]).column(column).combine_chunks()


def _rows(column: pa.FixedSizeListArray) -> list[bytes]:
    rows = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    found: list[bytes] = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel().tolist()
    return found
