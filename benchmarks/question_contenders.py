"""Encoders of a question that can replace ``lake.embed.numpy_bert.NumpyBert`` in a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lake.embed.bert_folder import BertFolder
from lake.embed.bert_graph import bert_graph
from lake.embed.bert_reader import BertReader, padded, pooling
from lake.embed.numpy_bert import NumpyBert
from lake.embed.unit import unit_rows
from lake.patches.openvino_telemetry import openvino
from lake.recipe import EmbedderIdentity


class Contender(Protocol):
    identity: EmbedderIdentity

    def embed_query(self, text: str) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What each contender is made of."""

    identity: EmbedderIdentity
    folder: BertFolder
    max_sequence: int

    def reader(self) -> BertReader:
        return BertReader(self.folder, self.identity.query_prompt, longest=self.max_sequence)


class InOpenVino:
    """One question at a time, without padding."""

    def __init__(self, given: Given, compiled: Any) -> None:
        self.identity, self._folder, self._reader = given.identity, given.folder, given.reader()
        self._request = compiled.create_infer_request()

    def embed_query(self, text: str) -> np.ndarray:
        ids = self._reader.ids([text])
        rows, present = padded(ids, len(ids[0]))
        pooled = pooling(present, self._folder, self._reader.n_unpooled)
        found: np.ndarray = unit_rows(self._request.infer([rows, present, pooled])[0].copy(), "openvino")[0]
        return found


class InOnnxRuntime:
    def __init__(self, given: Given, file: Path, n_threads: int) -> None:
        self.identity, self._reader = given.identity, given.reader()
        runtime: Any = import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        self._session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def embed_query(self, text: str) -> np.ndarray:
        ids = np.array(self._reader.ids([text]), np.int64)
        found: np.ndarray = unit_rows(self._session.run(None, {"ids": ids})[0], "onnxruntime")[0]
        return found


def _settings(n_threads: int) -> dict[str, Any]:
    few = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": n_threads, "ENABLE_CPU_PINNING": False}
    return {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", **few}


def _compiled(given: Given, n_threads: int) -> Any:
    graph = bert_graph(given.folder, given.max_sequence)
    return openvino().Core().compile_model(graph, "CPU", _settings(n_threads))


def in_openvino(n_threads: int) -> Callable[[Given, Path], Contender]:
    return lambda given, _: InOpenVino(given, _compiled(given, n_threads))


def in_kept_openvino(given: Given, kept: Path) -> Contender:
    """OpenVINO's quickest start: the compiled model comes from a file, and its model converter is not imported."""
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
    with (kept / "minilm.blob").open("rb") as blob:
        return InOpenVino(given, openvino().Core().import_model(blob.read(), "CPU", _settings(1)))


def in_onnxruntime(n_threads: int) -> Callable[[Given, Path], Contender]:
    return lambda given, kept: InOnnxRuntime(given, kept / "minilm.onnx", n_threads)


def in_numpy(given: Given, _: Path) -> Contender:
    return NumpyBert(given.identity, given.folder, given.max_sequence)


def in_torch(given: Given, _: Path) -> Contender:
    from lake.embed.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(given.identity, given.folder.path, given.max_sequence)


_ALL = {
    "numpy": in_numpy,
    "openvino, 1 thread": in_openvino(1),
    "openvino, 2 threads": in_openvino(2),
    "openvino, 1 thread, compiled model from a file": in_kept_openvino,
    "onnxruntime, 1 thread": in_onnxruntime(1),
    "onnxruntime, 2 threads": in_onnxruntime(2),
    "torch": in_torch,
}


def contenders() -> dict[str, Callable[[Given, Path], Contender]]:
    """The contenders whose packages are installed."""
    lacking = [name for name in ("openvino", "onnxruntime") if find_spec(name) is None]
    return {name: make for name, make in _ALL.items() if not name.startswith(tuple(lacking))}


def keep(given: Given, kept: Path) -> None:
    """Write the files that some contenders load, if they do not exist yet."""
    from question_onnx import write_onnx

    if find_spec("openvino") and not (kept / "minilm.blob").exists():
        (kept / "minilm.blob").write_bytes(_compiled(given, 1).export_model().getvalue())
    if find_spec("onnxruntime") and not (kept / "minilm.onnx").exists():
        write_onnx(given.folder, given.max_sequence, kept / "minilm.onnx")
