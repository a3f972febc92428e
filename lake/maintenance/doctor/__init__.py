"""Finds what is wrong with a stored lake, and what would fix it, without trusting any of it."""

from __future__ import annotations

from lake.maintenance.doctor.checks import examine, open_damaged
from lake.maintenance.doctor.findings import CheckResult, Diagnosis, Issue
from lake.maintenance.doctor.repair import repair

__all__ = ["CheckResult", "Diagnosis", "Issue", "examine", "open_damaged", "repair"]
