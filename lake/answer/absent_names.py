"""Finds names that no sentence of the source has, in sentences that are otherwise taken from it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lake.answer.calendar import named
from lake.answer.polarity import Forms
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import StatedWord

#: Least share of a sentence's words, but for the name, that its source must have.
_SHARE = 0.5
_LEAST_LETTERS = 3
#: Names of what holds many others, which a sentence may put in their place.
_WIDE = Forms("europe* africa* asia* america* earth god internet western eastern english latin greek roman christian*")
#: Languages that write nouns with a capital, by which names can't be told.
_CAPITALS = frozenset(("de",))


def absent_names(aligned: Aligned) -> Iterator[Contradiction]:
    """A name in whose place the source has another, or none."""
    stated, source = aligned.stated, aligned.source
    if stated.language in _CAPITALS:
        return
    dated = {*(one.place for one in named(stated)), *stated.figures}
    absent = [word for word in stated.words if _is_name(word) and word.place not in dated and not source.knows(word)]
    names = [word for word in stated.words if word.text[0].isupper() and word.is_content]
    if any(one.text[0] + other.text[0] in source.initials for one, other in pairwise(names)):
        return
    rest = stated.stems - {word.stem for word in absent}
    weights = source.weights
    held = frozenset[str]().union(*(each.stems for each in aligned.window)) & rest
    if absent and len(held) > 1 and weights(held) >= _SHARE * weights(rest):
        yield Contradiction("name", " ".join(word.text for word in absent), aligned.best.text)


def _is_name(word: StatedWord) -> bool:
    is_name = word.is_name and word.is_content and word.key not in _WIDE
    return is_name and len(word.key) >= _LEAST_LETTERS and word.text[1:].islower()
