"""Searches for many byte strings at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

#: Bytes of a pattern that the search compares first; shorter patterns are not supported.
ANCHOR = 8
_TRIED = 64
#: Flags of the table, as powers of two: so many for each pattern, within bounds. A small table stays in a near cache.
_BITS_EACH, _LEAST_BITS, _MOST_BITS = 10, 12, 22
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Patterns:
    """Recognises each pattern by 8 of its bytes. Every position of the data gives a 64-bit word, and a table of at most
    2^22 flags marks the words to examine further. Time grows with the data, hardly with the number of patterns.
    """

    def __init__(self, patterns: Iterable[bytes]) -> None:
        """``patterns`` have at least ANCHOR bytes."""
        self._anchored: dict[int, list[tuple[int, bytes]]] = {}
        self.longest = 0
        for pattern in patterns:
            offset = _most_telling(pattern)
            word = int.from_bytes(pattern[offset : offset + ANCHOR], "little")
            self._anchored.setdefault(word, []).append((offset, pattern))
            self.longest = max(self.longest, len(pattern))
        bits = min(max(len(self._anchored).bit_length() + _BITS_EACH, _LEAST_BITS), _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._flags = np.zeros(1 << bits, bool)
        self._flags[self._slots(np.fromiter(self._anchored, np.uint64, len(self._anchored)))] = True

    def find(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Position and pattern of every occurrence, in no particular order."""
        if not self._anchored:
            return
        for shift in range(min(ANCHOR, max(len(data) - ANCHOR + 1, 0))):
            words = np.frombuffer(data, "<u8", (len(data) - shift) // ANCHOR, shift)
            for number in np.flatnonzero(self._flags[self._slots(words)]).tolist():
                for offset, pattern in self._anchored.get(int(words[number]), ()):
                    start = shift + number * ANCHOR - offset
                    if start >= 0 and data.startswith(pattern, start):
                        yield start, pattern

    def _slots(self, words: np.ndarray) -> np.ndarray:
        slots: np.ndarray = (words * _MIX) >> self._shift
        return slots


def _most_telling(pattern: bytes) -> int:
    """Start of the 8 bytes with the most distinct values, since a run of zeros occurs everywhere."""
    best, most = 0, 0
    for start in range(min(len(pattern) - ANCHOR + 1, _TRIED)):
        n_distinct = len(set(pattern[start : start + ANCHOR]))
        if n_distinct == ANCHOR:
            return start
        if n_distinct > most:
            best, most = start, n_distinct
    return best
