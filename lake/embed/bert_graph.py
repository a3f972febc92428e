"""Builds BERT (Devlin et al., 2019) as an OpenVINO graph from a saved folder's weights, without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lake.embed.bert_folder import open_weights
from lake.patches.openvino_telemetry import openvino

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Model

    from lake.embed.bert_folder import BertFolder

#: Subtracted from the scores of padding tokens; its exponential is 0 in every precision.
_NEVER = 1e9


def bert_graph(folder: BertFolder, max_sequence: int, *, with_rows: bool = False) -> Model:
    """Maps ids [texts, length], a mask of the tokens present and one of those pooled to directions [texts, hidden].

    ``with_rows``: and to the last layer's rows [texts, length, hidden], from which those are made.
    ``lake.embed.bert_reader`` makes the three inputs.
    """
    ov = openvino()
    op = ov.opset13
    ids, present, pooled = _inputs(op)
    parts = _Parts(op, folder, open_weights(folder.path))
    rows = parts.encoded(ids, present, max_sequence)
    summed = op.matmul(op.unsqueeze(pooled, parts.whole(1)), rows, False, False)
    results = [op.result(op.squeeze(summed, parts.whole(1))), *([op.result(rows)] if with_rows else [])]
    return ov.Model(results, [ids, present, pooled], "bert")


def token_graph(folder: BertFolder, max_sequence: int) -> Model:
    """Maps ids [texts, length] and a mask of the tokens present to the last layer's rows [texts, length, hidden]."""
    ov = openvino()
    op = ov.opset13
    ids, present, _ = _inputs(op)
    rows = _Parts(op, folder, open_weights(folder.path)).encoded(ids, present, max_sequence)
    return ov.Model([op.result(rows)], [ids, present], "bert")


def _inputs(op: Any) -> tuple[Any, Any, Any]:
    masks = (op.parameter([-1, -1], np.float32, name) for name in ("present", "pooled"))
    return op.parameter([-1, -1], np.int32, "ids"), *masks


class _Parts:
    """``op`` is OpenVINO's set of operations, which has no types."""

    def __init__(self, op: Any, folder: BertFolder, weights: Mapping[str, np.ndarray]) -> None:
        self._op, self._folder, self._weights = op, folder, weights

    def value(self, number: float) -> Any:
        return self._op.constant(np.float32(number))

    def whole(self, *numbers: int) -> Any:
        return self._op.constant(np.array(numbers, np.int32))

    def _weight(self, name: str) -> Any:
        return self._op.constant(self._weights[name])

    def encoded(self, ids: Any, present: Any, max_sequence: int) -> Any:
        """Rows [texts, length, hidden] of the last layer."""
        rows = self.embedded(ids, max_sequence)
        absent = self._op.subtract(self._op.unsqueeze(present, self.whole(1, 2)), self.value(1))
        bias = self._op.multiply(absent, self.value(_NEVER))
        for number in range(self._folder.n_layers):
            rows = self.layer(rows, bias, f"encoder.layer.{number}")
        return rows

    def embedded(self, ids: Any, max_sequence: int) -> Any:
        """Rows [texts, length, hidden]: sums of word, position and first segment embeddings."""
        op = self._op
        places = self._weights["embeddings.position_embeddings.weight"][:max_sequence]
        places = op.constant(places + self._weights["embeddings.token_type_embeddings.weight"][0])
        length = op.gather(op.shape_of(ids, "i32"), self.whole(1), self.whole(0))
        words = op.gather(self._weight("embeddings.word_embeddings.weight"), ids, self.whole(0))
        here = op.slice(places, self.whole(0), length, self.whole(1), self.whole(0))
        return self._norm(op.add(words, here), "embeddings.LayerNorm")

    def layer(self, rows: Any, bias: Any, name: str) -> Any:
        attended = self._linear(self._attention(rows, bias, f"{name}.attention.self"), f"{name}.attention.output.dense")
        rows = self._norm(self._op.add(attended, rows), f"{name}.attention.output.LayerNorm")
        wide = self._op.gelu(self._linear(rows, f"{name}.intermediate.dense"), "erf")
        return self._norm(self._op.add(self._linear(wide, f"{name}.output.dense"), rows), f"{name}.output.LayerNorm")

    def _attention(self, rows: Any, bias: Any, name: str) -> Any:
        op, heads = self._op, self._folder.n_heads
        apart, turned = self.whole(0, 0, heads, self._folder.hidden // heads), self.whole(0, 2, 1, 3)
        query, key, value = (
            op.transpose(op.reshape(self._linear(rows, f"{name}.{part}"), apart, True), turned)
            for part in ("query", "key", "value")
        )
        context = op.transpose(op.scaled_dot_product_attention(query, key, value, bias), turned)
        return op.reshape(context, self.whole(0, 0, self._folder.hidden), True)

    def _linear(self, rows: Any, name: str) -> Any:
        op = self._op
        return op.add(op.matmul(rows, self._weight(f"{name}.weight"), False, True), self._weight(f"{name}.bias"))

    def _norm(self, rows: Any, name: str) -> Any:
        op = self._op
        normal = op.mvn(rows, self.whole(-1), True, self._folder.epsilon, "inside_sqrt")
        return op.add(op.multiply(normal, self._weight(f"{name}.weight")), self._weight(f"{name}.bias"))
