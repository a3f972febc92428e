"""Finds the words of a question in a text that a search returned, to mark them."""

from __future__ import annotations

from itertools import pairwise

from lake.tables.analyzer import Analyzer, pieces_of
from lake.tables.words import algorithm_of, asked

_USUAL = "english"


def found_words(text: str, question: str, language: str | None = None) -> list[tuple[int, int]]:
    """Places (start, end) of the words that a question looks for, in order.

    ``language`` is that of the text (ISO 639-1), if it is known.

    >>> found_words("Pumps, under clause 6.1.2.", "the pump 6.1.2")
    [(0, 5), (20, 25)]
    """
    algorithms = tuple(dict.fromkeys((algorithm_of(language, _USUAL), _USUAL, "")))
    words, forms, _ = asked(question, algorithms)
    wanted, found = {*words, *forms}, list[tuple[int, int]]()
    for start, piece, is_unspaced in pieces_of(text):
        if is_unspaced:
            found += _merged(
                [(start + n, start + n + 2) for n, pair in enumerate(pairwise(piece)) if "".join(pair) in wanted]
            )
        elif any(not wanted.isdisjoint(part) for one in algorithms for part in Analyzer(one).words_of(piece)):
            found.append((start, start + len(piece)))
    return found


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged
