"""A cache in a Redis or Valkey server, which may be dead, slow or wrong: that costs an entry, never an answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake.cache import server_state
from lake.cache.redis_connection import client_of, connection_of, reason_of, shown
from lake.cache.server_state import ServerState

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Seconds for what no question waits for: writing, and clearing.
_WRITE_SECONDS, _CLEAR_SECONDS = 1.0, 10.0
#: Bytes that wait to be written; what comes beyond is not stored.
_MOST_WAITING = 32 << 20
#: Bytes of the largest entry.
_LARGEST = 8 << 20
#: Stores an entry unless the lake erased something after the entry's epoch: an answer that was under way then must
#: not come back. One step on the server, so that nothing can happen in between.
_PUT = """
local held = tonumber(redis.call('GET', KEYS[1]) or '-1')
local own = tonumber(ARGV[1])
if held > own then return 0 end
if held < own then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""
#: Raises the epoch, after which nothing older can be stored.
_RAISE = """
local held = tonumber(redis.call('GET', KEYS[1]) or '-1')
if held < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
"""


class Unavailable(Exception):
    """The server gave no answer in time, or one that can't be understood."""


class RedisStore:
    """Keys of one server below ``prefix``. Look-ups wait 50 ms at most, and not at all while the server is away."""

    name = "redis"

    def __init__(self, url: str, prefix: str) -> None:
        self._words, self.shown = connection_of(url), shown(url)
        self._prefix, self._fence = prefix, f"{prefix}:epoch"
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="raglake-redis")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="raglake-redis-writer")
        self._lock = Lock()
        self._n_waiting = 0
        self._state = ServerState(self.shown)
        self._is_checked = self._is_refused = False

    @property
    def is_up(self) -> bool:
        """Whether look-ups are sent; a server that failed is tried again in the background."""
        if self._state.is_due():
            self._readers.submit(self._try_again)
        return self._state.is_up

    def get(self, key: str) -> bytes | None:
        """The value, None if there is none. Raises Unavailable within 50 ms."""
        value = self._answered(lambda: self._client.get(f"{self._prefix}:{key}"))
        return value if isinstance(value, bytes) else None

    def add(self, key: str, amounts: Mapping[str, int], seconds: int) -> dict[str, int]:
        """Adds to the fields of a key that lasts some seconds. Returns the sums; raises Unavailable within 50 ms."""
        from redis.exceptions import ResponseError

        def step() -> list[Any]:
            with self._client.pipeline(transaction=True) as steps:
                for name, amount in amounts.items():
                    steps.hincrby(f"{self._prefix}:{key}", name, amount)
                steps.expire(f"{self._prefix}:{key}", seconds)
                try:
                    return list(steps.execute())
                except ResponseError as error:  # it may still be read
                    self._not_written(error)
                    return []

        sums = self._answered(step)
        if not sums:
            raise Unavailable
        return {name: int(total) for name, total in zip(amounts, sums, strict=False)}

    def _answered(self, step: Callable[[], Any]) -> Any:
        """The server's answer. Raises Unavailable within 50 ms, also for one that the client can't understand."""
        if not self.is_up:
            raise Unavailable
        begun = time.monotonic()
        future: Future[Any] = self._readers.submit(step)
        try:
            value = future.result(server_state.PATIENCE)
            self._state.took(time.monotonic() - begun)
        except TimeoutError:
            future.cancel()
            self._state.failed("no answer within 50 ms")
            # Ends what still reads: a server may send one byte after another for hours.
            with suppress(Exception):
                self._client.connection_pool.disconnect(inuse_connections=True)
            raise Unavailable from None
        except Exception as error:  # noqa: BLE001 - a wrong answer makes the client raise anything
            self._state.failed(type(error).__name__)
            raise Unavailable from None
        return value

    def put(self, key: str, value: bytes, epoch: int, holds: Callable[[], bool]) -> bool:
        """Stores the value later, in another thread, and returns whether it will try to.

        ``holds`` is called before and after it is written: whether nothing was erased since ``epoch``.
        """
        with self._lock:
            if not self._state.is_up or len(value) > _LARGEST or self._n_waiting + len(value) > _MOST_WAITING:
                return False
            self._n_waiting += len(value)
        self._writer.submit(self._write, f"{self._prefix}:{key}", value, epoch, holds)
        return True

    def flush(self) -> None:
        """Returns once everything that waits is written, or given up."""
        self._writer.submit(lambda: None).result()

    def clear(self, keeps: Callable[[str], bool] = lambda _: False) -> int:
        """Deletes every key below the prefix that ``keeps`` does not accept; returns how many. Raises Unavailable."""
        gone = 0
        for keys in _batches(self._strictly(lambda: self._clearer.scan_iter(f"{self._prefix}:*", 1000))):
            doomed = [key for key in keys if key != self._fence.encode() and not keeps(self._own(key))]
            if doomed:
                gone += int(self._strictly(lambda doomed=doomed: self._clearer.unlink(*doomed)))  # type: ignore[misc]
        return gone

    def raise_epoch(self, epoch: int) -> None:
        """Refuses whatever is older from now on. Raises Unavailable."""
        self._strictly(lambda: self._clearer.eval(_RAISE, 1, self._fence, str(epoch)))

    def forget_epoch(self) -> None:
        """Removes the last key, for a server that is no longer used. Raises Unavailable."""
        self._strictly(lambda: self._clearer.unlink(self._fence))

    def figures(self) -> dict[str, Any]:
        """Number of entries, and what the server says of its memory. Raises Unavailable."""
        n_keys = sum(key != self._fence.encode() for key in self._scanned())
        memory = self._strictly(lambda: self._clearer.info("memory"))
        return {"n_entries": n_keys, **{name: memory.get(name) for name in ("maxmemory", "maxmemory_policy")}}

    def _scanned(self) -> Iterator[bytes]:
        for keys in _batches(self._strictly(lambda: self._clearer.scan_iter(f"{self._prefix}:*", 1000))):
            yield from keys

    def _own(self, key: bytes) -> str:
        return key.decode("utf-8", "replace").removeprefix(f"{self._prefix}:")

    def _strictly(self, step: Callable[[], T]) -> T:
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - a wrong answer makes the client raise anything
            raise Unavailable(f"{self.shown} failed: {reason_of(error)}") from None

    def _write(self, key: str, value: bytes, epoch: int, holds: Callable[[], bool]) -> None:
        try:
            if self._state.is_up and holds():
                self._check_memory()
                self._put(keys=[self._fence, key], args=[str(epoch), value])
                if not holds():
                    self._clearer.unlink(key)
        except Exception as error:  # noqa: BLE001 - what is not stored is only computed again
            self._not_written(error)
        finally:
            with self._lock:
                self._n_waiting -= len(value)

    def _not_written(self, error: Exception) -> None:
        """A server that is full, or only read, still answers look-ups."""
        from redis.exceptions import ResponseError

        if not isinstance(error, ResponseError):
            self._state.failed(type(error).__name__)
        elif not self._is_refused:
            self._is_refused = True
            _log.warning("the cache at %s takes no entries: %s", self.shown, reason_of(error))

    def _check_memory(self) -> None:
        """Warns once of a server that never drops anything: entries have no expiry."""
        if self._is_checked:
            return
        self._is_checked = True
        if not (memory := self._clearer.info("memory")).get("maxmemory") or memory["maxmemory_policy"] == "noeviction":
            advice = "set maxmemory, and maxmemory-policy to allkeys-lru"
            _log.warning("the cache at %s grows without bound or stops taking entries; %s", self.shown, advice)

    def _try_again(self) -> None:
        try:
            begun = time.monotonic()
            self._client.ping()
            self._state.answered_again(time.monotonic() - begun)
        except Exception:  # noqa: BLE001 - still away, for whatever reason
            self._state.failed("still away")

    @cached_property
    def _client(self) -> Redis:
        return self._connected(server_state.PATIENCE)

    @cached_property
    def _clearer(self) -> Redis:
        return self._connected(_CLEAR_SECONDS)

    @cached_property
    def _put(self) -> Any:
        return self._connected(_WRITE_SECONDS).register_script(_PUT)

    def _connected(self, seconds: float) -> Redis:
        return client_of(self._words, seconds)


def _batches(keys: Iterator[bytes]) -> Iterator[list[bytes]]:
    """The keys, some at a time; the errors of the iterator are those of the caller's step."""
    batch: list[bytes] = []
    try:
        for key in keys:
            batch.append(key)
            if len(batch) >= 500:
                yield batch
                batch = []
    except Exception as error:  # noqa: BLE001 - a wrong answer makes the client raise anything
        raise Unavailable(reason_of(error)) from None
    if batch:
        yield batch
