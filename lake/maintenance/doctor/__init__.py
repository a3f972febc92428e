"""What is wrong with a stored lake and what would mend it, looked for without trusting any of it."""

from __future__ import annotations

from lake.maintenance.doctor.checks import examine, patient
from lake.maintenance.doctor.findings import Ailment, Check, Diagnosis
from lake.maintenance.doctor.repair import repair

__all__ = ["Ailment", "Check", "Diagnosis", "examine", "patient", "repair"]
