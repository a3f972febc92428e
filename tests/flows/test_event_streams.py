"""Streams of events that a watch follows: a real Redis, librdkafka's broker for Kafka, and `kill -9`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from flows.event_following import EventFollower
from flows.following import NoticesOnly, WaitingKeys
from lake.errors import ContractError, TransientError, UsageError
from lake.sources.events.kafka_topic import KafkaTopic
from lake.sources.events.redis_stream import RedisStream
from lake.sources.events.stream import Event, EventsLost, address_of, open_stream
from lake.sources.source import parse_source
from tests.flows.test_watch import started, uris
from tests.lake.cache.conftest import RedisServer
from tests.lake.cache.conftest import redis_server as redis_server
from tests.waiting import until

redis = pytest.importorskip("redis")
kafka = pytest.importorskip("confluent_kafka")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("A pump.\n")
    return tmp_path


class Redis:
    """A stream of a real server, and what its group has not acknowledged."""

    def __init__(self, server: RedisServer) -> None:
        self.server, self.client = server, redis.Redis.from_url(server.url)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server.port}/0?stream=changes&group=lake"

    def send(self, value: Any) -> None:
        self.client.xadd("changes", {"event": value if isinstance(value, bytes) else json.dumps(value)})

    def unacknowledged(self) -> int:
        (group,) = self.client.xinfo_groups("changes")
        return int(group["pending"]) + int(group["lag"] or 0)


class Kafka:
    """A topic of the broker that librdkafka has for tests, which speaks Kafka's protocol on a port of this machine."""

    def __init__(self) -> None:
        self.producer = kafka.Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
        (broker,) = self.producer.list_topics(timeout=60).brokers.values()
        self.brokers = f"{broker.host}:{broker.port}"
        self.send({"keys": []})  # makes the topic

    @property
    def url(self) -> str:
        return f"kafka://{self.brokers}/changes?group=lake"

    def send(self, value: Any, timestamp: int = 0) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.producer.produce("changes", body, partition=0, timestamp=timestamp)
        assert self.producer.flush(10) == 0

    def unacknowledged(self) -> int:
        consumer = kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": "lake"})
        place = kafka.TopicPartition("changes", 0)
        (held,) = consumer.committed([place], timeout=60)
        _, end = consumer.get_watermark_offsets(place, timeout=60)
        consumer.close()
        return int(end - held.offset) if held.offset >= 0 else -1


@pytest.fixture(params=["redis", "kafka"])
def queue(request: pytest.FixtureRequest) -> Any:
    return Kafka() if request.param == "kafka" else Redis(request.getfixturevalue("redis_server"))


def bodies(stream: Any, n: int) -> list[Any]:
    """Events of a stream, until there are so many."""
    found: list[Any] = []
    end = time.monotonic() + 60
    while len(found) < n:
        assert time.monotonic() < end, found
        found += stream.receive(0.2)
    return found


def test_what_is_not_acknowledged_comes_again(queue: Any) -> None:
    first = open_stream(queue.url)
    assert [*first.receive(0.1)] == [], "a new group begins with what comes from now on"
    for n in range(4):
        queue.send({"keys": [f"{n}.md"]})
    events = bodies(first, 4)
    assert [json.loads(event.body)["keys"] for event in events] == [[f"{n}.md"] for n in range(4)]
    assert all(abs(event.since.timestamp() - time.time()) < 60 for event in events)
    first.acknowledge([events[1].receipt, events[0].receipt, events[3].receipt])
    first.close()
    second = open_stream(queue.url)
    again = bodies(second, 1)
    assert json.loads(again[0].body)["keys"] == ["2.md"]
    queue.send({"keys": ["4.md"]})
    assert json.loads(bodies(second, 1)[-1].body)["keys"] in (
        ["3.md"],
        ["4.md"],
    )  # Kafka knows one place, not single ones
    second.close()


def test_events_are_acknowledged_once_they_are_published_and_kill_9_loses_none(place: Path, queue: Any) -> None:
    docs, lake = place / "docs", place / "lake"
    with started(place, "--events", f"docs={queue.url}") as process:
        (docs / "b.md").write_text("A kettle.\n")
        queue.send({"keys": ["b.md"]})
        until(lambda: "b.md" in uris(lake))
        until(lambda: queue.unacknowledged() == 0)
        os.kill(process.pid, signal.SIGSTOP)  # between receiving and publishing, or before it
        (docs / "c.md").write_text("A lamp.\n")
        queue.send({"keys": ["c.md"]})
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
    assert queue.unacknowledged() == 1 or "c.md" in uris(lake)
    (docs / "d.md").write_text("A crane.\n")
    queue.send({"keys": ["d.md"]})
    with started(place, "--events", f"docs={queue.url}") as process:
        until(lambda: uris(lake) == {"a.md", "b.md", "c.md", "d.md"})
        until(lambda: queue.unacknowledged() == 0)
        (docs / "d.md").unlink()
        queue.send({"Records": "nonsense"})
        queue.send(b"\xff no JSON")
        queue.send({"keys": ["d.md"], "source": "docs"})
        until(lambda: uris(lake) == {"a.md", "b.md", "c.md"})
        until(lambda: queue.unacknowledged() == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_an_event_that_was_not_published_is_not_acknowledged(place: Path, queue: Any) -> None:
    """A run that fails leaves the event with the stream; one about two sources waits for both."""
    changes = WaitingKeys()
    sources = {name: NoticesOnly(parse_source(f"{name}={place / 'docs'}")) for name in ("docs", "notes")}
    follower = EventFollower(address_of(queue.url), sources, changes)
    follower.start()
    queue.send({"keys": ["a.md"]})
    until(lambda: len(changes) == 2)
    taken = changes.take()
    assert queue.unacknowledged() == 1
    (told,) = taken["docs"].receipts
    told()
    time.sleep(1.0)
    assert queue.unacknowledged() == 1
    (told,) = taken["notes"].receipts
    told()
    until(lambda: queue.unacknowledged() == 0)
    queue.send({"keys": ["a.md"], "source": "others"})
    until(lambda: queue.unacknowledged() == 0)
    assert len(changes) == 0
    follower.end()


def test_a_stream_that_is_gone_lists_everything(redis_server: RedisServer, place: Path) -> None:
    queue, changes = Redis(redis_server), WaitingKeys()
    stream = RedisStream(queue.url)
    stream.receive(0.0)
    queue.client.delete("changes")
    queue.send({"keys": ["a.md"]})
    with pytest.raises(EventsLost):
        stream.receive(0.1)
    (event,) = bodies(stream, 1)
    stream.acknowledge([event.receipt])
    follower = EventFollower(address_of(queue.url), {"docs": NoticesOnly(parse_source(f"docs={place}"))}, changes)
    follower.start()
    queue.client.delete("changes")
    until(lambda: "docs" in (taken := changes.take()) and "" in taken["docs"].keys)
    redis_server.kill()
    time.sleep(0.5)
    redis_server.start()  # it kept nothing, so nobody knows what was missed
    until(lambda: "docs" in (taken := changes.take()) and "" in taken["docs"].keys)
    queue.send({"keys": ["b.md"]})
    until(lambda: "docs" in (taken := changes.take()) and "b.md" in taken["docs"].keys)
    follower.end()


def test_a_server_that_is_away_at_the_start_is_followed_once_it_comes(redis_server: RedisServer, place: Path) -> None:
    queue, lake = Redis(redis_server), place / "lake"
    redis_server.kill()
    with started(place, "--events", f"docs={queue.url}") as process:
        assert uris(lake) == {"a.md"}
        (place / "docs" / "b.md").write_text("A kettle.\n")
        until(lambda: "b.md" in uris(lake), "file events are followed all the same")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    changes = WaitingKeys()
    follower = EventFollower(address_of(queue.url), {"docs": NoticesOnly(parse_source(f"docs={place}"))}, changes)
    follower.start()
    assert len(changes) == 0
    redis_server.start()
    until(lambda: "docs" in (taken := changes.take()) and "" in taken["docs"].keys)
    queue.send({"keys": ["c.md"]})
    until(lambda: "docs" in (taken := changes.take()) and [*taken["docs"].keys] == ["c.md"])
    follower.end()


class Untimely:
    """A plugin's stream whose times are none."""

    def __init__(self, url: str) -> None:
        times: list[Any] = [datetime(2026, 1, 1), 1.5, None]
        self.events = [Event({"keys": [f"{n}.md"]}, n, time) for n, time in enumerate(times)]

    def receive(self, seconds: float) -> list[Event]:
        events, self.events = self.events, []
        time.sleep(seconds)
        return events

    def acknowledge(self, receipts: Any) -> None:
        pass

    def close(self) -> None:
        pass


def test_times_that_are_none_cost_no_event(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.sources.events.redis_stream.RedisStream", Untimely)
    changes = WaitingKeys()
    follower = EventFollower(
        address_of("redis://queue/0"), {"docs": NoticesOnly(parse_source(f"docs={place}"))}, changes
    )
    follower.start()
    follower.end()
    assert [*changes.take()["docs"].keys] == ["0.md", "1.md", "2.md"]


def test_events_that_can_t_be_followed_are_refused(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for address, why in {
        "mqtt://queue/changes": "no events come from mqtt: addresses; there are kafka, redis, rediss",
        f"redis://127.0.0.1:{redis_server.port}/0?stream=changes": "needs group=",
        f"redis://127.0.0.1:{redis_server.port}/0?stream=a&group=b&place=c": "no option 'place'",
        "kafka://queue:9092?group=lake": "kafka://HOST:PORT/TOPIC",
    }.items():
        with pytest.raises(UsageError, match=why):
            open_stream(address)
    for address in ("nothing", "redis://:s3cr3t@queue:6379/0?stream=a&group=b", "redis://queue?password=s3cr3t"):
        with pytest.raises(UsageError) as raised:
            address_of(address)
        assert "s3cr3t" not in str(raised.value)
    with pytest.raises(UsageError, match="no source 'other' is watched"):
        EventFollower(address_of(f"other={Redis(redis_server).url}"), {}, WaitingKeys())
    monkeypatch.setattr("lake.sources.events.redis_stream.RedisStream", lambda _: object())
    with pytest.raises(ContractError, match="must return an EventStream"):
        open_stream(Redis(redis_server).url)


def keys_of(events: Any) -> list[str]:
    return [key for event in events for key in json.loads(event.body)["keys"]]


class Failing(kafka.Consumer):  # type: ignore[misc]
    """Confluent's client, with answers that its broker for tests never gives, once each."""

    faults: ClassVar[set[str]] = set()

    def _fails(self, fault: str) -> bool:
        is_due = fault in self.faults
        self.faults.discard(fault)
        return is_due

    def consume(self, n: int, seconds: float) -> list[Any]:
        found = super().consume(n, seconds)
        if found and self._fails("error between messages"):
            error = kafka.KafkaError(kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED)
            found.insert(1, kafka.Message(topic="changes", partition=0, offset=-1, error=error))
        return found  # type: ignore[no-any-return]

    def get_watermark_offsets(self, place: Any, timeout: float) -> tuple[int, int] | None:
        return None if self._fails("timeout") else super().get_watermark_offsets(place, timeout=timeout)

    def commit(self, **words: Any) -> Any:
        if self._fails("commit"):
            raise kafka.KafkaException(kafka.KafkaError(kafka.KafkaError._TIMED_OUT))
        return super().commit(**words)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    monkeypatch.setattr(kafka, "Consumer", Failing)
    yield Failing.faults
    Failing.faults.clear()


def test_an_unusable_time_costs_no_message() -> None:
    queue = Kafka()
    stream = KafkaTopic(queue.url)
    stream.receive(0.1)
    for n, timestamp in enumerate((0, int(time.time() * 1e6), 1, 2**62, 0)):
        queue.send({"keys": [f"{n}.md"]}, timestamp)
    events = bodies(stream, 5)
    assert keys_of(events) == [f"{n}.md" for n in range(5)]
    assert [event.since is None for event in events] == [False, True, True, True, False]
    stream.acknowledge([event.receipt for event in events])
    stream.close()
    assert queue.unacknowledged() == 0


def test_an_error_between_messages_costs_none(faults: set[str]) -> None:
    queue = Kafka()
    stream = KafkaTopic(queue.url)
    stream.receive(0.1)
    for n in range(4):
        queue.send({"keys": [f"{n}.md"]})
    time.sleep(1.0)
    faults.add("error between messages")
    before = bodies(stream, 1)
    assert keys_of(before) == ["0.md"]
    with pytest.raises(TransientError, match="can't be read"):
        stream.receive(0.1)
    assert keys_of([*before, *bodies(stream, 3)]) == [f"{n}.md" for n in range(4)]
    stream.close()


def test_a_commit_that_failed_is_made_again(faults: set[str]) -> None:
    queue = Kafka()
    stream = KafkaTopic(queue.url)
    stream.receive(0.1)
    queue.send({"keys": ["a.md"]})
    receipts = [event.receipt for event in bodies(stream, 1)]
    faults.add("commit")
    with pytest.raises(kafka.KafkaException):
        stream.acknowledge(receipts)
    assert queue.unacknowledged() == 1
    stream.acknowledge(receipts)
    assert queue.unacknowledged() == 0
    stream.close()


def test_brokers_that_answer_late_leave_no_partition_unread(faults: set[str]) -> None:
    queue = Kafka()
    stream = KafkaTopic(queue.url)
    faults.add("timeout")  # while partitions are assigned
    with pytest.raises(TransientError, match="do not say"):
        stream.receive(0.1)
    stream.receive(0.1)
    queue.send({"keys": ["a.md"]})
    (event,) = bodies(stream, 1)
    stream.acknowledge([event.receipt])
    place = kafka.TopicPartition("changes", 0, 1000)  # as if 1,000 messages had come, and were deleted unread
    stream._consumer.commit(offsets=[place], asynchronous=False)
    stream.close()
    second = KafkaTopic(queue.url)
    faults.add("timeout")
    with pytest.raises(TransientError, match="do not say"):
        bodies(second, 1)
    with pytest.raises(EventsLost):
        second.receive(0.1)
    assert keys_of(bodies(second, 2)) == ["a.md"]
    second.close()


def test_redis_entries_that_were_trimmed_unread_are_told_of_once(redis_server: RedisServer) -> None:
    queue = Redis(redis_server)
    stream = RedisStream(queue.url)
    stream.receive(0.0)

    def add(*names: str, most: int) -> None:
        for name in names:
            queue.client.xadd("changes", {"event": json.dumps({"keys": [name]})}, maxlen=most, approximate=False)

    add("0.md", most=5)  # the first one of a new stream is no loss
    stream.acknowledge([event.receipt for event in bodies(stream, 1)])
    add(*(f"{n}.md" for n in range(1, 50)), most=5)
    with pytest.raises(EventsLost, match="trimmed"):
        stream.receive(0.1)
    events = bodies(stream, 5)
    assert keys_of(events) == [f"{n}.md" for n in range(45, 50)]
    stream.acknowledge([event.receipt for event in events])
    for n in range(3):  # each takes the place of one that was read, or of all
        add(f"more-{n}.md", most=5 - 2 * n)
        (event,) = bodies(stream, 1)
        stream.acknowledge([event.receipt])
        queue.client.xdel("changes", event.receipt)
    assert [*stream.receive(0.1)] == []
    add("unread.md", most=5)
    queue.client.xtrim("changes", 0, approximate=False)
    with pytest.raises(EventsLost, match="trimmed"):
        stream.receive(0.1)
    assert [*stream.receive(0.1)] == []
    add("last.md", most=5)
    assert keys_of(bodies(stream, 1)) == ["last.md"]
    assert queue.unacknowledged() == 1
    queue.client.xtrim("changes", 0, approximate=False)
    stream.close()
    (event,) = bodies(RedisStream(queue.url), 1)  # received and not published; nobody knows what it was about
    assert event.body == {"keys": [""]}


def test_entries_trimmed_while_nobody_watched_are_told_of(redis_server: RedisServer) -> None:
    """A group's counter is not known where it began behind others, and entries come between any two questions."""
    queue = Redis(redis_server)
    queue.send({"keys": ["before.md"]})
    first = RedisStream(queue.url)
    assert [*first.receive(0.1)] == []
    first.close()
    for n in range(50):
        queue.client.xadd("changes", {"event": json.dumps({"keys": [f"{n}.md"]})}, maxlen=5, approximate=False)
    second = RedisStream(queue.url)
    with pytest.raises(EventsLost, match="trimmed"):
        second.receive(0.1)
    assert len(bodies(second, 5)) == 5
    second.close()


def test_ids_of_redis_that_are_no_times_cost_no_entry(redis_server: RedisServer) -> None:
    queue = Redis(redis_server)
    stream = RedisStream(queue.url)
    stream.receive(0.0)
    for name in ("1-1", f"{time.time() * 1e3:.0f}-1", f"{time.time() * 1e6:.0f}-1", f"{2**64 - 1}-7"):
        queue.client.xadd("changes", {"event": json.dumps({"keys": [name]})}, id=name)
    assert [event.since is None for event in bodies(stream, 4)] == [True, False, True, True]
    stream.close()


def test_sasl_and_tls_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cr3t")
    url = "kafka://a:1,b:2/changes?group=g&security=SASL_SSL&mechanism=SCRAM-SHA-512&user=me&password=$KAFKA_PASSWORD"
    assert KafkaTopic(url)._words == {
        "bootstrap.servers": "a:1,b:2",
        "group.id": "g",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "s3cr3t",
    }
