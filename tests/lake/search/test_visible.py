"""The best rows that pass a predicate are the same, whichever way they are found."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lake.search.visible import Visible, Visibles


class Ranked:
    """Rows in an order, of which a predicate leaves some."""

    def __init__(self, order: list[int], passing: set[int]) -> None:
        self.order, self.passing = order, passing
        self.asked: list[str | None] = []

    def best(self, n: int, where: str | None) -> pa.Table:
        self.asked.append(where)
        left = [row for row in self.order if where is None or row in self.passing]
        return pa.table({"_rowid": pa.array(left[:n], pa.uint64())})

    def row_ids(self, where: str) -> np.ndarray:
        self.asked.append(where)
        return np.array(sorted(self.passing), np.uint64)


@given(st.permutations(range(40)), st.sets(st.integers(0, 39)), st.integers(1, 45), st.integers(1, 40))
def test_the_best_that_pass(order: list[int], passing: set[int], n: int, n_ranked: int) -> None:
    """A leg need not rank every row: one without any word of the question is in none."""
    ranked = Ranked(order[:n_ranked], passing)
    visible = Visibles(lambda: ranked, 40).of("it passes")  # type: ignore[arg-type,return-value]
    assert visible.best(n, ranked.best).equals(ranked.best(n, "it passes"))


def test_most_rows_are_looked_through_once() -> None:
    common, rare = Ranked(list(range(1000)), set(range(0, 1000, 2))), Ranked(list(range(1000)), {5, 6})
    for ranked, asked in ((common, [None]), (rare, ["sql"])):
        Visible("sql", ranked.row_ids("sql"), 1000).best(10, ranked.best)
        assert ranked.asked[1:] == asked
    unlucky = Ranked(list(range(1000)), set(range(500, 1000)))
    found = Visible("sql", unlucky.row_ids("sql"), 1000).best(10, unlucky.best)
    assert (unlucky.asked[1:], found["_rowid"].to_pylist()) == ([None, "sql"], list(range(500, 510)))


def test_a_predicate_is_tried_on_all_rows_once_while_it_is_used() -> None:
    ranked = Ranked([1], {1})
    visibles = Visibles(lambda: ranked, 1)  # type: ignore[arg-type,return-value]
    for number in (0, 0, 1, 2, 3, 0, 4, 5, 6, 7, 0, 8, 9, 1):
        visibles.of(f"sql {number}")
    assert ranked.asked == [f"sql {number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1)]
