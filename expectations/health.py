"""The audit of what is live, as one more check of an examination."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations.audit import audit
from expectations.audit_settings import AuditSettings
from lake.maintenance.doctor.examination import failing
from lake.maintenance.doctor.findings import CheckResult, Issue

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from lake.directory import Lake
    from lake.maintenance.doctor.findings import Diagnosis

_NAME, _UNIT = "audit", "expectations"


def with_audit(lake: Lake, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis and what an audit of live finds wrong in itself; raises nothing.

    How much a release lost or holds in quarantine was judged when it was published, so that is left out.
    """
    problems: list[str] = []
    verdict: Verdict | None = None
    with failing(problems.append):
        verdict = _audit_of_live(lake)
    issues = [Issue(_NAME, "live", f"can't be audited: {problem}", "fix the rest first") for problem in problems]
    if verdict is not None:
        issues += _issues(verdict)
    skipped = "" if verdict or problems else "nothing is live"
    check = CheckResult(_NAME, verdict.n_checks if verdict else 0, _UNIT, skipped)
    return replace(diagnosis, checks=(*diagnosis.checks, check), issues=(*diagnosis.issues, *issues))


def _audit_of_live(lake: Lake) -> Verdict | None:
    live = lake.log.read().live
    whatever = sys.maxsize
    settings = AuditSettings(
        min_documents=0,
        a_few=whatever,
        a_few_chunks=whatever,
        warn_removed_share=1.0,
        max_removed_share=1.0,
        warn_failed_share=1.0,
        max_failed_share=1.0,
    )
    return audit(lake, live, settings, whole=True) if live else None


def _issues(verdict: Verdict) -> list[Issue]:
    found = []
    for finding in verdict.failures:
        if finding.severity == "critical":
            what, _, remedy = finding.message.rpartition("; ")
            ids = f" [{', '.join(finding.sample_ids[:3])}]" if finding.sample_ids else ""
            where = f"{finding.name} of {verdict.release}"
            found.append(Issue(_NAME, where, f"{what or remedy}{ids}", remedy or what))
    return found
