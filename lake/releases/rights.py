"""The current access rights of documents, stored beside the releases because they hold for each of them.

The lake's log names one immutable file of RIGHTS. Documents that were never restricted are not in it; a document
that is gone from its source keeps its last known rights. Only the holder of the writer lease may change it.
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
    """Read the RIGHTS rows at ``path``. Raises GoneError if they were replaced, ContractError if they are damaged."""
    if path is None:
        return RIGHTS.empty_table()
    try:
        rows = open_parquet(store, path).read()
    except FileNotFoundError as error:
        raise GoneError(f"{path} in {store.url} is no longer there; open the lake again") from error
    if not rows.schema.equals(RIGHTS) or path != path_of(rows):
        raise ContractError(
            f"{path} in {store.url} does not match the digest in its name, so access rights are unknown; "
            "restore it from a copy of the lake"
        )
    return rows


def path_of(rows: pa.Table) -> str:
    """The path of these rows, a function of their values."""
    columns = [rows.column(name).to_pylist() for name in RIGHTS.names]
    return f"{_FOLDER}/{value_digest(columns)}.parquet"


def write(store: Store, rows: pa.Table) -> str | None:
    """Store RIGHTS rows and return their path; None if there are none."""
    if not rows.num_rows:
        return None
    path = path_of(rows)
    store.write(path, parquet_bytes(rows, 1 << 16))
    return path


def without(rows: pa.Table, doc_ids: Collection[str]) -> pa.Table:
    """The rows of all documents except ``doc_ids``."""
    return rows.filter(pc.invert(pc.is_in(rows.column("doc_id"), pa.array(list(doc_ids), pa.string()))))


def revised(rows: pa.Table, current: pa.Table) -> pa.Table:
    """Merge ``current``, the RIGHTS of documents in the sources, into ``rows``; documents it omits keep theirs."""
    known = pc.is_in(current.column("doc_id"), rows.column("doc_id").combine_chunks())
    changed = current.filter(pc.or_(known, pc.is_valid(current.column("acl"))))
    kept = without(rows, changed.column("doc_id").to_pylist())
    return pa.concat_tables([kept, changed]).sort_by("doc_id").combine_chunks()
