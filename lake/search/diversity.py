"""Maximal marginal relevance and near-duplicates among the passages found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from lake.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Shingle = tuple[str, ...]

_SHINGLE = 3


def mmr(relevance: npt.ArrayLike, vectors: npt.ArrayLike, weight: float, k: int) -> list[int]:
    """Positions of up to ``k`` candidates in the order of maximal marginal relevance (Carbonell and Goldstein, 1998).

    Each step takes the greatest ``weight * relevance - (1 - weight) * greatest cosine to those taken``;
    the first position wins a tie. ``relevance`` [n] is first scaled to 0..1, so that ``weight`` means the
    same for cosines, BM25 and fused ranks; if all are equal, each counts as 1. ``vectors`` [n, d] of any
    length; a zero vector resembles nothing. ``weight`` 1 keeps the order of relevance.
    """
    if not 0 <= weight <= 1:
        raise UsageError(f"the weight of relevance against diversity is {weight}; choose one from 0 to 1")
    gain = weight * _spread(np.asarray(relevance, dtype=np.float64))
    directions = _directions(np.asarray(vectors, dtype=np.float64))
    nearest = np.zeros(len(gain))
    taken: list[int] = []
    while len(taken) < min(k, len(gain)):
        marginal = gain - (1 - weight) * nearest
        marginal[taken] = -np.inf
        best = int(marginal.argmax())
        cosines = directions @ directions[best]
        nearest = np.maximum(nearest, cosines) if taken else cosines
        taken.append(best)
    return taken


def _spread(relevance: np.ndarray) -> np.ndarray:
    if not np.isfinite(relevance).all():
        raise UsageError("a relevance is not finite; leave out candidates without a finite relevance")
    least, greatest = (relevance.min(), relevance.max()) if len(relevance) else (0.0, 0.0)
    if greatest == least:
        return np.ones_like(relevance)
    spread: np.ndarray = (relevance - least) / (greatest - least)
    return spread


def _directions(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: np.ndarray = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return directions


def duplicates(texts: Sequence[str], threshold: float = 0.8) -> list[int]:
    """For each text, the position of the most similar earlier text if they are near-duplicates, else its own.

    Similarity is the exact Jaccard similarity of the sets of three-word shingles, ignoring case and white
    space; texts of fewer words match only if their words are equal. An original is never a duplicate
    itself, so that no chain of small changes links distant texts. The first of several equally similar wins.
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"the threshold of near-duplicates is {threshold}; choose one above 0, up to 1")
    # Shingle -> the originals that contain it; most shingles occur in one text only.
    holders: dict[Shingle, tuple[int, ...]] = {}
    sizes: list[int] = []
    first: list[int] = []
    for position, text in enumerate(texts):
        shingles = _shingles(text)
        sizes.append(len(shingles))
        known = holders.keys() & shingles
        first.append(_nearest(known, holders, sizes, threshold, position))
        if first[-1] == position:
            holders.update({shingle: (*holders.get(shingle, ()), position) for shingle in known})
            holders.update(dict.fromkeys(shingles - known, (position,)))
    return first


def _nearest(
    known: set[Shingle], holders: dict[Shingle, tuple[int, ...]], sizes: list[int], threshold: float, position: int
) -> int:
    shared = Counter(holder for shingle in known for holder in holders[shingle])
    near = {holder: n / (sizes[holder] + sizes[position] - n) for holder, n in shared.items()}
    best = min(near, key=lambda holder: (-near[holder], holder), default=position)
    return best if near.get(best, 0.0) >= threshold else position


def _shingles(text: str) -> set[Shingle]:
    words = text.casefold().split()
    if len(words) < _SHINGLE:
        return {tuple(words)}
    return set(zip(words, words[1:], words[2:], strict=False))
