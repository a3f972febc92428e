"""The tasks that ask a release the questions whose answers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.directory import Lake
from tasks.artifacts import ProgressArtifacts, show_answers
from tasks.plain import evaluate_one, measure_one
from tasks.policy import step

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.gating import Answers
    from lake.releases.values import Release


@step("evaluate", run_name="evaluate {candidate.id}")
def evaluate(lake: str, candidate: Release) -> Answers | None:
    """Judge a candidate by the lake's questions beside live; scores and verdict are shown. None: nothing is asked."""
    answers = evaluate_one(Lake(lake), candidate, ProgressArtifacts(lake))
    if answers is not None:
        show_answers(lake, answers)
    return answers


@step("measure", run_name="measure {release.id}")
def measure(lake: str, release: Release, *, again: bool) -> pa.Table:
    """SCORES rows of a release, which the lake keeps; ``again``: taken anew, for how fast it answers today."""
    return measure_one(Lake(lake), release, ProgressArtifacts(lake), again=again)
