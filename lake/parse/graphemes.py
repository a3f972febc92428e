"""Visible characters (extended grapheme clusters, UAX #29), which no cut may part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

#: Characters below this one join nothing to their left; most text has no others.
_JOINING = "\u0300"
#: How far back a cluster's start is looked for; longer ones are made to cost time.
_LONGEST = 128
_FLAG_LETTERS = ("\U0001f1e6", "\U0001f1ff")


def cluster(text: str, place: int, low: int = 0) -> tuple[int, int]:
    """Start and end of the visible character inside which ``place`` lies; ``(place, place)`` if it parts none.

    Only ``text[low:]`` is looked at, and of a very long character only a part.

    >>> cluster("abcde\u0301f", 5), cluster("abcdef", 5)
    ((4, 6), (5, 5))
    """
    if not low < place < len(text) or (text[place] < _JOINING and text[place - 1] < _JOINING):
        inside = low < place < len(text) and text[place - 1 : place + 1] == "\r\n"
        return (place - 1, place + 1) if inside else (place, place)
    start = _safe_start(text, low, place)
    # A copy, since the library looks back from where it begins, which takes quadratic time on a run of flags.
    for found in _expression(r"\X").finditer(text[start : place + _LONGEST]):
        if start + found.end() >= place:
            inside = start + found.end() > place
            return (start + found.start(), start + found.end()) if inside else (place, place)
    return place, place


def _safe_start(text: str, low: int, place: int) -> int:
    """A place before ``place`` at which a visible character begins, if there is one near."""
    start = max(low, place - _LONGEST)
    start = next((i for i in range(place - 1, start, -1) if text[i] < _JOINING), start)
    while start > low and text[start - 1] >= _JOINING and _expression(r"\p{GCB=Prepend}").match(text[start - 1]):
        start -= 1
    first = start  # flags are pairs of letters: an even number of them stays before
    while first > low and _FLAG_LETTERS[0] <= text[first - 1] <= _FLAG_LETTERS[1]:
        first -= 1
    return start - (start - first) % 2


def clusters(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each visible character."""
    return (found.span() for found in _expression(r"\X").finditer(text))


def shortened(text: str, length: int, ellipsis: str = "") -> str:
    """The first ``length`` characters, or fewer rather than a part of a visible one; ``ellipsis`` marks a cut.

    >>> shortened("cafe\u0301s", 4), shortened("cafe", 4), shortened("coffee", 4, "...")
    ('caf', 'cafe', 'coff...')
    """
    return text if len(text) <= length else text[: cluster(text, length)[0]] + ellipsis


@lru_cache(maxsize=2)
def _expression(pattern: str) -> Any:
    """A pattern with Unicode properties; the library's import takes as long as a small build."""
    import regex

    return regex.compile(pattern)
