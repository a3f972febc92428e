"""Answers of an OpenAI-compatible endpoint: its refusals as our errors, its embeddings as rows."""

from __future__ import annotations

import base64
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.endpoints.endpoint import Endpoint
from lake.endpoints.refusals import RefusedRequest, UnacceptedRequest, translated
from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lake.embed.endpoint_protocol import EmbeddingModel

#: Characters that an error quotes of a body that is no answer.
_QUOTED = 160
#: How servers that answer with status 500 say that a request is too large.
_TOO_LARGE = re.compile(r"batch size|too (?:large|long|many)|exceed", re.IGNORECASE)


@contextmanager
def translating(endpoint: Endpoint) -> Iterator[None]:
    """Raises RefusedRequest if a retry may succeed, else a LakeError."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        message = endpoint.without_key(error.message)
        if error.status_code == 500 and is_too_large(message):
            raise UnacceptedRequest(f"the endpoint refused the request (500): {message}") from error
        access = {"key": endpoint.key_from, "address": endpoint.url_from}
        raise translated(error.status_code, message, error.code, error.response.headers, **access) from error
    except openai.APIConnectionError as error:
        raise RefusedRequest(f"{error.message} {error.__cause__ or ''}".strip(), None) from error
    except openai.OpenAIError as error:
        raise ContractError(f"the endpoint's answer can't be read: {error}") from error


def is_too_large(message: str) -> bool:
    """Whether an error of status 500 says that the request is too large."""
    return _TOO_LARGE.search(message) is not None


def answer_of(body: str, name: str, url_from: str = "OPENAI_BASE_URL") -> dict[str, Any]:
    """The JSON object of an answer.

    Raises RefusedRequest if JSON ends early or an error in it may pass, else ContractError with the body's beginning.
    """
    quoted = " ".join(body[: 4 * _QUOTED].split())[:_QUOTED] or "nothing"
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        if body.lstrip()[:1] == "{":
            raise RefusedRequest(f"{name!r} returned JSON that can't be read: {quoted}", None) from error
        raise ContractError(f"{name!r} returned something else than JSON: {quoted}; check {url_from}") from error
    if isinstance(answer, dict) and answer.get("error"):
        stated = answer["error"]
        told = stated if isinstance(stated, dict) else {"message": stated}
        code = told.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 0
        raise translated(status, f"{name!r} returned an error as its answer: {told.get('message') or quoted}", None, {})
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise ContractError(f"{name!r} returned no embeddings: {quoted}; check {url_from}")
    return answer


def rows_in_order(answer: Mapping[str, Any], n_texts: int, model: EmbeddingModel) -> np.ndarray:
    """Vectors [texts, dimensions] by their index, or in the answer's order if it has none.

    A text without a vector has NaN. Raises ContractError unless all texts are there once.
    """
    items = [item if isinstance(item, dict) else {} for item in answer["data"]]
    places = [item.get("index") for item in items]
    if all(place is None for place in places):
        places = list(range(len(items)))
    if len(items) != n_texts:
        raise ContractError(f"{model.name!r} returned {len(items)} vectors for {n_texts} texts")
    if sorted(places, key=str) != sorted(range(n_texts), key=str):
        raise ContractError(f"{model.name!r} misnumbered its {n_texts} vectors: an index is missing or comes twice")
    rows = np.full((n_texts, model.dimensions), np.nan, np.float32)
    lengths = set()
    for place, item in zip(places, items, strict=True):
        row = _decode(item.get("embedding"), model.name)
        if row.size == model.dimensions:
            rows[place] = row
        elif row.size:
            lengths.add(row.size)
    if lengths:
        raise ContractError(
            f"{model.name!r} returned {sorted(lengths)} dimensions, not {model.dimensions}; "
            f"name the endpoint's dimensions as '@DIMENSIONS'"
        )
    return rows


def dimensions_of(answer: Mapping[str, Any], name: str) -> int:
    """The length of an answer's first vector; raises ContractError if it has none."""
    first = answer["data"][0] if answer["data"] else None
    found = _decode(first.get("embedding"), name).size if isinstance(first, dict) else 0
    if not found:
        raise ContractError(f"{name!r} returned no vector for a text; name its dimensions as '@DIMENSIONS'")
    return int(found)


def has_direction(rows: np.ndarray) -> np.ndarray:
    """Mask of the rows that are finite and not zero."""
    norms = np.square(rows.astype(np.float64)).sum(axis=1)
    found: np.ndarray = np.isfinite(norms) & (norms > 0)
    return found


def _decode(embedding: object, name: str) -> np.ndarray:
    """One vector; empty if there is none."""
    try:
        if isinstance(embedding, str):
            return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
        return np.asarray([] if embedding is None else embedding, dtype=np.float32).reshape(-1)
    except (ValueError, TypeError) as error:
        raise ContractError(f"{name!r} returned a vector that can't be read: {error}") from error
