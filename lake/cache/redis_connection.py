"""The address of a Redis or Valkey server, and clients of it that never wait longer than they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lake.errors import UsageError

if TYPE_CHECKING:
    from redis import Redis

_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def shown(url: str) -> str:
    """The address without user, password and options.

    >>> shown("rediss://u:secret@cache.example:6380/1?password=x")
    'rediss://cache.example:6380/1'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def connection_of(url: str) -> dict[str, Any]:
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


def client_of(words: dict[str, Any], seconds: float) -> Redis:
    from redis import ConnectionPool, Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}
    # The older protocol, and no words about the client, save a round trip for each new connection.
    plain = {"protocol": 2, "driver_info": None, "decode_responses": False, "health_check_interval": 0}
    return Redis(connection_pool=ConnectionPool(**{**words, **limits, **plain}))


def reason_of(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(". ")
