"""Finds months and days of the week that an answer names otherwise than its source."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lake.answer.polarity import Forms
from lake.answer.restrictions import exemptions
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

_MONTHS = {
    "en": "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept "
    "october/oct november/nov december/dec",
    "de": "januar/jänner/jan februar/feb märz april/apr mai juni/jun juli/jul august/aug september/sep/sept "
    "oktober/okt november/nov dezember/dez",
    "es": "enero/ene febrero/feb marzo abril/abr mayo junio/jun julio/jul agosto/ago septiembre/setiembre/sept "
    "octubre/oct noviembre/nov diciembre/dic",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
_DAYS = {
    "en": "monday/mondays tuesday/tuesdays wednesday/wednesdays thursday/thursdays friday/fridays "
    "saturday/saturdays sunday/sundays",
    "de": "montag/montags dienstag/dienstags mittwoch/mittwochs donnerstag/donnerstags freitag/freitags "
    "samstag/samstags/sonnabend sonntag/sonntags",
    "es": "lunes martes miércoles jueves viernes sábado/sábados domingo/domingos",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
}
#: Month names that are other words, too, unless a date or one of ``_BEFORE`` stands beside them.
_AMBIGUOUS = Forms("may march mar jan jun sep dec mars")
_BEFORE = Forms("in of since until till by early late mid before after during from to through between en de")
#: Words that join the two ends of a range, and those that do so only after the word that they are given with.
_TO = Forms("to until till through thru bis a al hasta au à \u2013 \u2014 -")
_BETWEEN = {"and": "between", "und": "zwischen", "y": "entre", "et": "entre", "e": "tra"}
#: How much better another one must fit than the one that is stated, and the least that its fit must be.
_MARGIN, _LEAST_FIT = 1.4, 0.5
#: Least share of a sentence's words that its source must have.
_SHARE = 0.3


def _numbered(names: dict[str, str]) -> dict[str, dict[str, int]]:
    return {
        language: {word: number for number, words in enumerate(line.split(), 1) for word in words.split("/")}
        for language, line in names.items()
    }


_NUMBERED = {"month": _numbered(_MONTHS), "day": _numbered(_DAYS)}


class Named(NamedTuple):
    """A month (1 is January) or a day of the week (1 is Monday) that begins at the word ``place``."""

    place: int
    kind: str
    number: int


def named(text: Statement) -> list[Named]:
    """The months and days of a sentence, in order; none in a language whose names are not known.

    >>> from lake.answer.statement import Statement
    >>> [(one.kind, one.number) for one in named(Statement("You may come on Friday, 3 May", "en"))]
    [('day', 5), ('month', 5)]
    """
    found = []
    for place, token in enumerate(text.tokens):
        for kind, languages in _NUMBERED.items():
            number = languages.get(text.language, {}).get(token.casefold())
            if number and _is_meant(text.tokens, place):
                found.append(Named(place, kind, number))
    return found


def _is_meant(tokens: list[str], place: int) -> bool:
    if tokens[place].casefold() not in _AMBIGUOUS:
        return True
    before, after = tokens[max(0, place - 1) : place], tokens[place + 1 : place + 2]
    has_number = any(one[0].isdecimal() for one in (*before, *after))
    follows = bool(before) and before[0].casefold() in _BEFORE
    return has_number or (follows and tokens[place][0].isupper())


def other_dates(aligned: Aligned) -> Iterator[Contradiction]:
    """A month or day that the source lacks while it names one other, or in whose place another fits clearly better."""
    if aligned.share < _SHARE:
        return
    stated = named(aligned.stated)
    for one in stated:
        token = aligned.stated.tokens[one.place]
        if any(_allows(each, one) for each in aligned.window):
            continue
        near = [(each, other) for each in aligned.window for other in named(each) if other.kind == one.kind]
        everywhere = [(each, other) for each in aligned.source.sentences for other in named(each)]
        same = [(each, other) for each, other in everywhere if (other.kind, other.number) == one[1:]]
        if not same:
            is_one_of_two = len({other.number for _, other in near}) > 1 and one.kind == "day"  # Monday to Friday
            fits = [(aligned.fit(one.place, each, other.place), each.text) for each, other in near]
            if fits and not is_one_of_two and not _is_in_digits(one, aligned):
                yield Contradiction("date", token, max(fits)[1])
            continue
        if any(_beside(aligned.stated, one) & _beside(each, other) for each, other in same):
            continue
        own = max(aligned.fit(one.place, each, other.place) for each, other in same)
        numbers = {other.number for other in stated if other.kind == one.kind}
        for each, other in near:
            fit = aligned.fit(one.place, each, other.place) if other.number not in numbers else 0.0
            if fit > max(_MARGIN * own, _LEAST_FIT):
                yield Contradiction("date", token, each.text)


def _allows(text: Statement, one: Named) -> bool:
    """Whether a month or day is in a range of the sentence, or the sentence excepts another: "daily except Monday"."""
    others = [other for other in named(text) if other.kind == one.kind]
    ranges = [(a.number, b.number) for a, b in pairwise(others) if _is_range(text.tokens, a.place, b.place)]
    if any(a <= one.number <= b or (b < a and not b < one.number < a) for a, b in ranges):
        return True
    excepted = frozenset[str]().union(*(exempt.excepted for exempt in exemptions(text)))
    stems = {word.place: word.stem for word in text.words}
    return any(stems[other.place] in excepted for other in others if other.number != one.number)


def _is_range(tokens: list[str], start: int, end: int) -> bool:
    """Whether only "to", or "and" after "between", stands between two places, besides numbers."""
    before, within = (
        [token.casefold() for token in some if not token[0].isdecimal() and token not in (".", ",", "de", "of")]
        for some in (tokens[:start], tokens[start + 1 : end])
    )
    if len(within) != 1:
        return False
    return within[0] in _TO or _BETWEEN.get(within[0], " ") in before[-1:]


def _beside(text: Statement, one: Named) -> set[str]:
    """The numbers beside a month or day."""
    around = (*text.tokens[max(0, one.place - 2) : one.place], *text.tokens[one.place + 1 : one.place + 2])
    return {token for token in around if token[0].isdecimal()}


def _is_in_digits(one: Named, aligned: Aligned) -> bool:
    """Whether the source has a date in digits that may be in this month."""
    return any(
        figure.low == one.number for each in aligned.window for at in each.dated for figure in each.figures.get(at, ())
    )
