"""A mean-pooled BERT as an ONNX file for onnxruntime, made of the fused operators that its optimiser would produce."""

from __future__ import annotations

from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.embed.bert_folder import open_weights

if TYPE_CHECKING:
    from pathlib import Path

    from lake.embed.bert_folder import BertFolder

#: The domain of onnxruntime's own operators.
_FUSED = "com.microsoft"
_OPERATORS, _FORMAT = 17, 9


def write_onnx(folder: BertFolder, max_sequence: int, file: Path) -> None:
    """From ``ids`` [1, length] to one direction [1, hidden]; the weights go to a second file, which is mapped."""
    onnx: Any = import_module("onnx")
    graph = _Graph(onnx, folder)
    rows = graph.embedded(max_sequence)
    for number in range(folder.n_layers):
        rows = graph.layer(rows, f"encoder.layer.{number}")
    direction = graph.node("ReduceMean", rows, axes=[1], keepdims=0)
    sets = [onnx.helper.make_opsetid("", _OPERATORS), onnx.helper.make_opsetid(_FUSED, 1)]
    model = onnx.helper.make_model(graph.finished(direction), opset_imports=sets, ir_version=_FORMAT)
    onnx.save_model(model, str(file), save_as_external_data=True, location=f"{file.name}.weights")


class _Graph:
    """Methods return the name of their result. ``onnx`` is Any, because it is not a dependency."""

    def __init__(self, onnx: Any, folder: BertFolder) -> None:
        self._onnx, self._folder, self._weights = onnx, folder, open_weights(folder.path)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._numbers = count()

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{operator}{next(self._numbers)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"constant{next(self._numbers)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _weight(self, name: str) -> str:
        return self.constant(self._weights[name])

    def _turned(self, *names: str) -> str:
        """Weights as [from, to], side by side."""
        return self.constant(np.concatenate([self._weights[f"{name}.weight"].T for name in names], axis=1))

    def embedded(self, max_sequence: int) -> str:
        places = self._weights["embeddings.position_embeddings.weight"][:max_sequence]
        places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        zero, one, two = (self.constant(np.array([n], np.int64)) for n in range(3))
        words = self.node("Gather", self._weight("embeddings.word_embeddings.weight"), "ids")
        length = self.node("Slice", self.node("Shape", "ids"), one, two)
        here = self.node("Slice", self.constant(places), zero, length, zero)
        scale, shift = (self._weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias"))
        summed = self.node("Add", words, here)
        return self.node("LayerNormalization", summed, scale, shift, axis=-1, epsilon=self._folder.epsilon)

    def layer(self, rows: str, name: str) -> str:
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        bias = self.constant(np.concatenate([self._weights[f"{part}.bias"] for part in parts]))
        heads = self._folder.n_heads
        attended = self.node("Attention", rows, self._turned(*parts), bias, domain=_FUSED, num_heads=heads)
        rows = self._added(attended, rows, f"{name}.attention.output")
        wide = self.node("MatMul", rows, self._turned(f"{name}.intermediate.dense"))
        wide = self.node("BiasGelu", wide, self._weight(f"{name}.intermediate.dense.bias"), domain=_FUSED)
        return self._added(wide, rows, f"{name}.output")

    def _added(self, given: str, rows: str, name: str) -> str:
        product = self.node("MatMul", given, self._turned(f"{name}.dense"))
        norm = [self._weight(f"{name}.{part}") for part in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
        epsilon = self._folder.epsilon
        return self.node("SkipLayerNormalization", product, rows, *norm, domain=_FUSED, epsilon=epsilon)

    def finished(self, output: str) -> Any:
        info, types = self._onnx.helper.make_tensor_value_info, self._onnx.TensorProto
        ids = info("ids", types.INT64, [1, "length"])
        result = info(output, types.FLOAT, [1, self._folder.hidden])
        return self._onnx.helper.make_graph(self._nodes, "bert", [ids], [result], self._constants)
