"""The layers of BERT (Devlin et al., 2019) in numpy, in place and in float32 throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lake.embed.products import Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lake.embed.bert_folder import BertFolder

    Weights = Mapping[str, np.ndarray]

#: Half of erfc by Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 4e-7 in
#: float32, where scipy's exact one takes four times as long.
_HALF_ERFC = [np.float32(c / 2) for c in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)]
_ERF_P, _ONE = np.float32(0.3275911), np.float32(1)
_ROOT, _HALF_ROOT = np.float32(2**0.5), np.float32(0.5**0.5)
#: Rows whose GELU is computed at a time, so that what it reads and writes a dozen times stays in a core's cache.
_GELU_ROWS = 32


class TextRun(NamedTuple):
    """Texts of equal ``length`` whose tokens follow one another, from row ``start`` on."""

    start: int
    n_texts: int
    length: int

    def of(self, rows: np.ndarray) -> np.ndarray:
        """A view [texts, length, ...] of this run's ``rows`` [rows, ...]."""
        mine = rows[self.start : self.start + self.n_texts * self.length]
        view: np.ndarray = mine.reshape(self.n_texts, self.length, *rows.shape[1:])
        return view


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that the layers reuse: large arrays are slow to allocate, and the layers are many.

    ``rows`` are the tokens of all texts, one after another, without padding. ``scores``: one array for each run.
    """

    runs: Sequence[TextRun]
    scores: Sequence[np.ndarray]
    qkv: np.ndarray
    context: np.ndarray
    sums: np.ndarray
    wide: np.ndarray
    spare: np.ndarray
    spare2: np.ndarray
    spare3: np.ndarray

    @classmethod
    def of(cls, runs: Sequence[TextRun], folder: BertFolder) -> Room:
        n_rows = sum(run.n_texts * run.length for run in runs)
        heads, size = folder.n_heads, folder.hidden // folder.n_heads
        shapes = {"qkv": (n_rows, 3, heads, size), "context": (n_rows, heads, size), "sums": (n_rows, folder.hidden)}
        wide = {"wide": (n_rows, folder.wide)}
        wide |= dict.fromkeys(("spare", "spare2", "spare3"), (min(n_rows, _GELU_ROWS), folder.wide))
        scores = [np.empty((run.n_texts, heads, run.length, run.length), np.float32) for run in runs]
        return cls(runs, scores, **{name: np.empty(shape, np.float32) for name, shape in (shapes | wide).items()})


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation."""

    scale: np.ndarray
    shift: np.ndarray
    epsilon: np.float32

    @classmethod
    def of(cls, weights: Weights, name: str, folder: BertFolder) -> Norm:
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"], np.float32(folder.epsilon))

    def apply(self, rows: np.ndarray) -> None:
        """In place."""
        n = np.float32(rows.shape[1])
        rows -= (np.add.reduce(rows, axis=1) / n)[:, None]
        deviation = np.sqrt(np.vecdot(rows, rows) / n + self.epsilon)
        rows /= deviation[:, None]
        rows *= self.scale
        rows += self.shift


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Word vectors stay in the file until they are needed."""

    words: np.ndarray
    places: np.ndarray
    norm: Norm

    @classmethod
    def of(cls, weights: Weights, max_sequence: int, folder: BertFolder) -> Embeddings:
        places = weights["embeddings.position_embeddings.weight"][:max_sequence]
        types = weights["embeddings.token_type_embeddings.weight"][0]
        return cls(
            weights["embeddings.word_embeddings.weight"],
            places + types,
            Norm.of(weights, "embeddings.LayerNorm", folder),
        )

    def of_tokens(self, ids: np.ndarray, runs: Sequence[TextRun]) -> np.ndarray:
        """Rows [n, hidden] of the ``ids`` [n] of all runs."""
        rows: np.ndarray = self.words[ids]
        for run in runs:
            texts = run.of(rows)
            texts += self.places[: run.length]
        self.norm.apply(rows)
        return rows


@dataclass(frozen=True, slots=True)
class Layer:
    """Constant factors are part of the weights: 1/sqrt(size of a head) of the query's, 1/sqrt(2) of those
    before the GELU and sqrt(2) of those after it.
    """

    qkv: Product
    qkv_bias: np.ndarray
    out: Product
    out_bias: np.ndarray
    out_norm: Norm
    up: Product
    up_bias: np.ndarray
    down: Product
    down_bias: np.ndarray
    down_norm: Norm

    @classmethod
    def of(cls, weights: Weights, name: str, folder: BertFolder) -> Layer:
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        attended, up, down = f"{name}.attention.output", f"{name}.intermediate.dense", f"{name}.output"
        factors = (np.float32((folder.hidden // folder.n_heads) ** -0.5), _ONE, _ONE)
        return cls(
            qkv=Product.of(*(weights[f"{part}.weight"] for part in parts), factors=factors),
            qkv_bias=np.concatenate([weights[f"{p}.bias"] * f for p, f in zip(parts, factors, strict=True)]),
            out=Product.of(weights[f"{attended}.dense.weight"]),
            out_bias=weights[f"{attended}.dense.bias"],
            out_norm=Norm.of(weights, f"{attended}.LayerNorm", folder),
            up=Product.of(weights[f"{up}.weight"], factors=(_HALF_ROOT,)),
            up_bias=weights[f"{up}.bias"] * _HALF_ROOT,
            down=Product.of(weights[f"{down}.dense.weight"], factors=(_ROOT,)),
            down_bias=weights[f"{down}.dense.bias"],
            down_norm=Norm.of(weights, f"{down}.LayerNorm", folder),
        )

    def apply(self, rows: np.ndarray, room: Room) -> None:
        """In place."""
        self._attend(rows, room)
        self.up.of_rows(rows, room.wide)
        np.add(room.wide, self.up_bias, out=room.wide)
        for start in range(0, len(rows), _GELU_ROWS):
            _gelu(room.wide[start : start + _GELU_ROWS], room)
        self.down.of_rows(room.wide, room.sums)
        rows += room.sums
        rows += self.down_bias
        self.down_norm.apply(rows)

    def _attend(self, rows: np.ndarray, room: Room) -> None:
        together = room.qkv.reshape(len(rows), -1)
        self.qkv.of_rows(rows, together)
        together += self.qkv_bias
        for run, scores in zip(room.runs, room.scores, strict=True):
            query, key, value = run.of(room.qkv).transpose(2, 0, 3, 1, 4)
            np.matmul(query, key.swapaxes(2, 3), out=scores)
            _softmax(scores)
            np.matmul(scores, value, out=run.of(room.context).swapaxes(1, 2))
        self.out.of_rows(room.context.reshape(rows.shape), room.sums)
        rows += room.sums
        rows += self.out_bias
        self.out_norm.apply(rows)


def _softmax(scores: np.ndarray) -> None:
    """Works in place, over the last axis."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)


def _gelu(x: np.ndarray, room: Room) -> None:
    """GELU(sqrt(2) x) / sqrt(2): max(x, 0) - |x| erfc(|x|) / 2, in place."""
    size, t, half_erfc = (spare[: len(x)] for spare in (room.spare, room.spare2, room.spare3))
    np.abs(x, out=size)
    np.multiply(size, _ERF_P, out=t)
    t += _ONE
    np.reciprocal(t, out=t)
    np.multiply(t, _HALF_ERFC[0], out=half_erfc)
    for coefficient in _HALF_ERFC[1:]:
        half_erfc += coefficient
        half_erfc *= t
    np.multiply(size, size, out=t)
    np.negative(t, out=t)
    half_erfc *= np.exp(t, out=t)
    half_erfc *= size
    np.maximum(x, 0, out=x)
    x -= half_erfc
