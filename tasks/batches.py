"""The tasks that hand texts to a provider's Batch API and fetch their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.directory import Lake
from tasks.plain import collect_one, submit_one
from tasks.policy import step

if TYPE_CHECKING:
    from lake.progress import Progress
    from lake.recipe import Recipe
    from tasks.job import Job


@step("hand texts over")
def submit_texts(job: Job, request: str, recipe: Recipe) -> int:
    """Hand a request's texts to the Batch API; how many."""
    return submit_one(Lake(job.lake), request, recipe)


@step("fetch vectors")
def collect_vectors(job: Job, recipe: Recipe, progress: Progress) -> int:
    """Wait for what the Batch API was given, as long as the job may, and store its vectors; how many."""
    return collect_one(job, recipe, progress)
