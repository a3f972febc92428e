"""Finds where a sentence says something else than its source in nearly the same words, by rules and without a model.

The rules look for denials, figures, dates, opposites, conditions, and two names that have exchanged their places.
docs/answers.md has the shares that they find and miss; benchmarks/altered_answers.py measures them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lake.answer.aligned import FAR, FAR_IN_SOURCE, Aligned, SourceText
from lake.answer.calendar import other_dates
from lake.answer.limits import turned_limits
from lake.answer.measures import FREQUENCY
from lake.answer.parallels import mixed_clauses
from lake.answer.polarity import COMPARING, Forms, polarity
from lake.answer.restrictions import exemptions, is_exempt, lifted_conditions
from lake.answer.sequence import turned_order
from lake.answer.statement import StatedWord, Statement
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from lake.answer.figures import Figure
    from lake.answer.polarity import Polarity

#: Least shares of a sentence's words that its source must have, before a denial in the one or the other counts.
_SHARE_DENYING, _SHARE_DENIED = 0.75, 0.6
#: Least shares for numbers, and for opposites and exchanged names.
_SHARE_FIGURE, _SHARE = 0.25, 0.4
#: How much better another figure, word or order must fit than the one that is stated.
_FIGURE_MARGIN, _OPPOSITE_MARGIN, _NAME_MARGIN = 1.4, 1.5, 1.25
#: Least fit that another figure or word needs.
_LEAST_FIT, _LEAST_FIT_OF_OPPOSITES = 0.5, 0.2
#: A word that stands before a name in one and after it in the other.
_OTHER_SIDE = 0.6
_BY = Forms("by von durch por par da door af av przez")
#: Numbers that alone are hardly a figure: "a quarter of a million".
_BARE = Forms("hundred thousand million billion hundert tausend million milliarde ciento mil millón")
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis")
_MAX_FIGURES = 12
#: Digits of a number, such as a telephone's, that may be grouped in any way.
_LONG = 5
_CLOCK = Forms("am pm a.m p.m uhr")

Place = tuple[Statement, StatedWord]


def contradictions(sentence: str, source: SourceText) -> list[Contradiction]:
    """What a sentence states against its source, at most one of each kind; none if there is no source.

    >>> source = SourceText("The valve closes at 80 degrees. Never hold the red button.")
    >>> [one.kind for one in contradictions("Hold the red button.", source)]
    ['negation']
    >>> contradictions("The valve closes at 90 degrees.", source)
    [Contradiction(kind='number', stated='90', source='The valve closes at 80 degrees.')]
    """
    stated = Statement(sentence, source.language)
    if not source.sentences or not stated.stems:
        return []
    aligned = Aligned(stated, source)
    rules: Sequence[Callable[[Aligned], Iterator[Contradiction]]] = (
        _denials, _figures, _ordinals, _opposites, _exchanges, mixed_clauses, other_dates, lifted_conditions,
        turned_limits, turned_order,
    )  # fmt: skip
    return [found for rule in rules if (found := next(rule(aligned), None))]


def _denials(aligned: Aligned) -> Iterator[Contradiction]:
    stated, table = aligned.stated, polarity(aligned.stated.language)
    if not table.is_known:
        return
    if stated.denials:
        denied = frozenset[str]().union(*stated.denials)
        is_single = len(stated.denials) % 2 == 1
        may_deny = any(_may_deny(each, table, denied) for each in aligned.window)
        if is_single and aligned.share >= _SHARE_DENYING and not may_deny:
            yield Contradiction("negation", stated.text, aligned.best.text)
        return
    if aligned.share < _SHARE_DENIED or _implies(stated, table, frozenset()) or _compares(stated):
        return
    for each in aligned.window:
        for denied in () if is_exempt(aligned, each) else each.denials:
            held = denied & stated.stems
            is_most = aligned.source.weights(held) >= aligned.source.weights(denied) / 2
            if held and is_most and (each is aligned.best or len(held) > 1):
                yield Contradiction("negation", stated.text, each.text)


def _may_deny(text: Statement, table: Polarity, denied: frozenset[str]) -> bool:
    """Whether a sentence denies one of these words, or denies what may be put in these words."""
    held, reached = denied & text.stems, frozenset[str]().union(*text.denials)
    if exemptions(text) or _implies(text, table, denied):
        return True
    return bool(text.denials) and (not held or bool(held & reached))


def _implies(text: Statement, table: Polarity, denied: frozenset[str]) -> bool:
    """Whether a sentence denies by its meaning: "hardly", "instead", or "impossible" for "not possible"."""
    beginnings = {stem[:4] for stem in denied}
    for word in text.words:
        rests = [word.stem.removeprefix(prefix) for prefix in _PREFIXES if word.stem.startswith(prefix)]
        if word.key in table.implying or any(rest[:4] in beginnings for rest in rests):
            return True
        if word.key.endswith("less") and word.key[:4] in beginnings:
            return True
    return False


def _compares(text: Statement) -> bool:
    return any(word.key in COMPARING for word in text.words)


def _figures(aligned: Aligned) -> Iterator[Contradiction]:
    if aligned.share < _SHARE_FIGURE:
        return
    for place, readings in aligned.stated.figures.items():
        token = aligned.stated.tokens[place]
        if token.casefold() in _BARE or all(r.kind == "ordinal" or r.is_implied or not r.low for r in readings):
            continue
        if not _can_be_compared(readings, aligned):
            continue
        if not any(reading.may_be(figure) for reading in readings for figure in aligned.source.figures):
            if not _is_written_otherwise(aligned, place) and not _is_computed(readings, aligned.window):
                yield Contradiction("number", token, aligned.best.text)
        elif not _is_of_a_name(aligned, place, readings):
            yield from (Contradiction("number", token, other) for other in _better_figure(aligned, place, readings))


def _can_be_compared(readings: Sequence[Figure], aligned: Aligned) -> bool:
    """Whether it is no frequency, which a source may state in other ways: "yearly", "on Mondays and Fridays"."""
    measures = {figure.measure for each in aligned.window for found in each.figures.values() for figure in found}
    return FREQUENCY in measures or all(reading.measure != FREQUENCY for reading in readings)


def _ordinals(aligned: Aligned) -> Iterator[Contradiction]:
    """ "The third day" where the source has only "the fourth day"."""
    if aligned.share < _SHARE:
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
    of_source = any(each.dated for each in aligned.window)
    is_told_by_clock = any(word.key in _CLOCK for each in (aligned.stated, *aligned.window) for word in each.words)
    return (of_source and is_told_by_clock) or (place in aligned.stated.dated and not of_source)


def _is_computed(readings: Sequence[Figure], window: Sequence[Statement]) -> bool:
    """Whether a number is the span of two years, or the sum or difference of two figures of one sentence."""
    wanted = {r.low for r in readings if r.kind == "plain" and r.low < 1000 and r.measure != FREQUENCY}
    groups = [[f.low for found in each.figures.values() for f in found][:_MAX_FIGURES] for each in window]
    years = [f.low for each in window for found in each.figures.values() for f in found if f.kind == "year"]
    for group in (*groups, years[:_MAX_FIGURES]):
        for i, one in enumerate(group):
            if any(abs(one - other) in wanted or one + other in wanted for other in group[i + 1 :]):
                return True
    return False


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
        for at, found in each.figures.items():
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
    if name and other > _FIGURE_MARGIN * own:
        yield name


def _is_between_the_same(one: Statement, place: int, other: Statement, at: int) -> bool:
    around = [[*text.tokens[max(0, i - 1) : i], *text.tokens[i + 1 : i + 2]] for text, i in ((one, place), (other, at))]
    return around[0] == around[1]


def _opposites(aligned: Aligned) -> Iterator[Contradiction]:
    if aligned.share < _SHARE or aligned.stated.denials:
        return
    keys = [word.key for word in aligned.stated.words]
    for pair in polarity(aligned.stated.language).opposites:
        for one, other in (pair, pair[::-1]):
            mine = [word for word in aligned.stated.words if word.key in one]
            if not mine or any(key in other for key in keys):
                continue
            texts = (aligned.stated, *aligned.window)
            pair_keys = {word.key for text in texts for word in text.words if word.key in one or word.key in other}
            same, against, name = 0.0, _LEAST_FIT_OF_OPPOSITES, ""
            for each in aligned.window:
                denied = frozenset[str]().union(*each.denials)
                for word in each.words:
                    fit = aligned.fit(mine[0].place, each, word.place, pair_keys)
                    if word.key in one:
                        same = max(same, 0.3 + fit)
                    elif word.key in other and word.stem not in denied and fit > against:
                        against, name = fit, word.text
            if name and against > _OPPOSITE_MARGIN * same:
                yield Contradiction("opposite", mine[0].text, name)


def _exchanges(aligned: Aligned) -> Iterator[Contradiction]:
    """Two names that would fit their source clearly better if each stood in the other's place."""
    if aligned.share < _SHARE or _compares(aligned.stated):
        return
    places: dict[str, list[Place]] = {}
    for each in aligned.window:
        for word in each.words:
            places.setdefault(word.stem, []).append((each, word))
    names = _names(aligned, places)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if abs(other[-1].place - one[-1].place) < 2 or one[-1] in other or other[-1] in one:
                continue
            here, there = places[one[-1].stem], places[other[-1].stem]
            both = frozenset(word.stem for word in (*one, *other))
            straight = _sides(aligned, one[-1], both, here) + _sides(aligned, other[-1], both, there)
            exchanged = _sides(aligned, one[-1], both, there) + _sides(aligned, other[-1], both, here)
            if exchanged > max(_NAME_MARGIN * straight, 2 * _LEAST_FIT):
                stated = f"{_joined(one)} and {_joined(other)}"
                yield Contradiction("exchange", stated, aligned.best.text)


def _names(aligned: Aligned, places: Mapping[str, object]) -> list[list[StatedWord]]:
    """Names of one or more words, each of which the sentence has once and the source has, too."""
    counts = Counter(word.stem for word in aligned.stated.words)
    found: list[list[StatedWord]] = []
    for word in aligned.stated.words:
        is_name = word.is_name or (word.place == 0 and word.stem in aligned.source.names)
        if is_name and word.is_content and word.stem in places and counts[word.stem] == 1:
            if found and found[-1][-1].place == word.place - 1:
                found[-1].append(word)
            else:
                found.append([word])
    # Parts of names may be exchanged, too.
    return [*found, *([word] for name in found if len(name) > 1 for word in name)]


def _joined(name: Sequence[StatedWord]) -> str:
    return " ".join(word.text for word in name)


def _sides(aligned: Aligned, name: StatedWord, left_out: frozenset[str], places: Sequence[Place]) -> float:
    """How well the words around a name fit those around the best of these places, and on the same side of it.

    Sides do not count if one of both is in the passive voice.
    """
    is_passive = any(word.key in _BY for word in aligned.stated.words)
    around = [word for word in aligned.stated.words if word.is_content and word.stem not in left_out]
    best = 0.0
    for each, at in places:
        turns = is_passive != any(word.key in _BY for word in each.words)
        fit = 0.0
        for word in around:
            closeness = [
                (1.0 if turns or (word.place < name.place) == (same.place < at.place) else _OTHER_SIDE)
                / (1 + FAR_IN_SOURCE * abs(same.place - at.place))
                for same in each.words
                if same.stem == word.stem
            ]
            far = 1 + FAR * abs(word.place - name.place)
            fit += aligned.source.weight(word.stem) * max(closeness, default=0.0) / far
        best = max(best, fit)
    return best
