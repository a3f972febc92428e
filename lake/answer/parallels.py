"""Finds sentences that take one half from a clause and the other half from the clause beside it.

"The tenant pays for repairs, the landlord for heating" has two clauses alike, so "the tenant pays for heating" mixes
them, though every word stands in the source.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.answer.polarity import COMPARING, Forms
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

#: Words between clauses, besides punctuation.
_JOINING = Forms(
    "and but or while whereas then und aber oder während sondern dann hingegen y e pero o mientras luego et mais ou "
    "tandis"
)
#: Words that say nothing by which clauses could be told apart.
_EMPTY = Forms(
    "the a an it its this that these those them him her they he she is are was were be been to of der die das den dem "
    "des ein eine einen einem es er sie ihn ihm ihr ihnen ist sind war waren ella ello ellas ellos el la los las un "
    "una es son era le les une est sont"
)
#: Least share of a sentence's words that its source must have.
_SHARE = 0.6
#: Least share of the shorter clause's words that two like clauses have in common, in the same order.
_ALIKE = 0.25
#: Least share of a slot's words that a sentence has if it takes this side.
_CHOSEN = 0.33
#: Largest share of the other side's words that it may have then.
_LEFT_OUT = 0.5
#: Longest clause that is compared, in words.
_LONGEST = 25

Clause = list[str]
#: What stands in one clause in the place of what stands in the other.
Slot = tuple[frozenset[str], frozenset[str]]


def mixed_clauses(aligned: Aligned) -> Iterator[Contradiction]:
    """Sentences, or clauses of them, with the beginning of one of two like clauses and the end of the other."""
    if aligned.share < _SHARE or any(word.key in COMPARING for word in aligned.stated.words):
        return
    there = _clauses(aligned.window)
    own = [frozenset(clause) for clause in (*_clauses([aligned.stated]), [word.stem for word in aligned.stated.words])]
    own = [clause for clause in own if not any(clause <= {*each} for each in there)]
    for one, other in pairwise(there):
        slots = _slots(one, other)
        if len(slots) > 1 and any(_mixes(clause, slots) for clause in own):
            yield Contradiction("exchange", aligned.stated.text, aligned.best.text)


def _clauses(texts: Sequence[Statement]) -> list[Clause]:
    found: list[Clause] = []
    for text in texts:
        number, clause = -1, list[str]()
        for word in text.words:
            if word.clause != number or word.key in _JOINING:
                number, clause = word.clause, []
                found.append(clause)
            if word.key not in _JOINING and word.key not in _EMPTY:
                clause.append(word.stem)
    return [clause for clause in found if 1 < len(clause) <= _LONGEST]


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
