"""What a destination is: a place that holds a copy of one release at a time."""

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
    """The rows of one release. Equal ``mark`` means equal rows and rights; no erased row is ever under a later mark.

    ``read`` opens a table as a ``pyarrow.RecordBatchReader``, some thousands of rows at a time, as often as it is
    called. The column ``acl`` of documents and chunks lists who may see them today; null: everybody, empty: nobody.
    """

    release: str
    mark: str
    n_rows: Mapping[str, int]
    read: Callable[[str], pa.RecordBatchReader]


@runtime_checkable
class Destination(Protocol):
    """What a destination plugin's factory returns for the part of a name after the colon."""

    def held(self) -> str | None:
        """The mark that the last complete ``sync`` left here; None if there is none."""
        ...

    def sync(self, tables: ReleaseTables) -> None:
        """Hold these rows and no others. Record the mark last, so that a copy that was cut short is made again."""
        ...
