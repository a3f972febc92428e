"""Removes what was erased for good from questions: quotes, answers that rest on them, and words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lake.erasure.verification import Terms, occurring
from lake.ids.uris import folded
from lake.questions.denied import without_evidence
from lake.questions.store import change
from lake.questions.values import EvalQuestion, Evidence

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope
    from lake.erasure.verification import Terms


@dataclass(frozen=True, slots=True)
class _Place:
    source: str | None
    uri: str


def erase(lake: Lake, erased: ErasureScope) -> int:
    """Remove every trace of erased documents from the stored questions. Returns the number of questions removed.

    A question is removed if it has no other evidence, or if its own words occur only in the erased documents.
    """
    n_before = n_after = 0

    def step(kept: list[EvalQuestion]) -> list[EvalQuestion]:
        nonlocal n_before, n_after
        left = list(_without_evidence(erased, kept))
        left = list(_without_traces(erased.terms, left))
        n_before, n_after = len(kept), len(left)
        return left

    change(lake, step)
    return n_before - n_after


def _without_evidence(erased: ErasureScope, questions: Iterable[EvalQuestion]) -> Iterator[EvalQuestion]:
    rows = erased.choice.rows.select("doc_id", "source", "uri").unique().iter_rows()
    places = {_Place(source, folded(uri)): doc_id in erased.choice.named for doc_id, source, uri in rows}
    by_uri: dict[str, bool] = {}
    for place, is_named in places.items():
        by_uri[place.uri] = by_uri.get(place.uri, False) or is_named

    def is_gone(piece: Evidence) -> bool:
        uri = folded(piece.uri)
        named = by_uri.get(uri) if piece.source is None else places.get(_Place(piece.source, uri))
        # A copy is removed only with the erased bytes; its other contents may stay.
        return named is True or (named is False and any((piece.quote or "") in text for text in erased.terms.texts))

    for question in questions:
        left = without_evidence(question, [piece for piece in question.evidence if is_gone(piece)])
        if left is not None:
            yield left


def _without_traces(terms: Terms, questions: list[EvalQuestion]) -> Iterator[EvalQuestion]:
    """Drop questions with traces in their text; if only an imported id has one, drop just the id."""
    found = occurring(terms, [string for question in questions for string in _strings(question)])
    if not (found.ids or found.texts or found.words):
        yield from questions
        return
    few = Terms(found.ids, found.texts, found.words)
    for question in questions:
        bare = replace(question, key=None)
        if not _holds(few, _strings(bare)):
            yield bare if _holds(few, [question.key or ""]) else question


def _holds(terms: Terms, strings: list[str]) -> bool:
    found = occurring(terms, strings)
    return bool(found.ids or found.texts or found.words)


def _strings(question: EvalQuestion) -> list[str]:
    quoted = (part for e in question.evidence for part in (e.source, e.uri, e.quote, e.before, e.after))
    found = (question.text, question.key, *question.answers, *question.tags, *quoted)
    return [string for string in found if string]
