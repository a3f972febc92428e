"""Parsing, chunking and embedding of what a plan needs, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flows.vector_requests import VectorRequests
from tasks.spending import left

if TYPE_CHECKING:
    from flows.steps import Steps
    from lake.directory import Lake
    from lake.ingest.plan import Shard
    from lake.ingest.scan import Scan
    from lake.recipe import Recipe
    from tasks.job import Job


class Embedded(NamedTuple):
    """Texts that a run embedded, each counted once per model, their tokens, and their cost in USD if it is known."""

    n_texts: int
    n_tokens: int
    cost: float | None


def index(job: Job, lake: Lake, found: Scan, steps: Steps) -> Embedded:
    """Parse and chunk the plan's documents shard by shard, and embed each new text once per model.

    A text is requested as soon as the first shard that holds it is done, so that parsing and embedding overlap.
    """
    plan, contents = found.plan, lake.contents
    contents.refresh()
    missing = contents.missing(plan.content_ids())
    requests = VectorRequests(job, lake, plan.recipe, steps)
    embedding = list(requests.of_contents(plan.content_ids()))
    shards = list(plan.shards(missing, job.shard_documents, job.shard_bytes))
    steps.progress("documents", 0, len(missing))
    for shard in _each_indexed(job, shards, plan.recipe, steps, requests):
        contents.refresh()
        content_ids = [row[0] for row in shard.contents]
        requests.add_sentences(content_ids)
        requests.add_written()
        embedding += requests.of_contents(content_ids)
        steps.progress("documents", len(shard.contents), None)
    n_texts = sum(steps.results(embedding)) + requests.n_sentences + requests.collect(plan.content_ids())
    return Embedded(n_texts, requests.n_tokens, requests.cost)


def _each_indexed(
    job: Job, shards: list[Shard], recipe: Recipe, steps: Steps, requests: VectorRequests
) -> Iterator[Shard]:
    """The shards as they are done.

    If shards cost money and there is a budget, they are taken one after another, so that each may
    spend only what is left.
    """
    costs = recipe.chunking.is_semantic or recipe.chunking.is_written
    if job.budget_usd is None or not costs:
        yield from steps.each_indexed(job, shards, recipe)
        return
    for shard in shards:
        yield from steps.each_indexed(left(job, requests.known_cost()), [shard], recipe)
