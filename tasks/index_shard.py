"""The task that parses and chunks one shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.plain import index_one
from tasks.policy import step

if TYPE_CHECKING:
    from lake.ingest.plan import Shard
    from lake.recipe import Recipe
    from tasks.job import Job


@step("index shard")
def index_shard(job: Job, shard: Shard, recipe: Recipe) -> str | None:
    """Parse and chunk one shard; the path of its Parquet file, which the same contents always bear."""
    return index_one(job, shard, recipe)
