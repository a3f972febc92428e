"""The middle steps of a run: contents of shards, requests for vectors, and vectors; each is safe to repeat."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from lake import schemas
from lake.directory import Lake
from lake.embed.base import RefusedTexts
from lake.errors import ContractError, InputError
from lake.ids import bytes_digest, value_digest
from lake.ingest.contents import Bytes, contents_table
from lake.ingest.plan import Shard, parser_and_suffix
from lake.ingest.refused_texts import note_refused
from lake.ingest.rows import embedded_texts
from lake.ingest.sound_vectors import NORM_TOLERANCE, SoundVectors
from lake.recipe import Identifier, Recipe
from lake.reporting import Progress
from lake.sources.source import Source
from lake.storage import clock
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.ingest.isolation import IsolatedFunction

_log = logging.getLogger(__name__)

#: Maximum of bytes and documents in flight to the isolated child.
_BATCH_BYTES, _BATCH_DOCUMENTS = 8 << 20, 256
#: Texts of one embedding task, and how long embedded texts wait before they are stored.
REQUEST_TEXTS = 4096
REQUESTS = "texts/"
_STORE_EVERY_SECONDS = 30.0


def index_shard(
    lake: Lake, shard: Shard, sources: Mapping[str, Source], recipe: Recipe, isolated: IsolatedFunction
) -> str | None:
    """Parse and chunk the shard's documents into one Parquet file. Returns its path, None if all documents vanished."""
    contents = shard_contents(shard, sources, recipe, isolated)
    return lake.contents.write(contents) if contents.num_rows else None


def shard_contents(shard: Shard, sources: Mapping[str, Source], recipe: Recipe, isolated: IsolatedFunction) -> pa.Table:
    """CONTENTS rows of the shard's documents, parsed in the isolated child.

    A document that fails gets a row with the reason. One that changed since it was planned gets none.
    """
    rows: list[dict[str, Any]] = []
    for batch in _read(shard, sources, recipe):
        for item, result in zip(batch, isolated.run(batch), strict=True):
            row = result if isinstance(result, dict) else _failure(item, result)
            rows.append(row | {"parser": parser_and_suffix(item.uri)[0]})
    return contents_table(rows)


def _read(shard: Shard, sources: Mapping[str, Source], recipe: Recipe) -> Iterator[list[Bytes]]:
    batch: list[Bytes] = []
    size, identify = 0, recipe.identifier()
    for (content_id, source, uri), data in _each_read(shard, sources):
        item = _bytes(content_id, source, uri, data, recipe, identify)
        if item is None:
            continue
        if batch and (size + len(item.data) > _BATCH_BYTES or len(batch) >= _BATCH_DOCUMENTS):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.data)
    if batch:
        yield batch


def _each_read(
    shard: Shard, sources: Mapping[str, Source]
) -> Iterator[tuple[tuple[str, str, str], bytes | InputError]]:
    for source, each in groupby(shard.contents, key=itemgetter(1)):
        wanted = list(each)
        yield from zip(wanted, sources[source].read_each([uri for *_, uri in wanted]), strict=True)


def _bytes(
    content_id: str, source: str, uri: str, data: bytes | InputError, recipe: Recipe, identify: Identifier
) -> Bytes | None:
    if isinstance(data, InputError):
        _log.info("%s of %s: %s", uri, source, data)
        return None
    digest = bytes_digest(data)
    if identify(digest, *parser_and_suffix(uri))[0] != content_id:
        _log.info("%s of %s changed while the run was under way", uri, source)
        return None
    return Bytes(content_id, digest, uri, data, recipe.chunking, recipe.embedder.name)


def _failure(item: Bytes, error: object) -> dict[str, Any]:
    return {
        "content_id": item.content_id,
        "digest": item.digest,
        "error_class": getattr(error, "error_class", "crash"),
        "reason": str(error),
        "failed_at": clock.now(),
    }


def texts_to_embed(lake: Lake, content_ids: Sequence[str]) -> pa.Table:
    """TEXTS rows of these stored contents, each distinct text once."""
    return distinct_texts(lake.contents.read(content_ids, ["text", "chunks"]))


def distinct_texts(contents: pa.Table) -> pa.Table:
    """TEXTS rows of these CONTENTS rows, each distinct text once, in their first order."""
    texts = pl.DataFrame(embedded_texts(contents)).unique("text_digest", keep="first", maintain_order=True)
    return texts.to_arrow().cast(schemas.TEXTS)


def request_vectors(lake: Lake, texts: pa.Table) -> list[str]:
    """Stage texts as embedding requests of bounded size. Returns their paths."""
    paths = []
    for start in range(0, texts.num_rows, REQUEST_TEXTS):
        part = texts.slice(start, REQUEST_TEXTS)
        path = f"{REQUESTS}{value_digest(part.column('text_digest').to_pylist())}.parquet"
        lake.store.write(path, parquet_bytes(part, REQUEST_TEXTS))
        paths.append(path)
    return paths


def embed_texts(
    lake: Lake,
    request: str,
    recipe: Recipe,
    embedder: Embedder,
    progress: Progress | None = None,
) -> int:
    """Embed a request's texts and store their vectors. Returns the number of texts embedded.

    Vectors are stored even if a later batch fails; stored texts are not embedded again. Texts that the model refuses
    are noted for the commit, which puts their documents into quarantine.
    """
    vectors = lake.vectors(recipe)
    vectors.refresh()
    table = open_parquet(lake.store, request).read()
    wanted = set(vectors.missing(table.column("text_digest").to_pylist()))
    pairs = zip(table.column("text_digest").to_pylist(), table.column("text").to_pylist(), strict=True)
    todo = [(digest, text) for digest, text in pairs if digest in wanted]
    waiting = VectorsInHand(lake, recipe)
    reasons: dict[int, str] = {}
    try:
        for positions, batch in SoundVectors(embedder).embed([text for _, text in todo]):
            waiting.add([todo[position][0] for position in positions], batch)
            if progress:
                progress("texts", len(positions), None)
    except RefusedTexts as refusal:
        reasons = refusal.reasons
    finally:
        waiting.store()
    if reasons:
        note_refused(lake, recipe, request, {todo[position][0]: reason for position, reason in reasons.items()})
    lake.store.delete(request)
    return len(todo) - len(reasons)


class VectorsInHand:
    """Vectors that are computed but not stored yet."""

    def __init__(self, lake: Lake, recipe: Recipe) -> None:
        self._files = lake.vectors(recipe)
        self._dimensions = recipe.embedder.dimensions
        self._schema = schemas.vectors(self._dimensions, recipe.vector_dtype)
        self._digests: list[str] = []
        self._batches: list[np.ndarray] = []
        self._stored_at = time.monotonic()

    def add(self, digests: Sequence[str], vectors: np.ndarray) -> None:
        """Raises ContractError for invalid vectors, which would be reused for ever if they were stored."""
        _check_vectors(vectors, len(digests), self._dimensions)
        self._digests += digests
        self._batches.append(vectors)
        if time.monotonic() - self._stored_at > _STORE_EVERY_SECONDS:
            self.store()

    def store(self) -> None:
        if self._digests:
            vector = vector_array(np.concatenate(self._batches), self._schema.field("vector").type)
            self._files.write(pa.table([pa.array(self._digests), vector], schema=self._schema))
        self._digests, self._batches, self._stored_at = [], [], time.monotonic()


def _check_vectors(vectors: np.ndarray, n_texts: int, dimensions: int) -> None:
    if vectors.shape != (n_texts, dimensions):
        raise ContractError(
            f"the embedder returned an array of shape {vectors.shape} for {n_texts} texts instead of "
            f"{(n_texts, dimensions)}; nothing of that batch was stored"
        )
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.isfinite(norms).all() or np.abs(norms - 1).max(initial=0) > NORM_TOLERANCE:
        worst = norms[np.argmax(np.where(np.isfinite(norms), np.abs(norms - 1), np.inf))]
        raise ContractError(f"the embedder made a vector of length {worst:.4f} instead of 1; its batch was not stored")


def vector_array(vectors: np.ndarray, kind: pa.FixedSizeListType) -> pa.Array:
    """Convert the rows of an array to a fixed-size list column."""
    values = vectors.astype(kind.value_type.to_pandas_dtype()).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(values, kind.value_type), type=kind)
