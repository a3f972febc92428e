"""The task that ends a run: publish the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.events import tell
from tasks.plain import publish_one
from tasks.policy import step

if TYPE_CHECKING:
    from lake.releases.values import Release
    from tasks.job import Job


@step("publish", run_name="publish {candidate.id}")
def publish(job: Job, candidate: Release) -> None:
    """Make the candidate live, in one step that a retry finds done."""
    publish_one(job, candidate)
    tell(job.lake, "published", release=candidate.id)
