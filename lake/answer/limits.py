"""Finds limits that an answer turns round: "at most ten seconds" for "at least ten seconds"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

#: Words before and after a figure that make it the least, or the most.
_BEFORE = {
    "least": r"at least|at the earliest|(?:no|not) (?:less|fewer|lower|earlier|sooner) than|a minimum of|mindestens|"
    r"frühestens|nicht weniger als|al menos|como mínimo|no menos de|au moins|almeno",
    "most": r"as (?:long|many|much|high|old|late) as|"
    r"at most|at the latest|(?:no|not) (?:more|higher|later|longer) than|a maximum of|up to|höchstens|"
    r"spätestens|maximal|nicht mehr als|bis zu|como máximo|a lo sumo|no más de|a más tardar|au plus|al massimo",
}
_AFTER = {
    "least": r"or (?:more|older|higher|above|later)|at the earliest|und mehr|oder mehr|o más",
    "most": r"or (?:less|fewer|younger|lower|below|earlier)|at the latest|oder weniger|o menos",
}
_FEW_WORDS = 4
#: Least share of a sentence's words that its source must have.
_SHARE = 0.4


def turned_limits(aligned: Aligned) -> Iterator[Contradiction]:
    """A least figure that is the most in the source, or the other way round, under as many denials."""
    stated = aligned.stated
    if aligned.share < _SHARE:
        return
    for place, readings in stated.figures.items():
        limit = _limit(stated, place)
        there = [
            _limit(each, at)
            for each in aligned.window
            for at, found in each.figures.items()
            if any(one.may_be(other) for one in readings for other in found)
        ]
        if limit and {*there} - {None} and limit not in there:
            yield Contradiction("condition", stated.text, aligned.best.text)


def _limit(text: Statement, place: int) -> str | None:
    before = " ".join(text.tokens[max(0, place - _FEW_WORDS) : place]).casefold()
    after = " ".join(text.tokens[place + 1 : place + 1 + _FEW_WORDS]).casefold()
    for limit in ("least", "most"):
        if re.search(rf"\b(?:{_BEFORE[limit]})$", before) or re.match(rf"(?:\S+ )?(?:{_AFTER[limit]})\b", after):
            return limit
    return None
