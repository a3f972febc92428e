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
from urllib.parse import urlsplit

from lake.errors import UsageError

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Seconds that a question waits for one look-up, however the server behaves.
_PATIENCE = 0.05
#: Share of it from which an answer is late, and how many of those in a row count as a failure.
_LATE, _MOST_LATE = 0.5, 4
#: Seconds for what no question waits for: writing, and clearing.
_WRITE_SECONDS, _CLEAR_SECONDS = 1.0, 10.0
#: Bytes that wait to be written; what comes beyond is not stored.
_MOST_WAITING = 32 << 20
#: Bytes of the largest entry.
_LARGEST = 8 << 20
#: Seconds until a server that failed is tried again: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}

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
        self._words, self.shown = _connection(url), shown(url)
        self._prefix, self._fence = prefix, f"{prefix}:epoch"
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="raglake-redis")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="raglake-redis-writer")
        self._lock = Lock()
        self._n_waiting = self._n_late = 0
        self._is_up, self._pause, self._next_try = True, _FIRST_PAUSE, 0.0
        self._is_checked = self._is_refused = False

    @property
    def is_up(self) -> bool:
        """Whether look-ups are sent; a server that failed is tried again in the background."""
        if not self._is_up and time.monotonic() >= self._next_try:
            with self._lock:
                is_due = time.monotonic() >= self._next_try
                self._next_try = time.monotonic() + self._pause
            if is_due:
                self._readers.submit(self._try_again)
        return self._is_up

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
            value = future.result(_PATIENCE)
            self._took(time.monotonic() - begun)
        except TimeoutError:
            future.cancel()
            self._failed("no answer within 50 ms")
            # Ends what still reads: a server may send one byte after another for hours.
            with suppress(Exception):
                self._client.connection_pool.disconnect(inuse_connections=True)
            raise Unavailable from None
        except Exception as error:  # noqa: BLE001 - a wrong answer makes the client raise anything
            self._failed(type(error).__name__)
            raise Unavailable from None
        return value

    def put(self, key: str, value: bytes, epoch: int, holds: Callable[[], bool]) -> bool:
        """Stores the value later, in another thread, and returns whether it will try to.

        ``holds`` is called before and after it is written: whether nothing was erased since ``epoch``.
        """
        with self._lock:
            if not self._is_up or len(value) > _LARGEST or self._n_waiting + len(value) > _MOST_WAITING:
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
            raise Unavailable(f"{self.shown} failed: {_reason(error)}") from None

    def _write(self, key: str, value: bytes, epoch: int, holds: Callable[[], bool]) -> None:
        try:
            if self._is_up and holds():
                self._check_memory()
                self._put(keys=[self._fence, key], args=[str(epoch), value])
                if not holds():
                    self._clearer.unlink(key)
        except Exception as error:  # noqa: BLE001 - what is not stored is only computed again
            self._not_written(error)
        finally:
            with self._lock:
                self._n_waiting -= len(value)

    def _took(self, seconds: float) -> None:
        """Leaves out a server that answers late again and again: a question makes up to three look-ups."""
        with self._lock:
            self._n_late = self._n_late + 1 if seconds > _LATE * _PATIENCE else 0
            is_late = self._n_late >= _MOST_LATE
        if is_late:
            self._failed(f"{_MOST_LATE} late answers in a row")

    def _not_written(self, error: Exception) -> None:
        """A server that is full, or only read, still answers look-ups."""
        from redis.exceptions import ResponseError

        if not isinstance(error, ResponseError):
            self._failed(type(error).__name__)
        elif not self._is_refused:
            self._is_refused = True
            _log.warning("the cache at %s takes no entries: %s", self.shown, _reason(error))

    def _check_memory(self) -> None:
        """Warns once of a server that never drops anything: entries have no expiry."""
        if self._is_checked:
            return
        self._is_checked = True
        if not (memory := self._clearer.info("memory")).get("maxmemory") or memory["maxmemory_policy"] == "noeviction":
            advice = "set maxmemory, and maxmemory-policy to allkeys-lru"
            _log.warning("the cache at %s grows without bound or stops taking entries; %s", self.shown, advice)

    def _failed(self, reason: str) -> None:
        with self._lock:
            was_up, self._is_up = self._is_up, False
            self._pause = _FIRST_PAUSE if was_up else min(2 * self._pause, _LONGEST_PAUSE)
            self._next_try = time.monotonic() + self._pause
        if was_up:
            _log.warning("the cache at %s is left out (%s); questions are answered without it", self.shown, reason)

    def _try_again(self) -> None:
        try:
            begun = time.monotonic()
            self._client.ping()
            is_back = time.monotonic() - begun < _LATE * _PATIENCE
        except Exception:  # noqa: BLE001 - still away, for whatever reason
            is_back = False
        if not is_back:
            self._failed("still away")
            return
        with self._lock:
            self._is_up, self._pause, self._n_late = True, _FIRST_PAUSE, 0
        _log.warning("the cache at %s is back", self.shown)

    @cached_property
    def _client(self) -> Redis:
        return self._connected(_PATIENCE)

    @cached_property
    def _clearer(self) -> Redis:
        return self._connected(_CLEAR_SECONDS)

    @cached_property
    def _put(self) -> Any:
        return self._connected(_WRITE_SECONDS).register_script(_PUT)

    def _connected(self, seconds: float) -> Redis:
        return _client(self._words, seconds)


def shown(url: str) -> str:
    """The address without user, password and options.

    >>> shown("rediss://u:secret@cache.example:6380/1?password=x")
    'rediss://cache.example:6380/1'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _connection(url: str) -> dict[str, Any]:
    """The arguments of a connection; raises UsageError for an address that none has, and never shows a password."""
    scheme = url.partition("://")[0].lower()
    try:
        from redis.connection import parse_url
    except ImportError as missing:
        raise UsageError("the client for Redis is not installed; pip install 'raglake[redis]'") from missing
    if "://" not in url or scheme not in _SCHEMES:
        raise UsageError("the address of the cache must begin with redis:// or rediss:// (TLS), or with unix://")
    try:
        words: dict[str, Any] = parse_url(f"{_SCHEMES[scheme]}://{url.partition('://')[2]}")  # type: ignore[no-untyped-call]
        return words
    except (ValueError, TypeError):
        raise UsageError(f"{_safely_shown(url)} is no address of a cache; write redis://HOST:PORT/NUMBER") from None


def _safely_shown(url: str) -> str:
    try:
        return shown(url)
    except ValueError:
        return f"{url.partition('://')[0]}://..."


def _client(words: dict[str, Any], seconds: float) -> Redis:
    from redis import ConnectionPool, Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}
    # The older protocol, and no words about the client, save a round trip for each new connection.
    plain = {"protocol": 2, "driver_info": None, "decode_responses": False, "health_check_interval": 0}
    return Redis(connection_pool=ConnectionPool(**{**words, **limits, **plain}))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(". ")


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
        raise Unavailable(_reason(error)) from None
    if batch:
        yield batch
