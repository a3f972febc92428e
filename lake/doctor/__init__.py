"""What is wrong with a stored lake and what would mend it, looked for without trusting any of it."""

from __future__ import annotations

from lake.doctor.diagnosis import Ailment, Check, Diagnosis
from lake.doctor.examination import examine, patient
from lake.doctor.mending import repair

__all__ = ["Ailment", "Check", "Diagnosis", "examine", "patient", "repair"]
