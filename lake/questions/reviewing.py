"""Applies a person's decisions about questions, each stored at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lake.ids.uris import places
from lake.parse.graphemes import cluster, shortened
from lake.questions.alignment import resolve, texts_of
from lake.questions.store import change, questions
from lake.questions.values import EvalQuestion, merged
from lake.records.calls import Calls

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.questions.values import Evidence
    from lake.releases.values import Release

#: Characters of text to show on either side of a quote.
_AROUND = 300


@dataclass(frozen=True, slots=True)
class Shown:
    """Evidence for a reviewer: the quote and the text around it, or why it is missing."""

    evidence: Evidence
    before: str = ""
    quote: str = ""
    after: str = ""
    reason: str = ""


def to_review(lake: Lake, name: str, *, every: bool = False) -> list[EvalQuestion]:
    """The questions of a set that nobody has reviewed; with ``every``, the others after them."""
    mine = questions(lake, name)
    return [question for question in sorted(mine, key=lambda one: one.reviewed) if every or not question.reviewed]


def shown(lake: Lake, release: Release | None, pending: Sequence[EvalQuestion]) -> Iterator[list[Shown]]:
    """The evidence of each question as the release has it."""
    if release is None:
        yield from ([Shown(e, quote=e.quote or "", reason="nothing is published") for e in a.evidence] for a in pending)
        return
    if not pending:
        return
    for one in resolve(lake, release, pending):
        texts = texts_of(lake, release, {place.doc_id for place in one.places if place.start is not None})
        found = [Shown(lost.evidence, quote=lost.evidence.quote or "", reason=lost.reason) for lost in one.lost]
        for place in one.places:
            text, start, end = texts.get(place.doc_id, ("", ""))[1], place.start or 0, place.end or 0
            before = _before(text, start)
            after = shortened(text[end : end + _AROUND + 1], _AROUND, " \N{HORIZONTAL ELLIPSIS}")
            found.append(Shown(place.evidence, before, text[start:end], after))
        yield found


def _before(text: str, start: int) -> str:
    """What stands before a place, from the beginning of a word on if there is more of it.

    >>> _before("Check the oil of the pump.", 21), len(_before("oil " * 200, 800))
    ('Check the oil of the ', 298)
    """
    first = max(0, start - _AROUND)
    if not first:
        return text[:start]
    first = cluster(text, first)[0]
    blank = text.find(" ", first, start)
    return "\N{HORIZONTAL ELLIPSIS} " + text[blank + 1 if blank >= 0 else first : start]


def accept(lake: Lake, question: EvalQuestion) -> bool:
    """Accepts a question unchanged; False if it no longer exists."""
    return _changed(lake, question, lambda found: replace(found, reviewed=True))


def edit(lake: Lake, question: EvalQuestion, text: str, answers: Sequence[str]) -> bool:
    """Accepts a reworded question; False if it no longer exists. Raises UsageError if the text has no word."""
    return _changed(lake, question, lambda found: replace(found, text=text, answers=tuple(answers), reviewed=True))


def turn_down(lake: Lake, question: EvalQuestion) -> bool:
    """Deletes a question for good: neither generation nor feedback brings it back.

    Returns False if it no longer exists.
    """
    named = [(piece.source, piece.uri) for piece in question.evidence if piece.source is not None]
    about = [place for source, uri in named for place in places(source, uri)]
    if question.origin != "imported":
        Calls(lake).turn_down(question.set, question.text, about)
    return _changed(lake, question, lambda found: None)


def _changed(lake: Lake, question: EvalQuestion, decide: Callable[[EvalQuestion], EvalQuestion | None]) -> bool:
    """Replaces the question by the decision's result, merged with any other question of the same words."""
    found = False

    def step(kept: list[EvalQuestion]) -> list[EvalQuestion]:
        nonlocal found
        mine = [one for one in kept if one.question_id == question.question_id]
        found = bool(mine)
        decided = [one for one in map(decide, mine) if one is not None]
        return merged([*decided, *(one for one in kept if one not in mine)])

    change(lake, step)
    return found
