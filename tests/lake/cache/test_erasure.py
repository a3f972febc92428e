"""Erased text is in no cache: not in Redis, not in a running service, and not by a question that was slow."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lake import operate
from lake.cache import caches, shared
from lake.cache.redis_store import RedisStore
from lake.cache.sealing import opened as unsealed
from lake.directory import Lake
from lake.errors import ContractError, UsageError
from lake.index import Index
from lake.search.snapshot import Snapshot
from tests.lake.cache.conftest import RedisServer, opened, settled
from tests.lake.cache.test_keys import OPTIONS, Chat
from tests.lake.service.conftest import TwoReleases
from tests.waiting import until

QUESTION = "Which oil does Lamp 7 burn?"
#: What the document says, and the chat model does not.
ERASED = b"Lamp 7 burns olive oil, he said"


def in_process(index: Index) -> bytes:
    assert index.caches is not None
    return b"".join(entry.data for entry in index.caches.process._entries.values())


def in_redis(server: RedisServer, lake: str) -> bytes:
    """Everything that was stored, as it was before it was sealed and compressed."""
    import pyarrow as pa

    secret, found = shared.read_secret(Lake(lake)), b""
    assert secret is not None
    for key, value in server.all().items():
        data = unsealed(secret, key.decode().split(":", 2)[2], value)
        if data is not None:
            found += pa.decompress(data[8:], int.from_bytes(data[:8], "big"), "zstd", asbytes=True)
    return found


def fill(index: Index) -> None:
    for text in (QUESTION, "Lamp 7", "payroll"):
        index.search(text, 5)
        index.search(text, 5, principals="*")
    index.answer(QUESTION, chat=Chat(), options=OPTIONS)
    settled(index)


@pytest.fixture
def env(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    monkeypatch.setenv("RAGLAKE_CACHE_URL", redis_server.url)
    return redis_server


def test_forget_leaves_erased_text_in_no_cache(
    env: RedisServer, changing: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "_LOOK_EVERY", 0.05)
    running, other = opened(changing.url), opened(changing.url)
    fill(running)
    assert ERASED in in_process(running)
    assert ERASED in in_redis(env, changing.url)
    forgotten = operate.forget(changing.url, uri="7.md", why="request 4711")
    assert forgotten.proof is not None
    assert forgotten.proof.holds
    assert forgotten.n_cached is not None
    assert len(env.all()) == 1  # the epoch
    until(lambda: in_process(running) == b"")  # no question comes: the service looks at the log by itself
    for index in (running, other):
        fill(index)
        assert index.search(QUESTION, 40).column("uri").to_pylist().count("7.md") == 0
    assert ERASED not in in_process(running) + in_process(other) + in_redis(env, changing.url)
    assert b"Lamp 8 burns" in in_redis(env, changing.url)


def test_a_slow_question_brings_nothing_back(
    env: RedisServer, changing: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began before the erasure, and stores what it found once all is proven."""
    slow, whole, gone_on = opened(changing.url), Snapshot.search, threading.Event()

    def late(*words: Any, **named: Any) -> Any:
        found = whole(*words, **named)
        assert gone_on.wait(60)
        return found

    monkeypatch.setattr(Snapshot, "search", late)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(slow.search(QUESTION, 5)))
    answering = threading.Thread(target=lambda: found.append(slow.answer(QUESTION, chat=Chat(), options=OPTIONS)))
    thread.start()
    answering.start()
    time.sleep(0.5)
    operate.forget(changing.url, uri="7.md", why="request 4711")
    gone_on.set()
    thread.join(60)
    answering.join(60)
    settled(slow)
    monkeypatch.undo()
    monkeypatch.setenv("RAGLAKE_CACHE_URL", env.url)
    assert len(found) == 2
    assert ERASED not in in_redis(env, changing.url)
    slow.search("another question", 1)
    assert ERASED not in in_process(slow)


def test_the_server_itself_refuses_what_is_older_than_an_erasure(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url, "raglake:test")
    store.raise_epoch(5)
    for epoch, is_kept in ((4, False), (5, True), (6, True), (5, False)):
        store.put(f"{epoch}:a", b"text", epoch, lambda: True)
        store.flush()
        key = f"raglake:test:{epoch}:a".encode()
        assert (key in redis_server.all()) == is_kept
        store.clear()
    store.put("7:a", b"text", 7, iter([True, False]).__next__)  # erased while it was written
    store.flush()
    assert redis_server.all().keys() == {b"raglake:test:epoch"}


def test_without_the_cache_forget_claims_no_proof(
    env: RedisServer, changing: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An index that is still open may see the erasure while the server is away, and clear the server once it is back.
    monkeypatch.setattr("lake.cache.caches._LOOK_EVERY", 3600.0)
    fill(opened(changing.url))
    monkeypatch.delenv("RAGLAKE_CACHE_URL")
    before = Lake(changing.url).log.read().head
    with pytest.raises(UsageError, match="RAGLAKE_CACHE_URL"):
        operate.forget(changing.url, uri="7.md", why="request 4711")
    assert Lake(changing.url).log.read().head == before
    assert operate.forget(changing.url, uri="7.md", why="x", dry_run=True).documents
    monkeypatch.setenv("RAGLAKE_CACHE_URL", env.url)
    kept = env.all()
    env.kill()
    with pytest.raises(ContractError, match="not cleared"):
        operate.forget(changing.url, uri="7.md", why="request 4711")
    env.start()
    for key, value in kept.items():
        env.set(key, value)
    forgotten = operate.forget(changing.url, uri="7.md", why="request 4711")
    assert forgotten.n_cached == len(kept) - 1
    assert len(env.all()) == 1


def test_a_retired_cache_is_asked_for_no_more(
    env: RedisServer, changing: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(opened(changing.url))
    assert shared.figures(Lake(changing.url))["n_entries"] == 11
    assert shared.retire(Lake(changing.url)) == 11
    assert env.all() == {}
    monkeypatch.delenv("RAGLAKE_CACHE_URL")
    assert not (Path(changing.url) / shared.SECRET).exists()
    assert operate.forget(changing.url, uri="7.md", why="request 4711").n_cached is None
