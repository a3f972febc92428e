"""The destination protocols: a place that holds a copy of one release at a time, and a store that takes differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from lake.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: The tables that are copied; their columns are described in ``lake/schemas/stored.py``.
TABLES = ("documents", "parents", "chunks")
#: The key under which a store keeps the HeldState, if it has a place for named values.
STATE_KEY = "raglake"


@dataclass(frozen=True, slots=True)
class ReleaseTables:
    """The rows of one release. ``lake`` identifies the lake, wherever it is moved.

    Equal marks mean equal rows and rights; no mark from after an erasure covers an erased row.

    Each call of ``read`` opens a table as a ``pyarrow.RecordBatchReader`` with thousands of rows per batch, and
    ``read_of`` the rows of some documents. The column ``acl`` of documents and chunks lists who may see them now; null:
    everybody, empty: nobody.

    ``documents`` lists all documents by source and uri, as a table: ``doc_id``; ``digest``, which is equal only for
    equal rows in all tables, in lakes with equal ``columns``; ``n_documents`` (1), ``n_parents`` and ``n_chunks``.
    ``readable`` differs if rights changed or something was erased: then nothing from before may stay.

    ``check`` raises if another run took over. Call it before writing what readers see, and before deleting.
    """

    lake: str
    release: str
    mark: str
    n_rows: Mapping[str, int]
    read: Callable[[str], pa.RecordBatchReader]
    read_of: Callable[[str, Sequence[str]], pa.RecordBatchReader]
    documents: Callable[[], pa.Table]
    columns: str
    readable: str
    check: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Written:
    """What a sync wrote: bytes, and how many chunks it added, changed and removed; ``was`` is the release before."""

    n_bytes: int
    n_added: int
    n_changed: int
    n_removed: int
    was: str | None = None


@runtime_checkable
class Destination(Protocol):
    """The object that a destination plugin's factory returns, given the part of a name after the colon.

    A plugin implements either this protocol or ``DifferenceStore``.
    """

    def held(self) -> str | None:
        """The mark that the last complete ``sync`` left here; None if there is none."""
        ...

    def sync(self, tables: ReleaseTables) -> Written | int | None:
        """Replace the contents with these rows. Record the mark last, so that an interrupted copy is repeated.

        If ``held`` was not called before, everything is to be looked at (``--full``). May return the bytes that were
        written, or what was written in detail.
        """
        ...


@runtime_checkable
class OwnedDestination(Destination, Protocol):
    """A destination that knows whose copy it holds, so that no other lake replaces it."""

    def owner(self) -> str | None:
        """``ReleaseTables.lake`` of the last ``sync``; None if there is no copy, or if it does not say."""
        ...


@dataclass(frozen=True, slots=True)
class HeldState:
    """What a store holds, as it is kept in the store itself.

    ``mark`` is None while a difference is applied in place. ``rows`` identifies the release's rows without rights, and
    ``rights`` the rights that they have; ``erasures`` is the number of the lake's last erasure that is carried out.
    ``embedder`` is the digest of its identity.
    """

    lake: str
    release: str
    mark: str | None
    rows: str
    rights: str | None
    erasures: int
    embedder: str
    dimensions: int
    n_chunks: int

    def to_json(self) -> dict[str, Any]:
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_json(cls, value: object, place: str) -> HeldState:
        """Raises UsageError if the value is no such state: then ``place`` belongs to something else."""
        try:
            found: Any = value
            return cls(**{one.name: found[one.name] for one in fields(cls)})
        except (KeyError, TypeError) as error:
            raise foreign(place) from error


def foreign(place: str) -> UsageError:
    """The error for a collection that raglake did not make."""
    return UsageError(
        f"{place} exists and holds nothing that raglake wrote, so it is left alone; choose another name, or delete it"
    )


@dataclass(frozen=True, slots=True)
class VectorRows:
    """Chunks as stores take them.

    ``ids`` are 32 hexadecimal digits. ``vectors`` are float32, one row per id. Each payload maps names to texts,
    numbers and lists of texts, without nulls. Its ``readers`` are the principals that may see the chunk, "*" meaning
    everybody. Its ``row_digest`` changes with any other value.
    """

    ids: Sequence[str]
    vectors: np.ndarray
    payloads: Sequence[Mapping[str, Any]]


@runtime_checkable
class DifferenceStore(Protocol):
    """A store of vectors that takes the difference between two releases; one per sync, used by one thread.

    The engine (``lake.destinations.sync``) decides what to write, repeats calls that failed, and verifies the result.
    Every call can be repeated. ``held`` comes first. All later calls concern the copy that it found or, after
    ``begin``, the one that is being written.
    """

    #: When readers see a change. transaction: all of it at ``finish``; full: that of a new copy at ``finish``,
    #: differences row by row; none: everything row by row.
    switch: Literal["transaction", "full", "none"]
    #: Maximum number of rows or ids per call of ``apply`` and ``fetch``.
    batch_rows: int
    #: Minimum share of the nearest rows that ``nearest`` finds: 1.0 for exact search.
    recall: float

    def held(self) -> HeldState | None:
        """The state stored here; None if there is nothing. Raises UsageError (``foreign``) for anything else."""
        ...

    def begin(self, target: HeldState, *, anew: bool) -> None:
        """Prepare writing. ``target`` has no mark yet.

        ``anew``: into an empty copy beside the current one if the store can switch, or what an interrupted attempt
        with the same ``rows`` and ``rights`` left of one. Otherwise in place, after storing ``target``.

        A sync that narrows rights may come here twice: at first in place, to close what is open to too many. Of a
        store that switches by transaction, ``finish`` and ``held`` are called in between.
        """
        ...

    def listing(self) -> Iterator[tuple[str, str]]:
        """The id and ``row_digest`` of each row."""
        ...

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        """Add or replace rows, and remove ids, present or not."""
        ...

    def count(self) -> int:
        """The number of rows."""
        ...

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        """Those of these rows that exist, in any order."""
        ...

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        """The ids of the ``k`` rows with the highest inner product for each vector, exactly or as ``recall`` states."""
        ...

    def finish(self, state: HeldState) -> None:
        """Store the state, with its mark, and let readers see the copy; delete the copy that it replaces."""
        ...

    def close(self) -> None:
        """Release connections; what was not finished may be lost."""
        ...
