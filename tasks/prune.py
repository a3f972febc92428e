"""The task that drops old releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake import operate
from tasks.artifacts import ProgressArtifacts
from tasks.policy import step

if TYPE_CHECKING:
    from lake.maintenance.prune import Pruned
    from lake.releases.retention import Retention


@step("prune")
def prune(lake: str, retention: Retention, *, dry_run: bool) -> Pruned:
    """Drop the releases that ``retention`` does not keep and give back their disk; a retry goes on from there."""
    return operate.prune(lake, retention, dry_run=dry_run, progress=ProgressArtifacts(lake))
