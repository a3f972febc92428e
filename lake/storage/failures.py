"""Translates failures of disks and object stores into raglake's errors: which lake, why, and what to do."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import ContractError, LakeError, StorageError, UsageError

#: What errors say that libraries raise when they get no memory.
_NO_MEMORY = ("can't start new thread", "failed to map segment", "annot allocate memory", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the process ran out of memory; libraries say so in several ways, and wrap it in others."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        if isinstance(cause, MemoryError) or any(words in str(cause) for words in _NO_MEMORY):
            return True
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return False


@contextmanager
def disk_failures(url: str) -> Iterator[None]:
    """Translate errors of the disk under a lake; errors about missing or existing files pass unchanged."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, NotADirectoryError):
        raise
    except OSError as error:
        raise disk_error(url, error) from error


def disk_error(url: str, error: OSError) -> LakeError:
    """Returns a StorageError if a retry may help, a ContractError if somebody has to grant or mount something."""
    strerror = error.strerror or str(error)
    reason = f"{error.filename}: {strerror}" if error.filename else strerror
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"no space left for {url} ({strerror}); free some and run again")
    if error.errno == errno.EROFS:
        return ContractError(f"{url} can't be written ({reason}); mount its file system for writing and run again")
    if isinstance(error, PermissionError):
        return ContractError(
            f"no permission for {url} ({reason}); run as the owner of the lake, or grant it to user {os.geteuid()}"
        )
    return StorageError(f"the disk of {url} failed ({reason}); check it and run again")


@contextmanager
def service_failures(url: str) -> Iterator[None]:
    """Translate errors of an object store or the network; errors about missing or existing objects pass unchanged."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, LakeError):
        raise
    except PermissionError as error:
        # s3fs keeps the service's own error code, such as AccessDenied, only in the cause.
        raise ContractError(
            f"the object store denies access to {url} ({error.__cause__ or error}); check the credentials and "
            "what they permit there"
        ) from error
    except Exception as error:  # botocore, aiohttp, asyncio and s3fs each raise their own errors
        raise StorageError(
            f"the object store failed under {url} ({type(error).__name__}: {error}); run again once it answers"
        ) from error


TOO_LONG_FOR_FUZZINESS = "a word is too long for a search with fuzziness; shorten it or lower fuzziness"
#: How the messages of LanceDB's errors end, and which of them mean that somebody must grant something.
_PLACE_IN_SOURCE = re.compile(r"(, )?/\S+\.rs:\d+:\d+")
_NOT_ALLOWED = ("Permission denied", "Read-only file system", "AccessDenied", "403 Forbidden")


@contextmanager
def table_failures(url: str) -> Iterator[None]:
    """Translate LanceDB's errors in a folder of tables; only their messages distinguish the causes."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        reason = _PLACE_IN_SOURCE.sub("", str(error).split("\n")[0]).rstrip(". ")
        if "fuzzy query" in reason:
            raise UsageError(TOO_LONG_FOR_FUZZINESS) from error
        if "could not convert to literal" in reason:
            raise UsageError(f"a value is beyond the range of its column: {reason}") from error
        if "No space left" in reason:
            raise StorageError(f"no space left for {url}; free some and run again") from error
        if any(word in reason for word in _NOT_ALLOWED):
            raise ContractError(f"no permission for {url} ({reason}); grant it and run again") from error
        raise StorageError(f"LanceDB failed in {url}: {reason}; run again once that is fixed") from error
