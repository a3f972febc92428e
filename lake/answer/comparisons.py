"""Reads which of two things a sentence compares with the other: "less after the first dose than after the second"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.answer.polarity import Forms

if TYPE_CHECKING:
    from lake.answer.statement import Statement

_THAN = Forms("than als")


def are_crossed(one: Statement, other: Statement) -> bool:
    """Whether what one sentence compares with the other thing stands on the other side of the other sentence's "than".

    Then "less" here is "more" there.
    """
    (before, after), (was_before, was_after) = _sides(one), _sides(other)
    return bool(before & was_after and after & was_before) and not after & was_after


def _sides(text: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """The stems that only one side of "than" has; none without just one such word."""
    marks = [i for i, word in enumerate(text.words) if word.key in _THAN]
    if len(marks) != 1:
        return frozenset(), frozenset()
    sides = text.words[: marks[0]], text.words[marks[0] + 1 :]
    before, after = (frozenset(word.stem for word in side) for side in sides)
    return before - after, after - before
