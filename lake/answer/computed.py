"""Numbers of an answer that follow from those of its source: sums, ratios, spans of years, lengths of lists."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from lake.answer.measures import FREQUENCY
from lake.answer.polarity import Forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.answer.figures import Figure
    from lake.answer.statement import Statement

#: Figures of a sentence that are reckoned with, and the largest number that is reckoned to be a sum of others, a
#: multiple of another one, and the length of a list.
_MAX_FIGURES, _MAX_SUM, _MAX_MULTIPLE, _MAX_ITEMS = 12, 1000, 100, 9
#: How near a share, such as "two in five", must be to that of the source.
_NEAR = 0.06
#: Tokens from one comma of a list to the next at most, and the least items of one.
_ITEM, _LEAST_ITEMS = 4, 3
#: Months of a year, by which what is stated for one becomes that for the other.
_MONTHS, _MONTHLY, _YEARLY = 12, Forms("month* monat* mes meses"), Forms("year* annual* jahr* jähr* año* anual*")
_AND = Forms("and or und oder y o e")
#: After "ten times", if it is no frequency.
_AS_MUCH = frozenset(("as", "the", "more", "so", "mehr", "más"))
_OF = Forms("in of out von de")


def is_computed(stated: Statement, readings: Sequence[Figure], window: Sequence[Statement]) -> bool:
    """Whether a number follows from two figures of one sentence or two years, or counts the items of a list."""
    plain = [reading for reading in readings if reading.kind == "plain" and reading.low < _MAX_SUM]
    sums = {reading.low for reading in plain if reading.measure != FREQUENCY}
    after = {stated.tokens[reading.place + 2].casefold() for reading in plain if reading.place + 2 < len(stated.tokens)}
    multiples = {reading.low for reading in plain if reading.measure == FREQUENCY and after & _AS_MUCH}
    groups = [[f.low for found in each.figures.values() for f in found][:_MAX_FIGURES] for each in window]
    years = [f.low for each in window for found in each.figures.values() for f in found if f.kind == "year"]
    for group in (*groups, years[:_MAX_FIGURES]):
        for one, other in combinations(group, 2):
            if abs(one - other) in sums or one + other in sums or _ratio(one, other) in multiples:
                return True
    if any(count in sums for each in window for count in _listed(each)):
        return True
    return _is_for_a_year(stated, sums, window) or _is_share(stated, readings, window, groups)


def _ratio(one: float, other: float) -> float | None:
    """How many times the larger number is the smaller one, if that is whole: "ten times as fast"."""
    less, more = sorted((abs(one), abs(other)))
    times = more / less if less else 0.0
    return times if times == round(times) and 1 < times <= _MAX_MULTIPLE else None


def _listed(text: Statement) -> Iterator[int]:
    """How many items the lists of a sentence have: three in "Tuesday, Wednesday and Thursday"."""
    count, since = 1, 0
    for place, token in enumerate(text.tokens):
        if token == "," or token.casefold() in _AND:
            is_next = place - since <= _ITEM
            count = count + (token != "," or text.tokens[place - 1] != ",") if is_next else 2
            since = place
            if token != "," and _LEAST_ITEMS <= count <= _MAX_ITEMS:
                yield count
                count = 1


def _is_for_a_year(stated: Statement, wanted: set[float], window: Sequence[Statement]) -> bool:
    """Whether it is twelve times, or a twelfth, of a figure that is stated for a month or a year."""
    own, its = ({word.key for text in texts for word in text.words} for texts in ((stated,), window))
    if not any(a in _YEARLY for a in own) or not any(a in _MONTHLY for a in its):
        return False
    figures = [f.low for each in window for found in each.figures.values() for f in found]
    return any(math.isclose(_MONTHS * figure, one) for figure in figures for one in wanted)


def _is_share(
    stated: Statement, readings: Sequence[Figure], window: Sequence[Statement], groups: Sequence[Sequence[float]]
) -> bool:
    """Whether it is one of both numbers of a share, as in "two in five", which the source has in another form."""
    for place, found in stated.figures.items():
        after = next((at for at in stated.figures if place < at <= place + 3), None)
        between = stated.tokens[place + 1 : after] if after else []
        if not after or not between or not all(token.casefold() in _OF for token in between):
            continue
        if readings[0] not in (*found, *stated.figures[after]) or not stated.figures[after][0].low:
            continue
        share = found[0].low / stated.figures[after][0].low
        percents = [f.low / 100 for each in window for fs in each.figures.values() for f in fs if f.kind == "percent"]
        ratios = [min(a, b) / max(a, b) for group in groups for a, b in combinations(group, 2) if max(a, b) > 0]
        return any(abs(share - one) <= _NEAR for one in percents) or any(
            math.isclose(share, one, rel_tol=0.01) for one in ratios
        )
    return False
