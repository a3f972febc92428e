"""The task that makes an earlier release live again."""

from __future__ import annotations

from lake import operate
from lake.directory import Lake
from tasks.policy import step


@step("roll back", run_name="roll back to {release}")
def roll_back(lake: str, release: str, why: str) -> tuple[str | None, str]:
    """Which release was live, and which is now; the same one twice where there was nothing to do."""
    was = Lake.existing(lake).log.read().live
    now = operate.rollback(lake, release, why=why).resolve("live")
    return (was.id if was else None), now.id
