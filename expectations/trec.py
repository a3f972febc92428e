"""Runs and judgements in the format of TREC, which other tools read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from expectations.retrieval import grades_of, ranking
from lake.ids import value_digest

if TYPE_CHECKING:
    from expectations.retrieval import Evaluation

#: White space is what separates columns.
_SAFE = "/:@!$&'()*+,;=~"


def write(folder: Path, evaluations: Sequence[Evaluation]) -> list[Path]:
    """Writes judgements and runs of a set, one per search profile, at one release: ``SET.qrels``, ``SET.MODE.run``.

    Questions are called as where they were imported from, if that is unambiguous, else by their ids; documents by
    URI, or by source and URI if there are several sources. A run ranks documents; one stands where its first
    passage stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    questions, documents = _question_names(evaluations[0]), _document_names(evaluations)
    name = evaluations[0].resolved[0].question.set
    files = {f"{name}.qrels": _judged(evaluations[0], questions, documents)}
    files |= {f"{name}.{_label(one)}.run": _found(one, questions, documents) for one in evaluations}
    for file, lines in files.items():
        (folder / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    return [folder / file for file in files]


def _found(evaluation: Evaluation, questions: dict[str, str], documents: dict[str, str]) -> Iterator[str]:
    tag = f"{evaluation.release}-{_label(evaluation)}"
    for name, hits in evaluation.found.items():
        ranked = ranking(hits or (), "document")
        for rank, doc_id in enumerate(ranked, 1):
            yield f"{questions[name]} Q0 {documents[doc_id]} {rank} {len(ranked) - rank + 1} {tag}"


def _judged(evaluation: Evaluation, questions: dict[str, str], documents: dict[str, str]) -> Iterator[str]:
    for one in evaluation.scored:
        for doc_id, grade in grades_of(one, "document").items():
            yield f"{questions[one.question.question_id]} 0 {documents[doc_id]} {grade}"


def _label(evaluation: Evaluation) -> str:
    """The mode, and what distinguishes the profile from others of that mode."""
    how = json.loads(evaluation.settings)
    return str(how["mode"]) if len(how) == 1 else f"{how['mode']}-{value_digest(how)[:8]}"


def _question_names(evaluation: Evaluation) -> dict[str, str]:
    asked = [one.question for one in evaluation.resolved]
    keys = {question.key for question in asked if question.key}
    if len(keys) == len(asked):
        return {question.question_id: quote(question.key or "", _SAFE) for question in asked}
    return {question.question_id: question.question_id for question in asked}


def _document_names(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """What each document is called; never two of them alike."""
    resolved = [one for evaluation in evaluations for one in evaluation.resolved]
    places = {
        doc_id: (str(row["source"]), str(row["uri"])) for one in resolved for doc_id, row in one.documents.items()
    }
    hits = (hit for one in evaluations for found in one.found.values() for hit in found or ())
    places |= {hit["doc_id"]: (hit["source"], hit["uri"]) for hit in hits}
    alone = len({source for source, _ in places.values()}) == 1
    return {
        doc_id: quote(uri, _SAFE) if alone else f"{quote(source, _SAFE)}/{quote(uri, _SAFE)}"
        for doc_id, (source, uri) in places.items()
    }
