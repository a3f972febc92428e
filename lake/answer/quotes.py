"""Looks up words in quotation marks in the sources."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from lake.answer.terms import terms
from lake.answer.values import AnswerProblem, CitedSource, Quote

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Shorter ones are names, titles or irony.
MIN_TERMS = 4

_PAIRS = (
    ('"', '"'),
    ("\u201c", "\u201d"),
    ("\u201e", "\u201c"),
    ("\u201e", "\u201d"),
    ("\u00ab", "\u00bb"),
    ("\u00bb", "\u00ab"),
    ("\u300c", "\u300d"),
)
_QUOTE = re.compile("|".join(f"{a}([^{a}{b}\n]{{8,2000}}){b}" for a, b in _PAIRS))
_ELLIPSIS = re.compile(r"\s*(?:\[?\.\.\.\]?|\[?\u2026\]?)\s*")
_PLAIN = str.maketrans(
    {**dict.fromkeys("\u2018\u2019\u201a\u2032", "'"), **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


def quotes(text: str) -> list[tuple[int, str]]:
    """Offsets and words of all quotations of at least MIN_TERMS terms.

    >>> quotes('He wrote "it burns whale oil at night" and "stop".')
    [(9, 'it burns whale oil at night')]
    """
    found = [(match.start(), next(group for group in match.groups() if group)) for match in _QUOTE.finditer(text)]
    return [(place, words) for place, words in found if len(terms(words)) >= MIN_TERMS]


def looked_up(words: str, cited: Sequence[int], sources: Sequence[CitedSource]) -> tuple[Quote, AnswerProblem | None]:
    """The quotation in the first cited source that contains it, else in any; ignores case, spaces and kinds of marks.

    An ellipsis stands for any text; the parts around it must follow in order.
    """
    ordered = sorted(sources, key=lambda source: (source.number not in cited, source.number))
    for source in ordered:
        span = _find(words, source.text)
        if span is not None:
            quote = Quote(words, source.number, source.start + span[0], source.start + span[1])
            return quote, _elsewhere(quote, cited)
    where = f"[{'], ['.join(map(str, cited))}]" if cited else "any source"
    return Quote(words, None, None, None), AnswerProblem("quote_not_found", f'"{words}" does not occur in {where}')


def _elsewhere(quote: Quote, cited: Sequence[int]) -> AnswerProblem | None:
    if not cited or quote.number in cited:
        return None
    named = ", ".join(f"[{number}]" for number in cited)
    return AnswerProblem("quote_elsewhere", f'"{quote.text}" occurs in [{quote.number}], not in {named}')


def _find(words: str, text: str) -> tuple[int, int] | None:
    """Span of ``words`` in ``text``."""
    plain, places = _normal(text)
    first, at = None, 0
    for part in filter(None, (_normal(part)[0].strip(" .,;:!?") for part in _ELLIPSIS.split(words))):
        found = plain.find(part, at)
        if found < 0:
            return None
        first = found if first is None else first
        at = found + len(part)
    return None if first is None else (places[first], places[at - 1] + 1)


@lru_cache(maxsize=64)
def _normal(text: str) -> tuple[str, list[int]]:
    """The text in one case with single spaces and plain marks, and the original offset of each character."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = " " if character.isspace() else unicodedata.normalize("NFKC", character).translate(_PLAIN).casefold()
        if plain == " " and (not characters or characters[-1] == " "):
            continue
        characters.extend(plain)
        places.extend([place] * len(plain))
    return "".join(characters), places
