"""Which texts a run embeds, and with which model: each distinct text once per model, within the run's budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.embed import prompt_tokens, tokenizer_of
from lake.endpoints.usage import Usage
from lake.ingest.batch_jobs import can_batch, open_batches, texts_asked_for
from lake.ingest.build import request_vectors, texts_to_embed
from lake.ingest.sentences import new_sentences
from lake.plugins.later import Later
from tasks.spending import check_cost, known_price, price

if TYPE_CHECKING:
    from flows.steps import Steps
    from lake.directory import Lake
    from lake.recipe import EmbedderIdentity, Recipe
    from tasks import writing
    from tasks.job import Job
else:  # what only a run whose recipe has a chat model needs
    writing = Later("tasks.writing")


def counted_for(embedder: EmbedderIdentity, texts: pa.Table, recipe: Recipe) -> pa.Table:
    """TEXTS rows with the tokens that ``embedder`` counts, the prompt included; the recipe's first one counted them."""
    place, kind = texts.schema.get_field_index("n_tokens"), texts.schema.field("n_tokens")
    counts = texts.column("n_tokens").to_pylist()
    if embedder.tokenizer != recipe.embedder.tokenizer:
        tokenizer = tokenizer_of(embedder.name)
        counts = [tokenizer.count(text) for text in texts.column("text").to_pylist()]
    of_prompt = prompt_tokens(embedder)
    return texts.set_column(place, kind, pa.array([count + of_prompt for count in counts], kind.type))


class _Model:
    """What was requested of one embedder: the tokens of each text by its digest."""

    def __init__(self, job: Job, lake: Lake, recipe: Recipe) -> None:
        self.recipe, self._job = recipe, job
        self.under_way = open_batches(lake, recipe.embedder)
        # What an earlier run handed over is paid for.
        self.asked: dict[str, int] = dict.fromkeys(texts_asked_for(self.under_way), 0)
        lake.refresh(recipe)

    @property
    def n_tokens(self) -> int:
        return sum(self.asked.values())

    @cached_property
    def price(self) -> float | None:
        return price(self._job, self.recipe.embedder)


class VectorRequests:
    """Requests the vectors that the models of a recipe lack."""

    def __init__(self, job: Job, lake: Lake, recipe: Recipe, steps: Steps) -> None:
        self._job, self._lake, self._recipe, self._steps = job, lake, recipe, steps
        self._models = [_Model(job, lake, one) for one in recipe.by_embedder]
        self._spoken: dict[str, int] = {}
        self._written = Usage()

    def add_written(self) -> None:
        """Add what a chat model wrote to the cost."""
        if self._recipe.chunking.is_written:
            self._written += writing.paid_for_writing(self._lake)

    @property
    def n_sentences(self) -> int:
        """Sentences that semantic chunking embedded, with the first model."""
        return len(self._spoken)

    def add_sentences(self, content_ids: Sequence[str]) -> None:
        """Count the sentences by which these contents were cut."""
        vectors = self._lake.vectors(self._models[0].recipe)
        self._spoken |= new_sentences(self._lake, content_ids, vectors, self._recipe)

    @property
    def n_tokens(self) -> int:
        """Tokens embedded or requested so far."""
        return sum(model.n_tokens for model in self._models) + sum(self._spoken.values())

    @property
    def cost(self) -> float | None:
        """USD for what was embedded or requested so far; None if a price is not known."""
        n_tokens = [model.n_tokens for model in self._models]
        n_tokens[0] += sum(self._spoken.values())
        prices = [model.price for model in self._models]
        costs = [each * n / 1e6 for each, n in zip(prices, n_tokens, strict=True) if each is not None]
        usd = self._written.cost_usd
        return round(usd + sum(costs), 6) if len(costs) == len(prices) and usd is not None else None

    def known_cost(self) -> float:
        """The cost; raises UsageError if a price is not known."""
        for model in self._models:
            known_price(self._job, model.recipe.embedder)
        return self.cost or 0.0

    def of_contents(self, content_ids: Sequence[str]) -> Iterator[Any]:
        """Request vectors for texts of these contents that have none and are not requested; yields the tasks' futures.

        What goes to a Batch API is submitted at once.
        """
        absent = set(self._lake.contents.missing(content_ids))
        stored = [content_id for content_id in content_ids if content_id not in absent]
        for start in range(0, len(stored), self._job.shard_documents):
            texts = texts_to_embed(self._lake, stored[start : start + self._job.shard_documents])
            for model in self._models:
                yield from self._request(model, texts)

    def collect(self, content_ids: Sequence[str]) -> int:
        """Wait for the Batch APIs. Returns the number of texts embedded.

        What a batch refused is sent by itself, so that it costs a document and not the run.
        """
        waiting = [model for model in self._models if model.under_way or self._submits(model)]
        n_texts = sum(self._steps.collect(self._job, model.recipe) for model in waiting)
        if waiting:
            again = VectorRequests(replace(self._job, batch_hours=None), self._lake, self._recipe, self._steps)
            n_texts += sum(self._steps.results(list(again.of_contents(content_ids))))
        return n_texts

    def _request(self, model: _Model, texts: pa.Table) -> Iterator[Any]:
        recipe, digests = model.recipe, texts.column("text_digest").to_pylist()
        wanted = {digest for digest in self._lake.unembedded(recipe, digests) if digest not in model.asked}
        chosen = texts.filter(pa.array([digest in wanted for digest in digests], pa.bool_()))
        chosen_tokens = counted_for(recipe.embedder, chosen, self._recipe).column("n_tokens").to_pylist()
        model.asked |= dict(zip(chosen.column("text_digest").to_pylist(), chosen_tokens, strict=True))
        self._check_budget()
        self._steps.progress("texts", 0, chosen.num_rows)
        for path in request_vectors(self._lake, chosen, None if model is self._models[0] else recipe):
            if self._submits(model):
                self._steps.submit(self._job, path, recipe)
            else:
                yield self._steps.embed(self._job, path, recipe)

    def _submits(self, model: _Model) -> bool:
        """Whether a model's texts go to a Batch API. If no model has one, all do, which reports it."""
        if self._job.batch_hours is None:
            return False
        able = [one for one in self._models if can_batch(one.recipe.embedder)]
        return model in (able or self._models)

    def _check_budget(self) -> None:
        """RefusedError before the request that would cost more than the job may spend."""
        if self._job.budget_usd is not None:
            check_cost(self._job, self._recipe.embedder_names, self.n_tokens, self.known_cost())
