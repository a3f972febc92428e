"""Ties evidence to its words, so that it can be found again if the text moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.questions.alignment import Place, resolve, texts_of
from lake.questions.values import CONTEXT, EvalQuestion, Evidence

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release


def anchored(lake: Lake, release: Release | None, questions: Sequence[EvalQuestion]) -> list[EvalQuestion]:
    """Evidence with its source, span, quote and context in ``release``, if it is found there.

    Raises UsageError if a span comes without its quote and can't be read from the release: later, nobody could check
    that its text is unchanged.
    """
    found: dict[Evidence, Evidence] = {}
    if release is not None:
        places = [place for one in resolve(lake, release, questions, follow=False) for place in one.places]
        texts = texts_of(lake, release, {place.doc_id for place in places if place.start is not None})
        found = {place.evidence: _anchor(place, texts.get(place.doc_id, ("", ""))) for place in places}
    return [
        replace(question, evidence=tuple(_checked(found.get(piece, piece)) for piece in question.evidence))
        for question in questions
    ]


def _anchor(place: Place, document: tuple[str, str]) -> Evidence:
    """The evidence as in the document, given by source and text."""
    source, text = document
    start, end = place.start, place.end
    if start is None or end is None:
        return place.evidence
    return replace(
        place.evidence,
        source=place.evidence.source or source,
        quote=text[start:end],
        before=text[max(0, start - CONTEXT) : start],
        after=text[end : end + CONTEXT],
        start=start,
        end=end,
    )


def _checked(evidence: Evidence) -> Evidence:
    if evidence.is_place and evidence.quote is None:
        raise UsageError(
            f"the span {evidence.start} to {evidence.end} of {evidence.uri!r} comes without its text, and no live "
            "release has it; give the quote too, or ingest the document first"
        )
    return evidence
