"""Embeddings from an OpenAI-compatible endpoint: paced, retried, checked, and yielded as they come."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.chunk.tokenizers import load_tokenizer
from lake.embed.batching import request_batches
from lake.embed.openai_answer import translating, vectors_in_order
from lake.embed.openai_models import TOKENIZER, OpenAIModel
from lake.embed.unit import unit_rows
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.pacing import TokenBucket
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, LakeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from openai import OpenAI


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Sizes of one request, its timeout in seconds, and its retries.

    The provider allows 2048 inputs and 300,000 tokens a request; the defaults keep a margin,
    because local counts are approximate and smaller requests lose less when one fails.
    """

    max_inputs: int = 512
    max_tokens: int = 200_000
    n_threads: int = 4
    timeout: float = 60.0
    retries: Retries = field(default_factory=Retries)


class OpenAIEmbedder:
    """``n_tokens_billed`` sums the tokens that the provider reports, over the object's life.

    Vectors of one text may differ in their last bits between requests, since the provider promises no more.
    ``embed`` yields the requests that succeeded before it raises for one that failed.
    """

    def __init__(self, model: OpenAIModel, endpoint: Endpoint, limits: RequestLimits | None = None) -> None:
        self.identity = model.identity
        self.n_tokens_billed = 0
        self._model = model
        self._endpoint = endpoint
        self._limits = limits or RequestLimits()
        self._tokenizer = load_tokenizer(TOKENIZER)
        self._requests, self._tokens = TokenBucket(endpoint.rpm), TokenBucket(endpoint.tpm)
        self._lock = Lock()

    @cached_property
    def _client(self) -> OpenAI:
        from openai import OpenAI

        return OpenAI(
            base_url=self._endpoint.base_url,
            api_key=self._endpoint.api_key,
            timeout=self._limits.timeout,
            max_retries=0,
        )

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        texts = [without_surrogates(text) for text in texts]
        counts = [self._count(position, text) for position, text in enumerate(texts)]
        batches = request_batches(counts, self._limits.max_inputs, self._limits.max_tokens)
        stop = Event()
        pool = ThreadPoolExecutor(max_workers=self._limits.n_threads, thread_name_prefix="raglake-openai")
        try:
            futures = {
                pool.submit(self._request, [texts[i] for i in batch], sum(counts[i] for i in batch), stop): batch
                for batch in batches
            }
            yield from _completed(futures)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def embed_query(self, text: str) -> np.ndarray:
        if not text.strip():
            raise UsageError("the query is empty; the endpoint embeds no empty text")
        text = without_surrogates(text)
        spans = list(self._tokenizer.spans(text))
        room = self.identity.max_tokens
        cut = text if len(spans) <= room else text[: spans[room - 1][1]]
        vector: np.ndarray = self._request([cut], min(len(spans), room), Event())[0]
        return vector

    def _count(self, position: int, text: str) -> int:
        n_tokens, room = self._tokenizer.count(text), self.identity.max_tokens
        if not text or n_tokens > room:
            raise ContractError(
                f"text {position} has {n_tokens} tokens; {self.identity.name!r} takes 1 to {room} and would refuse "
                f"the whole request; chunk it smaller"
            )
        return n_tokens

    def _request(self, texts: list[str], n_tokens: int, stop: Event) -> np.ndarray:
        """Sends one request until it succeeds or fails for good; a failure sets ``stop``, which ends other waits."""

        def attempt() -> np.ndarray:
            _wait(max(self._requests.take(1), self._tokens.take(n_tokens)), stop)
            return self._vectors(texts, n_tokens)

        try:
            return self._limits.retries.run(repr(self.identity.name), attempt, partial(_wait, stop=stop))
        except LakeError:
            stop.set()
            raise

    def _vectors(self, texts: list[str], n_tokens: int) -> np.ndarray:
        answer = self._ask(texts)
        vectors = vectors_in_order(answer, len(texts), self._model)
        usage = getattr(answer, "usage", None)
        with self._lock:
            self.n_tokens_billed += getattr(usage, "total_tokens", None) or n_tokens
        return unit_rows(vectors, repr(self.identity.name))

    def _ask(self, texts: list[str]) -> Any:
        shortened: dict[str, Any] = {"dimensions": self._model.dimensions} if self._model.is_shortened else {}
        with translating():
            # Named explicitly, base64 reaches us undecoded: numpy reads it without a list of floats between.
            return self._client.embeddings.create(
                model=self._model.name, input=texts, encoding_format="base64", **shortened
            )


class _GivenUp(Exception):
    """A request that was not sent, or not sent again, because another one failed."""


def _wait(seconds: float, stop: Event) -> None:
    if stop.wait(seconds) if seconds else stop.is_set():
        raise _GivenUp


def _completed(futures: Mapping[Future[np.ndarray], list[int]]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
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
