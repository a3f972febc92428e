"""What an examination found: values without any reading or writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: How ``repair`` fixes an issue; "" if the lake alone can't.
Fix = Literal["", "mark", "drop", "salvage", "delta", "vectors", "tag", "rebuild", "redact", "finish"]


@dataclass(frozen=True, slots=True)
class Issue:
    """A problem: the check that found it, its place, what it is, and what would fix it."""

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
    """The result of one check: how many things of what kind it covered; ``skipped`` is why it could not run."""

    name: str
    n: int
    unit: str
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was checked and found. ``remarks`` are not issues: leftovers of dead runs, a writing run."""

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
