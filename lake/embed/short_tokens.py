"""Token vectors at 8 bits: as they are compared, stored and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Special tokens at the start and at the end of a text, which stand for no word.
N_SPECIAL = 1
_GREATEST = 127


def short_tokens(rows: np.ndarray, lengths: Sequence[int]) -> list[bytes]:
    """int8 [tokens, hidden] of each text, without its special tokens, each token scaled to the full range.

    ``rows`` [texts, length, hidden] are a last layer's, ``lengths`` the tokens of each text, special ones included.
    Directions count, not lengths, so no scale is kept.
    """
    kept = (one[N_SPECIAL : n - N_SPECIAL] for one, n in zip(rows, lengths, strict=True))
    return [_scaled(one).tobytes() for one in kept]


def _scaled(rows: np.ndarray) -> np.ndarray:
    greatest = np.abs(rows).max(axis=1, keepdims=True, initial=1e-12)
    scaled: np.ndarray = np.rint(rows * (_GREATEST / greatest)).astype(np.int8)
    return scaled


def tokens_of(data: bytes | memoryview, hidden: int) -> np.ndarray:
    """int8 [tokens, hidden] of what ``short_tokens`` returned."""
    return np.frombuffer(data, np.int8).reshape(-1, hidden)


def are_sound(data: bytes, hidden: int | None) -> bool:
    """Whether the bytes are whole tokens that fill the range, as all that are stored do; without ``hidden`` unknown."""
    if hidden is None:
        return True
    if len(data) % hidden:
        return False
    greatest = np.abs(tokens_of(data, hidden).astype(np.int16)).max(axis=1, initial=0)
    return bool(np.isin(greatest, (0, _GREATEST)).all())
