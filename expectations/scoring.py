"""Scores of a release for questions: those that were kept where they still are of the same questions, else new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.asking import settings_of
from expectations.measures import RANKED
from expectations.retrieval import evaluate
from lake.errors import UsageError
from lake.progress import Progress, silent
from lake.schemas import SCORES

if TYPE_CHECKING:
    from lake.query import Index
    from lake.questions import Asked


def scores_of(
    index: Index,
    questions: Sequence[Asked],
    at: str = "live",
    how: Mapping[str, Any] | None = None,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> pa.Table:
    """SCORES rows of these questions, asked at one release in one way; what had to be measured is kept.

    Kept rows are of the same questions where text, answers and evidence are what they were, set by set.
    ``again`` measures whatever is kept.
    """
    release, settings = index.release(at).release, settings_of(how or {})
    known = _only(index.scores(release), "settings", settings)
    parts = [SCORES.empty_table()]
    for mine in sets_of(questions):
        rows = None if again else _fitting(_only(known, "set", mine[0].set), mine)
        if rows is None:
            rows = evaluate(index, mine, release, how, progress=progress).rows
            index.keep_scores(rows)
        parts.append(rows)
    return pa.concat_tables(parts)


def sets_of(questions: Sequence[Asked]) -> list[list[Asked]]:
    """The questions of each set, by its name; UsageError where there are none at all."""
    if not questions:
        raise UsageError("the lake knows no questions yet; raglake questions import takes some in")
    names = sorted({question.set for question in questions})
    return [[question for question in questions if question.set == name] for name in names]


def _only(rows: pa.Table, column: str, value: str) -> pa.Table:
    return rows.filter(pc.equal(rows.column(column), value))


def _fitting(rows: pa.Table, questions: Sequence[Asked]) -> pa.Table | None:
    """The rows of these questions; None unless each is there as it is now, everything was measured and none failed."""
    known = set(zip(*(rows.column(name).to_pylist() for name in ("question_id", "question_digest")), strict=True))
    wanted = {question.question_id: question.digest for question in questions}
    ranked = rows.filter(pc.equal(rows.column("level"), "document"))
    is_measured = not ranked.num_rows or set(RANKED) <= set(pc.unique(ranked.column("measure")).to_pylist())
    if not is_measured or not wanted.items() <= known or "failed" in rows.column("status").to_pylist():
        return None
    return rows.filter(pc.is_in(rows.column("question_id"), pa.array(list(wanted), pa.string())))
