"""What became of each question of a batch: its result, or the error that it alone met."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lake.errors import GoneError, LakeError, StorageError

T = TypeVar("T")


def outcome(work: Callable[[], T]) -> T | LakeError:
    """The result of ``work`` or its error; raises what concerns the whole batch: GoneError and StorageError."""
    try:
        return work()
    except (GoneError, StorageError):
        raise
    except LakeError as error:
        return error


def unwrapped(found: T | LakeError) -> T:
    """The result; raises the error that stands in its place."""
    if isinstance(found, LakeError):
        raise found
    return found
