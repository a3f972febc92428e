"""What a run may spend on embedding, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lake import configuration
from lake.directory import Lake
from lake.embed import price_per_million_tokens
from lake.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from lake.recipe import Recipe
    from tasks.job import Job


def price(job: Job, recipe: Recipe) -> float | None:
    """USD for a million tokens, by the lake's own prices if it has any; None if the price is not known."""
    with configuration.in_use(Lake(job.lake).store):
        return price_per_million_tokens(recipe.embedder.name, in_batches=job.batch_hours is not None)


def check_budget(job: Job, recipe: Recipe, n_tokens: int) -> None:
    """Raises RefusedError before the request that would cost more than the job may spend."""
    if job.budget_usd is None:
        return
    name = recipe.embedder.name
    cost = _known_price(job, recipe) * n_tokens / 1e6
    if cost > job.budget_usd:
        raise RefusedError(
            f"embedding {n_tokens:,} tokens with {name!r} costs ${cost:,.4f}, more than the run's budget of "
            f"${job.budget_usd:,.4f}; nothing was published, what was embedded is kept; raise --budget-usd to go on"
        )


def left(job: Job, recipe: Recipe, n_tokens: int) -> Job:
    """The job with what is left of its budget once these tokens are paid for."""
    if job.budget_usd is None:
        return job
    return replace(job, budget_usd=max(0.0, job.budget_usd - _known_price(job, recipe) * n_tokens / 1e6))


def _known_price(job: Job, recipe: Recipe) -> float:
    found = price(job, recipe)
    if found is None:
        raise UsageError(
            f"the price of {recipe.embedder.name!r} is not known, so that no budget can be kept; set endpoints.prices "
            "in the lake's configuration, or leave --budget-usd out"
        )
    return found
