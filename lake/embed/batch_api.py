"""The provider's Batch API: uploads texts as a file and fetches their vectors within a day, at half the price."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from lake.chunk.tokenizers import load_tokenizer
from lake.embed.batching import request_batches
from lake.embed.openai_answer import answer_of, has_direction, rows_in_order, translating
from lake.embed.openai_models import TOKENIZER, OpenAIModel
from lake.embed.unit import unit_rows
from lake.endpoints.openai_client import openai_client
from lake.endpoints.providers import PROVIDERS
from lake.endpoints.refusals import RefusedRequest
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, LakeError
from lake.ids import value_digest

if TYPE_CHECKING:
    from openai import OpenAI

    from lake.endpoints.endpoint import Endpoint

_PATH: Literal["/v1/embeddings"] = "/v1/embeddings"
#: Metadata key to find a batch whose id was lost with its process.
_MARK = "raglake"
_UNDER_WAY = {"validating", "in_progress", "finalizing", "cancelling"}
#: Texts and tokens of one line, which is one request of the batch.
_LINE_INPUTS, _LINE_TOKENS = 512, 200_000

#: Maximum difference between the provider's clock and ours.
_CLOCKS_DIFFER = timedelta(minutes=5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """The provider's state of a batch; ``done`` ones have an answer, possibly with missing parts."""

    batch_id: str
    status: Literal["under way", "done", "failed"]
    reason: str
    n_done: int
    files: tuple[str, ...]
    answer: str | None
    is_complete: bool = False  # every request was tried; those without an answer were refused


class BatchApi:
    """Safe to call again after any failure: finds a batch already made for ``key`` instead of making another.

    ``prompt`` stands before each text. It is part of a batch's mark, since its vectors are of no use with another one.
    """

    def __init__(
        self, model: OpenAIModel, endpoint: Endpoint, retries: Retries | None = None, prompt: str = ""
    ) -> None:
        self._model, self._endpoint, self._retries = model, endpoint, retries or Retries()
        self._prompt = prompt

    @cached_property
    def _client(self) -> OpenAI:
        return openai_client(PROVIDERS["openai"], replace(self._endpoint, timeout=None), self._model.name, 120)

    def submit(self, key: str, texts: Sequence[str]) -> str:
        """Uploads ``texts``; returns the batch's id."""
        lines = "\n".join(json.dumps(line) for line in self._lines(texts)).encode()
        file = self._tried(lambda: self._client.files.create(file=(f"{key}.jsonl", lines), purpose="batch"))
        made = self._tried(
            lambda: self._client.batches.create(
                input_file_id=file.id, endpoint=_PATH, completion_window="24h", metadata={_MARK: self._mark(key)}
            )
        )
        return str(made.id)

    def find(self, key: str, since: datetime) -> str | None:
        """The id of the batch made for ``key``, if there is one; ignores older ones, which were fetched long ago."""
        made = self._tried(lambda: self._client.batches.list(limit=100).data)
        first = (since - _CLOCKS_DIFFER).timestamp()
        ours = [b for b in made if (b.metadata or {}).get(_MARK) == self._mark(key) and b.created_at >= first]
        return str(max(ours, key=lambda batch: batch.created_at).id) if ours else None

    def _mark(self, key: str) -> str:
        return f"{key} {value_digest(self._prompt)[:16]}" if self._prompt else key

    def state(self, batch_id: str) -> ProviderBatch:
        batch = self._tried(lambda: self._client.batches.retrieve(batch_id))
        answer = batch.output_file_id
        status: Literal["under way", "done", "failed"] = "done" if answer else "failed"
        files = tuple(name for name in (batch.input_file_id, answer, batch.error_file_id) if name)
        messages = [error.message or "" for error in (batch.errors.data or [])] if batch.errors else []
        return ProviderBatch(
            batch_id,
            "under way" if batch.status in _UNDER_WAY else status,
            "; ".join([batch.status, *messages]),
            batch.request_counts.completed if batch.request_counts else 0,
            files,
            answer,
            batch.status == "completed",
        )

    def vectors(self, batch: ProviderBatch) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Positions in the submitted texts, and their unit vectors; omits requests that failed."""
        if batch.answer is None:
            return
        name = batch.answer
        lines = self._tried(lambda: self._client.files.content(name).text).split("\n")
        for line in filter(str.strip, lines):
            answered = json.loads(line)
            response = answered.get("response") or {}
            if response.get("status_code") == 200:
                start, n_texts = map(int, answered["custom_id"].split("+"))
                body = response.get("body")
                try:
                    answer = answer_of(body if isinstance(body, str) else json.dumps(body), self._model.name)
                except RefusedRequest as error:
                    raise ContractError(str(error)) from error
                rows = rows_in_order(answer, n_texts, self._model)
                good = has_direction(rows)
                if good.any():
                    positions = [start + int(position) for position in good.nonzero()[0]]
                    yield positions, unit_rows(rows[good], repr(self._model.identity.name))

    def forget(self, batch: ProviderBatch) -> None:
        """Has the provider delete the batch's files; the provider deletes those that remain in its own time."""
        for name in batch.files:
            with suppress(LakeError):
                self._tried(partial(self._client.files.delete, name))

    def _lines(self, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        count = load_tokenizer(TOKENIZER).count
        shortened = {"dimensions": self._model.dimensions} if self._model.is_shortened else {}
        given = [self._prompt + without_surrogates(text) for text in texts]
        for positions in request_batches([count(text) for text in given], _LINE_INPUTS, _LINE_TOKENS):
            inputs = [given[position] for position in positions]
            body = {"model": self._model.name, "input": inputs, "encoding_format": "base64", **shortened}
            yield {"custom_id": f"{positions[0]}+{len(inputs)}", "method": "POST", "url": _PATH, "body": body}

    def _tried(self, call: Callable[[], T]) -> T:
        def attempt() -> T:
            with translating(self._endpoint):
                return call()

        return self._retries.run("the Batch API", attempt)
