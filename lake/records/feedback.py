"""Judgements in the lake: small Parquet files, one each until the day is over and prune merges its files.

Writers never conflict: each writes its own file under a random name. A judgement that is found twice, because a merge
was killed, counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.errors import ContractError, UsageError
from lake.ids import value_digest
from lake.schemas import FEEDBACK
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist

FOLDER = "feedback"
_TRIES = 5


def keep(lake: Lake, row: dict[str, Any]) -> str:
    """Store one judgement. Returns its id. Raises UsageError if the document was erased for good meanwhile."""
    path = f"{FOLDER}/{row['given_at']:%Y-%m-%d}/{row['feedback_id']}.parquet"
    try:
        data = parquet_bytes(pa.Table.from_pylist([row], schema=FEEDBACK), 1)
    except UnicodeEncodeError as error:
        raise UsageError("the question holds half a character (a lone surrogate), which can't be stored") from error
    lake.store.write(path, data)
    # An erasure may have searched just before this was written; its denial came first.
    if _is_denied(lake.denylist(), row):
        lake.store.delete(path)
        raise UsageError(f"no chunk {row['chunk_id']!r} any more: its document was erased")
    return str(row["feedback_id"])


def _is_denied(denylist: Denylist, row: dict[str, Any]) -> bool:
    return denylist.has_place(row["doc_id"]) or denylist.has_content(row["digest"])


def read(lake: Lake) -> pa.Table:
    """FEEDBACK rows of all judgements, oldest first."""
    found = _read_all(lake)
    by_id = {row["feedback_id"]: row for row in found.to_pylist()}
    rows = sorted(by_id.values(), key=lambda row: (row["given_at"], row["feedback_id"]))
    return pa.Table.from_pylist(rows, schema=FEEDBACK)


def _read_all(lake: Lake) -> pa.Table:
    for attempt in range(_TRIES):
        try:
            parts = [_read(lake, path) for path in paths(lake)]
            return pa.concat_tables([FEEDBACK.empty_table(), *parts])
        except FileNotFoundError:  # merged with others since it was listed
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _read(lake: Lake, path: str) -> pa.Table:
    return open_parquet(lake.store, path).read().cast(FEEDBACK)


def paths(lake: Lake) -> list[str]:
    """Every file of judgements, by day."""
    days = lake.store.names(FOLDER)
    return [f"{FOLDER}/{day}/{name}" for day in days for name in lake.store.names(f"{FOLDER}/{day}")]


def remove(lake: Lake, path: str, is_gone: Any) -> None:
    """Rewrite a file without some of its rows; an unreadable one is deleted, since its contents are unknown."""
    try:
        rows = _read(lake, path)
    except FileNotFoundError:
        return
    except (OSError, ValueError, ContractError):
        lake.store.delete(path)
        return
    left = rows.filter(pa.array([not is_gone(row) for row in rows.to_pylist()], pa.bool_()))
    if not left.num_rows:
        lake.store.delete(path)
    elif left.num_rows < rows.num_rows:
        lake.store.write(path, parquet_bytes(left, 1 << 12))


def denied(lake: Lake) -> Iterator[str]:
    """Paths of files that hold judgements about documents that were erased for good."""
    denylist = lake.denylist()
    for path in paths(lake) if len(denylist) else ():
        try:
            rows = _read(lake, path).to_pylist()
        except (OSError, ValueError, ContractError):  # the check of feedback reports it
            continue
        if any(_is_denied(denylist, row) for row in rows):
            yield path


def redact(lake: Lake) -> None:
    """Remove judgements about documents that were erased for good."""
    denylist = lake.denylist()
    for path in list(denied(lake)):
        remove(lake, path, lambda row: _is_denied(denylist, row))


def put_together(lake: Lake, before: datetime, *, dry_run: bool = False) -> int:
    """Merge the files of each day that ended before a time. Returns how many that saves. Needs the writer lease."""
    n_saved = 0
    for day in lake.store.names(FOLDER):
        names = lake.store.names(f"{FOLDER}/{day}")
        if day >= f"{before:%Y-%m-%d}" or len(names) < 2:
            continue
        old = [f"{FOLDER}/{day}/{name}" for name in names]
        try:
            rows = pa.concat_tables([_read(lake, path) for path in old])
        except (OSError, ValueError, ContractError):  # doctor reports it; a damaged file must not block the others
            continue
        n_saved += len(old) - 1
        if not dry_run:
            _put_together(lake, day, old, rows)
    return n_saved


def _put_together(lake: Lake, day: str, old: list[str], rows: pa.Table) -> None:
    by_id = {row["feedback_id"]: row for row in rows.to_pylist()}
    path = f"{FOLDER}/{day}/{value_digest(sorted(by_id))}.parquet"
    table = pa.Table.from_pylist([by_id[name] for name in sorted(by_id)], schema=FEEDBACK)
    lake.store.write(path, parquet_bytes(table, 1 << 12))
    lake.store.flush()
    for name in old:
        if name != path:
            lake.store.delete(name)
