"""Finds things that a sentence puts in the place of others: another item of a list, another count of the same thing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lake.answer.measures import UNITS
from lake.answer.polarity import Forms, sides
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.figures import Figure
    from lake.answer.statement import StatedWord, Statement

_AND = Forms("and or und oder y o e ni nor as")
#: Least share of a sentence's words that its source must have, but for the item; for counts.
_SHARE, _SHARE_OF_COUNTS = 0.6, 0.4
#: Tokens between two items of a list, and between a count and what is counted.
_APART, _COUNTED = 3, 2


def replaced_items(aligned: Aligned) -> Iterator[Contradiction]:
    """A list with one item that the source lacks, beside another with which the source has a different one."""
    for one, other in _listed(aligned.stated):
        for known, strange in ((one, other), (other, one)):
            if known.stem in aligned.source.stems and _is_strange(aligned, strange):
                partners = [_partner(each, known) for each in aligned.close]
                there = next((word for word in partners if word and word.stem not in aligned.stated.stems), None)
                if there:
                    yield Contradiction("item", strange.text, there.text)


def _is_strange(aligned: Aligned, word: StatedWord) -> bool:
    """Whether the source lacks a thing, but has most of the sentence; words with opposites are no things."""
    if sides(word.key, aligned.stated.language) or aligned.source.knows(word):
        return False
    rest = aligned.stated.stems - {word.stem}
    held = rest & frozenset[str]().union(*(each.stems for each in aligned.window))
    return aligned.source.weights(held) >= _SHARE * aligned.source.weights(rest)


def _partner(text: Statement, word: StatedWord) -> StatedWord | None:
    """The last word that the sentence lists beside this one."""
    pairs = [pair for pair in _listed(text) if word.stem in (pair[0].stem, pair[1].stem)]
    return None if not pairs else pairs[-1][pairs[-1][0].stem == word.stem]


def _listed(text: Statement) -> Iterator[tuple[StatedWord, StatedWord]]:
    """Content words with hardly more than "and" or "or" between them."""
    content = [word for word in text.words if word.is_content]
    for one, other in pairwise(content):
        between = [token.casefold() for token in text.tokens[one.place + 1 : other.place]]
        if 0 < len(between) <= _APART and any(t in _AND for t in between) and not any(t in ".;:()" for t in between):
            yield one, other


def replaced_counts(aligned: Aligned) -> Iterator[Contradiction]:
    """Another number of the same things, "307 people" for "402 people", unless the source has it alone."""
    if aligned.share < _SHARE_OF_COUNTS:
        return
    counts = [
        (figure, _counted(each, at), each, at) for each in aligned.source.sentences for figure, at in _plain(each)
    ]
    for place in dict.fromkeys(place for _, place in _plain(aligned.stated)):
        counted = _counted(aligned.stated, place)
        there = [(figure, each.tokens[at]) for figure, thing, each, at in counts if thing == counted]
        there = there if counted and any(t == counted and e in aligned.close for _, t, e, _ in counts) else []
        bare = [figure for figure, thing, _, _ in counts if thing is None]
        readings = aligned.stated.figures[place]
        if there and not any(one.may_be(other) for one in readings for other in [*bare, *(f for f, _ in there)]):
            yield Contradiction("number", aligned.stated.tokens[place], there[0][1])


def _plain(text: Statement) -> Iterator[tuple[Figure, int]]:
    """The bare numbers of a sentence and their places, but for those of a table."""
    for place, readings in () if text.is_table else text.figures.items():
        if all(reading.kind == "plain" and not reading.is_implied for reading in readings):
            yield from ((reading, place) for reading in readings)


def _counted(text: Statement, place: int) -> str | None:
    """The stem of the content word right after a number, if it is no unit."""
    clause = next((word.clause for word in text.words if word.place == place), None)
    near = [word for word in text.words if place < word.place <= place + _COUNTED and word.clause == clause]
    after = [word for word in near if word.is_content]
    after = [word for word in after if word.place not in text.figures and word.key not in UNITS]
    return after[0].stem if after else None
