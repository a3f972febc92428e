"""The cache that processes share: keys and values that reveal no question, and a lake that knows of it.

The lake holds a secret, ``shared_cache/secret``, from the first time on that a process shares its results. It names
the lake's keys, seals its values, and tells ``forget`` that there is a cache to be cleared.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.cache.redis_store import RedisStore, Unavailable
from lake.cache.scope import epoch_of
from lake.cache.sealing import digest, opened, sealed
from lake.errors import ContractError, LakeError, UsageError
from lake.options.cache import VARIABLE

if TYPE_CHECKING:
    from lake.directory import Lake

SECRET = "shared_cache/secret"
_CODEC = "zstd"


class SharedCache:
    """Sealed and compressed entries of one lake in one server."""

    name = RedisStore.name

    def __init__(self, url: str, secret: bytes) -> None:
        self.secret = secret
        self._store = RedisStore(url, prefix_of(secret))

    @property
    def is_up(self) -> bool:
        return self._store.is_up

    @property
    def shown(self) -> str:
        return self._store.shown

    def get(self, key: str) -> bytes | None:
        """The entry; None if there is none, or if it is not what was stored. Raises Unavailable within 50 ms."""
        data = opened(self.secret, key, self._store.get(key))
        if data is None:
            return None
        return pa.decompress(data[8:], int.from_bytes(data[:8], "big"), _CODEC, asbytes=True)  # type: ignore[no-any-return]

    def put(self, key: str, data: bytes, epoch: int, holds: Callable[[], bool]) -> None:
        """Stores the entry in the background, unless something was erased since."""
        small = len(data).to_bytes(8, "big") + pa.compress(data, _CODEC, asbytes=True)
        self._store.put(key, sealed(self.secret, key, small), epoch, holds)

    def flush(self) -> None:
        self._store.flush()

    def drop(self, keeps: Callable[[str], bool]) -> None:
        """Deletes entries that can no longer be found, if the server can be reached."""
        try:
            self._store.clear(keeps)
        except Unavailable:
            return


def prefix_of(secret: bytes) -> str:
    """What the lake's keys begin with."""
    return f"raglake:{digest(secret, b'lake').hex()[:16]}"


def address(url: str | None) -> str | None:
    """The address stated, else that of RAGLAKE_CACHE_URL."""
    return (url or os.environ.get(VARIABLE, "")).strip() or None


def read_secret(lake: Lake) -> bytes | None:
    """The lake's secret; None if none of its results were ever shared."""
    try:
        return _checked(lake, lake.store.read(SECRET))
    except FileNotFoundError:
        return None


def secret_of(lake: Lake) -> bytes:
    """The lake's secret, made if there is none. Raises UsageError if the lake can't be written to."""
    held = read_secret(lake)
    if held is not None:
        return held
    try:
        lake.store.put_if_absent(SECRET, secrets.token_hex(32).encode())
        return _checked(lake, lake.store.read(SECRET))
    except (LakeError, OSError) as error:
        raise UsageError(
            f"{lake.url} must know that its results are cached, and can't be written to here ({error}); run "
            f"`raglake cache --lake {lake.url}` once where it can"
        ) from error


def _checked(lake: Lake, data: bytes) -> bytes:
    try:
        secret = bytes.fromhex(data.decode())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise ContractError(f"{SECRET} of {lake.url} is damaged; delete it, and clear the cache with FLUSHDB")
    return secret


def check_known(lake: Lake) -> None:
    """Raises UsageError, before anything is erased, if results were shared and nothing says where."""
    if read_secret(lake) is not None:
        RedisStore(required_address(lake), "")


def clear(lake: Lake, url: str | None = None) -> int | None:
    """Deletes all cached results of the lake, and refuses those under way from before its last erasure.

    Returns how many entries went, None if none were ever shared. Raises ContractError if the server can't be reached.
    """
    secret = read_secret(lake)
    if secret is None:
        return None
    store = RedisStore(required_address(lake, url), prefix_of(secret))
    try:
        store.raise_epoch(epoch_of(lake.log.read()))
        gone = store.clear()
        # What was being written when the first pass began: nothing older is accepted any more.
        return gone + store.clear()
    except Unavailable as away:
        raise ContractError(
            f"the cache of {lake.url} is not cleared, so it may hold what was erased: {away}; start it and run "
            "`raglake forget` again, or, if the server and its data are gone for good, `raglake cache --retire`"
        ) from None


def figures(lake: Lake, url: str | None = None) -> dict[str, Any]:
    """What the server holds of the lake; marks the lake as one whose results are cached outside of it.

    Raises UsageError if there is no address, ContractError if the server can't be reached.
    """
    found = address(url)
    if found is None:
        raise UsageError(
            f"no address of a cache that services share; set {VARIABLE}, or pass --cache redis://HOST:6379/0"
        )
    store = RedisStore(found, prefix_of(secret_of(lake)))
    try:
        return {"cache": store.shown, **store.figures()}
    except Unavailable as away:
        raise ContractError(
            f"the cache of {lake.url} can't be reached: {away}; start it, or check {VARIABLE}"
        ) from None


def retire(lake: Lake, url: str | None = None) -> int | None:
    """Deletes the lake's entries if the server is there, and lets ``forget`` do without it.

    Returns how many entries went, None if the server could not be reached.
    """
    gone, secret, found = None, read_secret(lake), address(url)
    if secret is not None and found is not None:
        store = RedisStore(found, prefix_of(secret))
        with suppress(Unavailable):
            gone = store.clear()
            store.forget_epoch()
    lake.store.delete(SECRET)
    return gone


def required_address(lake: Lake, url: str | None = None) -> str:
    """The address of the lake's shared cache. Raises UsageError if it is not known."""
    found = address(url)
    if found is None:
        raise UsageError(
            f"no address of the cache that services share; set {VARIABLE}, so that what {lake.url} has there can be "
            "cleared; if that cache is gone for good, run `raglake cache --retire`"
        )
    return found
