"""What is known of the pieces that cl100k cuts a text into, each encoded once per process.

Byte pair encoding never looks beyond a piece, which is mostly a word with the space before it, and texts repeat their
words: looking pieces up takes a third of encoding them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TypeVar

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

_Fact = TypeVar("_Fact")


class KnownPieces(dict[str, _Fact]):
    """A fact about the tokens of a piece, found by ``look`` when it is first looked up; keeps ``most`` pieces."""

    def __init__(self, look: Callable[[str], _Fact], most: int = _MOST) -> None:
        self._look, self._most = look, most

    def __missing__(self, piece: str) -> _Fact:
        fact = self._look(piece)
        if len(piece) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[piece] = fact
        return fact

    def of(self, text: str) -> Iterator[_Fact]:
        """The facts about a text, in parts; lines beyond ASCII are looked at whole."""
        if text.isascii():
            return map(self.__getitem__, _PIECE.findall(text))
        return self._of_lines(text)

    def _of_lines(self, text: str) -> Iterator[_Fact]:
        for is_ascii, lines in groupby(_BORDER.split(text), str.isascii):
            some = "".join(lines)
            yield from self.of(some) if is_ascii else (self._look(some),)
