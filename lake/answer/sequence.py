"""Finds steps that an answer puts in another order: "hold it before you unplug it" for "unplug it, then hold it"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lake.answer.polarity import Forms
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.answer.aligned import Aligned
    from lake.answer.statement import Statement

_BEFORE = Forms("before bevor ehe antes avant prima")
_AFTER = Forms("after nachdem después après dopo")
#: Words that number steps.
_STEPS = Forms("first then next finally afterwards zuerst zunächst dann danach schließlich primero luego después")
_MANY_STEPS = 2
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
    marks = [i for i, word in enumerate(text.words) if word.key in _BEFORE or word.key in _AFTER]
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
    return Order(other, one) if text.words[at].key in _BEFORE else Order(one, other)


def _is_turned(stated: Order, there: Order) -> bool:
    """Whether each side of the sentence has words of the other side there, and fewer of its own."""
    crossed = stated.earlier & there.later, stated.later & there.earlier
    straight = stated.earlier & there.earlier, stated.later & there.later
    return all(crossed) and sum(map(len, crossed)) > sum(map(len, straight))


def _is_after(stated: Order, text: Statement) -> bool:
    """Whether the steps of a source that numbers them have what the sentence puts first behind what follows."""
    if len([word for word in text.words if word.key in _STEPS]) < _MANY_STEPS:
        return False
    last = {word.stem: word.place for word in text.words}
    earlier, later = ([last[stem] for stem in side if stem in last] for side in stated)
    return bool(earlier and later) and min(earlier) > max(later)
