"""Budgets of API keys: over processes, with and without Redis, for answers that are given up, and over midnight."""

from __future__ import annotations

import json
import re
import shutil
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import lake
from lake.answer import AnswerOptions, load_chat
from lake.answer.endpoint_chat import ChatTimeouts
from lake.cache import shared
from lake.cache.redis_store import RedisStore
from lake.directory import Lake
from lake.endpoints.retry import Retries
from lake.endpoints.usage import Usage
from lake.errors import UsageError
from lake.options import CacheOptions
from lake.service.app import create_app
from lake.service.budgets import Budgets
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of, load_keys
from lake.service.problems import Problem
from lake.storage import clock
from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.cache.conftest import RedisServer, redis_server  # noqa: F401 - a fixture
from tests.lake.service.conftest import Running, TwoReleases, _listening
from tests.waiting import until

SECRET = "a-key-with-a-budget-of-its-own"
KEY = Key("shop", digest_of(SECRET), tokens_per_day=200)
QUESTION = "Which oil does Lamp 7 burn?"


def used_up(budgets: Budgets, key: Key = KEY) -> bool:
    try:
        budgets.check(key)
    except Problem as problem:
        return (problem.status, problem.error) == (429, "budget_used_up")
    return False


@pytest.fixture
def running(two_releases: TwoReleases, endpoint: ChatEndpoint) -> Iterator[Running]:
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]."] * 20)
    chat = load_chat("openai:gpt-4o-mini", ChatTimeouts(timeout=20, retries=Retries(n_attempts=1)))
    limits, answers = Capacity(rate=10_000, burst=10_000), AnswerOptions(min_evidence=0.0)
    app = create_app(lake.open_lake(two_releases.url), KeyRing([KEY]), limits, chat=chat, answers=answers)
    found, stop = _listening(app, limits)
    yield found
    stop()


def test_a_budget_ends_with_the_day(running: Running) -> None:
    for n in range(9):
        answer = running.post("/answer", key=SECRET, question=f"{QUESTION} {n}", k=2)
        if answer.status_code != 200:
            break
    assert answer.status_code == 429
    assert n > 0
    said = answer.json()
    assert said["error"] == "budget_used_up"
    assert re.search(r"of 200 tokens\); a new day begins at \d{4}-\d\d-\d\dT00:00Z", said["message"])
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    streamed = running.post("/answer", key=SECRET, question=QUESTION, stream=True)
    assert (streamed.status_code, streamed.json()["error"]) == (429, "budget_used_up")
    assert running.post(key=SECRET, text=QUESTION).status_code == 200  # searches go on
    figures = running.get("/metrics", key=SECRET).text
    assert 'raglake_budget_limit{key="shop",unit="tokens"} 200.0' in figures
    assert 'raglake_budget_refused_total{key="shop"} 2.0' in figures


def test_an_answer_that_is_given_up_counts_as_the_largest(running: Running, endpoint: ChatEndpoint) -> None:
    words = {"headers": {"Authorization": f"Bearer {SECRET}"}, "json": {"question": QUESTION, "stream": True}}
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]. " * 2_000])
    with httpx.stream("POST", f"{running.url}/answer", **words, timeout=30) as answer:  # type: ignore[arg-type]
        next(answer.iter_lines())
    until(lambda: used_up(running.service.budgets))


def test_days_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 29, 23, 59, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    budgets, usd = Budgets([KEY, key := Key("usd", "x", budget_usd_per_day=0.5)]), 0.25
    for _ in range(2):
        assert not used_up(budgets, key)
        budgets.spend(key, Usage(1, 10, 10, usd))
    with pytest.raises(Problem, match=r"0.5000 of 0.5 USD.*2026-11-30T00:00Z") as refused:
        budgets.check(key)
    assert refused.value.headers["Retry-After"] == "31"
    now += timedelta(minutes=1)
    assert not used_up(budgets, key)
    budgets.spend(key, Usage(1, 10, 10, None))  # costs nobody knows what
    assert used_up(budgets, key)
    assert not used_up(budgets)
    assert not used_up(budgets, Key("without"))


def test_processes_share_a_budget_through_redis(
    redis_server: RedisServer,  # noqa: F811
    two_releases: TwoReleases,
    tmp_path: Path,
) -> None:
    first, second = (Budgets([KEY], RedisStore(redis_server.url, "raglake-spent:x")) for _ in range(2))
    first.spend(KEY, Usage(1, 100, 50, 0.1))
    second.spend(KEY, Usage(1, 40, 20, 0.1))
    assert used_up(first)
    assert used_up(second)
    redis_server.kill()  # each process goes on with what it knows of its own
    assert not used_up(Budgets([KEY], RedisStore(redis_server.url, "raglake-spent:x")))
    first.spend(KEY, Usage(1, 30, 20, 0.1))
    assert used_up(first)


@pytest.mark.parametrize("state", ["full", "a replica"])
def test_a_server_that_takes_no_writes_is_read_on(
    redis_server: RedisServer,  # noqa: F811
    state: str,
) -> None:
    from redis import Redis

    store = RedisStore(redis_server.url, "raglake-spent:x")
    budgets, other = Budgets([KEY], store), Budgets([KEY], RedisStore(redis_server.url, "raglake-spent:x"))
    other.spend(KEY, Usage(1, 150, 0, 0.1))
    assert not used_up(budgets)
    with Redis.from_url(redis_server.url) as client:
        client.set("raglake-spent:x:entry", b"found")
        if state == "full":
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")
        else:
            client.replicaof("127.0.0.1", 1)
    budgets.spend(KEY, Usage(1, 50, 0, 0.1))
    assert used_up(budgets)  # what the other process spent is not forgotten
    assert store.is_up
    assert store.get("entry") == b"found"


def test_a_clock_that_is_corrected_gives_no_budget_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 30, 0, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    budgets = Budgets([KEY])
    budgets.spend(KEY, Usage(1, 150, 100, 0.1))
    assert used_up(budgets)
    for seconds in (-60, 60, 86_400 * 400, -86_400 * 400):
        now += timedelta(seconds=seconds)
        assert used_up(budgets) == (now.date().isoformat() == "2026-11-30")


def test_spending_survives_an_erasure_of_the_cache(
    redis_server: RedisServer,  # noqa: F811
    two_releases: TwoReleases,
    tmp_path: Path,
) -> None:
    shutil.copytree(two_releases.url, tmp_path / "lake")
    index = lake.open_lake(str(tmp_path / "lake"), cache=CacheOptions(url=redis_server.url))
    assert index.caches
    budgets = Budgets([KEY], index.caches.spending())
    budgets.spend(KEY, Usage(1, 150, 100, 0.1))
    shared.clear(Lake(str(tmp_path / "lake")), redis_server.url)
    assert used_up(Budgets([KEY], index.caches.spending()))


@pytest.mark.parametrize("field", ["budget_usd_per_day", "tokens_per_day"])
@pytest.mark.parametrize("value", [-1, "1", True, float("nan"), float("inf"), [1]])
def test_budgets_that_cannot_be(field: str, value: Any, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([{"name": "shop", "key": "x" * 20, field: value}]))
    with pytest.raises(UsageError, match=field):
        load_keys(str(file))


def test_a_budget_in_usd_needs_a_price(two_releases: TwoReleases, endpoint: ChatEndpoint) -> None:
    index, keys = lake.open_lake(two_releases.url), KeyRing([Key("shop", digest_of(SECRET), budget_usd_per_day=1.0)])
    with pytest.raises(UsageError, match="no price is known for 'openai:nobody-knows'"):
        create_app(index, keys, chat=load_chat("openai:nobody-knows"))
    create_app(index, keys, chat=load_chat("openai:gpt-4o-mini"))
