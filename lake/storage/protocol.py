"""What a store is: a folder of immutable objects, on a disk or in a bucket."""

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
        """The object's bytes; FileNotFoundError where there is none."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Put the object whole or not at all, replacing one of that name."""
        ...

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Create the object and say True, or say False if there is one: the compare-and-swap."""
        ...

    def names(self, folder: str) -> list[str]:
        """Sorted names of the objects directly in ``folder``; empty where there is none."""
        ...

    def walk(self, folder: str = "") -> Iterator[Stored]:
        """Every object below ``folder``, hidden ones included, in any order."""
        ...

    def delete(self, path: str) -> None:
        """Remove the object; nothing happens where there is none."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Remove everything below ``folder``; nothing happens where there is none."""
        ...

    def delete_empty_folders(self, folder: str) -> None:
        """Remove folders directly in ``folder`` that hold nothing; an object store has none."""
        ...

    def open_input(self, path: str) -> Any:
        """A seekable source that pyarrow reads Parquet from."""
        ...

    def flush(self) -> None:
        """Return once everything written to the lake so far would survive a power loss."""
        ...
