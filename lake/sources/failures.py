"""Errors of sources: whose fault they are, and whether a retry may help."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import InputError, LakeError, TransientError, UsageError

#: More documents than these, and a larger share of those that there are, tell of the source, not of themselves.
MOST_UNANSWERED, _SHARE_UNANSWERED = 10, 0.10
#: Of how many at most that share is taken, unless more were asked for: each failure takes seconds.
_MOST_KNOWN = 500


def is_too_often(n_failed: int, n_asked: int, n_known: int = 0) -> bool:
    """Whether so many failures tell that a source fails, and not a few of the ``n_known`` documents that it has.

    Those that fail in each run are asked for in each, while most others need not be.

    >>> is_too_often(10, 10), is_too_often(11, 100), is_too_often(11, 200), is_too_often(11, 11, 200)
    (False, True, False, False)
    """
    n = max(n_asked, min(n_known, _MOST_KNOWN))
    return n_failed > MOST_UNANSWERED and n_failed > _SHARE_UNANSWERED * n


@contextmanager
def listing_errors(name: str) -> Iterator[None]:
    """Translate errors: UsageError if the source is missing or access is denied, TransientError for temporary ones."""
    try:
        yield
    except LakeError:
        raise
    except FileNotFoundError as error:
        missing = str(error.filename or error)
        where = f" ({missing})" if missing not in ("", name) else ""
        raise UsageError(f"no such source: {name}{where}; correct its address") from error
    except PermissionError as error:
        raise UsageError(f"may not list {name}: {error}; check its credentials") from error
    except Exception as error:
        raise TransientError(f"could not list {name}: {type(error).__name__}: {error}") from error


@contextmanager
def reading_errors(uri: str) -> Iterator[None]:
    """Translate errors: InputError if they concern one document, TransientError if they are temporary."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("listed, but gone when it was read; the next run will see", "vanished") from error
    except PermissionError as error:
        raise InputError("no permission to read it; grant it or exclude the file", "unreadable") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InputError("not a regular file; exclude it", "unreadable") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO):  # ENXIO: a socket
            raise InputError(f"can't be opened ({error.strerror}); exclude it", "unreadable") from error
        raise TransientError(f"reading {uri} failed: {error}") from error
    except (LakeError, MemoryError):
        raise
    except Exception as error:  # libraries of object stores have errors of their own
        raise TransientError(f"reading {uri} failed: {type(error).__name__}: {error}") from error
