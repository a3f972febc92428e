"""Which search profile stands for the scores of a release."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from lake.directory import Lake
from lake.inspect.score_means import ScoreMeans
from lake.records import scores
from lake.records.schemas import SCORES


def test_one_evaluation_by_several_modes_is_shown_by_that_of_most_searches(lake_url: str) -> None:
    lake, at = Lake(lake_url), datetime(2026, 11, 30, tzinfo=UTC)
    for mode, value in (("vector", 0.1), ("hybrid", 0.9), ("text", 0.2)):
        row = {
            "release": "r", "set": "s", "settings": f'{{"mode": "{mode}"}}', "level": "document", "measure": "RR",
            "question_id": "q", "question_digest": "d", "value": value, "evaluated_at": at,
        }  # fmt: skip
        scores.keep(lake, pa.Table.from_pylist([row], schema=SCORES))
    means = ScoreMeans(lake).of(["r"], like="r")
    assert [row["mean"] for row in means["r"]] == [0.9]
