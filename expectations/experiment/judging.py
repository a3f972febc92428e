"""From SCORES rows of each cell to the result of an experiment: means, differences from the base, the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from expectations.comparison import LEAST, compare
from expectations.experiment.choosing import choose, front
from expectations.experiment.values import Built, CellOutcome, Choice, Score
from expectations.resampling import holm
from expectations.summary import HEADLINE, means
from lake.errors import UsageError
from lake.ids import value_digest
from lake.options.checks import split_measure
from lake.records.schemas import SCORES
from lake.reporting import either

if TYPE_CHECKING:
    from expectations.experiment.grid import Cell

#: Values that a name has where several sets of questions are put together.
_ALL = "all"


def judged(
    found: Sequence[tuple[Cell, Built, pa.Table]], times: Mapping[int, np.ndarray], measures: Sequence[str] = ()
) -> tuple[list[CellOutcome], Choice, dict[str, frozenset[int]]]:
    """What each cell came to, the base first; which to take; and the fronts of latency and of cost.

    ``times``: seconds of searches of each cell. ``measures`` (level, blank, name) default to the usual ones that the
    questions can have; the first one decides.
    """
    rows = {cell.number: _together(scores) for cell, _, scores in found}
    names = [name for name in measures or _usual() if _has(rows[0], name)]
    if not names:
        raise UsageError(f"no question is measured by {either(measures)}; `raglake evaluate --all` shows what there is")
    outcomes = [_outcome(cell, built, rows[cell.number], times[cell.number], names) for cell, built, _ in found]
    outcomes = _against_base(outcomes, rows, names)
    points = {one.cell.number: (one.scores[names[0]].mean, one) for one in outcomes}
    is_priced = any(one.cost for one in outcomes)
    fronts = {
        "latency": front({n: (score, one.p50) for n, (score, one) in points.items()}),
        "cost": front({n: (s, one.cost if is_priced else float(one.built.n_tokens)) for n, (s, one) in points.items()}),
    }
    return outcomes, _confirmed(choose(outcomes, rows, names[0]), outcomes, rows, names), fronts


def _confirmed(
    choice: Choice, outcomes: Sequence[CellOutcome], rows: Mapping[int, pa.Table], names: Sequence[str]
) -> Choice:
    """The choice, and the cell that one half of the questions chooses, if the other half finds it better."""
    halves = [{number: _half(table, which) for number, table in rows.items()} for which in (0, 1)]
    if any(n_questions(half[0]) < LEAST for half in halves):
        few = f"{outcomes[0].n_questions} questions are too few to choose by one half and confirm by the other"
        return replace(choice, confirmation=f"{few}; {2 * LEAST} and more can")
    first, second = halves
    by_half = [_outcome(one.cell, one.built, first[one.cell.number], np.array([one.p50]), names) for one in outcomes]
    number = choose(by_half, first, names[0]).chosen
    if number == 0:
        return replace(
            choice, confirmation="by the half of the questions that chooses, no cell is better than the base"
        )
    found = compare(second[0], second[number], [split_measure(names[0])])[0].judgement
    told = f"cell {number}, chosen by {n_questions(first[0])} questions, is {found.difference:+.4f} by {found.n} others"
    if found.word != "better":
        return replace(choice, confirmation=f"{told} (p = {found.p:.3f}): {found.word}")
    return replace(choice, confirmed=number, confirmation=f"{told} (p = {found.p:.3f}): better")


def _half(rows: pa.Table, which: int) -> pa.Table:
    """Rows of every second question, by digest, so that a question is always in the same half."""
    digests = rows.column("question_id").to_pylist()
    return rows.filter(pa.array([int(value_digest(one)[:8], 16) % 2 == which for one in digests], pa.bool_()))


def n_questions(rows: pa.Table) -> int:
    return len(set(rows.column("question_id").to_pylist()))


def _usual() -> list[str]:
    return [f"{level} {name}" for level, name in HEADLINE]


def _together(rows: pa.Table) -> pa.Table:
    """Questions of several sets as one."""
    frame = pl.DataFrame(rows)
    if frame["set"].n_unique() > 1:
        frame = frame.with_columns(
            pl.concat_str("set", "question_id", separator="/").alias("question_id"), set=pl.lit(_ALL)
        )
    return frame.to_arrow().cast(SCORES)


def _has(rows: pa.Table, measure: str) -> bool:
    level, name = split_measure(measure)
    return bool(pl.DataFrame(rows).filter(pl.col("value").is_not_null(), level=level, measure=name).height)


def _outcome(cell: Cell, built: Built, rows: pa.Table, seconds: np.ndarray, names: Sequence[str]) -> CellOutcome:
    found = {f"{row['level']} {row['measure']}": row for row in means(rows, (), [split_measure(n) for n in names])}
    scores = {name: Score(found[name]["mean"], found[name]["low"], found[name]["high"]) for name in names}
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) if len(seconds) else (np.nan, np.nan)
    return CellOutcome(cell, built, found[names[0]]["n"], scores, float(p50), float(p95))


def _against_base(
    outcomes: Sequence[CellOutcome], rows: Mapping[int, pa.Table], names: Sequence[str]
) -> list[CellOutcome]:
    """With differences from the base, whose p-values are corrected for the number of cells, measure by measure."""
    others = [one.cell.number for one in outcomes if one.cell.number]
    scores: dict[int, dict[str, Score]] = {one.cell.number: dict(one.scores) for one in outcomes}
    for name in names:
        found = {n: compare(rows[0], rows[n], [split_measure(name)])[0].judgement for n in others}
        for number, corrected in zip(others, holm([found[n].p for n in others]), strict=True):
            one = found[number]
            known = scores[number][name]
            scores[number][name] = replace(known, difference=one.difference, p=one.p, p_corrected=corrected)
    return [replace(one, scores=scores[one.cell.number]) for one in outcomes]


def n_left_out(rows: pa.Table) -> int:
    """Questions that could not be searched."""
    frame = pl.DataFrame(rows).unique(["set", "question_id"])
    return int(np.sum(~frame["status"].is_in(["scored", "failed"]).to_numpy()))
