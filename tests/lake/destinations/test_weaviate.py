"""What only Weaviate has: versions without aliases, rows that it refuses or does not acknowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lake.destinations.destination import HeldState, VectorRows
from lake.destinations.sync import sync
from lake.destinations.weaviate import WeaviateCollection
from lake.errors import ContractError, TransientError, UsageError
from tests.lake.destinations.conftest import Lakes
from tests.lake.destinations.served import serving
from tests.lake.destinations.served_weaviate import Weaviate

STATE = HeldState("lake", "release", "mark", "rows", None, 0, "embedder", 2, 1)
ROW = VectorRows(["0" * 32], np.ones((1, 2), np.float32), [{"text": "oil", "row_digest": "d", "readers": []}])


@pytest.fixture
def served() -> Iterator[Weaviate]:
    with serving(Weaviate()) as running:
        assert isinstance(running, Weaviate)
        yield running


def test_a_version_without_aliases_is_refused(served: Weaviate, lakes: Lakes) -> None:
    served.version = "1.31.9"
    with pytest.raises(UsageError, match=r"Weaviate 1\.31\.9 has no aliases"):
        sync(lakes.early, f"weaviate:{served.url}/Lamps")


@pytest.mark.parametrize("place", ["http://host/lamps", "folder/Lamps", "http://host/La-mps"])
def test_names_that_weaviate_would_change_are_refused(place: str) -> None:
    with pytest.raises(UsageError, match="must be"):
        WeaviateCollection(place)


def test_a_row_is_for_nobody_if_nobody_may_see_it(served: Weaviate) -> None:
    with closing(WeaviateCollection(f"{served.url}/Lamps")) as store:
        assert store.held() is None
        store.begin(replace(STATE, mark=None), anew=True)
        store.apply(ROW, [])
        store.finish(STATE)
        (held,) = served.objects[served.aliases["Lamps"]].values()
        assert "readers" not in held["properties"]
        assert store.fetch(ROW.ids).payloads == ROW.payloads
        assert store.held() == STATE


@pytest.mark.parametrize(
    ("message", "error"), [("shard is not ready", TransientError), ("invalid property", ContractError)]
)
def test_a_row_that_is_not_taken_ends_the_sync(
    served: Weaviate, monkeypatch: pytest.MonkeyPatch, message: str, error: type[Exception]
) -> None:
    failed = {"status": "FAILED", "errors": {"error": [{"message": message}]}}
    monkeypatch.setattr(served, "_stored", lambda one: {**one, "result": failed})
    with closing(WeaviateCollection(f"{served.url}/Lamps")) as store:
        store.held()
        store.begin(STATE, anew=True)
        with pytest.raises(error, match=message):
            store.apply(ROW, [])


def test_rows_that_are_not_acknowledged_are_sent_again(
    served: Weaviate, lakes: Lakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, n_calls = served.answer, 0

    def cut(method: str, path: list[str], query: Any, body: Any) -> object:
        nonlocal n_calls
        answer = whole(method, path, query, body)
        if (method, path[-1]) == ("POST", "objects"):
            assert isinstance(answer, list)
            n_calls += 1
            return answer[:1] if n_calls == 1 else answer
        return answer

    monkeypatch.setattr(served, "answer", cut)
    done = sync(lakes.early, f"weaviate:{served.url}/Lamps")
    assert done.verified is not None
    assert len(served.objects[served.aliases["Lamps"]]) == done.n_rows["chunks"]


def test_collections_of_others_with_a_similar_name_stay(served: Weaviate, lakes: Lakes) -> None:
    served.classes["Lamps__old"] = {"class": "Lamps__old", "description": "somebody's"}
    for _ in range(2):
        sync(lakes.early, f"weaviate:{served.url}/Lamps", full=True, n_checks=0)
    assert set(served.classes) == {"Lamps__old", served.aliases["Lamps"]}
