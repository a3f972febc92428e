"""What a run would do and cost, found out by doing all of it that writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flows.vector_requests import counted_for
from lake import schemas
from lake.directory import Lake, configuration
from lake.embed import price_origin
from lake.ingest.build import distinct_texts, sentence_texts, shard_contents, texts_to_embed
from lake.ingest.isolation import IsolatedFunction
from lake.ingest.plan import Plan, Shard, oldest_change
from lake.reporting import Progress
from tasks.spending import price
from tasks.steps import n_cores, scan
from tasks.writing import ToWrite

if TYPE_CHECKING:
    from flows.reindex import Job
    from lake.recipe import EmbedderIdentity

_EXAMPLES = 10


def preview(job: Job, progress: Progress) -> dict[str, Any]:
    """The plan's counts, the texts and tokens that would be embedded, and their price in USD (None: unknown).

    ``oldest_change_at``: when the oldest waiting change of a document was made, at the earliest. None if no change
    waits, or if another recipe changes all documents.
    """
    lake, found = Lake(job.lake), scan(job)
    plan = found.plan
    with configuration.in_use(lake.store):
        to_write = ToWrite(lake, plan.recipe)
    new = _new_texts(lake, job, plan, progress, to_write)
    models = [_of_model(lake, job, *counted) for counted in new.items()]
    costs = [model["cost_usd"] for model in models]
    origins = [model["prices"] for model in models if model["prices"]]
    history = lake.log.read()
    base = history.releases.get(plan.base or "")
    changed_at = oldest_change(plan, history.begun_at(base.id)) if base and base.recipe == plan.recipe else None
    return {
        **plan.counts,
        "n_denied": found.n_denied,
        "remarks": [*found.every_remark, *_estimated(plan)],
        "n_texts_to_embed": sum(model["n_texts"] for model in models),
        "n_tokens_to_embed": sum(model["n_tokens"] for model in models),
        "cost_usd": None if None in costs else round(sum(costs), 6),
        "prices": "; ".join(dict.fromkeys(origins)) or None,
        "n_sentences_to_write": to_write.sentences.n_requests,
        "context_cost_usd": to_write.sentences.cost_usd,
        "n_summaries_to_write": to_write.summaries.n_requests,
        "summaries_cost_usd": to_write.summaries.cost_usd,
        "n_vector_bytes": sum(model["n_bytes"] for model in models),
        "base": plan.base,
        "oldest_change_at": changed_at,
        "embedder": plan.recipe.embedder_names,
        "embedders": models,
        "backend": plan.recipe.embedder.computed_by,
        "query_prompt": plan.recipe.embedder.query_prompt,
        "document_prompt": plan.recipe.embedder.document_prompt,
        "recipe": plan.recipe.digest,
        "examples": plan.examples(_EXAMPLES),
    }


def _estimated(plan: Plan) -> Iterator[str]:
    if plan.recipe.chunking.is_written and plan.write.height:
        yield "tokens to embed are without what the chat model is to write"
    if plan.recipe.chunking.is_semantic and plan.write.height:
        yield (
            "what is to be embedded is an estimate: chunks of changed documents are known once their sentences are "
            "embedded, which are counted too"
        )


def _of_model(lake: Lake, job: Job, embedder: EmbedderIdentity, new: _NewTexts) -> dict[str, Any]:
    """What one embedder has to do, and its price in USD."""
    cost = price(job, embedder)
    with configuration.in_use(lake.store):
        origin = price_origin(embedder.name)
    return {
        "embedder": embedder.name,
        "backend": embedder.computed_by,
        "n_texts": len(new.digests),
        "n_tokens": new.n_tokens,
        "n_bytes": new.n_bytes,
        "cost_usd": None if cost is None else round(cost * new.n_tokens / 1e6, 6),
        "prices": origin,
    }


@dataclass
class _NewTexts:
    """Texts that a model has not embedded yet, their tokens, and the bytes of what is to be stored of them."""

    digests: set[str] = field(default_factory=set)
    n_tokens: int = 0
    n_bytes: int = 0


def _new_texts(
    lake: Lake, job: Job, plan: Plan, progress: Progress, to_write: ToWrite
) -> dict[EmbedderIdentity, _NewTexts]:
    """The texts that nobody has embedded yet with each embedder of the plan's recipe."""
    lake.contents.refresh()
    found = {one: _NewTexts() for one in plan.recipe.embedders}
    for one in plan.recipe.by_embedder:
        lake.refresh(one)
    for texts, sentences in _texts(lake, job, plan, progress, to_write):
        for one in plan.recipe.by_embedder:
            # Sentences are embedded by the first model alone.
            read = pa.concat_tables([texts, sentences]) if one.embedder == plan.recipe.embedder else texts
            digests, known = read.column("text_digest").to_pylist(), found[one.embedder]
            new = set(lake.unembedded(one, digests)) - known.digests
            known.digests |= new
            rows = read.filter(pa.array([digest in new for digest in digests], pa.bool_()))
            n_tokens = sum(counted_for(one.embedder, rows, plan.recipe).column("n_tokens").to_pylist())
            known.n_tokens += n_tokens
            known.n_bytes += len(lake.vectors(one).missing(new)) * one.embedder.vector_bytes(one.vector_dtype)
            known.n_bytes += n_tokens * one.embedder.dimensions if one.has_token_vectors else 0
    return found


def _texts(
    lake: Lake, job: Job, plan: Plan, progress: Progress, to_write: ToWrite
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """TEXTS rows of chunks, and of the sentences by which they are cut."""
    content_ids = plan.content_ids()
    missing = set(lake.contents.missing(content_ids))
    stored = [content_id for content_id in content_ids if content_id not in missing]
    for start in range(0, len(stored), job.shard_documents):
        yield texts_to_embed(lake, stored[start : start + job.shard_documents]), schemas.TEXTS.empty_table()
    progress("documents", 0, len(missing))
    sources = job.open_sources()

    def parsed(shard: Shard) -> tuple[pa.Table, pa.Table]:
        with IsolatedFunction("lake.ingest.contents:content_step") as isolated:
            contents = shard_contents(shard, sources, plan.recipe, isolated)
            to_write.count(contents)
            return distinct_texts(contents), sentence_texts(contents)

    with ThreadPoolExecutor(n_cores()) as pool:
        shards = list(plan.shards(missing, job.shard_documents, job.shard_bytes))
        for shard, texts in zip(shards, pool.map(parsed, shards), strict=True):
            progress("documents", len(shard.contents), None)
            yield texts
