"""A predicate is tried once on the rows of a release while searches use it."""

from __future__ import annotations

import numpy as np
import pytest

from lake.search.allow_list import AllowLists
from lake.tables.reader import Passing


class Table:
    def __init__(self) -> None:
        self.tried: list[str] = []

    def passing(self, where: str) -> Passing:
        self.tried.append(where)
        return Passing(np.array([1], np.uint64), where.encode())


def test_the_last_predicates_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    visible = AllowLists(lambda: table, 1)  # type: ignore[arg-type,return-value]
    for number in (0, 0, 1, 2, 3, 0, 4, 5, 6, 7, 0, 8, 9, 1):
        found = visible.where(f"sql {number}")
        assert isinstance(found, Passing)
        assert found.allowlist == f"sql {number}".encode()
    assert table.tried == [f"sql {number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1)]
    assert visible.where(None) is None
    monkeypatch.setattr("lake.search.allow_list._MOST_LISTED", 0)
    assert visible.where("sql 0") == "sql 0"
