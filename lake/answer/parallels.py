"""Finds sentences that take one half from a clause and the other half from the clause beside it.

"The tenant pays for repairs, the landlord for heating" has two clauses alike, so "the tenant pays for heating" mixes
them, though every word stands in the source.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from lake.answer.opposites import are_opposite
from lake.answer.polarity import COMPARING, THAN, Forms, polarity
from lake.answer.sequence import STEPS
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.answer.aligned import Aligned
    from lake.answer.statement import StatedWord, Statement

#: Words between clauses, besides punctuation.
_JOINING = Forms(
    "and but or while whereas then und aber oder während sondern dann hingegen y e pero o mientras luego et mais ou "
    "tandis"
)
#: Words that say nothing by which clauses could be told apart.
_EMPTY = Forms(
    "the a an ones it its this that these those them him her they he she is are was were be been to of der die das den "
    "dem des ein eine einen einem es er sie ihn ihm ihr ihnen ist sind war waren ella ello ellas ellos el la los las "
    "un una es son era le les une est sont"
)
_AUXILIARIES = Forms(
    "can cannot can't could may might must shall should will would has have had do does did not no never kann darf "
    "muss soll wird hat puede debe ha peut doit one ones"
)
#: Least share of a sentence's words that its source must have.
_SHARE = 0.6
#: Least share of the shorter clause's words that two like clauses have in common, in the same order.
_ALIKE = 0.25
#: Least share of a slot's words that a sentence has if it takes this side.
_CHOSEN = 0.33
#: Largest share of the other side's words that it may have then.
_LEFT_OUT = 0.5
#: Least share of a clause's words that two clauses have which it mixes though they are not alike.
_WITHIN = 0.95
#: Share of the words of both that it has if it joins them.
_MOST = 0.7
#: Longest clause that is compared, in words.
_LONGEST = 25
#: Two clauses, or one and the whole sentence.
_TWO = 2

Clause = list[str]
#: What stands in one clause in the place of what stands in the other.
Slot = tuple[frozenset[str], frozenset[str]]


def mixed_clauses(aligned: Aligned) -> Iterator[Contradiction]:
    """Sentences, or clauses of them, with the beginning of one of two like clauses and the end of the other."""
    if aligned.share < _SHARE:
        return
    language, compared = aligned.stated.language, {word.key for word in aligned.stated.words if word.key in COMPARING}
    there = [_clauses(text) for text in aligned.window]
    stems = [_stems(clause, language) for clauses in there for clause in clauses]
    own = [frozenset(_stems(c, language)) for c in (*_clauses(aligned.stated), aligned.stated.words)]
    own = [clause for clause in own if not any(clause <= {*each} for each in stems)]
    if len(own) > _TWO and _joins(own[:-1], stems):
        return
    like = [] if compared else [(_slots(one, other), own) for one, other in pairwise(stems)]
    unlike = [
        (_ends(one, other, language), [clause for clause in own if _is_of_both(aligned, clause, one, other)])
        for one, other in (() if compared - THAN else chain.from_iterable(map(pairwise, there)))
    ]
    for slots, clauses in (*like, *unlike):
        if len(slots) > 1 and any(_mixes(clause, slots) for clause in clauses):
            yield Contradiction("exchange", aligned.stated.text, aligned.best.text)


def _joins(own: Sequence[frozenset[str]], stems: Sequence[Clause]) -> bool:
    """Whether it joins clauses as the source does, but for one word such as a pronoun's name."""
    return any(
        sum(len(mine - {*its}) for mine, its in zip(own, stems[i:], strict=False)) <= 1
        for i in range(len(stems) - len(own) + 1)
    )


def _is_of_both(
    aligned: Aligned, clause: frozenset[str], one: Sequence[StatedWord], other: Sequence[StatedWord]
) -> bool:
    """Whether a clause says hardly anything that two others do not, nor most of what both say."""
    mine, its = (frozenset(word.stem for word in each if word.is_content) for each in (one, other))
    weights, content = aligned.source.weights, clause & aligned.stated.stems
    is_within = weights(content & (mine | its)) >= _WITHIN * weights(content)
    return is_within and not all(len(each & clause) >= len(each) * _MOST for each in (mine, its))


def _clauses(text: Statement) -> list[list[StatedWord]]:
    found: list[list[StatedWord]] = []
    number = -1
    for word in text.words:
        if word.clause != number or word.key in _JOINING:
            number = word.clause
            found.append([])
        if word.key not in _JOINING and word.key not in _EMPTY:
            found[-1].append(word)
    return [clause for clause in found if 1 < len(clause) <= _LONGEST]


def _stems(clause: Sequence[StatedWord], language: str) -> Clause:
    """The stems of a clause; "isn't" denies as "not" does."""
    denying = polarity(language).denying
    return ["not" if word.key in denying else word.stem for word in clause]


def _ends(one: Sequence[StatedWord], other: Sequence[StatedWord], language: str) -> list[Slot]:
    """Slots of two clauses that have nothing in common: their first and last words, and words of opposite meaning."""
    mine, its = ([word for word in each if word.is_content and word.key not in STEPS] for each in (one, other))
    if (
        not mine
        or not its
        or its[0].key in polarity(language).excepting
        or {word.stem for word in mine} & {word.stem for word in its}
    ):
        return []
    pairs = [(mine[-1], its[-1])]
    pairs += [(mine[0], its[0])] if other[0].key not in _AUXILIARIES else []  # else both have one subject
    pairs += [(a, b) for a in mine for b in its if are_opposite(a, b, language)]
    return [(frozenset((a.stem,)), frozenset((b.stem,))) for a, b in pairs]


def _slots(one: Clause, other: Clause) -> list[Slot]:
    """Where two like clauses differ; their first and last words if they do so only once."""
    codes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    n_alike = sum(b - a for tag, a, b, _, _ in codes if tag == "equal")
    if n_alike < _ALIKE * min(len(one), len(other)):
        return []
    spans = [(one[a:b], other[c:d]) for tag, a, b, c, d in codes if tag == "replace"]
    if len(spans) == 1 and min(map(len, spans[0])) > 1:
        spans = [(spans[0][0][at : at + 1 or None], spans[0][1][at : at + 1 or None]) for at in (0, -1)]
    slots = [(frozenset(mine) - {*other}, frozenset(its) - {*one}) for mine, its in spans]
    return [slot for slot in slots if all(slot)]


def _mixes(clause: frozenset[str], slots: Sequence[Slot]) -> bool:
    """Whether a clause takes one side here and the other side there."""
    return {side for slot in slots if (side := _side(clause, slot)) is not None} == {0, 1}


def _side(clause: frozenset[str], slot: Slot) -> int | None:
    """Which side of a slot a clause has; a part of the other one may be a word that is left out there."""
    one, other = (len(side & clause) / len(side) for side in slot)
    more, less = max(one, other), min(one, other)
    is_clear = (more >= _CHOSEN and not less) or (more == 1 and less <= _LEFT_OUT)
    return int(other > one) if is_clear else None
