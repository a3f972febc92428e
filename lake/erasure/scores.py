"""Removes what was erased for good from scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.erasure.verification import occurring
from lake.questions.store import read as read_questions
from lake.records.scores import paths
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope
    from lake.erasure.verification import Terms


def erase(lake: Lake, erased: ErasureScope) -> None:
    """Remove scores of deleted questions, and scores whose settings hold words of erased documents."""
    known = read_questions(lake)[1].column("question_id").combine_chunks()
    for path in list(paths(lake)):
        rows = open_parquet(lake.store, path).read()
        left = rows.filter(pc.is_in(rows.column("question_id"), known))
        if not left.num_rows or _speaks_of(erased.terms, left):
            lake.store.delete(path)
        elif left.num_rows < rows.num_rows:
            lake.store.write(path, parquet_bytes(left, 1 << 16))


def _speaks_of(terms: Terms, rows: pa.Table) -> bool:
    found = occurring(terms, pc.unique(rows.column("settings")).to_pylist())
    return bool(found.ids or found.texts or found.words)
