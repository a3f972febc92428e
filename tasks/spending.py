"""What a run may spend on embedding, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lake.directory import Lake, configuration
from lake.embed import price_per_million_tokens
from lake.errors import RefusedError, UsageError
from lake.ingest.batch_jobs import can_batch

if TYPE_CHECKING:
    from lake.recipe import EmbedderIdentity
    from tasks.job import Job


def price(job: Job, embedder: EmbedderIdentity) -> float | None:
    """USD for a million tokens, by the lake's own prices if it has any; None if the price is not known."""
    in_batches = job.batch_hours is not None and can_batch(embedder)
    with configuration.in_use(Lake(job.lake).store):
        return price_per_million_tokens(embedder.name, in_batches=in_batches)


def check_budget(job: Job, embedder: EmbedderIdentity, n_tokens: int) -> None:
    """Raises RefusedError before the request that would cost more than the job may spend."""
    if job.budget_usd is not None:
        check_cost(job, embedder.name, n_tokens, known_price(job, embedder) * n_tokens / 1e6)


def check_cost(job: Job, name: str, n_tokens: int, cost: float) -> None:
    """Raises RefusedError if embedding ``n_tokens`` with the embedders named costs more than the job may spend."""
    if job.budget_usd is not None and cost > job.budget_usd:
        raise RefusedError(
            f"embedding {n_tokens:,} tokens with {name!r} costs ${cost:,.4f}, more than the run's budget of "
            f"${job.budget_usd:,.4f}; nothing was published, what was embedded is kept; raise --budget-usd to go on"
        )


def left(job: Job, cost: float) -> Job:
    """The job with what is left of its budget once ``cost`` is paid."""
    return job if job.budget_usd is None else replace(job, budget_usd=max(0.0, job.budget_usd - cost))


def known_price(job: Job, embedder: EmbedderIdentity) -> float:
    """USD for a million tokens; raises UsageError if it is not known."""
    found = price(job, embedder)
    if found is None:
        raise UsageError(
            f"the price of {embedder.name!r} is not known, so that no budget can be kept; set endpoints.prices "
            "in the lake's configuration, or leave --budget-usd out"
        )
    return found
