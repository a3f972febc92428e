"""The middle steps of a run: contents of shards, requests for vectors, and vectors; each is safe to repeat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from lake import schemas
from lake.directory import Lake
from lake.embed.base import RefusedTexts
from lake.embed.token_vectors import TokensBeside
from lake.errors import InputError
from lake.ids import bytes_digest, document_id, value_digest
from lake.ingest.contents import Bytes, Draft, Turned, contents_table
from lake.ingest.plan import Shard, parser_and_suffix
from lake.ingest.refused_texts import note_refused
from lake.ingest.rows import embedded_texts
from lake.ingest.sentences import Read, SentenceVectors
from lake.ingest.sound_vectors import SoundVectors
from lake.ingest.vectors_in_hand import TokensInHand, VectorsInHand
from lake.recipe import Identifier, Recipe
from lake.recipe.chunking import ChunkRecipe
from lake.reporting import Progress
from lake.sources.source import Source
from lake.storage import clock
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.ingest.isolation import IsolatedFunction

_log = logging.getLogger(__name__)

#: How much the meaning changes before each sentence of each document.
Changes = Callable[[Sequence[Read]], list[list[float]]]
#: A CONTENTS row with what a chat model wrote about its parts, given the document's bytes and doc_id.
Write = Callable[[dict[str, Any], Sequence[str]], dict[str, Any]]

#: Maximum of bytes and documents in flight to the isolated child.
_BATCH_BYTES, _BATCH_DOCUMENTS = 8 << 20, 256
#: Texts of one embedding task.
REQUEST_TEXTS = 4096
REQUESTS = "texts/"


def index_shard(
    lake: Lake,
    shard: Shard,
    sources: Mapping[str, Source],
    recipe: Recipe,
    isolated: IsolatedFunction,
    sentences: SentenceVectors | None = None,
    write: Write | None = None,
) -> str | None:
    """Parse and chunk the shard's documents into one Parquet file. Returns its path, None if all documents vanished.

    ``sentences`` are needed by semantic chunking, ``write`` by a recipe whose chat model writes something.
    """
    contents = shard_contents(shard, sources, recipe, isolated, sentences.changes if sentences else None, write)
    return lake.contents.write(contents) if contents.num_rows else None


def shard_contents(
    shard: Shard,
    sources: Mapping[str, Source],
    recipe: Recipe,
    isolated: IsolatedFunction,
    changes: Changes | None = None,
    write: Write | None = None,
) -> pa.Table:
    """CONTENTS rows of the shard's documents, parsed in the isolated child.

    A document that fails gets a row with the reason. One that changed since it was planned gets none.
    Without ``changes``, semantic chunking cuts at as many places, which are not the right ones: an estimate.
    """
    rows: list[dict[str, Any]] = []
    doc_ids = {content_id: document_id(source, uri) for content_id, source, uri in shard.contents}
    for batch in _read(shard, sources, recipe):
        results = isolated.run(batch)
        if recipe.chunking.is_semantic:
            results = _turned(batch, results, isolated, changes or partial(_evenly, recipe.chunking))
        for item, result in zip(batch, results, strict=True):
            row = result if isinstance(result, dict) else _failure(item, result)
            row = write(row, [item.digest, doc_ids[item.content_id]]) if write else row
            rows.append(row | {"parser": parser_and_suffix(item.uri)[0]})
    return contents_table(rows)


def _evenly(chunking: ChunkRecipe, documents: Sequence[Read]) -> list[list[float]]:
    every = 100 // max(1, 100 - (chunking.turn_percentile or 0))
    return [[float(i % every == 0) for i in range(len(one.texts))] for one in documents]


def _turned(
    batch: Sequence[Bytes], results: Sequence[object], isolated: IsolatedFunction, changes: Changes
) -> list[object]:
    """The results, in which the child chunks each draft by the changes between its sentences."""
    drafts = {i: result for i, result in enumerate(results) if isinstance(result, Draft)}
    found = changes([Read(draft.sentences, draft.texts) for draft in drafts.values()])
    items = [
        Turned(replace(batch[i], data=b""), draft, tuple(values))
        for (i, draft), values in zip(drafts.items(), found, strict=True)
    ]
    done = dict(zip(drafts, isolated.run(items), strict=True))
    return [done.get(i, result) for i, result in enumerate(results)]


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


def sentence_texts(contents: pa.Table) -> pa.Table:
    """TEXTS rows of the sentences that semantic chunking embeds, each once, without the texts themselves."""
    rows = [one for sentences in contents.column("sentences").to_pylist() for one in sentences or ()]
    by_digest = {row["text_digest"]: row | {"text": None} for row in rows}
    return pa.Table.from_pylist(list(by_digest.values()), schema=schemas.TEXTS)


def distinct_texts(contents: pa.Table) -> pa.Table:
    """TEXTS rows of these CONTENTS rows, each distinct text once, in their first order."""
    texts = pl.DataFrame(embedded_texts(contents)).unique("text_digest", keep="first", maintain_order=True)
    return texts.to_arrow().cast(schemas.TEXTS)


def request_vectors(lake: Lake, texts: pa.Table, further: Recipe | None = None) -> list[str]:
    """Stage texts as embedding requests of bounded size. Returns their paths.

    ``further``: the recipe of a further embedder, whose requests of the same texts are others.
    """
    paths, mark = [], [further.embedder.digest] if further else []
    for start in range(0, texts.num_rows, REQUEST_TEXTS):
        part = texts.slice(start, REQUEST_TEXTS)
        path = f"{REQUESTS}{value_digest([*mark, *part.column('text_digest').to_pylist()])}.parquet"
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
    lake.refresh(recipe)
    table = open_parquet(lake.store, request).read()
    texts = dict(zip(table.column("text_digest").to_pylist(), table.column("text").to_pylist(), strict=True))
    done = _Embedding(lake, recipe, embedder, progress)
    try:
        reasons = done.embed({digest: texts[digest] for digest in lake.vectors(recipe).missing(texts)})
        if done.tokens:
            rest = lake.token_vectors(recipe.embedder).missing(texts.keys() - done.digests)
            done.embed_tokens({digest: texts[digest] for digest in rest})
    finally:
        done.store()
    if reasons:
        note_refused(lake, recipe, request, reasons)
    lake.store.delete(request)
    return len(done.digests) - len(reasons)


class _Embedding:
    """Embeds texts by digest, with their token vectors if the recipe stores them, and stores what is made."""

    def __init__(self, lake: Lake, recipe: Recipe, embedder: Embedder, progress: Progress | None) -> None:
        self._embedder, self._progress = embedder, progress
        self._vectors = VectorsInHand(lake, recipe)
        self._beside = TokensBeside(embedder) if recipe.has_token_vectors else None
        self.tokens = TokensInHand(lake, recipe) if self._beside else None
        #: Of all texts that were given.
        self.digests: set[str] = set()

    def embed(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The reasons of texts that the model refuses, by digest."""
        digests, each = list(texts), list(texts.values())
        self.digests |= texts.keys()
        try:
            for positions, batch in SoundVectors(self._beside or self._embedder).embed(each):
                made = [digests[position] for position in positions]
                self._vectors.add(made, batch)
                if self.tokens and self._beside:
                    self.tokens.add(made, self._beside.taken([each[position] for position in positions]))
                self._note(made)
        except RefusedTexts as refusal:
            return {digests[position]: reason for position, reason in refusal.reasons.items()}
        return {}

    def embed_tokens(self, texts: Mapping[str, str]) -> None:
        """The same of texts that have vectors."""
        digests = list(texts)
        self.digests |= texts.keys()
        assert self._beside is not None
        assert self.tokens is not None
        for positions, batch in self._beside.alone(list(texts.values())):
            made = [digests[position] for position in positions]
            self.tokens.add(made, batch)
            self._note(made)

    def _note(self, digests: Sequence[str]) -> None:
        if self._progress:
            self._progress("texts", len(digests), None)

    def store(self) -> None:
        self._vectors.store()
        if self.tokens:
            self.tokens.store()
