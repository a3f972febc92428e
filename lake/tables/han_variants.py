"""Chinese characters that are one character in another standard: traditional and simplified, old and new Japanese."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


@cache
def _converters() -> tuple[Any, Any]:
    from opencc import OpenCC

    return OpenCC("t2s"), OpenCC("jp2t")


@lru_cache(maxsize=1 << 15)
def simplified(letter: str) -> str:
    """The simplified character of a traditional or Japanese one; any other character as it is.

    Which traditional character a simplified one stands for depends on the word, so all are folded to the latter.
    Japanese forms that are other words in Chinese stay.

    >>> [simplified(letter) for letter in "電気図芸"]
    ['电', '气', '图', '芸']
    """
    to_simplified, from_japanese = _converters()
    found = to_simplified.convert(letter)
    if found == letter and not _is_simplified(letter):
        found = to_simplified.convert(from_japanese.convert(letter))
    return found if found == letter else simplified(found)


def _is_simplified(letter: str) -> bool:
    """Whether a character is one of the common ones of simplified Chinese."""
    try:
        return bool(letter.encode("gb2312"))
    except UnicodeEncodeError:
        return False
