"""Finds words in whose place the source has one of opposite meaning: "rose" for "fell", "locked" for "unlocked"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lake.answer.comparisons import are_crossed
from lake.answer.polarity import BY, PREFIXES, Forms, polarity, sides
from lake.answer.restrictions import exemptions
from lake.answer.sequence import AFTER, BEFORE, keeps_order
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import StatedWord, Statement

#: Least share of a sentence's words that its source must have; the fit that an opposite needs, and how much better it
#: must be than that of the same word, which has an advantage.
_SHARE, _LEAST_FIT, _MARGIN, _MARGIN_OF_BOTH, _ADVANTAGE = 0.4, 0.2, 1.5, 2.0, 0.3
#: What words count that stand on the other side, as the object of another verb does.
_OTHER_SIDE = 0.6
#: Letters in which two words may end differently.
_LONGEST_ENDING = 3
#: Words that are opposites only beside a verb, and how many words before them it may stand.
_PARTICLES, _NEAR = Forms("on off in out"), 4
#: Endings of a superlative and a comparative: "the oldest one" may be "no newer than" another.
_DEGREES = frozenset(("st", "er"))


class Opposition(NamedTuple):
    """A word of the sentence, and the words of its source that mean the same or the opposite."""

    word: StatedWord
    same: list[tuple[Statement, StatedWord]]
    other: list[tuple[Statement, StatedWord]]


def opposites(aligned: Aligned) -> Iterator[Contradiction]:
    if aligned.share < _SHARE:
        return
    for word, same, other in _oppositions(aligned):
        left_out = {word.key, *(each.key for _, each in (*same, *other))}
        is_denied = word.place in aligned.stated.denied
        fits, against, name = 0.0, _LEAST_FIT, ""
        for found, is_other in ((same, False), (other, True)):
            for text, there in found:
                fit = aligned.fit(word.place, text, there.place, left_out, _other_side(aligned, text))
                is_denied_alike = (there.place in text.denied) == is_denied
                is_turned = not is_denied_alike or are_crossed(aligned.stated, text)
                if is_other == is_turned:
                    fits = max(fits, _ADVANTAGE + fit)
                elif is_other and fit > against:
                    against, name = fit, there.text
        margin = _MARGIN if not same else _MARGIN_OF_BOTH
        if name and against > margin * fits:
            yield Contradiction("opposite", word.text, name)


def are_opposite(one: StatedWord, other: StatedWord, language: str) -> bool:
    """Whether two words are opposites by the language's table, or by a prefix."""
    mine, its = sides(one.key, language), sides(other.key, language)
    if {one.key[-2:], other.key[-2:]} == _DEGREES:
        return False
    return any((number, not is_right) in its for number, is_right in mine) or _differ_by_prefix(one.key, other.key)


def _differ_by_prefix(one: str, other: str) -> bool:
    """
    >>> _differ_by_prefix("suitable", "unsuitable"), _differ_by_prefix("unlocking", "locked")
    (True, True)
    >>> _differ_by_prefix("is", "unis"), _differ_by_prefix("side", "inside"), _differ_by_prefix("form", "information")
    (False, False, False)
    """
    for long, short in ((one, other), (other, one)):
        for prefix, least in PREFIXES.items():
            rest = long.removeprefix(prefix)
            n_alike = next(
                (i for i, (a, b) in enumerate(zip(rest, short, strict=False)) if a != b), min(len(rest), len(short))
            )
            if long.startswith(prefix) and n_alike >= least and max(len(rest), len(short)) - n_alike <= _LONGEST_ENDING:
                return True
    return False


def _oppositions(aligned: Aligned) -> Iterator[Opposition]:
    stated, language = aligned.stated, aligned.stated.language
    there = [(text, word) for text in aligned.close for word in text.words if _counts(text, word)]
    for word in stated.words:
        if not _counts(stated, word) or any(are_opposite(word, each, language) for each in stated.words):
            continue
        kept = [text for text in aligned.close if _is_ordering(word) and keeps_order(stated, text)]
        # "Only the pumps were left" of "all except the pumps were sold".
        kept += [text for text in aligned.close if word.key in polarity(language).only and exemptions(text)]
        other = [(text, each) for text, each in there if text not in kept and are_opposite(word, each, language)]
        if other:
            mine = sides(word.key, language)
            same = [(text, e) for text, e in there if e.stem == word.stem or mine & sides(e.key, language)]
            yield Opposition(word, same, other)


def _counts(text: Statement, word: StatedWord) -> bool:
    """Whether it is no "on" or "off" but beside a verb such as "switch"."""
    verbs = polarity(text.language).particle
    near = [each for each in text.words if 0 < word.place - each.place <= _NEAR and each.clause == word.clause]
    return word.key not in _PARTICLES or any(each.key in verbs for each in near)


def _is_ordering(word: StatedWord) -> bool:
    return word.key in BEFORE or word.key in AFTER


def _other_side(aligned: Aligned, text: Statement) -> float:
    """1 if one of both sentences is in the passive voice, which turns the sides."""
    is_passive, was = (any(word.key in BY for word in each.words) for each in (aligned.stated, text))
    return _OTHER_SIDE if is_passive == was else 1.0
