"""Removes what was erased from questions: its quotes, answers based on them, and its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.questions.values import EvalQuestion, Evidence

if TYPE_CHECKING:
    from lake.directory import Lake


def undenied(lake: Lake, questions: Iterable[EvalQuestion]) -> list[EvalQuestion]:
    """Questions without evidence at erased places, and without those that had no other."""
    denylist, kept = lake.denylist(), list(questions)
    if not denylist:
        return kept
    sources = _sources(lake)

    def is_denied(piece: Evidence) -> bool:
        named = [piece.source] if piece.source is not None else sources
        return any(denylist.has_document(source, piece.uri) for source in named)

    found = (
        without_evidence(question, [piece for piece in question.evidence if is_denied(piece)]) for question in kept
    )
    return [question for question in found if question is not None]


def _sources(lake: Lake) -> list[str]:
    """Names of live's sources, for evidence that names none."""
    live = lake.log.read().live
    if live is None:
        return []
    rows = lake.tables(live.generation).at("documents", live.versions["documents"]).scan(["source"])
    return sorted(set(rows.column("source").to_pylist()))


def without_evidence(question: EvalQuestion, gone: list[Evidence]) -> EvalQuestion | None:
    """The question without this evidence and without answers, which may quote it; None if no evidence is left."""
    if not gone:
        return question
    left = tuple(piece for piece in question.evidence if piece not in gone)
    return replace(question, evidence=left, answers=()) if left else None
