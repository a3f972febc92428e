"""Reads the numbers of a text as values, whether they are written in digits or in words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from text_to_num import find_numbers

from lake.answer.measures import FREQUENCY, HALF, ONE, PER, TIMES, UNITS, ZEROS
from lake.answer.polarity import Forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Languages whose number words are read.
LANGUAGES = Forms("da de en es fr it nl pt")
_GROUP = r"[.,'\u2019\u00a0\u202f]"
_NUMBER = rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*"
TOKEN = re.compile(rf"(?:{_NUMBER})|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[%‰$€£¥+,;:.!?()\u2013\u2014-]")
_THOUSANDS = re.compile(rf"\d{{1,3}}(?:({_GROUP})\d{{3}})(?:\1\d{{3}})*")
_SCALES = {
    3: "thousand thousands k tausend mil mille miles mila duizend tusind",
    6: "million millions m mio mn millionen millón millones milione milioni miljoen miljoenen milhão milhões",
    9: "billion billions bn mrd milliarde milliarden milliard milliards miliardo miliardi miljard bilhão bilhões",
    12: "trillion trillions billionen billón billones",
}
_SCALE = {word: 10.0**power for power, words in _SCALES.items() for word in words.split()}
_PERCENT = Forms("% ‰ percent percentage prozent pourcent procent percento")
_MONEY = Forms("$ € £ ¥ usd eur gbp dollar dollars dólares euro euros pound pounds pfund cent cents yen franc francs")
_HEDGES = Forms(
    "about around approximately roughly nearly almost circa ca over under than least most up close etwa "
    "rund ungefähr fast knapp gut über unter mehr weniger mindestens höchstens bis beinahe unos unas "
    "aproximadamente casi alrededor cerca más menos environ près presque plus moins quasi più meno "
    "ongeveer bijna ruim quase mais"
)
_CENTURY = Forms("century centuries jahrhundert jahrhunderts siglo siglos siècle siècles secolo eeuw século")
_ORDINAL_ENDS = Forms("st nd rd th º ª ème e")
_DECADE_ENDS = frozenset(("s", "er"))
_KINDS_APART = ({"percent", "year"}, {"money", "year"}, {"percent", "money"})
#: How far apart two figures may be if one is said to be approximate.
_NEAR = 0.06


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that begins at the word ``place``.

    It stands for what lies from ``low`` to ``high``: a year for itself, "the 1870s" for ten years. ``kind`` is
    ``percent``, ``money``, ``year``, ``ordinal`` or ``plain``. ``measure`` is its unit's dimension and size.
    """

    place: int
    low: float
    high: float
    kind: str = "plain"
    is_hedged: bool = False
    measure: tuple[str, float] | None = None
    is_implied: bool = False  # "an hour" is one, though no number stands there

    def may_be(self, other: Figure) -> bool:
        """Whether both may state the same: equal, one within the other, or close if one is approximate or rounded.

        In different units of one dimension, both must measure the same.
        """
        if self.measure and other.measure and self.measure[0] == other.measure[0] and self.measure != other.measure:
            return math.isclose(self._base(), other._base(), rel_tol=0.01)
        is_one_frequency = FREQUENCY in (self.measure, other.measure) and self.measure != other.measure
        if {self.kind, other.kind} in _KINDS_APART or (is_one_frequency and self.measure and other.measure):
            return False
        if self.low <= other.high and other.low <= self.high:
            return True
        near = _NEAR * abs(other.low) if self.is_hedged or other.is_hedged else 0.0
        return abs(self.low - other.low) <= max(near, _rounding(self.low), _rounding(other.low))

    def _base(self) -> float:
        """The value in the common unit of its dimension; as it is without a measure."""
        return self.low * self.measure[1] + ZEROS.get(self.measure, 0.0) if self.measure else self.low


def _rounding(value: float) -> float:
    """Half a unit of the last place that is not 0, for values that look rounded: whole thousands."""
    unit = 1.0
    while value >= 1000 and value % (unit * 10) == 0:
        unit *= 10
    return unit / 2 if unit >= 1000 else 0.0


def figures(words: Sequence[str], language: str) -> list[Figure]:
    """The figures of a text that TOKEN split into ``words``, in order.

    >>> [(f.low, f.high, f.kind) for f in figures(TOKEN.findall("In the 1870s, 1.5 million of twenty-five"), "en")]
    [(1870.0, 1879.0, 'year'), (1500000.0, 1500000.0, 'plain'), (25.0, 25.0, 'plain')]
    """
    lower = [word.casefold() for word in words]
    found = [*_in_digits(lower), *_implied(lower), *(_in_words(lower, language) if language in LANGUAGES else ())]
    return sorted(found, key=lambda figure: figure.place)


def _in_digits(words: Sequence[str]) -> Iterator[Figure]:
    for place, word in enumerate(words):
        if word[0].isdecimal():
            scale = _SCALE.get(words[place + 1], 1.0) if place + 1 < len(words) else 1.0
            for value in _readings(word):
                yield _figure(words, place, place + 1 + (scale != 1), value * scale, word.isdecimal())


def _readings(word: str) -> set[float]:
    """The values that a number may have: a mark before three digits parts thousands or decimals."""
    values = set()
    if match := _THOUSANDS.fullmatch(word):
        values.add(float(re.sub(_GROUP, "", word)))
        if word.count(match[1]) > 1 or match[1] not in ".,":
            return values
    plain = re.sub(rf"{_GROUP}(?=\d{{3}}(?:\D|$))", "", word) if len(re.findall(_GROUP, word)) > 1 else word
    parts = re.split("[.,]", plain)
    return values | ({float(".".join(parts))} if len(parts) <= 2 else {float(part) for part in parts})


def _in_words(words: Sequence[str], language: str) -> Iterator[Figure]:
    for found in find_numbers(list(map(_Word, words, ["", *words])), language, 0.0):
        if found.value >= 2 or found.is_ordinal:  # "one" is mostly a pronoun or an article
            yield _figure(words, found.start, found.end, found.value, False, is_ordinal=found.is_ordinal)


def _implied(words: Sequence[str]) -> Iterator[Figure]:
    """ "An hour", "half an hour", and "twice"."""
    for place, word in enumerate(words):
        if word in TIMES and (TIMES[word] > 1 or {*words[place + 1 : place + 2]} & PER):
            yield Figure(place, TIMES[word], TIMES[word], measure=FREQUENCY)
    for place, word in enumerate(words[1:], 1):
        if word in UNITS:
            before = words[max(0, place - 2) : place]
            if before[-1] in ONE or before[-1] in HALF:
                value = 0.5 if any(one in HALF for one in before) else 1.0
                yield Figure(place - 1, value, value, measure=UNITS[word], is_implied=True)


class _Word:
    """What text2num asks of a token."""

    def __init__(self, word: str, before: str) -> None:
        self._word = word
        # A scale after digits belongs to them.
        self._is_no_part = word[0].isdecimal() or (before[:1].isdecimal() and word in _SCALE)

    def text(self) -> str:
        return self._word

    def text_lowercase(self) -> str:
        return self._word

    def nt_separated(self, _before: object) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return self._is_no_part


def _figure(
    words: Sequence[str], start: int, end: int, value: float, is_bare: bool, *, is_ordinal: bool = False
) -> Figure:
    after = list(words[end : end + 2])
    near = [*words[max(0, start - 1) : start], *after[:1]]
    is_hedged = any(word in _HEDGES for word in words[max(0, start - 3) : start])
    is_century = any(word in _CENTURY for word in after)
    is_year = is_bare and 1000 <= value <= 2100 and not any(word in _MONEY or word in _PERCENT for word in near)
    if is_century and value <= 30:
        return Figure(start, 100 * (value - 1), 100 * value, "year")
    if is_year and after[:1] and after[0] in _DECADE_ENDS and value % 10 == 0:
        return Figure(start, value, value + (99 if value % 100 == 0 and "er" not in after else 9), "year")
    kind = (
        "percent" if any(word in _PERCENT for word in after)
        else "money" if any(word in _MONEY for word in near)
        else "year" if is_year
        else "ordinal" if is_ordinal or (after[:1] and after[0] in _ORDINAL_ENDS)
        else "plain"
    )  # fmt: skip
    return Figure(start, value, value, kind, is_hedged, UNITS.get(after[0]) if after else None)
