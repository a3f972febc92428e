"""The store protocol: a folder of immutable objects, on a disk or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a store: its path, bytes, and when it was last written."""

    path: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """A folder of immutable objects; paths are relative and use ``/``."""

    url: str

    def read(self, path: str) -> bytes:
        """Returns the object's bytes. Raises FileNotFoundError if there is none."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write the object whole or not at all, replacing any object of that name."""
        ...

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Create the object, which is the compare-and-swap. Returns False if it exists already."""
        ...

    def names(self, folder: str) -> list[str]:
        """Sorted names of the objects directly in ``folder``."""
        ...

    def walk(self, folder: str = "") -> Iterator[Stored]:
        """Every object below ``folder``, hidden ones included, in any order."""
        ...

    def delete(self, path: str) -> None:
        """Remove the object, if it exists."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Remove everything below ``folder``, if it exists."""
        ...

    def delete_empty_folders(self, folder: str) -> None:
        """Remove empty folders directly in ``folder``; an object store has none."""
        ...

    def open_input(self, path: str) -> Any:
        """A seekable source that pyarrow reads Parquet from."""
        ...

    def flush(self) -> None:
        """Return once everything written to the lake so far would survive a power loss."""
        ...
