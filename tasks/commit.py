"""The task that makes a candidate of what was indexed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.plain import commit_one
from tasks.policy import step

if TYPE_CHECKING:
    from lake.ingest.scan import Scan
    from lake.releases.values import Release, Spent
    from tasks.job import Job


@step("commit")
def commit(job: Job, found: Scan, spent: Spent | None = None) -> Release:
    """Write one version per table and log them as a candidate; a retry starts again from the base's versions."""
    return commit_one(job, found, spent)
