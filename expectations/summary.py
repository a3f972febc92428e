"""Scores of single questions put together: means with their intervals, slices, latencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from expectations.resampling import interval
from lake.errors import UsageError
from lake.reporting import either

if TYPE_CHECKING:
    import pyarrow as pa

#: What is shown unless all is asked for: level and measure.
HEADLINE = (
    ("document", "nDCG@10"),
    ("document", "R@10"),
    ("document", "RR"),
    ("document", "Success@5"),
    ("span", "recall@5"),
    ("span", "IoU@5"),
)
_OF = ("release", "settings", "set")
#: Columns by which scores are sliced; the length of a question in words comes in three.
SLICES = ("source", "media_type", "language", "length")
_SHORT, _LONG = 5, 12
_LENGTHS = (f"up to {_SHORT} words", f"up to {_LONG} words", "longer")


def means(
    rows: pa.Table, by: Sequence[str] = (), measures: Sequence[tuple[str, str]] | None = None
) -> list[dict[str, Any]]:
    """Of each release, search profile, set, level and measure: n, mean and its 95 % interval; failures count as 0.

    ``by`` slices them further (``SLICES``), ``measures`` are those wanted (level, name). Latencies are left to
    ``latencies``. Raises UsageError if there is no such slice.
    """
    if unknown := sorted(set(by) - set(SLICES)):
        raise UsageError(f"scores can't be sliced by {unknown}; choose {either(SLICES)}")
    frame = _sliced(rows).filter(pl.col("value").is_not_null() & (pl.col("level") != "search"))
    frame = frame.sort(by, nulls_last=True, maintain_order=True) if by else frame
    keys = [*_OF, *by, "level", "measure"]
    if measures is not None:
        wanted = pl.DataFrame(measures, schema={"level": pl.String, "measure": pl.String}, orient="row")
        frame = wanted.join(frame, on=["level", "measure"], maintain_order="left_right")
    found = []
    for key, part in frame.group_by(keys, maintain_order=True):
        values = part.sort("question_id")["value"].to_numpy()
        low, high = interval(values)
        figures = {"n": len(values), "mean": float(values.mean()), "low": low, "high": high}
        found.append(dict(zip(keys, key, strict=True)) | figures)
    return found


def latencies(rows: pa.Table) -> list[dict[str, Any]]:
    """Seconds of a search: p50, p95 and p99 over the questions of each release, search profile and set."""
    frame = pl.DataFrame(rows).filter(pl.col("measure") == "seconds")
    found = []
    for key, part in frame.group_by(_OF, maintain_order=True):
        values = np.quantile(part["value"].to_numpy(), [0.5, 0.95, 0.99])
        found.append(
            dict(zip(_OF, key, strict=True)) | dict(zip(("p50", "p95", "p99"), map(float, values), strict=True))
        )
    return found


def counts(rows: pa.Table) -> list[dict[str, Any]]:
    """How many questions of each release, search profile and set were scored, failed, or were left out and why."""
    frame = pl.DataFrame(rows).unique([*_OF, "question_id"])
    grouped = frame.group_by([*_OF, "status"]).len("n").sort([*_OF, "status"])
    return grouped.to_dicts()


def _sliced(rows: pa.Table) -> pl.DataFrame:
    words = pl.col("n_words")
    length = (
        pl.when(words <= _SHORT)
        .then(pl.lit(_LENGTHS[0]))
        .when(words <= _LONG)
        .then(pl.lit(_LENGTHS[1]))
        .otherwise(pl.lit(_LENGTHS[2]))
    )
    return pl.DataFrame(rows).with_columns(length=length.cast(pl.Enum(_LENGTHS)))
