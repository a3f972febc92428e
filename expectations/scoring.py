"""Scores of a release for questions: those that were kept if they still are of the same questions, else new ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations import declining
from expectations.measures import RANKED
from expectations.profiles import profile_of, profile_text
from expectations.retrieval import DEPTH, basis_of, evaluate
from lake.errors import UsageError
from lake.records.schemas import SCORES
from lake.reporting import Progress, silent
from lake.schemas import tuples

if TYPE_CHECKING:
    from lake.index import Index
    from lake.questions import EvalQuestion

#: Questions that are asked until what they scored is kept: what a run that dies has to ask again.
_AT_A_TIME = 500


def scores_of(
    index: Index,
    questions: Sequence[EvalQuestion],
    at: str = "live",
    how: Mapping[str, Any] | None = None,
    *,
    names: Sequence[str] = (),
    only: Collection[str] | None = None,
    depth: int = DEPTH,
    again: bool = False,
    progress: Progress = silent,
) -> pa.Table:
    """SCORES rows of these questions at one release under one search profile; new measurements are kept.

    Fields that ``how`` omits fall back to the lake's configuration.
    Rows that are kept count as long as the question's text, answers and evidence, the release's content and raglake's
    version are what they were, and nothing failed. ``again`` measures whatever is kept; ``names`` are measures of
    rankings besides the usual ones. ``only``: ids of the questions to measure, without the seconds that they take;
    rows of the others stay kept.
    """
    release, profile = index.release(at), profile_of(index, how or {})
    settings = profile_text(profile, None if depth == DEPTH else depth)
    measures = tuple(dict.fromkeys([*RANKED, *names]))
    known = SCORES.empty_table() if again else _only(index.scores(release.id), "settings", settings)
    known = _only(known, "basis", basis_of(release))

    def measured(part: Sequence[EvalQuestion], declines: bool) -> pa.Table:
        words: dict[str, Any] = {"names": measures, "depth": depth, "declines": declines, "progress": progress}
        return evaluate(index, part, release.id, profile, timed=only is None, **words).rows

    parts = (_of_set(index, mine, _only(known, "set", mine[0].set), measures, measured, only)
             for mine in sets_of(questions))  # fmt: skip
    rows = pa.concat_tables([SCORES.empty_table(), *parts])
    return rows if only is None else rows.filter(pc.is_in(rows.column("question_id"), pa.array(sorted(only))))


def _of_set(
    index: Index,
    questions: Sequence[EvalQuestion],
    known: pa.Table,
    measures: Sequence[str],
    measured: Callable[[Sequence[EvalQuestion], bool], pa.Table],
    only: Collection[str] | None,
) -> pa.Table:
    """The rows of one set; what is missing of those wanted is measured part by part, and kept with each."""
    rows = _fitting(known, questions, measures)
    held = set(rows.column("question_id").to_pylist())
    wanted = {question.question_id for question in questions} if only is None else set(only)
    missing = [question for question in questions if question.question_id in wanted - held]
    declines = declining.is_measured(questions)
    for start in range(0, len(missing), _AT_A_TIME):
        new = measured(missing[start : start + _AT_A_TIME], declines)
        rows = pa.concat_tables([rows, new]).sort_by([("question_id", "ascending")])
        index.keep_scores(rows)
    return rows


def sets_of(questions: Sequence[EvalQuestion]) -> list[list[EvalQuestion]]:
    """The questions of each set, by its name; raises UsageError if there are none at all."""
    if not questions:
        raise UsageError("the lake knows no questions yet; `raglake questions import FORMAT PATH` adds some")
    names = sorted({question.set for question in questions})
    return [[question for question in questions if question.set == name] for name in names]


def _only(rows: pa.Table, column: str, value: str) -> pa.Table:
    return rows.filter(pc.equal(rows.column(column), value))


def _left_out(rows: pa.Table) -> list[str]:
    measured = pc.is_in(rows.column("status"), pa.array(["scored", "failed"]))
    names: list[str] = rows.filter(pc.invert(measured)).column("question_id").to_pylist()
    return names


def _fitting(rows: pa.Table, questions: Sequence[EvalQuestion], measures: Sequence[str]) -> pa.Table:
    """The rows of questions that are unchanged since; none unless all these measures were taken."""
    ranked = rows.filter(pc.equal(rows.column("level"), "document"))
    if ranked.num_rows and not set(measures) <= set(pc.unique(ranked.column("measure")).to_pylist()):
        return rows.slice(0, 0)
    wanted = {(question.question_id, question.digest) for question in questions}
    if declining.is_measured(questions):
        decided = rows.filter(pc.is_in(rows.column("measure"), pa.array(declining.MEASURES)))
        known = {*decided.column("question_id").to_pylist(), *_left_out(rows)}
        wanted = {(name, digest) for name, digest in wanted if name in known}
    asked = tuples(rows, "question_id", "question_digest", "status")
    return rows.filter(pa.array([status != "failed" and (name, d) in wanted for name, d, status in asked], pa.bool_()))
