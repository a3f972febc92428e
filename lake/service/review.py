"""Drafts of questions for a reviewer, and his decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.directory import Lake
from lake.errors import RefusedError, UsageError
from lake.ids import document_id
from lake.questions import from_passage, reviewing
from lake.questions.values import EvalQuestion
from lake.search.query_ids import searched
from lake.service.problems import Problem

if TYPE_CHECKING:
    from lake.index import Index
    from lake.questions.reviewing import Shown
    from lake.questions.values import Evidence
    from lake.releases.values import Release
    from lake.service.evaluation_bodies import QuestionOfPassage


def drafts(
    index: Index, name: str, start: int, limit: int, *, every: bool = False, with_evidence: bool = True
) -> dict[str, Any]:
    """Drafts of a set with the text around their evidence in live; with ``every``, also reviewed questions."""
    lake = Lake.existing(index.url)
    pending = _of_set(lake, name, every=every)
    page = pending[start : start + limit]
    evidence: Iterable[Sequence[Shown]] = [()] * len(page)
    if with_evidence:
        evidence = reviewing.shown(lake, index.history().live, page)
    shown = zip(page, evidence, strict=True)
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


def draft_of(index: Index, name: str, asked: QuestionOfPassage, by: str) -> dict[str, Any]:
    """A DraftMade. Raises Problem 404 for a passage that does not exist, 409 for a question that was accepted."""
    lake = Lake.existing(index.url)
    search = None if asked.query_id is None else searched(asked.query_id)
    release = index.release(search.release if search else asked.at)
    text = " ".join((asked.text or (search.question if search else "")).split())
    wanted = EvalQuestion(
        name, text, answers=tuple(asked.answers), origin="feedback", reviewed=False, tags=(f"by {by}",)
    )
    try:
        evidence = _evidence_of(lake, release, asked)
        stored = from_passage.draft(lake, replace(wanted, evidence=(evidence,)))
    except RefusedError as error:
        raise Problem(409, "refused", str(error)) from error
    except UsageError as error:
        raise Problem(404, "no_passage", str(error)) from error
    pending = [one.question_id for one in _of_set(lake, name, every=False)]
    return {
        "set": name,
        "question_id": stored.question_id,
        "text": stored.text,
        "n_evidence": len(stored.evidence),
        "start": pending.index(stored.question_id) if stored.question_id in pending else 0,
        "n_drafts": len(pending),
    }


def _evidence_of(lake: Lake, release: Release, asked: QuestionOfPassage) -> Evidence:
    if asked.chunk_id is not None:
        return from_passage.chunk_evidence(lake, release, asked.chunk_id)
    return from_passage.quote_evidence(lake, release, asked.uri or "", asked.quote or "", asked.source)


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
