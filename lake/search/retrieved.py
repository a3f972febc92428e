"""What the retrievers found for one question, which is fused under any weights without another search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.search.candidates import RankedList, place, ranked
from lake.search.fusion import Chance, TermChance, evidence, reciprocal_ranks, retriever_weights, shares

if TYPE_CHECKING:
    from lake.recipe import Recipe
    from lake.search.question import SearchRequest

#: Reads columns that locate chunks by their row ids, in their order.
Places = Callable[[np.ndarray, Sequence[str]], pa.Table]


class RetrievedLists:
    """The ranked lists of a question, each to be fused at ``depth``; ``chance`` returns that of a column's cosines."""

    def __init__(
        self,
        recipe: Recipe,
        lists: Sequence[RankedList],
        depth: int,
        chance: Callable[[str], Chance | TermChance],
        places: Places,
    ) -> None:
        self.recipe, self.lists, self.depth = recipe, lists, depth
        self._chance, self._places = chance, places
        self._chances: dict[str, Chance | TermChance] = {}
        self._last: tuple[object, pa.Table] | None = None

    def fused(self, question: SearchRequest) -> pa.Table:
        """The candidates, best first, as ``ranked`` returns them; a list without a weight adds none."""
        key = (question.mode, question.fusion, question.alpha, question.embedder_weights, question.expand)
        if self._last is None or self._last[0] != key:
            self._last = key, self._fused(question)
        return self._last[1]

    def _fused(self, question: SearchRequest) -> pa.Table:
        of_vectors = shares(self.recipe, question.embedder_weights)
        lists = [one for one in self.lists if of_vectors.get(one.name, 1)]
        weights = _weights(question, lists, of_vectors)

        def fuse(ranks: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            if len(lists) == 1:
                return {lists[0].name: scores[lists[0].name]}
            if question.fusion == "rrf":
                return {name: reciprocal_ranks(rank, weights=(2 * weights[name],)) for name, rank in ranks.items()}
            return evidence(
                ranks, scores, {one.name: self._of(one.name) for one in lists if one.name != "text"}, weights
            )

        columns = place(question.expand)
        return ranked(lists, self.depth, lambda row_ids: self._places(row_ids, columns), fuse)

    def remembering(self, row_ids: np.ndarray) -> RetrievedLists:
        """The same, reading the places of its chunks only once for each kind of passage."""
        ids, known = np.unique(row_ids), dict[tuple[str, ...], pa.Table]()

        def places(wanted: np.ndarray, columns: Sequence[str]) -> pa.Table:
            if tuple(columns) not in known:
                known[tuple(columns)] = self._places(ids, columns)
            return known[tuple(columns)].take(pa.array(np.searchsorted(ids, wanted)))

        return RetrievedLists(self.recipe, self.lists, self.depth, self._chance, places)

    def _of(self, column: str) -> Chance | TermChance:
        if column not in self._chances:
            self._chances[column] = self._chance(column)
        return self._chances[column]


def _weights(question: SearchRequest, lists: Sequence[RankedList], of_vectors: Mapping[str, float]) -> dict[str, float]:
    """The weight of each retriever; those of missing embedders go to the others."""
    columns = [one.name for one in lists if one.name != "text"]
    total = sum(of_vectors[column] for column in columns) or 1.0
    present = {column: of_vectors[column] / total for column in columns}
    return retriever_weights(present, 1.0 if question.mode == "vector" else question.alpha)
