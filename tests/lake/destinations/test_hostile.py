"""What stores meet besides good days: busy servers, broken connections, odd values, empty releases, two writers."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.destinations import registry
from lake.destinations.destination import DifferenceStore, VectorRows
from lake.destinations.opening import open_destination
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.errors import BusyError, ContractError, TransientError, UsageError
from lake.options import RecipeOptions
from lake.storage.lease import Lease
from tests.lake.destinations.conftest import Kind, Lakes
from tests.lake.destinations.served import KEY, Refusal

#: Metadata and text that stores with types, reserved names or size limits stumble over.
METADATA = {
    "title": "A 'quoted' \"title\"; DROP TABLE lamps -- \u202e\U0001f4a1",
    "nested": {"a.b": {"$gt": [1, 2.5, None, {"deep": True}]}, "": "empty key"},
    "id": "an id",
    "vector": [1, 2],
    "_id": 7,
    "row_digest": "not ours",
    "readers": ["everybody"],
    "long": "x" * 9000,
    "a/b.c'd\"e": "\x01\x7f",
    "when": "0001-01-01T00:00:00Z",
    "huge": [{str(number): "y" * 90} for number in range(200)],
    "tags": ["a", "ü" * 300],
}
KEPT = ("nested", "a/b.c'd\"e", "when", "huge")
#: Seconds from 1970 to the second day of the year 1; file systems hold it, or their own first year.
YEAR_1 = -62_135_510_400


@pytest.fixture
def name(kind: Kind, tmp_path: Path) -> str:
    return f"{kind.name}:{kind.place(tmp_path)}"


def payloads(name: str) -> list[dict[str, Any]]:
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        if store.held() is None:
            return []
        return [dict(row) for row in store.fetch([chunk_id for chunk_id, _ in store.listing()]).payloads]


def digests_held(name: str) -> set[str]:
    return {row["row_digest"] for row in payloads(name)}


def digests_of(lake: Lake, release: str) -> set[str]:
    history = lake.log.read()
    return set(ReleaseRows(lake, history.resolve(release), history.rights).digests().values())


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, list[str]]:
    """A lake of odd values: its releases are full, empty, and of another number of dimensions."""
    folder = tmp_path_factory.mktemp("odd")
    source = folder / "source"
    deep = source / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    page = deep / "a b'c%20#?.md"
    page.write_text("# Odd\n\nA lamp \\u0000 'burns' \"oil\" {{x}} $1 \ufffd\u2028 end.")
    page.with_name(page.name + ".meta.json").write_text(json.dumps(METADATA))
    os.utime(page, (YEAR_1, YEAR_1))
    releases = [_ingest(source, folder / "lake")]
    text = page.read_text()
    page.unlink()
    releases.append(_ingest(source, folder / "lake"))
    page.write_text(text)
    return Lake.existing(str(folder / "lake")), releases


def _ingest(source: Path, lake: Path) -> str:
    settings = RecipeOptions(embedder="hash", child_tokens=64)
    with PlainSteps(n_workers=1) as steps:
        outcome = reindex(Job(sources=(f"odd={source}",), lake=str(lake), settings=settings, allow_removals=1), steps)
    assert outcome.release is not None, outcome.reason
    return outcome.release


def test_odd_values_arrive_as_they_are_and_an_empty_release_is_empty(odd: tuple[Lake, list[str]], name: str) -> None:
    lake, (full, empty) = odd
    done = sync(lake, name, at=full)
    assert done.verified is not None
    assert not done.verified.problem
    (row,) = payloads(name)
    held = json.loads(row["metadata"])
    assert {key: held[key] for key in KEPT} == {key: METADATA[key] for key in KEPT}
    assert row["modified_at"] < "1902"  # where a file system begins
    assert row["readers"] == ["*"]
    for release, n_rows in ((empty, 0), (full, 1)):
        assert sync(lake, name, at=release).n_rows["chunks"] == n_rows
        assert len(payloads(name)) == n_rows


def test_another_embedder_replaces_all_rows(
    odd: tuple[Lake, list[str]], kind: Kind, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, (full, _) = odd
    sync(lake, name, at=full)
    _shorten(monkeypatch)
    if kind.name == "pinecone":
        with pytest.raises(UsageError, match="has 256 dimensions, and the lake's vectors have 8"):
            sync(lake, name, at=full)
        return
    done = sync(lake, name, at=full)
    assert (done.method, done.n_added) == ("full", 1)
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        assert store.held() is not None
        (chunk_id, _), *_ = store.listing()
        assert store.fetch([chunk_id]).vectors.shape == (1, 8)


def _shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of eight dimensions from here on, as another embedder would have made them."""
    import numpy as np

    from lake.destinations import iceberg, release_rows
    from lake.destinations import sync as engine

    whole, state = release_rows.vectors_of, engine.HeldState

    def short(batch: Any) -> Any:
        vectors = whole(batch)[:, :8] + 0.1
        return np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def other(**words: Any) -> Any:
        return state(
            **{**words, "embedder": "another", "dimensions": 8, "mark": f"{words['mark']}-8", "rows": "others"}
        )

    monkeypatch.setattr(release_rows, "vectors_of", short)
    monkeypatch.setattr(engine, "HeldState", other)
    monkeypatch.setattr(iceberg, "vectors_of", whole)


def test_of_two_writers_at_once_one_is_turned_away(lakes: Lakes, name: str) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"], n_checks=0)

    def written(step: str) -> str:
        try:
            sync(early, name, at=releases[step], n_checks=0)
        except BusyError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as both:
        refused = [one for one in both.map(written, ("deleted", "renamed")) if one]
    assert len(refused) <= 1  # none if one was done before the other began
    assert all(name in one and KEY not in one for one in refused)
    sync(early, name, at=releases["deleted"], n_checks=0)
    assert digests_held(name) == digests_of(early, releases["deleted"])


def test_a_writer_that_slept_while_another_one_took_over_writes_nothing_more(lakes: Lakes, name: str) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"], n_checks=0)
    others: list[Lease] = []

    def overtaken(*_: object) -> None:
        """Called before the first row is written."""
        if not others:
            for lease in (Path(early.url) / "destination-leases").glob("*/*.json"):
                holder = {**json.loads(lease.read_text()), "expires_at": "2020-01-01T00:00:00+00:00"}
                lease.write_text(json.dumps(holder))
            others.append(registry.writing(early, name).__enter__())

    with pytest.raises(ContractError, match=r"lost the writer lease of .*; it stopped in the middle, run it again"):
        sync(early, name, at=releases["deleted"], n_checks=0, progress=overtaken)
    assert digests_held(name) == digests_of(early, releases["full"])
    others[0].__exit__(None, None, None)
    assert sync(early, name, at=releases["deleted"], n_checks=0).method in ("listing", "full")
    assert digests_held(name) == digests_of(early, releases["deleted"])


def test_what_a_writer_that_slept_left_behind_the_next_one_is_removed(lakes: Lakes, name: str) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"], n_checks=0)
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        state = store.held()
        assert state is not None
        store.begin(state, anew=False)
        (victim, *_), count = dict(store.listing()), store.count()
        store.apply(None, [victim])
        store.finish(state)
        assert store.count() == count - 1
    registry.doubt(early, name)  # as the one that slept does when it wakes
    assert sync(early, name, at=releases["deleted"], n_checks=0).method == "listing"
    assert digests_held(name) == digests_of(early, releases["deleted"])


def test_a_store_that_keeps_less_than_it_acknowledges_is_found_out(
    lakes: Lakes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"], n_checks=0)
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        kind = type(store)
    taken = kind.apply  # type: ignore[union-attr]

    def lies(store: Any, rows: Any, removed: Any) -> None:
        some = rows and VectorRows(rows.ids[1:], rows.vectors[1:], rows.payloads[1:])
        taken(store, some, removed)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "apply", lies)
        with pytest.raises(ContractError, match="does not hold"):
            sync(early, name, at=releases["renamed"], n_checks=5)
    assert sync(early, name, at=releases["renamed"], n_checks=5).verified is not None
    history = early.log.read()
    wanted = ReleaseRows(early, history.resolve(releases["renamed"]), history.rights).digests()
    assert {row["row_digest"] for row in payloads(name)} == set(wanted.values())


def test_a_busy_server_is_tried_again_when_it_allows(
    odd: tuple[Lake, list[str]], kind: Kind, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind.served is None:
        pytest.skip(f"{kind.name} is no server here")
    pauses: list[float] = []
    for sleeper in ("lake.destinations.repeated_calls.time.sleep", "pinecone._internal.http_client._retry_sleep"):
        if not sleeper.startswith("pinecone") or kind.name == "pinecone":
            monkeypatch.setattr(sleeper, pauses.append)
    busy = Refusal(429, {"error": {"code": "RESOURCE_EXHAUSTED", "message": "slow down"}}, {"Retry-After": "7"})
    lake, (full, _) = odd
    kind.served.planned = [None, None, busy, None, Refusal(503), None, busy]
    assert sync(lake, name, at=full).verified is not None
    assert not kind.served.planned
    assert max(pauses) >= 7
    kind.served.planned = [busy] * 200
    with pytest.raises(TransientError, match="does not answer") as told:
        sync(lake, name, at=full, full=True)
    assert KEY not in str(told.value)
    kind.served.planned = []
    assert len(payloads(name)) == 1


def test_a_refusal_of_the_server_is_shown_with_its_reason(odd: tuple[Lake, list[str]], kind: Kind, name: str) -> None:
    if kind.name not in ("elasticsearch", "opensearch", "weaviate"):
        pytest.skip("only stores without a client of their own")
    assert kind.served is not None
    lake, (full, _) = odd
    reason = {"error": {"type": "illegal_argument_exception", "reason": "this cluster has 1000 shards"}}
    kind.served.planned = [None, None, None, Refusal(400, reason)]
    with pytest.raises(UsageError, match="HTTP 400: this cluster has 1000 shards"):
        sync(lake, name, at=full)
    kind.served.planned = []
    sync(lake, name, at=full)
    assert len(payloads(name)) == 1
