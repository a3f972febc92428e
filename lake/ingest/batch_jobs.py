"""Submits texts to a provider's Batch API and fetches the vectors when they are ready."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lake.embed.batch_api import BatchApi, ProviderBatch
from lake.embed.openai_models import PREFIX, parse_model
from lake.endpoints.endpoint import Endpoint
from lake.errors import ContractError, PendingError, TransientError, UsageError
from lake.ingest.build import REQUESTS
from lake.ingest.vectors_in_hand import VectorsInHand
from lake.reporting import Progress, silent
from lake.storage import clock
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import EmbedderIdentity, Recipe

_log = logging.getLogger(__name__)

FOLDER = "batches"
#: Seconds between two polls of a batch: initially and at most.
_FIRST_LOOK, _LONGEST_WAIT = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """``key`` identifies the request for the provider, too; ``batch_id`` is empty until the provider has answered."""

    key: str
    batch_id: str
    digests: tuple[str, ...]
    submitted_at: str

    def path(self, embedder: EmbedderIdentity) -> str:
        return f"{FOLDER}/{embedder.table}/{self.key}.json"


def can_batch(embedder: EmbedderIdentity) -> bool:
    return embedder.name.startswith(PREFIX)


def batch_api(recipe: Recipe) -> BatchApi:
    """The Batch API of the recipe's embedder. Raises ContractError if it has none."""
    if not can_batch(recipe.embedder):
        raise ContractError(
            f"{recipe.embedder.name!r} has no Batch API; leave --batch-hours out, or choose an embedder openai:MODEL"
        )
    model, prompt = parse_model(recipe.embedder.name), recipe.embedder.document_prompt
    return BatchApi(model, Endpoint.of("embed", "openai"), prompt=prompt)


def open_batches(lake: Lake, embedder: EmbedderIdentity) -> list[OpenBatch]:
    """Batches that any run submitted and none has fetched yet."""
    folder = f"{FOLDER}/{embedder.table}"
    read = (json.loads(lake.store.read(f"{folder}/{name}")) for name in sorted(lake.store.names(folder)))
    return [OpenBatch(**{**found, "digests": tuple(found["digests"])}) for found in read]


def submit(lake: Lake, request: str, recipe: Recipe, api: BatchApi) -> int:
    """Submit a request's texts that have no vector yet. Returns their number.

    The lake records the batch before submitting it, so that a run that dies in between neither loses nor repeats it.
    """
    table = open_parquet(lake.store, request).read()
    digests, texts = (table.column(name).to_pylist() for name in ("text_digest", "text"))
    key = request.removeprefix(REQUESTS).removesuffix(".parquet")
    noted = OpenBatch(key, "", tuple(digests), clock.now().isoformat())
    _note(lake, recipe, noted)
    _note(lake, recipe, replace(noted, batch_id=api.submit(key, texts)))
    lake.store.delete(request)
    return len(texts)


def _note(lake: Lake, recipe: Recipe, batch: OpenBatch) -> None:
    lake.store.write(batch.path(recipe.embedder), json.dumps(asdict(batch)).encode())


def collect(lake: Lake, recipe: Recipe, api: BatchApi, hours: float, progress: Progress = silent) -> int:
    """Wait up to ``hours`` for submitted batches and store their vectors. Returns their number.

    Every vector that came is stored first. Raises PendingError if a batch is still under way after that, and
    TransientError if one ended early or can't be read; the next run submits the missing texts again. A completed batch
    may lack texts that the model refused.
    """
    until, wait, n_stored, lacking = time.monotonic() + hours * 3600, _FIRST_LOOK, 0, list[str]()
    while True:
        left = open_batches(lake, recipe.embedder)
        for noted in left:
            state = _state(lake, recipe, noted, api)
            if state is not None and state.status == "under way":
                continue
            stored, reason = _fetched(lake, recipe, noted, state, api)
            progress("texts", stored, None)
            n_stored, lacking = n_stored + stored, lacking + reason
        left = open_batches(lake, recipe.embedder)
        if not left:
            break
        if time.monotonic() >= until:
            raise PendingError(_still_under_way(left))
        time.sleep(min(wait, max(until - time.monotonic(), 0)))
        wait = min(wait * 1.5, _LONGEST_WAIT)
    if lacking:
        raise TransientError(f"{'; '.join(lacking)}; every vector that came is stored, run again for the rest")
    return n_stored


def _state(lake: Lake, recipe: Recipe, noted: OpenBatch, api: BatchApi) -> ProviderBatch | None:
    """The provider's state of the batch; None if it never received it."""
    if noted.batch_id:
        return api.state(noted.batch_id)
    since = datetime.fromisoformat(noted.submitted_at)
    found = api.find(noted.key, since)
    request = f"{REQUESTS}{noted.key}.parquet"
    if found is None and f"{noted.key}.parquet" in lake.store.names(REQUESTS.rstrip("/")):
        submit(lake, request, recipe, api)
        found = api.find(noted.key, since)
    if found is None:
        return None
    _note(lake, recipe, replace(noted, batch_id=found))
    return api.state(found)


def _fetched(
    lake: Lake, recipe: Recipe, noted: OpenBatch, state: ProviderBatch | None, api: BatchApi
) -> tuple[int, list[str]]:
    """Store the vectors of a batch that has ended and delete its record. Returns their number, and what is wrong."""
    is_complete = False
    if state is None:
        n_stored, reason = 0, f"{noted.key} never reached the provider"
    else:
        n_stored, wrong = _stored(lake, recipe, noted, api, state)
        reason = f"{state.batch_id} {wrong or state.reason}"
        is_complete = not wrong and state.is_complete
    lake.store.delete(noted.path(recipe.embedder))
    if state is not None:
        api.forget(state)
    n_lacking = len(noted.digests) - n_stored
    lacking = f"batch {reason}: {n_lacking} of {len(noted.digests)} texts came back without a vector"
    if n_lacking and is_complete:
        _log.warning("%s; these are sent again, one by one", lacking)
    return n_stored, [lacking] if n_lacking and not is_complete else []


def _stored(lake: Lake, recipe: Recipe, noted: OpenBatch, api: BatchApi, state: ProviderBatch) -> tuple[int, str]:
    """Store the vectors that came. Returns their number, and why the rest of the response can't be read."""
    in_hand, n_stored, wrong = VectorsInHand(lake, recipe), 0, ""
    try:
        for positions, vectors in api.vectors(state):
            in_hand.add([noted.digests[position] for position in positions], vectors)
            n_stored += len(positions)
    except (ContractError, UsageError) as error:  # another try would fail the same way
        wrong = str(error)
    in_hand.store()
    return n_stored, wrong


def _still_under_way(left: Sequence[OpenBatch]) -> str:
    ids = ", ".join(batch.batch_id or batch.key for batch in left[:3]) + (", ..." if len(left) > 3 else "")
    return (
        f"{sum(len(batch.digests) for batch in left):,} texts are still with the provider's Batch API ({ids}); "
        "nothing was published; the next run of the same job fetches their vectors without paying again"
    )


def texts_asked_for(batches: Iterable[OpenBatch]) -> Collection[str]:
    return {digest for batch in batches for digest in batch.digests}
