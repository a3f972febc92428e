"""What an examination found: values without any reading or writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: How ``repair`` fixes an issue; "" where the lake alone can't.
Fix = Literal["", "mark", "drop", "salvage", "delta", "vectors", "tag", "rebuild", "redact", "finish"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is not as it must be: which check found it, where, what it is and what would fix it."""

    check: str
    where: str  # a file or folder of the lake, or a release
    what: str
    remedy: str
    fix: Fix = ""

    @property
    def fixable(self) -> bool:
        """Whether ``raglake doctor --repair`` fixes it."""
        return bool(self.fix)

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {name: fields[name] for name in ("check", "where", "what", "remedy")} | {"fixable": self.fixable}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check that was made, over how many things of what kind; ``skipped`` says why it could not be made."""

    name: str
    n: int
    unit: str
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was checked and found. ``remarks`` are no issues: what dead runs left, who is writing."""

    lake: str
    checks: tuple[CheckResult, ...]
    issues: tuple[Issue, ...]
    remarks: tuple[str, ...] = ()
    fixed: tuple[Issue, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.issues

    def to_json(self) -> dict[str, Any]:
        return {
            "lake": self.lake,
            "healthy": self.healthy,
            "checks": [asdict(check) for check in self.checks],
            "issues": [issue.to_json() for issue in self.issues],
            "fixed": [issue.to_json() for issue in self.fixed],
            "remarks": list(self.remarks),
        }
