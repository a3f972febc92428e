"""Batches from token counts alone: length buckets for local models, size limits for endpoints."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BUCKET = 16


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Positions of texts that are padded to the same ``length``."""

    length: int
    positions: list[int]


def padded_length(n_tokens: int, longest: int) -> int:
    """The next multiple of 16, at least 16 and at most ``longest``.

    A text's padding depends on that text alone, so that on CPU its vector is bitwise the same in any batch.


    >>> padded_length(1, 256), padded_length(33, 256), padded_length(249, 250)
    (16, 48, 250)
    """
    return min(max(-(-n_tokens // BUCKET), 1) * BUCKET, longest)


def bucket_batches(counts: Sequence[int], budget: int, longest: int) -> list[TextBatch]:
    """Batches of equal padded length and at most ``budget`` padded tokens, longest first.

    A text longer than the budget gets its own batch. Small budgets (1-2 thousand tokens) stay in the processor's
    cache.

    >>> [(b.length, b.positions) for b in bucket_batches([3, 40, 5, 9], budget=32, longest=256)]
    [(48, [1]), (16, [0, 2]), (16, [3])]
    """
    buckets: defaultdict[int, list[int]] = defaultdict(list)
    for position, n_tokens in enumerate(counts):
        buckets[padded_length(n_tokens, longest)].append(position)
    return [
        TextBatch(length, positions)
        for length in sorted(buckets, reverse=True)
        for positions in _slices(buckets[length], rows_within(budget, length))
    ]


def check_lengths(counts: Sequence[int], longest: int, name: str, first: int = 0) -> None:
    """Raises ContractError for a text, counted from ``first``, that the model ``name`` would cut."""
    for position, n_tokens in enumerate(counts, first):
        if n_tokens > longest:
            raise ContractError(
                f"text {position} takes {n_tokens} tokens with prompt and special tokens, but "
                f"{name!r} reads {longest} and would cut the rest; chunk it smaller"
            )


def rows_within(budget: int, length: int) -> int:
    """The number of texts of ``length`` tokens in a batch; at least one."""
    return max(budget // length, 1)


def _slices(positions: list[int], n_rows: int) -> Iterator[list[int]]:
    return (positions[i : i + n_rows] for i in range(0, len(positions), n_rows))


def request_batches(counts: Sequence[int], max_inputs: int, max_tokens: int) -> list[list[int]]:
    """Consecutive positions with at most ``max_inputs`` texts and ``max_tokens`` tokens together.

    >>> request_batches([5, 5, 5, 20, 1], max_inputs=3, max_tokens=10)
    [[0, 1], [2], [3], [4]]
    """
    batches: list[list[int]] = []
    room = -1
    for position, n_tokens in enumerate(counts):
        if not batches or n_tokens > room or len(batches[-1]) == max_inputs:
            batches.append([])
            room = max_tokens
        batches[-1].append(position)
        room -= n_tokens
    return batches
