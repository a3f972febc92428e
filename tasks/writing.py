"""What a chat model writes for the index, as a part of indexing a shard, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from lake.ingest import situating, summarising
from lake.records.calls import Calls
from lake.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.ingest.build import Write
    from lake.ingest.plan import Shard
    from lake.ingest.situating import Situator
    from lake.ingest.summarising import Summariser
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from tasks.job import Job

#: Notes of what a shard's lines cost, beside the requests of the same run.
_FOLDER, _PREFIX = "texts", "written-"

Row = dict[str, Any]


def situator(lake: Lake, recipe: Recipe, budget: Budget) -> Situator | None:
    """What writes sentences about chunks; None if the recipe has none."""
    chunking = recipe.chunking
    if not chunking.context_model:
        return None
    chat, tokenizer = load_chat(chunking.context_model), tokenizer_of(recipe.embedder.name)
    return situating.Situator(Calls(lake), chat, budget, chunking, tokenizer)


def summariser(lake: Lake, recipe: Recipe, budget: Budget) -> Summariser | None:
    """What writes summaries; None if the recipe has none by a model."""
    chunking = recipe.chunking
    if not chunking.summary_model:
        return None
    chat, tokenizer = load_chat(chunking.summary_model), tokenizer_of(recipe.embedder.name)
    return summarising.Summariser(Calls(lake), chat, budget, chunking, tokenizer)


@contextmanager
def writing(job: Job, shard: Shard, recipe: Recipe) -> Iterator[Write | None]:
    """The step that adds what a chat model writes to CONTENTS rows; None if it writes nothing. Notes the cost."""
    lake, budget = Lake(job.lake), Budget(job.budget_usd)
    # Summaries begin with the contexts of chunks as they are without sentences.
    writers = [one for one in (summariser(lake, recipe, budget), situator(lake, recipe, budget)) if one]
    if not writers:
        yield None
        return

    def write(row: Row, about: Sequence[str]) -> Row:
        for one in writers:
            row = one.added(row, about)
        return row

    try:
        yield write
    except BudgetError as error:
        models = (recipe.chunking.summary_model, recipe.chunking.context_model)
        names = " and ".join(dict.fromkeys(repr(one) for one in models if one))
        raise RefusedError(
            f"what {names} writes about documents costs more than what is left of the run's budget ({error}); nothing "
            "was published, what was written is kept; raise --budget-usd to go on"
        ) from error
    finally:
        if budget.usage.n_calls:
            _note(lake, f"{_PREFIX}{value_digest(shard.contents)}.json", budget.usage)


class LinesToWrite:
    """Requests to a chat model, and USD if those about one document find it in a cache."""

    def __init__(
        self,
        writer: Situator | Summariser | None,
        estimated: Callable[[Row, Mapping[str, str]], tuple[int, int, int, int]],
    ) -> None:
        self._lines, self._estimated = writer.lines if writer else None, estimated
        self._counts, self._lock = (0, 0, 0, 0), Lock()

    def count(self, row: Row) -> None:
        """Add those about a CONTENTS row."""
        if self._lines is None or not row["chunks"]:
            return
        found = self._estimated(row, self._lines.known(row))
        with self._lock:
            self._counts = tuple(map(sum, zip(self._counts, found, strict=True)))  # type: ignore[assignment]

    @property
    def n_requests(self) -> int:
        return self._counts[0]

    @property
    def cost_usd(self) -> float | None:
        """None if no price is known."""
        if self._lines is None or not self.n_requests:
            return 0.0
        price, (_, n_input, n_cached, n_output) = self._lines.price, self._counts
        return None if price is None else round(price.of(n_input, n_output, n_cached), 6)


class ToWrite:
    """What a plan would have a chat model write."""

    def __init__(self, lake: Lake, recipe: Recipe) -> None:
        self.sentences = LinesToWrite(situator(lake, recipe, Budget()), situating.estimated)
        self.summaries = LinesToWrite(summariser(lake, recipe, Budget()), summarising.estimated)
        self._is_any = recipe.chunking.is_written

    def count(self, contents: pa.Table) -> None:
        """Add what is written about CONTENTS rows."""
        for row in contents.to_pylist() if self._is_any else ():
            self.sentences.count(row)
            self.summaries.count(row)


def _note(lake: Lake, name: str, usage: Usage) -> None:
    """Note what a shard cost, with what it cost a run that failed."""
    before = _noted(lake, name) if name in lake.store.names(_FOLDER) else Usage()
    lake.store.write(f"{_FOLDER}/{name}", json.dumps(asdict(before + usage)).encode())


def _noted(lake: Lake, name: str) -> Usage:
    noted = json.loads(lake.store.read(f"{_FOLDER}/{name}"))
    return Usage(**{**noted, "prices": tuple(noted["prices"])})


def paid_for_writing(lake: Lake) -> Usage:
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
