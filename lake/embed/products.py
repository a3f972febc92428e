"""Products of a few rows with large matrices, in pieces that OpenBLAS multiplies without copying them first.

For a product of more than a million multiplications OpenBLAS rearranges both sides, which for a question of some
twenty tokens costs several times the multiplication itself. If it has no kernel for small products, pieces cost
little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Rows and weights of one piece; their product is the largest that still counts as small.
_ROWS, _FROM, _TO = 40, 384, 64
_BLOCK = 32


@dataclass(frozen=True, slots=True)
class Product:
    """Weights as [pieces, from, to] for each part of the rows' columns, one after another."""

    parts: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, *weights: np.ndarray, factors: tuple[np.float32, ...] = (np.float32(1),)) -> Product:
        """Joins several [to, from] side by side, each times its factor."""
        n_from, n_to = weights[0].shape[1], sum(len(weight) for weight in weights)
        turned = np.empty((n_from, n_to), np.float32)
        start = 0
        for weight, factor in zip(weights, factors, strict=True):
            _turn(weight, factor, turned[:, start : start + len(weight)])
            start += len(weight)
        n_pieces = n_to // _width(n_to)
        parts = np.array_split(turned, -(-n_from // _FROM))
        return cls(tuple(np.ascontiguousarray(np.stack(np.split(part, n_pieces, axis=1))) for part in parts))

    def of_rows(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Writes the product with ``rows`` [n, from] to ``out`` [n, to]."""
        if len(rows) <= _ROWS:
            self._of_few(rows, out)
            return
        n_tiles = -(-len(rows) // _ROWS)
        height, n_taller = divmod(len(rows), n_tiles)
        split = n_taller * (height + 1)  # no tile is so low that it would be computed in another way
        for some, into, n_rows in ((rows[:split], out[:split], height + 1), (rows[split:], out[split:], height)):
            self._of_tiles(some.reshape(-1, n_rows, rows.shape[1]), into.reshape(-1, n_rows, out.shape[1]))

    def _of_tiles(self, tiles: np.ndarray, out: np.ndarray) -> None:
        """Of [tiles, rows, from] to ``out`` [tiles, rows, to]: each piece stays in the cache for all tiles."""
        first, *others = self.parts
        width = first.shape[2]
        for number, piece in enumerate(first):
            into = out[..., number * width : (number + 1) * width]
            np.matmul(tiles[..., : len(piece)], piece, out=into)
            n_from = len(piece)
            for part in others:
                into += np.matmul(tiles[..., n_from : n_from + part.shape[1]], part[number])
                n_from += part.shape[1]

    def _of_few(self, rows: np.ndarray, out: np.ndarray) -> None:
        first, *others = self.parts
        n_pieces, n_from, width = first.shape
        pieces = out.reshape(len(rows), n_pieces, width).transpose(1, 0, 2)
        np.matmul(rows[None, :, :n_from], first, out=pieces)
        for part in others:
            pieces += np.matmul(rows[None, :, n_from : n_from + part.shape[1]], part)
            n_from += part.shape[1]


def _width(n: int) -> int:
    """The largest width that divides ``n``."""
    return max(width for width in range(1, _TO + 1) if n % width == 0)


def _turn(weight: np.ndarray, factor: np.float32, out: np.ndarray) -> None:
    """Writes ``factor`` times the transposed weight in blocks that stay in the cache."""
    for i in range(0, len(weight), _BLOCK):
        block = weight[i : i + _BLOCK]
        np.multiply(block.T, factor, out=out[:, i : i + len(block)])
