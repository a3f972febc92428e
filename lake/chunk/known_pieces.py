"""Tokens of the pieces that cl100k cuts a text into, each encoded once per process.

Byte pair encoding never looks beyond a piece, which is mostly a word with the space before it, and texts repeat their
words: looking pieces up takes a third of encoding them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

#: cl100k's own pattern, of which only ASCII can match. Python's ``\s`` has more controls than that of the encoder.
_SPACE = r"\t-\r "
_PIECE = re.compile(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\nA-Za-z0-9]?+[A-Za-z]++|[0-9]{1,3}+"
    rf"| ?[^{_SPACE}A-Za-z0-9]++[\r\n]*+|[{_SPACE}]++\Z|[{_SPACE}]*[\r\n]|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]"
)
#: No piece holds both sides of this border, whatever stands around it.
_BORDER = re.compile(r"(?<=\n)(?=[A-Za-z])")
#: Maximum length of a piece that is kept, and of pieces; all texts of most lakes have fewer words.
_LONGEST, _MOST = 32, 1 << 16

#: Bytes of each token of a text.
Sizes = tuple[int, ...]


class KnownPieces(dict[str, Sizes]):
    """The sizes of the tokens of a piece, computed by ``encoded`` when it is first looked up; keeps ``most`` pieces."""

    def __init__(self, encoded: Callable[[str], Sizes], most: int = _MOST) -> None:
        self._encoded, self._most = encoded, most

    def __missing__(self, piece: str) -> Sizes:
        sizes = self._encoded(piece)
        if len(piece) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[piece] = sizes
        return sizes

    def of(self, text: str) -> Iterator[Sizes]:
        """The sizes of the tokens of a text, in parts; lines beyond ASCII are encoded whole."""
        if text.isascii():
            return map(self.__getitem__, _PIECE.findall(text))
        return self._of_lines(text)

    def _of_lines(self, text: str) -> Iterator[Sizes]:
        for is_ascii, lines in groupby(_BORDER.split(text), str.isascii):
            some = "".join(lines)
            yield from self.of(some) if is_ascii else (self._encoded(some),)
