"""The task that makes a candidate of what was indexed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks._policy import step
from tasks.plain import commit_one

if TYPE_CHECKING:
    from lake.releases import Release, Spent
    from lake.scan import Scan
    from tasks.job import Job


@step("commit")
def commit(job: Job, found: Scan, spent: Spent | None = None) -> Release:
    """Write one version per table and log them as a candidate; a retry starts again from the base's versions."""
    return commit_one(job, found, spent)
