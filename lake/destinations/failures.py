"""What the clients of stores raise, as errors of raglake: nothing of a request is shown, since it may hold a key."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lake.errors import ContractError, LakeError, TransientError, UsageError
from lake.storage.secrets import hidden

#: HTTP statuses that a retry may cure.
_LONGEST_WAIT = 60.0
_BUSY = {408, 409, 425, 429, 500, 502, 503, 504}
_DENIED = {401, 403}
#: Parts of the names of classes by which clients report a lost or refused connection.
_CONNECTION = (
    "connection",
    "connect",
    "timeout",
    "unavailable",
    "responsehandling",
    "readerror",
    "protocolerror",
    "commitfailed",
)
#: What the messages of refused logins hold, where nothing else shows one.
_DENIED_WORDS = ("password", "authentication failed", "unauthorized", "unauthenticated", "auth check failure")
#: A full disk, as the system and SQLite tell it.
_NO_SPACE, _FULL_WORDS = (errno.ENOSPC, errno.EDQUOT), ("no space left", "disk is full")
#: What tells of a mistake of raglake's own, and the most characters of another error that are shown.
_DEFECTS, _SHOWN = (TypeError, KeyError, AttributeError, IndexError, AssertionError, NameError), 300
#: The first two digits of PostgreSQL's states for a wrong login, and of those that a retry may cure.
_PG_DENIED, _PG_BUSY = ("28", "42501"), ("08", "40", "53", "55", "57")


def seconds_to_wait(error: BaseException) -> float:
    """The longest Retry-After in seconds that an error or one of its causes carries, at most a minute; 0 if none."""
    found = [getattr(getattr(cause, "response", None), "headers", None) for cause in _chain(error)]
    stated = [str(headers.get("retry-after", "")) for headers in found if headers is not None]
    return max([min(float(value), _LONGEST_WAIT) for value in stated if value.isdecimal()], default=0.0)


@contextmanager
def store_failures(place: str) -> Iterator[None]:
    """Translate a client's errors: UsageError if the login is refused, TransientError if a retry may help."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        raise _translated(place, error) from error


def _translated(place: str, error: Exception) -> Exception:
    causes = list(_chain(error))
    statuses = {status for cause in causes for status in _statuses(cause)}
    states = [str(getattr(cause, "sqlstate", None) or "") for cause in causes]
    if statuses & _DENIED or any(state.startswith(_PG_DENIED) for state in states) or _says_denied(error):
        return UsageError(
            f"{place} refuses the login; set the store's own environment variables (docs/destinations.md lists them)"
        )
    if any(map(_is_full, causes)) or "53100" in states:
        return TransientError(f"{place} has no space left; free some, and sync again: it goes on from what arrived")
    if any(isinstance(cause, PermissionError) or getattr(cause, "errno", None) == errno.EROFS for cause in causes):
        return UsageError(f"{place} may not be written to by this user ({error}); grant it, or choose another place")
    if statuses & _BUSY or any(state.startswith(_PG_BUSY) for state in states) or any(map(_is_connection, causes)):
        return TransientError(
            f"{place} does not answer ({type(error).__name__}); what arrived is kept, the next sync goes on from there"
        )
    if isinstance(error, _DEFECTS):
        return error
    reason = hidden(str(error).strip().partition("\n")[0])[:_SHOWN]
    return ContractError(
        f"{place} refuses what raglake sent ({type(error).__name__}: {reason}). If somebody altered it, "
        "rename or drop it there and sync again; if a value is too large, shorten it in the document or its sidecar"
    )


def _is_full(error: BaseException) -> bool:
    """Whether the disk of the store has no space left."""
    words = str(error).lower()
    return getattr(error, "errno", None) in _NO_SPACE or any(one in words for one in _FULL_WORDS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes, each once: clients raise errors that are their own cause."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _statuses(error: BaseException) -> Iterator[int]:
    """HTTP statuses that clients attach to their errors, each under a name of its own."""
    of: Any = error
    for holder in (of, getattr(of, "meta", None), getattr(of, "response", None)):
        for name in ("status_code", "status", "http_status"):
            value = getattr(holder, name, None)
            if isinstance(value, int):
                yield value


def _says_denied(error: Exception) -> bool:
    """libpq reports a refused login as a lost connection without a state."""
    words = str(error).lower()
    return any(part in words for part in _DENIED_WORDS)


def _is_connection(error: BaseException) -> bool:
    name = type(error).__name__.lower()
    return (
        isinstance(error, OSError | TimeoutError) or name == "operationalerror" or any(p in name for p in _CONNECTION)
    )
