"""Contexts by a chat model, as a part of indexing a shard, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Lock
from typing import TYPE_CHECKING, Any

from lake.answer.registry import load_chat
from lake.directory import Lake
from lake.embed import tokenizer_of
from lake.endpoints.budget import Budget, BudgetError
from lake.endpoints.usage import Usage
from lake.errors import RefusedError
from lake.ids import value_digest
from lake.records.calls import Calls
from lake.records.situating import Situator, estimated
from lake.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.ingest.build import Situate
    from lake.ingest.plan import Shard
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from tasks.job import Job

#: Notes of what a shard's sentences cost, beside the requests of the same run.
_FOLDER, _PREFIX = "texts", "situated-"


def situator(lake: Lake, recipe: Recipe, budget: Budget) -> Situator:
    """What writes sentences about chunks under a recipe."""
    chat = load_chat(recipe.chunking.context_model)
    return Situator(Calls(lake), chat, budget, recipe.chunking, tokenizer_of(recipe.embedder.name))


@contextmanager
def situating(job: Job, shard: Shard, recipe: Recipe) -> Iterator[Situate | None]:
    """The step that adds sentences to CONTENTS rows; None if the recipe has none. Notes the cost at the end."""
    if not recipe.chunking.is_situated:
        yield None
        return
    lake, budget = Lake(job.lake), Budget(job.budget_usd)
    writer = situator(lake, recipe, budget)

    def situate(row: dict[str, Any], about: Sequence[str]) -> dict[str, Any]:
        return writer.situated(row, about)

    try:
        yield situate
    except BudgetError as error:
        raise RefusedError(
            f"sentences by {recipe.chunking.context_model!r} about chunks cost more than what is left of the run's "
            f"budget ({error}); nothing was published, what was written is kept; raise --budget-usd to go on"
        ) from error
    finally:
        if budget.usage.n_calls:
            _note(lake, f"{_PREFIX}{value_digest(shard.contents)}.json", budget.usage)


class SentencesToWrite:
    """What a plan would have a chat model write: requests, and USD if each of a document's finds it in a cache."""

    def __init__(self, lake: Lake, recipe: Recipe) -> None:
        self._writer = situator(lake, recipe, Budget()) if recipe.chunking.is_situated else None
        self._counts, self._lock = (0, 0, 0, 0), Lock()

    def count(self, contents: pa.Table) -> None:
        """Add those of CONTENTS rows."""
        if self._writer is None:
            return
        rows = [row for row in contents.to_pylist() if row["chunks"]]
        found = estimated(rows, {row["content_id"]: set(self._writer.known(row)) for row in rows})
        with self._lock:
            self._counts = tuple(map(sum, zip(self._counts, found, strict=True)))  # type: ignore[assignment]

    @property
    def n_requests(self) -> int:
        return self._counts[0]

    @property
    def cost_usd(self) -> float | None:
        """None if no price is known."""
        if self._writer is None or not self.n_requests:
            return 0.0
        price, (_, n_input, n_cached, n_output) = self._writer.price, self._counts
        return None if price is None else round(price.of(n_input, n_output, n_cached), 6)


def _note(lake: Lake, name: str, usage: Usage) -> None:
    """Note what a shard cost, with what it cost a run that failed."""
    before = _noted(lake, name) if name in lake.store.names(_FOLDER) else Usage()
    lake.store.write(f"{_FOLDER}/{name}", json.dumps(asdict(before + usage)).encode())


def _noted(lake: Lake, name: str) -> Usage:
    noted = json.loads(lake.store.read(f"{_FOLDER}/{name}"))
    return Usage(**{**noted, "prices": tuple(noted["prices"])})


def paid_for_sentences(lake: Lake) -> Usage:
    """What shards noted since the last call, those of failed runs included; the notes are deleted."""
    found = Usage()
    for name in lake.store.names(_FOLDER):
        if name.startswith(_PREFIX):
            found += _noted(lake, name)
            lake.store.delete(f"{_FOLDER}/{name}")
    return found


def situating_remark(lake: Lake, release: Release) -> str | None:
    """How many chunks have no sentence of the model, and what that means; None if all have one."""
    chunking = release.recipe.chunking
    if not chunking.is_situated:
        return None
    name = release.recipe.embedder.table
    chunks = lake.tables(release.generation).at(name, release.versions[name])
    n_without = chunks.count("situation IS NULL")
    if not n_without:
        return None
    return (
        f"{counted(n_without, 'chunk')} of {chunks.count():,} have no sentence by {chunking.context_model}, which "
        "refused them, wrote nothing usable, or left too little room (--heading-tokens); they are found by the rest of "
        "their context"
    )
