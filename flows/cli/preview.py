"""What a run would do and cost, found out by doing all of it that writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from lake import configuration
from lake.directory import Lake
from lake.embed import price_origin, price_per_million_tokens, prompt_tokens
from lake.ingest.build import distinct_texts, sentence_texts, shard_contents, texts_to_embed
from lake.ingest.isolation import IsolatedFunction
from lake.ingest.plan import Plan, Shard, oldest_change
from lake.reporting import Progress
from tasks.steps import n_cores, scan

if TYPE_CHECKING:
    from flows.reindex import Job

_EXAMPLES = 10


def preview(job: Job, progress: Progress) -> dict[str, Any]:
    """The plan's counts, the texts and tokens that would be embedded, and their price in USD (None: unknown).

    ``oldest_change_at``: when the oldest waiting change of a document was made, at the earliest. None if no change
    waits, or if another recipe changes all documents.
    """
    lake, found = Lake(job.lake), scan(job)
    plan = found.plan
    n_texts, n_tokens = _new_texts(lake, job, plan, progress)
    name = plan.recipe.embedder.name
    with configuration.in_use(lake.store):
        price = price_per_million_tokens(name, in_batches=job.batch_hours is not None)
        origin = price_origin(name)
    history = lake.log.read()
    base = history.releases.get(plan.base or "")
    changed_at = oldest_change(plan, history.begun_at(base.id)) if base and base.recipe == plan.recipe else None
    return {
        **plan.counts,
        "n_denied": found.n_denied,
        "remarks": [*found.remarks, *_estimated(plan)],
        "n_texts_to_embed": n_texts,
        "n_tokens_to_embed": n_tokens,
        "cost_usd": None if price is None else round(price * n_tokens / 1e6, 6),
        "prices": origin,
        "base": plan.base,
        "oldest_change_at": changed_at,
        "embedder": plan.recipe.embedder.name,
        "backend": plan.recipe.embedder.computed_by,
        "query_prompt": plan.recipe.embedder.query_prompt,
        "document_prompt": plan.recipe.embedder.document_prompt,
        "recipe": plan.recipe.digest,
        "examples": plan.examples(_EXAMPLES),
    }


def _estimated(plan: Plan) -> Iterator[str]:
    if plan.recipe.chunking.is_semantic and plan.write.height:
        yield (
            "what is to be embedded is an estimate: chunks of changed documents are known once their sentences are "
            "embedded, which are counted too"
        )


def _new_texts(lake: Lake, job: Job, plan: Plan, progress: Progress) -> tuple[int, int]:
    """How many texts and tokens nobody has embedded yet under the plan's recipe."""
    vectors = lake.vectors(plan.recipe)
    lake.contents.refresh()
    vectors.refresh()
    seen: set[str] = set()
    n_tokens = 0
    for texts in _texts(lake, job, plan, progress):
        digests = texts.column("text_digest").to_pylist()
        new = set(vectors.missing(digests)) - seen
        seen |= new
        rows = pl.DataFrame(texts).filter(pl.col("text_digest").is_in(list(new)))
        n_tokens += int(rows["n_tokens"].sum())
    return len(seen), n_tokens + len(seen) * prompt_tokens(plan.recipe.embedder)


def _texts(lake: Lake, job: Job, plan: Plan, progress: Progress) -> Iterator[pa.Table]:
    content_ids = plan.content_ids()
    missing = set(lake.contents.missing(content_ids))
    stored = [content_id for content_id in content_ids if content_id not in missing]
    for start in range(0, len(stored), job.shard_documents):
        yield texts_to_embed(lake, stored[start : start + job.shard_documents])
    progress("documents", 0, len(missing))
    sources = job.open_sources()

    def parsed(shard: Shard) -> pa.Table:
        with IsolatedFunction("lake.ingest.contents:content_step") as isolated:
            contents = shard_contents(shard, sources, plan.recipe, isolated)
            return pa.concat_tables([distinct_texts(contents), sentence_texts(contents)])

    with ThreadPoolExecutor(n_cores()) as pool:
        shards = list(plan.shards(missing, job.shard_documents, job.shard_bytes))
        for shard, texts in zip(shards, pool.map(parsed, shards), strict=True):
            progress("documents", len(shard.contents), None)
            yield texts
