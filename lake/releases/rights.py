"""Who may see which document, as of today: kept beside the releases, so that it holds for each of them.

The lake's log names one immutable file of RIGHTS. Documents that were never restricted are not in it; one that is
gone from its source keeps what was last known. Only who holds the writer lease may change it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import ContractError, GoneError
from lake.ids import value_digest
from lake.schemas import RIGHTS
from lake.storage.protocol import Store
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    pass

_FOLDER = "rights"


def read(store: Store, path: str | None) -> pa.Table:
    """RIGHTS rows that the log names. GoneError: others took their place; ContractError: they are damaged."""
    if path is None:
        return RIGHTS.empty_table()
    try:
        rows = open_parquet(store, path).read()
    except FileNotFoundError as error:
        raise GoneError(f"{path} in {store.url} is no longer there; open the lake again") from error
    if not rows.schema.equals(RIGHTS) or path != path_of(rows):
        raise ContractError(
            f"{path} in {store.url} does not hold what its name stands for, so nobody can be told who may see what; "
            "restore it from a copy of the lake"
        )
    return rows


def path_of(rows: pa.Table) -> str:
    """Where these rows lie: a function of what they say."""
    columns = [rows.column(name).to_pylist() for name in RIGHTS.names]
    return f"{_FOLDER}/{value_digest(columns)}.parquet"


def write(store: Store, rows: pa.Table) -> str | None:
    """Store RIGHTS rows and say where; None where there are none."""
    if not rows.num_rows:
        return None
    path = path_of(rows)
    store.write(path, parquet_bytes(rows, 1 << 16))
    return path


def without(rows: pa.Table, doc_ids: Collection[str]) -> pa.Table:
    """The rights of all other documents."""
    return rows.filter(pc.invert(pc.is_in(rows.column("doc_id"), pa.array(list(doc_ids), pa.string()))))


def revised(rows: pa.Table, current: pa.Table) -> pa.Table:
    """RIGHTS after ``current`` (of documents in the sources) was learned; what it does not name stays."""
    known = pc.is_in(current.column("doc_id"), rows.column("doc_id").combine_chunks())
    told = current.filter(pc.or_(known, pc.is_valid(current.column("acl"))))
    kept = without(rows, told.column("doc_id").to_pylist())
    return pa.concat_tables([kept, told]).sort_by("doc_id").combine_chunks()
