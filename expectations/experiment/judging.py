"""From SCORES rows of each cell to the result of an experiment: means, differences from the base, the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from expectations.comparison import compare
from expectations.experiment.choosing import choose, front
from expectations.experiment.values import Built, CellOutcome, Choice, Score
from expectations.resampling import holm
from expectations.summary import HEADLINE, means
from lake.errors import UsageError
from lake.options.checks import split_measure
from lake.reporting import either
from lake.schemas import SCORES

if TYPE_CHECKING:
    import pyarrow as pa

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
    return outcomes, choose(outcomes, rows, names[0]), fronts


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
