"""What an examination found: values without any reading or writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: How ``repair`` mends an ailment; "" where the lake alone can't.
Mend = Literal["", "mark", "drop", "salvage", "delta", "vectors", "tag", "rebuild", "blot", "finish"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is not as it must be: which check found it, where, what it is and what would mend it."""

    check: str
    where: str  # a file or folder of the lake, or a release
    what: str
    remedy: str
    mend: Mend = ""

    @property
    def mendable(self) -> bool:
        """Whether ``raglake doctor --repair`` mends it."""
        return bool(self.mend)

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {name: fields[name] for name in ("check", "where", "what", "remedy")} | {"mendable": self.mendable}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check that was made, over how many things of what kind; ``skipped`` says why it could not be made."""

    name: str
    n: int
    unit: str
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was checked and found. ``remarks`` are no ailments: what dead runs left, who is writing."""

    lake: str
    checks: tuple[CheckResult, ...]
    ailments: tuple[Issue, ...]
    remarks: tuple[str, ...] = ()
    mended: tuple[Issue, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.ailments

    def to_json(self) -> dict[str, Any]:
        return {
            "lake": self.lake,
            "healthy": self.healthy,
            "checks": [asdict(check) for check in self.checks],
            "ailments": [ailment.to_json() for ailment in self.ailments],
            "mended": [ailment.to_json() for ailment in self.mended],
            "remarks": list(self.remarks),
        }
