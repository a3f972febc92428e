"""Whether a release declines questions that nothing in it answers, and answers the others; no model is called.

Measures, each 1 if the release did right: ``answered@T`` of a question with evidence and ``declined@T`` of one without,
where T is the least evidence for which a model is called. Level ``search`` has the evidence itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from expectations.profiles import full_profile, profile_of
from lake.answer import AnswerOptions
from lake.answer.confidence import evidence_of
from lake.errors import GoneError, LakeError
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.embed.base import Embedder
    from lake.index import Index
    from lake.questions import EvalQuestion, Resolved
    from lake.releases.values import Release

LEVEL = "evidence"
#: Thresholds that are shown beside the one in use.
SHOWN = (0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
_ANSWERING = AnswerOptions()
ANSWERED, DECLINED = (f"{name}@{_ANSWERING.min_evidence:g}" for name in ("answered", "declined"))
#: What a set with such questions needs of each of its questions.
MEASURES = (ANSWERED, DECLINED)


def is_measured(questions: Iterable[EvalQuestion]) -> bool:
    """Whether a set holds a question that nothing answers; without one, declining never is right."""
    return any(question.is_unanswerable for question in questions)


def of_questions(
    index: Index,
    asked: Sequence[Resolved],
    release: Release,
    how: Mapping[str, Any],
    embedder: Embedder | None = None,
) -> dict[str, dict[tuple[str, str], float]]:
    """The measures of each question by (level, name), by its id; passages are those that an answer would be made of.

    A question whose search fails has 0 and no evidence; if all fail, the first error is raised.
    """
    words = full_profile({"principals": EVERYTHING, **profile_of(index, how, shaped=True)})
    found: dict[str, dict[tuple[str, str], float]] = {}
    failures: list[LakeError] = []
    for one in asked:
        text, has_none = one.question.text, one.question.is_unanswerable
        measure = (LEVEL, DECLINED if has_none else ANSWERED)
        try:
            hits = index.search(text, _ANSWERING.k, at=release.id, embedder=embedder, **words).hits
        except GoneError:
            raise
        except LakeError as error:
            failures.append(error)
            found[one.question.question_id] = {measure: 0.0}
            continue
        probability = evidence_of(text, hits, release.recipe.embedder.name)
        is_right = (probability < _ANSWERING.min_evidence) == has_none
        found[one.question.question_id] = {measure: float(is_right), ("search", LEVEL): probability}
    if asked and len(failures) == len(asked):
        raise failures[0]
    return found


def separation(rows: pa.Table) -> dict[str, Any] | None:
    """How well evidence separates questions with an answer from those without, over SCORES rows of one evaluation.

    ``auc``: how often a question with an answer has more evidence than one without. ``thresholds``: for each least
    evidence the shares of questions with an answer that are answered, and of those without that are declined. None
    unless there are both kinds.
    """
    frame = pl.DataFrame(rows).filter(pl.col("value").is_not_null())
    evidence = frame.filter((pl.col("level") == "search") & (pl.col("measure") == LEVEL))
    without = frame.filter(pl.col("measure") == DECLINED)["question_id"].implode()
    is_without = pl.col("question_id").is_in(without)
    with_answer, none = (evidence.filter(kind)["value"].to_numpy() for kind in (~is_without, is_without))
    if not len(with_answer) or not len(none):
        return None
    more = (with_answer[:, None] > none).mean() + 0.5 * (with_answer[:, None] == none).mean()
    shares = [
        {"min_evidence": least, "answered": _share(with_answer >= least), "declined": _share(none < least)}
        for least in sorted({*SHOWN, _ANSWERING.min_evidence})
    ]
    return {"n_answerable": len(with_answer), "n_unanswerable": len(none), "auc": float(more), "thresholds": shares}


def _share(flags: np.ndarray) -> float:
    return float(flags.mean())
