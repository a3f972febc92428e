"""Kafka topics as events: ``kafka://HOST:PORT,HOST:PORT/TOPIC?group=NAME``."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field
from typing import Any, NamedTuple

from lake.errors import TransientError, UsageError
from lake.sources.address import options_of, place_of, setting
from lake.sources.events.stream import Event, EventsLost, time_of

_log = logging.getLogger(__name__)

_AT_ONCE = 500
_SESSION_MS = 10_000
#: The level of librdkafka's own log from which it is passed on.
_ERRORS = 3
#: Seconds to wait for the brokers to assign partitions, and for one answer of theirs.
_JOIN_SECONDS, _ANSWER_SECONDS = 60.0, 10.0


@dataclass(frozen=True)
class KafkaOptions:
    """Options of a topic."""

    group: str = field(  # type: ignore[assignment]
        default=MISSING, metadata={"description": "Consumer group; each lake needs one of its own."}
    )
    security: str = setting("PLAINTEXT", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.")
    mechanism: str = setting("PLAIN", "How SASL proves the user: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.")
    user: str = setting("", "User of SASL.")
    password: str = setting("", "$VARIABLE or block:NAME with the password of SASL.", secret=True)
    ca: str = setting("", "File with the certificates that brokers are checked by; the system's otherwise.")

    def client(self, brokers: str) -> dict[str, Any]:
        """Settings of librdkafka."""
        found = {"bootstrap.servers": brokers, "group.id": self.group, "security.protocol": self.security}
        if self.security.startswith("SASL"):
            found |= {"sasl.mechanism": self.mechanism, "sasl.username": self.user, "sasl.password": self.password}
        return found | ({"ssl.ca.location": self.ca} if self.ca else {})


class Receipt(NamedTuple):
    partition: int
    offset: int


class Unpublished:
    """Offsets of one partition that are not published yet.

    >>> partition = Unpublished()
    >>> for offset in (4, 5, 7): partition.received(offset)
    >>> partition.done(5), partition.done(4), partition.done(7)
    (None, 6, 8)
    """

    def __init__(self) -> None:
        self._waiting = dict[int, bool]()

    def received(self, offset: int) -> None:
        self._waiting[offset] = False

    def done(self, offset: int) -> int | None:
        """Where a later process may continue, if that moves: behind the last offset before which all are done."""
        if offset in self._waiting:
            self._waiting[offset] = True
        last = None
        for one, is_done in list(self._waiting.items()):
            if not is_done:
                break
            last = one
            del self._waiting[one]
        return None if last is None else last + 1


class KafkaTopic:
    """Messages of a topic. Offsets are committed up to the first message that is not published yet."""

    options: Any = KafkaOptions

    def __init__(self, url: str) -> None:
        try:
            import confluent_kafka
        except ImportError as missing:
            raise UsageError(f"{missing}; pip install 'raglake[kafka]'") from missing
        self._kafka: Any = confluent_kafka
        self._options = options_of(url, KafkaOptions)
        brokers, _, self._topic = place_of(url).removeprefix("//").partition("/")
        if not brokers or not self._topic or "/" in self._topic:
            raise UsageError("events of Kafka have the form kafka://HOST:PORT/TOPIC?group=NAME")
        self._words = self._options.client(brokers)
        self._partitions = dict[int, Unpublished]()
        #: Messages that were fetched and not given out, partitions of which some were deleted, and what to commit.
        self._fetched = deque[Any]()
        self._lost = set[int]()
        self._reached = dict[int, int]()
        self._consumer: Any = None
        self._is_joined = self._was_joined = False

    def receive(self, seconds: float) -> Sequence[Event]:
        """What came before an error is given out first; the next call raises."""
        if self._lost:
            self._begin_again(min(self._lost))
        if not self._is_joined:
            self._join()
        if not self._fetched:
            self._fetch(seconds)
        events = list[Event]()
        while self._fetched and not (events and self._fetched[0].error()):
            event = self._event(self._fetched.popleft())
            if event is not None:
                events.append(event)
        return events

    def _join(self) -> None:
        """Subscribe, and wait until the partitions are assigned and it is certain where each one continues."""
        if self._consumer is None:
            words = {**self._words, "enable.auto.commit": False, "auto.offset.reset": "error"}
            # A process that takes over waits until the brokers give up the dead one.
            words |= {"session.timeout.ms": _SESSION_MS, "log_level": _ERRORS}
            self._consumer = self._kafka.Consumer(words, logger=_log)
            self._consumer.subscribe([self._topic], on_assign=self._assigned, on_revoke=self._revoked)
        end = time.monotonic() + _JOIN_SECONDS
        while not self._partitions:
            if time.monotonic() > end:
                raise TransientError(f"the brokers of {self._topic} assign no partition; does the topic exist?")
            self._fetch(0.1)
        self._is_joined = self._was_joined = True

    def _fetch(self, seconds: float) -> None:
        try:
            found = self._consumer.consume(_AT_ONCE, seconds)
        except Exception:
            # Partitions that could not be assigned would never be read: join once more.
            self._leave()
            raise
        self._fetched.extend(found)

    def _leave(self) -> None:
        """The next call joins the group again, which gives out whatever is not committed."""
        consumer, self._consumer, self._is_joined = self._consumer, None, False
        with suppress(self._kafka.KafkaException):
            consumer.close()
        for partition in {*self._partitions, *self._lost}:
            self._forget(partition)
        self._fetched.clear()

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        """Continue where the group was. In a new group begin at the end of what is there: it is listed anyway."""
        places, new = consumer.committed(partitions, timeout=_ANSWER_SECONDS), []
        for place in places:
            if place.offset < 0:
                first, end = self._ends(consumer, place)
                place.offset = first if self._was_joined else end
                new.append(place)
            self._partitions[place.partition] = Unpublished()
        consumer.assign(places)
        if new:  # a process that dies now has begun all the same
            consumer.commit(offsets=new, asynchronous=False)

    def _revoked(self, consumer: Any, partitions: list[Any]) -> None:
        for place in partitions:
            self._forget(place.partition)

    def _forget(self, partition: int) -> None:
        """Drop what was fetched of a partition and what is known of it: it comes again, or to somebody else."""
        self._partitions.pop(partition, None)
        self._reached.pop(partition, None)
        self._lost.discard(partition)
        self._fetched = deque(one for one in self._fetched if one.partition() != partition)

    def _ends(self, consumer: Any, place: Any) -> tuple[int, int]:
        """The first offset of a partition, and the one that its next message gets. Raises TransientError."""
        found: tuple[int, int] | None = consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)
        if found is None:
            raise TransientError(f"the brokers of {self._topic} do not say which messages there are")
        return found

    def _event(self, message: Any) -> Event | None:
        error = message.error()
        if error is None:
            self._partitions.setdefault(message.partition(), Unpublished()).received(message.offset())
            kind, stamp = message.timestamp()
            since = None if kind == self._kafka.TIMESTAMP_NOT_AVAILABLE else time_of(stamp)
            return Event(message.value() or b"", Receipt(message.partition(), message.offset()), since)
        if error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            self._lost.add(message.partition())
            self._begin_again(message.partition())
        if error.fatal() or not error.retriable():
            raise TransientError(f"{self._topic} can't be read: {error.str()}")
        return None

    def _begin_again(self, partition: int) -> None:
        """Continue a partition with the first message that is left, and raise EventsLost.

        Raises other errors if that fails: the client has stopped reading it, so the next call tries again.
        """
        place = self._kafka.TopicPartition(self._topic, partition)
        place.offset, _ = self._ends(self._consumer, place)
        self._consumer.commit(offsets=[place], asynchronous=False)
        self._leave()
        raise EventsLost(f"messages of {self._topic} were deleted before they were read")

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        for partition, offset in receipts:
            held = self._partitions.get(partition)  # none once the partition was given to somebody else
            if held is not None and (position := held.done(offset)) is not None:
                self._reached[partition] = position
        if self._reached:
            places = [self._kafka.TopicPartition(self._topic, *place) for place in self._reached.items()]
            self._consumer.commit(offsets=places, asynchronous=False)
            self._reached.clear()

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
