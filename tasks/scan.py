"""The task that finds out what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.artifacts import show_plan
from tasks.plain import scan_job
from tasks.policy import step

if TYPE_CHECKING:
    from lake.ingest.scan import Scan
    from tasks.job import Job


@step("scan")
def scan(job: Job) -> Scan:
    """List the sources, digest what may have changed, and plan; the plan is shown as a table."""
    found = scan_job(job)
    show_plan(job, found.plan)
    return found
