"""Parsing, chunking and embedding of what a plan needs, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from lake.embed import prompt_tokens
from lake.ingest.batch_jobs import open_batches, texts_asked_for
from lake.ingest.build import request_vectors, texts_to_embed
from lake.ingest.sentences import new_sentences
from tasks.spending import check_budget, left

if TYPE_CHECKING:
    from flows.steps import Steps
    from lake.directory import Lake
    from lake.ingest.plan import Shard
    from lake.ingest.scan import Scan
    from lake.recipe import Recipe
    from tasks.job import Job


class Embedded(NamedTuple):
    """Texts that a run embedded, and their tokens."""

    n_texts: int
    n_tokens: int


def index(job: Job, lake: Lake, found: Scan, steps: Steps) -> Embedded:
    """Parse and chunk the plan's documents shard by shard, and embed each new text once.

    A text is requested as soon as the first shard that holds it is done, so that parsing and embedding
    overlap; ``asked`` keeps other shards from requesting it again.
    """
    plan, contents, vectors = found.plan, lake.contents, lake.vectors(found.plan.recipe)
    contents.refresh()
    vectors.refresh()
    missing = contents.missing(plan.content_ids())
    under_way = open_batches(lake, plan.recipe.embedder)
    # What an earlier run handed over is paid for.
    asked: dict[str, int] = dict.fromkeys(texts_asked_for(under_way), 0)
    spoken: dict[str, int] = {}
    embedding = list(_request(lake, plan.content_ids(), asked, job, found, steps))
    shards = list(plan.shards(missing, job.shard_documents, job.shard_bytes))
    steps.progress("documents", 0, len(missing))
    for shard in _each_indexed(job, shards, plan.recipe, steps, (asked, spoken)):
        contents.refresh()
        content_ids = [row[0] for row in shard.contents]
        spoken |= new_sentences(lake, content_ids, vectors, plan.recipe)
        embedding += _request(lake, content_ids, asked, job, found, steps, sum(spoken.values()))
        steps.progress("documents", len(shard.contents), None)
    n_texts = sum(steps.results(embedding)) + len(spoken)
    if under_way or job.batch_hours is not None:
        n_texts += steps.collect(job, plan.recipe)
        # What the batch refused is sent by itself, so that it costs a document and not the run.
        refused = list(_request(lake, plan.content_ids(), {}, replace(job, batch_hours=None), found, steps))
        n_texts += sum(steps.results(refused))
    return Embedded(n_texts, sum(asked.values()) + sum(spoken.values()))


def _each_indexed(
    job: Job, shards: list[Shard], recipe: Recipe, steps: Steps, paid: tuple[dict[str, int], ...]
) -> Iterator[Shard]:
    """The shards as they are done. ``paid`` holds the tokens of texts, by digest, that the run pays for.

    Semantic chunking under a budget takes one after another, so that each may spend only what is left.
    """
    if job.budget_usd is None or not recipe.chunking.is_semantic:
        yield from steps.each_indexed(job, shards, recipe)
        return
    for shard in shards:
        yield from steps.each_indexed(left(job, recipe, sum(sum(part.values()) for part in paid)), [shard], recipe)


def _request(
    lake: Lake, content_ids: list[str], asked: dict[str, int], job: Job, found: Scan, steps: Steps, n_spoken: int = 0
) -> Iterator[Any]:
    """Request vectors for texts of these contents that have none and are not requested; returns the tasks' futures.

    ``asked`` holds each text's tokens by its digest; ``n_spoken`` counts those of sentences that were embedded.
    """
    absent = set(lake.contents.missing(content_ids))
    stored = [content_id for content_id in content_ids if content_id not in absent]
    vectors = lake.vectors(found.plan.recipe)
    for start in range(0, len(stored), job.shard_documents):
        texts = texts_to_embed(lake, stored[start : start + job.shard_documents])
        digests = texts.column("text_digest").to_pylist()
        wanted = {digest for digest in vectors.missing(digests) if digest not in asked}
        chosen = texts.filter(pa.array([digest in wanted for digest in digests], pa.bool_()))
        of_prompt = prompt_tokens(found.plan.recipe.embedder)
        new, counts = (chosen.column(name).to_pylist() for name in ("text_digest", "n_tokens"))
        asked |= {digest: n_tokens + of_prompt for digest, n_tokens in zip(new, counts, strict=True)}
        check_budget(job, found.plan.recipe, sum(asked.values()) + n_spoken)
        steps.progress("texts", 0, chosen.num_rows)
        for path in request_vectors(lake, chosen):
            if job.batch_hours is None:
                yield steps.embed(job, path, found.plan.recipe)
            else:
                steps.submit(job, path, found.plan.recipe)
