"""The cache in the process: its bound holds, and equal questions are worked out once."""

from __future__ import annotations

import gc
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.cache import caches
from lake.cache.process_store import ProcessStore
from lake.errors import TransientError
from lake.search.snapshot import Snapshot
from tests.lake.cache.conftest import opened
from tests.lake.cache.test_keys import OPTIONS, Chat
from tests.lake.service.conftest import TwoReleases

QUESTION = "Which oil does Lamp 7 burn?"


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9_000), st.booleans()), max_size=60))
def test_it_equals_a_model_in_memory(steps: list[tuple[int, int, bool]]) -> None:
    store, model = ProcessStore(40_000), {}
    store.keep({"now"})
    for number, size, is_read in steps:
        key = str(number)
        if is_read:
            assert store.get(key) == model.get(key)
            if key in model:
                model[key] = model.pop(key)
            continue
        data = bytes([number]) * size
        fits = (size + 400) * 8 <= 40_000
        assert store.put(key, data, "now") == fits
        if fits:
            model.pop(key, None)
            model[key] = data
            while sum(len(value) + 400 for value in model.values()) > 40_000:
                model.pop(next(iter(model)))
    assert store.n_bytes == sum(len(value) + 400 for value in model.values()) <= 40_000
    assert len(store) == len(model)


def test_the_bytes_counted_are_those_held() -> None:
    store = ProcessStore(50_000_000)
    store.keep({"now"})
    for number in range(5_000):
        store.put(f"{number:064}", bytes(1_000 + number % 7), "now")
    held = sum(map(sys.getsizeof, store._entries))
    held += sum(sys.getsizeof(entry) + sys.getsizeof(entry.data) for entry in store._entries.values())
    held += sys.getsizeof(store._entries)
    assert held <= store.n_bytes


def test_entries_of_other_scopes_are_refused_and_dropped() -> None:
    store = ProcessStore(1_000_000)
    assert not store.put("a", b"x", "then")
    store.keep({"then", "now"})
    assert store.put("a", b"x", "then")
    assert store.put("b", b"y", "now")
    store.keep({"now"})
    assert (store.get("a"), store.get("b")) == (None, b"y")
    assert not store.put("a", b"x", "then")
    assert store.n_bytes == 401


def test_several_threads_keep_the_bound() -> None:
    store = ProcessStore(100_000)
    store.keep({"now"})

    def work(seed: int) -> None:
        for number in range(2_000):
            store.put(f"{(number * seed) % 97}", bytes((number * seed) % 2_000), "now")
            store.get(f"{number % 97}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 9)))
    assert store.n_bytes == sum(entry.n_bytes for entry in store._entries.values()) <= 100_000


def test_equal_questions_at_one_time_cost_one(two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch) -> None:
    index, chat, whole = opened(two_releases.url), Chat(), Chat.complete

    def slow(self: Chat, *words: Any, **named: Any) -> Any:
        time.sleep(0.3)
        return whole(self, *words, **named)

    monkeypatch.setattr(Chat, "complete", slow)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: index.answer(QUESTION, chat=chat, options=OPTIONS), range(8)))
    assert chat.n == 1
    assert len({one.text for one in found}) == 1
    assert sum(one.cached is None for one in found) == 1
    assert sum(one.cost_usd or 0 for one in found) == 0.5


def test_the_error_of_one_question_is_not_that_of_another(
    two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, whole, n = opened(two_releases.url), Snapshot.search, iter(range(100))

    def first_fails(*words: Any, **named: Any) -> Any:
        time.sleep(0.2)
        if next(n) == 0:
            raise TransientError("gone")
        return whole(*words, **named)

    monkeypatch.setattr(Snapshot, "search", first_fails)

    def ask(_: int) -> bool:
        try:
            return bool(len(index.search(QUESTION)))
        except TransientError:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, range(6))) == [False, *[True] * 5]


def test_two_batches_of_the_same_questions_never_wait_for_one_another(two_releases: TwoReleases) -> None:
    index, texts = opened(two_releases.url), [f"lamp {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: index.search_batch(texts[:: 1 if n % 2 else -1], 2), range(12)))
    assert len(found) == 12
    again = index.search_batch(texts, 2)
    assert {one.cached for one in again} == {"process"}
    assert all(a.hits.equals(b.hits) for a, b in zip(again, found[1], strict=True))


def test_the_watch_ends_with_its_index(two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_LOOK_EVERY", 0.02)

    def watching() -> set[int | None]:
        return {thread.ident for thread in threading.enumerate() if thread.name == "raglake-cache-watch"}

    before = watching()
    index = opened(two_releases.url)
    assert len(watching() - before) == 1
    del index
    gc.collect()
    for _ in range(200):
        if not watching() - before:
            break
        time.sleep(0.02)
    assert not watching() - before


def test_without_a_budget_nothing_is_kept(two_releases: TwoReleases) -> None:
    index = opened(two_releases.url, megabytes=0)
    assert index.caches is None
    assert index.search(QUESTION).cached is index.search(QUESTION).cached is None
