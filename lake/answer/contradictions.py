"""Finds where a sentence says something else than its source in nearly the same words, by rules and without a model.

The rules look for denials, figures, dates, opposites, conditions, and two names that have exchanged their places.
docs/answers.md has the shares that they find and miss; benchmarks/altered_answers.py measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lake.answer.absent_names import absent_names
from lake.answer.aligned import Aligned, SourceText
from lake.answer.calendar import other_dates
from lake.answer.comparisons import are_crossed
from lake.answer.computed import is_computed
from lake.answer.contrasts import turned_contrasts
from lake.answer.denials import denials
from lake.answer.exchanges import exchanges
from lake.answer.limits import turned_limits
from lake.answer.measures import FREQUENCY
from lake.answer.opposites import opposites
from lake.answer.parallels import mixed_clauses
from lake.answer.polarity import Forms
from lake.answer.replaced import replaced_counts, replaced_items
from lake.answer.restrictions import lifted_conditions
from lake.answer.sequence import turned_order
from lake.answer.statement import Statement
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from lake.answer.figures import Figure

#: Least shares of a sentence's words that its source must have, for numbers and for ordinals.
_SHARE, _SHARE_OF_ORDINALS = 0.25, 0.4
#: Least fit that another figure needs, and how much better it must fit than the one that is stated.
_LEAST_FIT, _MARGIN = 0.5, 1.4
#: Numbers that alone are hardly a figure: "a quarter of a million".
_BARE = Forms("hundred thousand million billion hundert tausend million milliarde ciento mil millón")
_DOTS, _MONTHS = 2, 12
#: Digits of a number, such as a telephone's, that may be grouped in any way.
_LONG = 5
#: Digits without a mark among them of which a table may have made one number of several.
_LONGEST_RUN = 5
_CLOCK = Forms("am pm a.m p.m uhr")


def contradictions(sentence: str, source: SourceText) -> list[Contradiction]:
    """What a sentence states against its source, at most one of each kind; none if there is no source.

    >>> source = SourceText("The valve closes at 80 degrees. Never hold the red button.")
    >>> [one.kind for one in contradictions("Hold the red button.", source)]
    ['negation']
    >>> contradictions("The valve closes at 90 degrees.", source)
    [Contradiction(kind='number', stated='90', source='The valve closes at 80 degrees.')]
    """
    stated = Statement(sentence, source.language)
    if not source.sentences or not stated.stems or source.has(stated):
        return []
    aligned = Aligned(stated, source)
    rules: Sequence[Callable[[Aligned], Iterator[Contradiction]]] = (
        denials, _figures, _ordinals, opposites, exchanges, mixed_clauses, other_dates, lifted_conditions,
        turned_limits, turned_order, turned_contrasts, absent_names, replaced_items,
        replaced_counts,
    )  # fmt: skip
    found = [first for rule in rules if (first := next(rule(aligned), None))]
    return list({one.kind: one for one in found[::-1]}.values())[::-1]


def _figures(aligned: Aligned) -> Iterator[Contradiction]:
    if aligned.share < _SHARE:
        return
    for place, readings in aligned.stated.figures.items():
        token = aligned.stated.tokens[place]
        if token.casefold() in _BARE or all(r.kind == "ordinal" or r.is_implied or not r.low for r in readings):
            continue
        if not _can_be_compared(readings, aligned):
            continue
        if other := _other_version(aligned, place):
            yield Contradiction("number", token, other)
        if not any(reading.may_be(figure) for reading in readings for figure in aligned.source.figures):
            if not _is_written_otherwise(aligned, place) and not is_computed(aligned.stated, readings, aligned.window):
                yield Contradiction("number", token, aligned.best.text)
        elif not _is_of_a_name(aligned, place, readings):
            yield from (Contradiction("number", token, other) for other in _better_figure(aligned, place, readings))


def _other_version(aligned: Aligned, place: int) -> str | None:
    """A version of the source if the one at ``place`` is none of it: 2.13.23, but not a date."""
    token = aligned.stated.tokens[place]
    parts = token.split(".")
    if len(parts) <= _DOTS or (place in aligned.stated.dated and int(parts[1]) <= _MONTHS):
        return None
    versions = [one for each in aligned.source.sentences for one in each.tokens if one[0].isdecimal() and "." in one]
    is_there = any(f"{one}.".startswith(f"{token}.") or f"{token}.".startswith(f"{one}.") for one in versions)
    return None if is_there else next((one for one in versions if one.count(".") >= _DOTS), None)


def _can_be_compared(readings: Sequence[Figure], aligned: Aligned) -> bool:
    """Whether it is no frequency, which a source may state in other ways: "yearly", "on Mondays and Fridays"."""
    measures = {figure.measure for each in aligned.window for found in each.figures.values() for figure in found}
    return FREQUENCY in measures or all(reading.measure != FREQUENCY for reading in readings)


def _ordinals(aligned: Aligned) -> Iterator[Contradiction]:
    """ "The third day" where the source has only "the fourth day"."""
    if aligned.share < _SHARE_OF_ORDINALS or any(are_crossed(aligned.stated, each) for each in aligned.close):
        return
    for place, readings in aligned.stated.figures.items():
        counted = _counted(aligned.stated, place)
        there = [
            (each.tokens[at], figure)
            for each in aligned.window
            for at, found in each.figures.items()
            for figure in found
            if figure.kind == "ordinal" and counted and _counted(each, at) == counted
        ]
        are_ordinals = all(reading.kind == "ordinal" for reading in readings)
        if are_ordinals and there and not any(r.may_be(figure) for r in readings for _, figure in there):
            yield Contradiction("number", aligned.stated.tokens[place], there[0][0])


def _counted(text: Statement, place: int) -> str | None:
    """The stem of the content word after an ordinal."""
    return next((word.stem for word in text.words if word.place > place and word.is_content), None)


def _is_written_otherwise(aligned: Aligned, place: int) -> bool:
    """Whether a number may be a part of a date, a time or a telephone number that the source writes in another form."""
    digits = "".join(filter(str.isdecimal, aligned.stated.tokens[place]))
    if len(digits) >= _LONG and any(digits in each.digits for each in aligned.source.sentences):
        return True
    if any(
        digits == run or (digits in run and len(run) > _LONGEST_RUN)
        for each in aligned.source.sentences
        for run in each.runs
    ):
        return True
    of_source = any(each.dated for each in aligned.window)
    is_told_by_clock = any(word.key in _CLOCK for each in (aligned.stated, *aligned.window) for word in each.words)
    return (of_source and is_told_by_clock) or (place in aligned.stated.dated and not of_source)


def _is_of_a_name(aligned: Aligned, place: int, readings: Sequence[Figure]) -> bool:
    """Whether a number belongs to a name, as in "Apollo 11", which the source has too."""
    before = aligned.stated.tokens[max(0, place - 1) : place]
    return bool(before and before[0][0].isupper()) and any(
        each.tokens[max(0, at - 1) : at] == before and any(r.may_be(f) for r in readings for f in found)
        for each in aligned.source.sentences
        for at, found in each.figures.items()
    )


def _better_figure(aligned: Aligned, place: int, readings: Sequence[Figure]) -> Iterator[str]:
    """Another figure of the source, of the same kind or between the same words, that fits clearly better."""
    own, other, name = 0.0, _LEAST_FIT, ""
    kinds = {reading.kind for reading in readings}
    stated = [figure for found in aligned.stated.figures.values() for figure in found]
    measures = {r.measure for r in readings} & {f.measure for f in aligned.source.figures if readings[0].may_be(f)}
    dimensions = {measure[0] for measure in measures if measure}
    for each in aligned.source.sentences:
        for at, found in () if each.is_table else each.figures.items():
            fit = aligned.fit(place, each, at)
            if any(reading.may_be(figure) for reading in readings for figure in found):
                own = max(own, fit)
            elif (
                fit > other
                and kinds & {f.kind for f in found}
                and not any(s.may_be(f) for s in stated for f in found)
                and (not dimensions or any(f.measure and f.measure[0] in dimensions for f in found))
            ):
                other, name = fit, each.tokens[at]
    if name and other > _MARGIN * own:
        yield name
