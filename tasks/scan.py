"""The task that finds out what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks._artifacts import show_plan
from tasks._policy import step
from tasks.plain import scan_job

if TYPE_CHECKING:
    from lake.scan import Scan
    from tasks.job import Job


@step("scan")
def scan(job: Job) -> Scan:
    """List the sources, digest what may have changed, and plan; the plan is shown as a table."""
    found = scan_job(job)
    show_plan(job, found.plan)
    return found
