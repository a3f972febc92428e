"""Embeddings from an endpoint: paced, retried, checked, and yielded as they come."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lake.chunk.tokenizers import load_tokenizer
from lake.embed.base import RefusedTexts
from lake.embed.batching import request_batches
from lake.embed.endpoint_protocol import EmbeddingModel, EmbeddingProtocol, RequestLimits
from lake.embed.openai_answer import dimensions_of, has_direction, rows_in_order
from lake.embed.openai_models import TOKENIZER
from lake.embed.unit import unit_rows
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.pacing import limits_of
from lake.endpoints.refusals import UnacceptedRequest
from lake.endpoints.surrogates import without_surrogates
from lake.endpoints.usage import whole
from lake.errors import ContractError, LakeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lake.recipe import EmbedderIdentity

_log = logging.getLogger(__name__)

#: Seconds that a request may wait for others of the process, if their number is limited.
_LONGEST_WAIT = 3600.0
#: A text that every model embeds, and one whose vector tells the dimensions.
_PROBE = "raglake"


class EndpointEmbedder:
    """``n_tokens_billed`` sums the tokens that the provider reports, over the object's life.

    Vectors of one text may differ in their last bits between requests, since the provider promises no more.
    ``embed`` yields the requests that succeeded before it raises for one that failed.

    A refused request is split, and the size that the server accepts is kept for the object's life; so is the encoding
    that it accepts. A single text that is refused, or gets no vector with a direction, is a refused text, provided that
    the model embeds a harmless one.
    """

    def __init__(
        self,
        model: EmbeddingModel,
        endpoint: Endpoint,
        protocol: EmbeddingProtocol,
        limits: RequestLimits | None = None,
        identity: EmbedderIdentity | None = None,
    ) -> None:
        self.identity = identity or model.identity
        self.n_tokens_billed = 0
        self._model, self._endpoint, self._protocol = model, endpoint, protocol
        self._limits = limits or RequestLimits()
        self._tokenizer = load_tokenizer(TOKENIZER)
        self._paces = limits_of(model.identity.name, endpoint)
        self._lock, self._probing = Lock(), Lock()
        self._max_inputs = self._limits.max_inputs
        self._encoding = protocol.encodings[0]
        self._is_sound = False

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        texts = [without_surrogates(text) for text in texts]
        prompt, n_taken = self.identity.document_prompt, self._n_tokens(self.identity.document_prompt)
        counts = [self._count(position, text) + n_taken for position, text in enumerate(texts)]
        texts = [prompt + text for text in texts]
        batches = request_batches(counts, self._max_inputs, self._limits.max_tokens)
        call = _Call(Event())
        pool = ThreadPoolExecutor(max_workers=self._n_threads, thread_name_prefix="raglake-embed")
        refused: dict[int, str] = {}
        try:
            futures = {
                pool.submit(self._batch, [texts[i] for i in batch], [counts[i] for i in batch], call): batch
                for batch in batches
            }
            for batch, part in _completed(futures):
                refused |= {batch[position]: reason for position, reason in part.refused.items()}
                if part.positions:
                    yield [batch[position] for position in part.positions], part.vectors
        finally:
            call.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
        if refused:
            raise RefusedTexts(refused)

    def embed_query(self, text: str) -> np.ndarray:
        vector: np.ndarray = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [n, dimensions], by as few requests as the limits allow."""
        queries, counts = zip(*map(self._as_query, texts), strict=True)
        vectors = np.empty((len(texts), self._model.dimensions), np.float32)
        for batch in request_batches(counts, self._max_inputs, self._limits.max_tokens):
            part = self._part([queries[i] for i in batch], [counts[i] for i in batch], _Call(Event(), is_query=True))
            for reason in part.refused.values():
                raise UnacceptedRequest(reason)
            vectors[[batch[position] for position in part.positions]] = part.vectors
        return vectors

    def _as_query(self, text: str) -> tuple[str, int]:
        """The text after the query prompt, cut to the model's limit, and its number of tokens."""
        if not text.strip():
            raise UsageError("the query is empty; the endpoint embeds no empty text")
        text, prompt = without_surrogates(text), self.identity.query_prompt
        spans, n_taken = list(self._tokenizer.spans(text)), self._n_tokens(prompt)
        room = self._model.identity.max_tokens - n_taken
        cut = text if len(spans) <= room else text[: spans[room - 1][1]]
        return prompt + cut, n_taken + min(len(spans), room)

    @property
    def _n_threads(self) -> int:
        return self._endpoint.concurrency or self._limits.n_threads

    @property
    def address(self) -> str:
        """Where the model is called, empty for the provider's own address."""
        return self._endpoint.base_url or ""

    def n_dimensions(self) -> int:
        """The number of dimensions that the endpoint returns for this model, by one request."""
        encoding = self._protocol.encodings[-1]
        answer = self._sent(lambda: self._protocol.embed([_PROBE], encoding, is_query=False), 1, _Call(Event()))
        return dimensions_of(answer, self._model.name)

    def _n_tokens(self, prompt: str) -> int:
        return self._tokenizer.count(prompt) if prompt else 0

    def _count(self, position: int, text: str) -> int:
        n_tokens, room = self._tokenizer.count(text), self.identity.max_tokens
        if not text or n_tokens > room:
            raise ContractError(
                f"text {position} has {n_tokens} tokens; {self.identity.name!r} takes 1 to {room} and would refuse "
                f"the whole request; chunk it smaller"
            )
        return n_tokens

    def _batch(self, texts: list[str], counts: list[int], call: _Call) -> _Part:
        """Like ``_part``; a failure sets ``stop``, which ends the waits of others."""
        try:
            return self._part(texts, counts, call)
        except LakeError:
            call.stop.set()
            raise

    def _part(self, texts: list[str], counts: list[int], call: _Call) -> _Part:
        """Vectors of the texts, by as many requests as the endpoint demands."""
        size, encoding = self._max_inputs, self._encoding
        if len(texts) > size:
            return self._parts(texts, counts, range(0, len(texts), size), call)
        try:
            rows = self._request(texts, sum(counts), call)
        except UnacceptedRequest as refusal:
            self._check(refusal, call)
            if self._encoding != encoding:
                return self._part(texts, counts, call)
            if len(texts) == 1:
                return _Part([], np.empty((0, self._model.dimensions), np.float32), {0: _short(refusal)})
            half = -(-len(texts) // 2)
            both = self._parts(texts, counts, (0, half), call)
            if not both.refused and half < self._max_inputs:
                self._max_inputs = half
                _log.info("%s takes fewer texts at once; requests have at most %d from now on", self._name, half)
            return both
        return self._with_direction(texts, counts, rows, call)

    def _parts(self, texts: list[str], counts: list[int], starts: Sequence[int], call: _Call) -> _Part:
        positions: list[int] = []
        refused: dict[int, str] = {}
        vectors = []
        for start, end in zip(starts, [*starts[1:], len(texts)], strict=True):
            part = self._part(texts[start:end], counts[start:end], call)
            positions += [start + position for position in part.positions]
            refused |= {start + position: reason for position, reason in part.refused.items()}
            vectors.append(part.vectors)
        return _Part(positions, np.concatenate(vectors), refused)

    def _with_direction(self, texts: list[str], counts: list[int], rows: np.ndarray, call: _Call) -> _Part:
        """The vectors as unit vectors; texts whose vector has no direction are sent once more, alone."""
        good = has_direction(rows)
        positions = [int(position) for position in good.nonzero()[0]]
        vectors = unit_rows(rows[good], self._name)
        if good.all():
            return _Part(positions, vectors, {})
        what = f"{self._name} returned a vector that is null, zero or not finite"
        if len(texts) == 1:
            self._check(ContractError(f"{what}; check the model, nothing was stored"), call)
            return _Part([], vectors, {0: what})
        bad = [int(position) for position in (~good).nonzero()[0]]
        alone = self._parts([texts[i] for i in bad], [counts[i] for i in bad], range(len(bad)), call)
        refused = {bad[position]: reason for position, reason in alone.refused.items()}
        again = [bad[position] for position in alone.positions]
        return _Part([*positions, *again], np.concatenate([vectors, alone.vectors]), refused)

    def _check(self, refusal: ContractError, call: _Call) -> None:
        """Raises the refusal if the endpoint refuses a harmless text too; finds out which encoding it accepts."""
        with self._probing:
            if self._is_sound:
                return
            for encoding in self._protocol.encodings:
                try:
                    self._is_sound = bool(has_direction(self._request([_PROBE], 1, call, encoding)).all())
                except UnacceptedRequest:
                    continue
                if self._is_sound:
                    self._encoding = encoding
                    return
        raise refusal

    def _request(self, texts: list[str], n_tokens: int, call: _Call, encoding: str | None = None) -> np.ndarray:
        """The answer's vectors in order, not scaled; sends the request until it succeeds or fails for good."""

        def read() -> np.ndarray:
            answer = self._protocol.embed(texts, encoding or self._encoding, is_query=call.is_query)
            rows = rows_in_order(answer, len(texts), self._model)
            usage = answer.get("usage")
            billed = whole(usage.get("total_tokens")) if isinstance(usage, dict) else None
            with self._lock:
                self.n_tokens_billed += billed or n_tokens
            return rows

        rows: np.ndarray = self._sent(read, n_tokens, call)
        return rows

    def _sent(self, request: Callable[[], Any], n_tokens: int, call: _Call) -> Any:
        def attempt() -> Any:
            _wait(self._paces.wait(n_tokens), call.stop)
            return request()

        with self._paces.slot(_LONGEST_WAIT, self._name):
            return self._limits.retries.run(self._name, attempt, partial(_wait, stop=call.stop))

    @property
    def _name(self) -> str:
        return repr(self.identity.name)


class _Call(NamedTuple):
    """What all requests of one call share; ``stop`` ends their waits."""

    stop: Event
    is_query: bool = False


class _Part(NamedTuple):
    """Unit vectors of the texts at ``positions``, and the reasons for those that were refused."""

    positions: list[int]
    vectors: np.ndarray
    refused: dict[int, str]


def _short(refusal: Exception) -> str:
    return " ".join(str(refusal).split())[:300]


class _GivenUp(Exception):
    """A request that was not sent, or not sent again, because another one failed."""


def _wait(seconds: float, stop: Event) -> None:
    if stop.wait(seconds) if seconds else stop.is_set():
        raise _GivenUp


def _completed(futures: Mapping[Future[_Part], list[int]]) -> Iterator[tuple[Sequence[int], _Part]]:
    """Results as they come; after a failure those already in flight, then the first failure."""
    failure: LakeError | None = None
    for future in as_completed(futures):
        error = future.exception()
        if error is None:
            yield futures[future], future.result()
        elif isinstance(error, LakeError):
            failure = failure or error
        elif not isinstance(error, _GivenUp):
            raise error
    if failure is not None:
        raise failure
