"""Answers of an OpenAI-compatible endpoint: its refusals as our errors, its embeddings as rows."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.endpoints.refusals import RefusedRequest, translated
from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.embed.openai_models import OpenAIModel


@contextmanager
def translating() -> Iterator[None]:
    """Raises RefusedRequest if a retry may succeed, else a LakeError."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise translated(error.status_code, error.message, error.code, error.response.headers) from error
    except openai.APIConnectionError as error:
        raise RefusedRequest(f"{error.message} {error.__cause__ or ''}".strip(), None) from error
    except openai.OpenAIError as error:
        raise ContractError(f"the endpoint's answer can't be read: {error}") from error


def vectors_in_order(answer: Any, n_texts: int, model: OpenAIModel) -> np.ndarray:
    """Vectors by their index, whatever their order in the answer; raises ContractError unless all are there."""
    items = sorted(getattr(answer, "data", None) or [], key=lambda item: item.index)
    if [item.index for item in items] != list(range(n_texts)):
        raise ContractError(f"{model.name!r} returned {len(items)} vectors for {n_texts} texts, or misnumbered them")
    rows = [_decode(item.embedding) for item in items]
    lengths = sorted({row.size for row in rows})
    if lengths != [model.dimensions]:
        raise ContractError(
            f"{model.name!r} returned {lengths} dimensions, not {model.dimensions}; "
            f"name the endpoint's dimensions as '@DIMENSIONS'"
        )
    return np.stack(rows)


def _decode(embedding: str | list[float]) -> np.ndarray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), dtype="<f4")
    return np.asarray(embedding, dtype=np.float32)
