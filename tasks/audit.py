"""The task that judges a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.artifacts import show_verdict
from tasks.plain import audit_one
from tasks.policy import step

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from lake.releases.values import Release
    from tasks.job import Job


@step("audit", run_name="audit {candidate.id}")
def audit(job: Job, candidate: Release) -> Verdict:
    """Hold the candidate against its expectations; the verdict is shown as markdown."""
    verdict = audit_one(job, candidate)
    show_verdict(job, candidate, verdict)
    return verdict
