"""Options that decide which releases, files and vectors are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lake.options.declaration import check, option


@dataclass(frozen=True, slots=True)
class Retention:
    """What ``prune`` keeps besides ``live``, named releases, and the release that the last rollback left."""

    keep_last: int = option(
        30, "Number of published releases to keep, newest first, and of newer candidates.", title="Keep last", least=0
    )
    keep_daily: int = option(
        30,
        "Keep the release that was live at the end of each of the last N days (UTC).",
        title="Keep daily",
        least=0,
        most=100_000,
    )
    keep_monthly: int = option(
        12,
        "Keep the release that was live at the end of each of the last N months (UTC).",
        title="Keep monthly",
        least=0,
        most=10_000,
    )
    grace_hours: float = option(
        24,
        "Never delete anything written or in use within the last N hours.",
        title="Grace, hours",
        least=0,
        most=1_000_000,
    )
    keep_vectors_days: float = option(
        90,
        "Keep vectors that no kept release uses for N days: each was paid for.",
        title="Keep vectors, days",
        least=0,
        most=100_000,
    )

    keep_live_hours: float = option(
        1,
        "Keep every release that a run over some documents made within the last N hours.",
        title="Keep live, hours",
        least=0,
        most=1_000_000,
    )
    keep_hourly: int = option(
        24,
        "Of such releases, also keep what was live at the end of each of the last N hours.",
        title="Keep hourly",
        least=0,
        most=100_000,
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def keep_live(self) -> timedelta:
        return timedelta(hours=self.keep_live_hours)

    @property
    def grace(self) -> timedelta:
        return timedelta(hours=self.grace_hours)

    @property
    def keep_vectors(self) -> timedelta:
        return timedelta(days=self.keep_vectors_days)
