"""The tasks that end a run: publish the candidate, or refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks._policy import step
from tasks.plain import publish_one, refuse_one

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from lake.releases import Release
    from tasks.job import Job


@step("publish", run_name="publish {candidate.release}")
def publish(job: Job, candidate: Release, verdict: Verdict) -> None:
    """Make the candidate live, in one step that a retry finds done."""
    publish_one(job, candidate, verdict)


@step("refuse", run_name="refuse {candidate.release}")
def refuse(job: Job, candidate: Release, verdict: Verdict) -> str:
    """Log that the candidate failed its audit; the reason."""
    return refuse_one(job, candidate, verdict)
