"""Results and answers as bytes: JSON and Arrow, which carry data and no code."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lake.answer import values
from lake.answer.values import Answer
from lake.cache.encoding import Unkeyable
from lake.embed.sparse_vectors import packed, unpacked
from lake.endpoints.usage import Usage
from lake.schemas.result import SearchResult

if TYPE_CHECKING:
    from lake.recipe import EmbedderIdentity

#: The classes that an answer is made of, by name; no others are read.
_KNOWN = {kind.__name__: kind for kind in vars(values).values() if isinstance(kind, type) and is_dataclass(kind)}
_KNOWN["Usage"] = Usage
#: Fields that belong to one call.
_OF_A_CALL = ("cached", "made_for", "stale_since")


def from_result(result: SearchResult) -> bytes:
    """Raises Unkeyable for a result that has more than can be stored."""
    return _packed(_plain(_fields(result, "hits")), result.hits)


def to_result(data: bytes, store: str) -> SearchResult:
    """The result, marked with where it was cached; it took no call of a model."""
    named, hits = _unpacked(data)
    return replace(SearchResult(**named, hits=hits, cached=store), usage=None)


def from_answer(answer: Answer) -> bytes:
    """Raises Unkeyable for an answer that has more than can be stored."""
    return _packed(_plain(_fields(answer, "passages")), answer.passages)


def to_answer(data: bytes, store: str, seconds: float) -> Answer:
    """The answer, marked with where it was cached; it took ``seconds`` and no call of a model."""
    named, passages = _unpacked(data)
    answer = Answer(**named, passages=passages, cached=store)
    return replace(answer, usage=Usage(), seconds=seconds)


def from_vector(vector: np.ndarray, embedder: EmbedderIdentity) -> bytes:
    """A question's vector, which ``to_vector`` reads."""
    if embedder.is_sparse:
        packed_vector: bytes = packed(vector[None], "float32")[0].as_py()
        return packed_vector
    data: bytes = np.ascontiguousarray(vector, dtype="<f4").tobytes()
    return data


def to_vector(data: bytes, embedder: EmbedderIdentity) -> np.ndarray | None:
    """float32 [dimensions]; None if the data is no vector that the embedder can have made."""
    if embedder.is_sparse:
        return unpacked(data, embedder.dimensions)
    if len(data) != 4 * embedder.dimensions:
        return None
    vector = np.frombuffer(data, "<f4")
    return vector if abs(float(np.dot(vector, vector)) - 1) < 0.01 else None


def _fields(value: Any, table: str) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value) if one.name not in (table, *_OF_A_CALL)}


def _packed(named: Any, table: pa.Table) -> bytes:
    words = json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    rows: bytes = sink.getvalue().to_pybytes()
    return len(words).to_bytes(4, "big") + words + rows


def _unpacked(data: bytes) -> tuple[dict[str, Any], pa.Table]:
    end = 4 + int.from_bytes(data[:4], "big")
    named = _made(json.loads(data[4:end].decode("utf-8", "surrogatepass")))
    with pa.ipc.open_stream(memoryview(data)[end:]) as reader:
        return named, reader.read_all()


def _plain(value: Any) -> Any:
    """The value in JSON, in which a list stands for a tuple and an object with its class for a dataclass."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value) and "!" not in value:
        return {name: _plain(item) for name, item in value.items()}
    if _KNOWN.get(type(value).__name__) is type(value):
        return {"!": type(value).__name__, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
    raise Unkeyable(f"{type(value).__name__} can't be stored")


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_made(item) for item in value)
    if isinstance(value, dict):
        made = {name: _made(item) for name, item in value.items() if name != "!"}
        return _KNOWN[value["!"]](**made) if "!" in value else made
    return value
