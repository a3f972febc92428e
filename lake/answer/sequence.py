"""Finds steps that an answer puts in another order: "hold it before you unplug it" for "unplug it, then hold it"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lake.answer.polarity import Forms
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

BEFORE = Forms("before bevor ehe antes avant prima")
AFTER = Forms("after nachdem después après dopo")
#: Words that number steps.
STEPS = Forms("first then next finally afterwards zuerst zunächst dann danach schließlich primero luego después")
_LEAST_STEPS = 2
#: Least share of a sentence's words that its source must have.
_SHARE = 0.6


class Order(NamedTuple):
    """The stems of what comes first, and of what follows."""

    earlier: frozenset[str]
    later: frozenset[str]


def turned_order(aligned: Aligned) -> Iterator[Contradiction]:
    stated = _order(aligned.stated)
    if stated is None or aligned.share < _SHARE:
        return
    for each in aligned.window:
        there = _order(each)
        if (there and _is_turned(stated, there)) or (there is None and _is_after(stated, each)):
            yield Contradiction("exchange", aligned.stated.text, each.text)


def _order(text: Statement) -> Order | None:
    """What a sentence puts before or after what; None without just one such word."""
    marks = [i for i, word in enumerate(text.words) if word.key in BEFORE or word.key in AFTER]
    if len(marks) != 1:
        return None
    at = marks[0]
    # A sentence that begins with "before" has what follows from the next clause on.
    end = next((i for i in range(at, len(text.words)) if not at and text.words[i].clause), len(text.words))
    inside = frozenset(word.stem for word in text.words[at + 1 : end] if word.is_content)
    outside = frozenset(word.stem for word in (*text.words[:at], *text.words[end:]) if word.is_content)
    one, other = inside - outside, outside - inside
    if not one or not other:
        return None
    return Order(other, one) if text.words[at].key in BEFORE else Order(one, other)


def _is_turned(stated: Order, there: Order) -> bool:
    """Whether each side of the sentence has words of the other side there, and fewer of its own."""
    return _matches(Order(stated.later, stated.earlier), there)


def _matches(one: Order, other: Order) -> bool:
    straight = one.earlier & other.earlier, one.later & other.later
    crossed = one.earlier & other.later, one.later & other.earlier
    return all(straight) and sum(map(len, straight)) > sum(map(len, crossed))


def keeps_order(stated: Statement, text: Statement) -> bool:
    """Whether both put the same things before and after, in whichever words."""
    one, other = _order(stated), _order(text)
    return bool(one and other and _matches(one, other))


def _is_after(stated: Order, text: Statement) -> bool:
    """Whether the steps of a source that numbers them have what the sentence puts first behind what follows."""
    marks = [word.place for word in text.words if word.key in STEPS]
    if len(marks) < _LEAST_STEPS:
        return False
    # "Spray these first, then those": what is before the second mark is the first step.
    steps = {word.stem: sum(mark <= word.place for mark in marks[1:]) for word in text.words}
    pairs = [
        steps[later] - steps[earlier]
        for earlier in stated.earlier & steps.keys()
        for later in stated.later & steps.keys()
    ]
    return any(pair < 0 for pair in pairs) and not any(pair > 0 for pair in pairs)
