"""Finds two words of a sentence that stand in each other's place in its source."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.answer.aligned import FAR, FAR_IN_SOURCE
from lake.answer.polarity import BY, COMPARING, IRREGULAR, Forms
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lake.answer.aligned import Aligned
    from lake.answer.statement import StatedWord, Statement

#: Least share of a sentence's words that its source must have; the fit that two names need, and how much better it
#: must be than in the places where they stand.
_SHARE, _LEAST_FIT, _NAME_MARGIN = 0.4, 1.0, 1.25
#: Least share for two other words, and least number of words in the order of the source but for them; the same if no
#: preposition stands among them.
_SHARE_OF_WORDS, _LEAST_WORDS, _LEAST_UNRELATED, _TWO = 0.6, 3, 4, 2
#: Languages in which an object may come first.
_FREE_ORDER = frozenset(("cs", "da", "de", "fi", "hu", "nb", "nl", "pl", "ru", "sv", "tr", "uk"))
#: Words by which two lists belong together, item by item.
_RESPECTIVELY = Forms("respectively beziehungsweise jeweils respectivamente respectivement")
_PREPOSITIONS = Forms(
    "of to for from over between with without in on at into against before after de del a para con en entre sobre "
    "du des pour avec dans di da per"
)
#: A word that stands before a name in one and after it in the other.
_OTHER_SIDE = 0.6

Place = tuple["Statement", "StatedWord"]


def exchanges(aligned: Aligned) -> Iterator[Contradiction]:
    """Two names, or other words, in each other's place."""
    if aligned.share < _SHARE or any(word.key in COMPARING for word in aligned.stated.words):
        return
    if any(word.key in _RESPECTIVELY for each in aligned.close for word in each.words):
        return
    yield from _of_names(aligned)
    yield from _of_words(aligned)


def _of_words(aligned: Aligned) -> Iterator[Contradiction]:
    """Two words whose exchange gives all words of the sentence the order that they have in the source."""
    if aligned.share < _SHARE_OF_WORDS or aligned.stated.language in _FREE_ORDER:
        return
    is_passive = _is_passive(aligned.stated)
    own = {word.stem: word for word in _once(aligned.stated.words)}
    for each in aligned.window:
        clauses = [[word for word in each.words if word.clause == n] for n in {word.clause for word in each.words}]
        for words in (each.words, *clauses):
            places = {word.stem: word.place for word in _once(words)}
            shared = [word for stem, word in own.items() if stem in places]
            order = [places[word.stem] for word in shared]
            pair = _exchanged(order)
            if (
                pair
                and len({shared[i].place in aligned.stated.figures for i in pair}) == 1
                and len({_is_told_how(shared[i]) for i in pair}) == 1
                and is_passive == _is_passive(each)
                and _is_alike(aligned.stated, shared, each, order)
            ):
                yield Contradiction("exchange", " and ".join(shared[i].text for i in pair), each.text)


def _is_alike(stated: Statement, shared: Sequence[StatedWord], text: Statement, order: Sequence[int]) -> bool:
    """Whether the words are enough, or related by the same prepositions."""
    own, its = _relations(stated, [word.place for word in shared]), _relations(text, order)
    return own == its and len(shared) >= (_LEAST_WORDS if own else _LEAST_UNRELATED)


def _is_told_how(word: StatedWord) -> bool:
    """Whether it is an adverb or an irregular participle, which may stand before and after what it belongs to."""
    return word.key.endswith("ly") or word.key in IRREGULAR


def _once(words: Sequence[StatedWord]) -> list[StatedWord]:
    """The content words and numbers that stand there once."""
    words = [word for word in words if word.is_content or word.key[0].isdecimal()]
    counts = Counter(word.stem for word in words)
    return [word for word in words if counts[word.stem] == 1]


def _exchanged(order: Sequence[int]) -> tuple[int, int] | None:
    """Which two of these, with another between them, would be in each other's place if all were sorted.

    >>> _exchanged([1, 7, 5, 3, 9]), _exchanged([1, 3, 5]), _exchanged([3, 1, 5]), _exchanged([5, 1, 3])
    ((1, 3), None, None, None)
    """
    wrong = [i for i, (one, other) in enumerate(zip(order, sorted(order), strict=True)) if one != other]
    if len(wrong) == _TWO and wrong[1] - wrong[0] > 1:
        return wrong[0], wrong[1]
    return _exchanged_phrases(order)


def _exchanged_phrases(order: Sequence[int]) -> tuple[int, int] | None:
    """Where two phrases begin that stand around one word and would be sorted in each other's place.

    >>> _exchanged_phrases([7, 8, 5, 3]), _exchanged_phrases([3, 5, 7, 8]), _exchanged_phrases([7, 5, 3])
    ((0, 3), None, None)
    """
    for middle in range(1, len(order) - 1):
        left, right = order[:middle], order[middle + 1 :]
        are_phrases = all(b - a == 1 for side in (left, right) for a, b in pairwise(side))
        if are_phrases and len(order) > _TWO + 1 and max(right) < order[middle] < min(left):
            return 0, middle + 1
    return None


def _relations(text: Statement, places: Sequence[int]) -> set[str]:
    """Prepositions between the first and the last of these places: "a fee for rooms" may be "a room's fee"."""
    return {word.key for word in text.words if min(places) < word.place < max(places) and word.key in _PREPOSITIONS}


def _is_passive(text: Statement) -> bool:
    return any(word.key in BY for word in text.words)


def _of_names(aligned: Aligned) -> Iterator[Contradiction]:
    """Two names that would fit their source clearly better if each stood in the other's place."""
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
            if exchanged > max(_NAME_MARGIN * straight, _LEAST_FIT):
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


def _is_of(text: Statement, name: StatedWord) -> bool:
    """Whether "the president of Chile" may be "the Chilean president" elsewhere."""
    return name.place > 0 and text.tokens[name.place - 1].casefold() == "of"


def _joined(name: Sequence[StatedWord]) -> str:
    return " ".join(word.text for word in name)


def _sides(aligned: Aligned, name: StatedWord, left_out: frozenset[str], places: Sequence[Place]) -> float:
    """How well the words around a name fit those around the best of these places, and on the same side of it.

    Sides do not count if one of both is in the passive voice.
    """
    is_passive = _is_passive(aligned.stated)
    around = [word for word in aligned.stated.words if word.is_content and word.stem not in left_out]
    best = 0.0
    for each, at in places:
        turns = is_passive != _is_passive(each) or _is_of(aligned.stated, name) != _is_of(each, at)
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
