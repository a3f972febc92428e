"""What every store that takes differences must do: the same table of histories for each kind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lake.destinations import registry
from lake.destinations.destination import DifferenceStore, VectorRows
from lake.destinations.opening import open_destination
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.repeated_calls import RepeatedCalls
from lake.destinations.sync import Synced
from lake.destinations.sync import sync as sync_fully
from lake.directory import Lake
from lake.errors import RefusedError, TransientError, UsageError
from tests.house import ROOT
from tests.lake.destinations.conftest import KEYS, Kind, Lakes


@pytest.fixture
def name(kind: Kind, tmp_path: Path) -> str:
    return f"{kind.name}:{kind.place(tmp_path)}"


def sync(lake: Lake, name: str, **words: Any) -> Synced:
    """A sync that compares few rows, so that the table of all stores is quick."""
    return sync_fully(lake, name, **{"n_checks": 5, **words})


def contents(name: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Digests of all rows, and the rows themselves."""
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        store.held()
        listed = dict(store.listing())
        return listed, [dict(row) for row in store.fetch(sorted(listed)).payloads]


def wanted(lake: Lake, release: str) -> dict[str, str]:
    history = lake.log.read()
    return ReleaseRows(lake, history.resolve(release), history.rights).digests()


def counts(done: Synced) -> tuple[int, int, int]:
    return done.n_added, done.n_changed, done.n_removed


def test_a_copy_follows_the_lake(lakes: Lakes, name: str) -> None:
    releases, early = lakes.releases, lakes.early
    first = sync_fully(early, name, at=releases["full"])
    assert (first.method, first.n_added, first.n_removed) == ("full", first.n_rows["chunks"], 0)
    assert first.verified is not None
    assert (first.verified.n_vectors, first.verified.n_questions) == (50, 50)
    again = sync(early, name, at=releases["full"])
    assert (again.method, again.n_bytes) == ("none", 0)
    for step, most in (("changed", 50), ("deleted", 50), ("renamed", 100)):
        planned = sync(early, name, at=releases[step], plan=True)
        done = sync(early, name, at=releases[step])
        assert (done.method, counts(done)) == ("releases", counts(planned))
        assert 0 < sum(counts(done)) <= most
        assert done.n_bytes < 0.2 * first.n_bytes
        assert contents(name)[0] == wanted(early, releases[step])
    back = sync(early, name, at=releases["full"])
    assert (back.method, back.was) == ("releases", releases["renamed"])
    assert contents(name)[0] == wanted(early, releases["full"])


def test_rights_and_erasures_arrive(lakes: Lakes, name: str) -> None:
    sync(lakes.early, name, at=lakes.releases["renamed"])
    assert readers(name, "007.md") == {("hr",)}
    assert readers(name, "008.md") == {("*",)}
    done = sync(lakes.restricted, name, at=lakes.releases["renamed"])
    assert (done.n_added, done.n_removed) == (0, 0)
    assert 0 < done.n_changed <= 100
    assert readers(name, "007.md") == {("board",)}
    assert readers(name, "008.md") == {("hr",)}
    assert readers(name, "secret.md") == {("*",)}
    after = sync(lakes.erased, name, at=lakes.releases["renamed"])
    assert (after.method, after.n_bytes) == ("listing", 0)
    assert readers(name, "secret.md") == set()
    assert contents(name)[0] == wanted(lakes.erased, lakes.releases["renamed"])


def readers(name: str, uri: str) -> set[tuple[str, ...]]:
    return {tuple(row["readers"]) for row in contents(name)[1] if row["uri"] == uri}


def test_a_row_has_text_place_and_metadata(lakes: Lakes, name: str) -> None:
    sync(lakes.early, name, at=lakes.releases["full"])
    row = next(row for row in contents(name)[1] if row["uri"] == "secret.md")
    assert row["text"] == "# Secret\n\nThe smuggler hides rum."
    assert (row["source"], row["title"], row["kind"]) == ("lamps", "Secret", "text")
    assert row["end"] - row["start"] == len(row["text"])


KILLED = """
import os, sys
from lake.destinations import sync as engine
from lake.destinations.repeated_calls import RepeatedCalls
from lake.directory import Lake
n, apply = 0, RepeatedCalls.apply
def dying(self, rows, removed):
    global n
    n += 1
    if n == 2:
        os.kill(os.getpid(), 9)
    apply(self, rows, removed)
made = RepeatedCalls.__init__
def small(self, *words):
    made(self, *words)
    self.batch_rows = 10
RepeatedCalls.apply, RepeatedCalls.__init__ = dying, small
engine.sync(Lake.existing(sys.argv[1]), sys.argv[2], at=sys.argv[3])
"""


@pytest.mark.parametrize("step", ["full", "changed"])
def test_a_killed_sync_is_completed_by_the_next(lakes: Lakes, name: str, step: str, kind: Kind) -> None:
    early, releases = lakes.early, lakes.releases
    if step == "changed":
        sync(early, name, at=releases["full"])
    target = releases["full"] if step == "full" else releases["renamed"]
    words = [sys.executable, "-c", KILLED, early.url, name, target]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    assert subprocess.run(words, env=environment, check=False).returncode == -9
    known = next(one for one in registry.known_destinations(early) if one.destination == name)
    assert not known.complete
    done = sync(early, name, at=target)
    if kind.name in ("qdrant", "chroma", "milvus", "elasticsearch", "opensearch", "weaviate") and step == "full":
        assert done.n_bytes > 0
    assert contents(name)[0] == wanted(early, target)
    assert next(one for one in registry.known_destinations(early) if one.destination == name).complete


class Killed(Exception):
    """A sync that ends in the middle."""


def test_rights_are_narrowed_before_anything_else(lakes: Lakes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by the sync after one that was killed, and by one that writes a full copy."""
    sync(lakes.early, name, at=lakes.releases["full"])
    apply = RepeatedCalls.apply

    def dying(store: RepeatedCalls, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if rows and any(payload["readers"] == ["*"] for payload in rows.payloads):
            raise Killed
        apply(store, rows, removed)

    for lake, expected in ((lakes.early, {("*",)}), (lakes.restricted, {("hr",)})):
        with monkeypatch.context() as patch:
            patch.setattr(RepeatedCalls, "apply", dying)
            with pytest.raises(Killed):
                sync(lake, name, at=lakes.releases["renamed"])
        assert readers(name, "008.md") == expected
    done = sync(lakes.restricted, name, at=lakes.releases["renamed"])
    assert contents(name)[0] == wanted(lakes.restricted, lakes.releases["renamed"])
    assert done.verified is not None


def test_a_full_copy_is_preceded_by_narrower_rights(lakes: Lakes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(lakes.early, name, at=lakes.releases["full"])
    finish = RepeatedCalls.finish

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(
            RepeatedCalls, "finish", lambda store, state: finish(store, state) if state.mark is None else killed()
        )
        with pytest.raises(Killed):
            sync(lakes.restricted, name, at=lakes.releases["renamed"], full=True)
    assert readers(name, "008.md") == {("hr",)}
    assert readers(name, "007.md") == {("board",)}


def test_a_store_that_is_gone_in_the_middle_is_named(lakes: Lakes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"])
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        kind = type(store)

    def gone(*_: object) -> None:
        raise ConnectionResetError("reset by peer")

    with monkeypatch.context() as patch:
        patch.setattr(kind, "apply", gone)
        with pytest.raises(TransientError, match="does not answer"):
            sync(early, name, at=releases["renamed"])
    assert sync(early, name, at=releases["renamed"]).verified is not None
    assert contents(name)[0] == wanted(early, releases["renamed"])


def test_a_foreign_collection_is_left_alone(lakes: Lakes, kind: Kind, name: str) -> None:
    kind.foreign(name.partition(":")[2])
    for plan in (True, False):
        with pytest.raises(UsageError, match="nothing that raglake wrote, so it is left alone"):
            sync(lakes.early, name, at="live", plan=plan)


def test_the_copy_of_another_lake_is_left_alone(lakes: Lakes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(lakes.early, name)
    monkeypatch.setattr(registry, "lake_identity", lambda *_, **__: "another")
    with pytest.raises(RefusedError, match="of another lake"):
        sync(lakes.early, name)


def test_rows_that_others_changed_are_mended(lakes: Lakes, name: str) -> None:
    early, releases = lakes.early, lakes.releases
    sync(early, name, at=releases["full"])
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        state = store.held()
        assert state is not None
        store.begin(state, anew=False)
        victim, *_ = dict(store.listing())
        store.apply(None, [victim])
        store.finish(state)
    assert sync(early, name, at=releases["full"]).method == "listing"
    assert contents(name)[0] == wanted(early, releases["full"])


def test_a_full_sync_replaces_everything(lakes: Lakes, name: str) -> None:
    early = lakes.early
    sync(early, name, at=lakes.releases["full"])
    done = sync(early, name, at=lakes.releases["renamed"], full=True)
    assert (done.method, done.anew) == ("full", True)
    assert contents(name)[0] == wanted(early, lakes.releases["renamed"])
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        store.held()
        assert np.isfinite(store.fetch(list(contents_ids(store))[:3]).vectors).all()


def contents_ids(store: DifferenceStore) -> Iterator[str]:
    return (chunk_id for chunk_id, _ in store.listing())


def test_a_refused_login_is_no_retry(lakes: Lakes, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind.denied is None:
        pytest.skip(f"{kind.name} has no logins in this mode")
    if kind.served is not None:
        for variable in KEYS:
            monkeypatch.setenv(variable, "wr0ng")
    with pytest.raises(UsageError, match="refuses the login") as refused:
        sync(lakes.early, f"{kind.name}:{kind.denied}")
    assert not {"s3cr3t", "wr0ng"} & set(str(refused.value).split())
