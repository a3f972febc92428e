"""The destination protocol: a place that holds a copy of one release at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pyarrow as pa

#: The tables that are copied; their columns are described in ``lake/schemas.py``.
TABLES = ("documents", "parents", "chunks")


@dataclass(frozen=True, slots=True)
class ReleaseTables:
    """The rows of one release. Equal marks mean equal rows and rights; no mark from after an erasure covers an erased
    row.

    Each call of ``read`` opens a table as a ``pyarrow.RecordBatchReader`` with thousands of rows per batch. The column
    ``acl`` of documents and chunks lists who may see them now; null: everybody, empty: nobody.
    """

    release: str
    mark: str
    n_rows: Mapping[str, int]
    read: Callable[[str], pa.RecordBatchReader]


@runtime_checkable
class Destination(Protocol):
    """The object that a destination plugin's factory returns, given the part of a name after the colon."""

    def held(self) -> str | None:
        """The mark that the last complete ``sync`` left here; None if there is none."""
        ...

    def sync(self, tables: ReleaseTables) -> None:
        """Replace the contents with these rows. Record the mark last, so that an interrupted copy is repeated."""
        ...
