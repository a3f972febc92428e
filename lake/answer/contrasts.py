"""Finds what a source sets against something else, turned round: "egg instead of milk" for "milk rather than egg"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lake.answer.polarity import Forms, polarity
from lake.answer.values import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.answer.aligned import Aligned
    from lake.answer.statement import StatedWord, Statement

#: Words that, with the one after them, set what follows against what stands before.
_PAIRS = frozenset((("rather", "than"), ("instead", "of"), ("anstelle", "von"), ("en_lugar", "de")))
_ALONE = Forms("statt anstatt sondern sino")
#: Words that turn it: what follows is chosen.
_CHOOSES = Forms("sondern sino")
#: Content words of each side, and words among which they are looked for.
_N_WORDS, _REACH = 2, 5
#: Least share of a sentence's words that its source must have.
_SHARE = 0.5


class Contrast(NamedTuple):
    """The stems of what is chosen, and of what it is set against."""

    chosen: frozenset[str]
    rejected: frozenset[str]


def turned_contrasts(aligned: Aligned) -> Iterator[Contradiction]:
    """What the source rejects, without what it chooses or in its place."""
    if aligned.share < _SHARE:
        return
    own = _contrasts(aligned.stated)
    denied = frozenset[str]().union(*aligned.stated.denials, *(contrast.rejected for contrast in own))
    for each in aligned.close:
        for chosen, rejected in _contrasts(each):
            if not (aligned.stated.stems & each.stems) - chosen - rejected:
                continue  # a sentence about something else that has one of these words, too
            is_turned = any(one.chosen & rejected and one.rejected & chosen for one in own)
            has_rejected = rejected <= aligned.stated.stems - denied
            if is_turned or (has_rejected and not aligned.stated.denials and not chosen & aligned.stated.stems):
                yield Contradiction("exchange", aligned.stated.text, each.text)


def _contrasts(text: Statement) -> list[Contrast]:
    found = []
    for i, word in enumerate(text.words):
        following = text.words[i + 1].key if i + 1 < len(text.words) else ""
        n_marks = 2 if (word.key, following) in _PAIRS else 1
        if n_marks == 1 and word.key not in _ALONE and not _corrects(text, i):
            continue
        after = _content(text.words[i + n_marks : i + n_marks + _REACH], text.words[i].clause)
        before = _content(text.words[max(0, i - _REACH) : i][::-1])
        after = after[:_N_WORDS]
        sides = frozenset(before[: len(after)]) - {*after}, frozenset(after) - {*before}
        if all(sides):
            found.append(Contrast(*(sides[::-1] if word.key in _CHOOSES else sides)))
    return found


def _corrects(text: Statement, i: int) -> bool:
    """Whether a denial that begins a clause has no verb: "with prices, not with wages"."""
    word, before = text.words[i], text.words[max(0, i - 1) : i]
    begins = bool(before) and (before[0].clause != word.clause or before[0].key in _BUT)
    rest = [each for each in text.words[i + 1 :] if each.clause == word.clause]
    return word.key in polarity(text.language).denying and begins and 0 < len(rest) <= _REACH


_BUT = Forms("but and und aber y pero")


def _content(words: Sequence[StatedWord], clause: int | None = None) -> list[str]:
    return [word.stem for word in words if word.is_content and clause in (None, word.clause)]
