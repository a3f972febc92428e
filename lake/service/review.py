"""Drafts of questions for a reviewer, and his decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lake.directory import Lake
from lake.errors import UsageError
from lake.ids import document_id
from lake.questions import reviewing
from lake.service.problems import Problem

if TYPE_CHECKING:
    from lake.index import Index
    from lake.questions.reviewing import Shown
    from lake.questions.values import EvalQuestion


def drafts(index: Index, name: str, start: int, limit: int, *, every: bool = False) -> dict[str, Any]:
    """Drafts of a set with the text around their evidence in live; with ``every``, also reviewed questions."""
    lake, live = Lake.existing(index.url), index.history().live
    pending = _of_set(lake, name, every=every)
    page = pending[start : start + limit]
    shown = zip(page, reviewing.shown(lake, live, page), strict=True)
    return {
        "set": name,
        "n_drafts": sum(not one.reviewed for one in pending),
        "drafts": [_draft(question, evidence) for question, evidence in shown],
        "next_start": start + limit if start + limit < len(pending) else None,
    }


def review(
    index: Index, name: str, question_id: str, decision: str, text: str | None, answers: Sequence[str] | None
) -> dict[str, Any]:
    """Applies a decision; raises Problem 404 if the question no longer exists."""
    lake = Lake.existing(index.url)
    question = next((one for one in _of_set(lake, name, every=True) if one.question_id == question_id), None)
    if question is None or not _decided(lake, question, decision, text, answers):
        raise Problem(404, "no_question", f"no question {question_id!r} in {name!r}; somebody else may have dropped it")
    left = sum(one.set == name and not one.reviewed for one in index.questions())
    return {"set": name, "question_id": question_id, "decision": decision, "n_drafts": left}


def _decided(
    lake: Lake, question: EvalQuestion, decision: str, text: str | None, answers: Sequence[str] | None
) -> bool:
    if decision == "edit":
        return reviewing.edit(lake, question, text or "", question.answers if answers is None else answers)
    return reviewing.accept(lake, question) if decision == "accept" else reviewing.turn_down(lake, question)


def _of_set(lake: Lake, name: str, *, every: bool) -> list[EvalQuestion]:
    try:
        return reviewing.to_review(lake, name, every=every)
    except UsageError as error:
        raise Problem(404, "no_set", str(error)) from error


def _draft(question: EvalQuestion, evidence: Sequence[Shown]) -> dict[str, Any]:
    return {
        "question_id": question.question_id,
        "text": question.text,
        "answers": list(question.answers),
        "language": question.language,
        "tags": list(question.tags),
        "origin": question.origin,
        "reviewed": question.reviewed,
        "evidence": [_evidence(one) for one in evidence],
    }


def _evidence(one: Shown) -> dict[str, Any]:
    piece = one.evidence
    return {
        "uri": piece.uri,
        "source": piece.source,
        "doc_id": document_id(piece.source, piece.uri) if piece.source is not None else None,
        "start": piece.start,
        "grade": piece.grade,
        "before": one.before,
        "quote": one.quote,
        "after": one.after,
        "reason": one.reason,
    }
