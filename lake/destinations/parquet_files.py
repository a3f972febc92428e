"""Files of a copy: whether they still are what a sync wrote, and which rows two sets of them do not share."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import ContractError
from lake.ids import bytes_digest
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.storage.protocol import Store, Stored

#: Files that look untouched and are read all the same, others in each sync: a disk may lose bits.
_SAMPLED = 50


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as a sync left it; ``modified_at`` is an ISO time."""

    size: int
    digest: str
    modified_at: str


def sound_files(
    store: Store, records: Mapping[str, FileRecord], wanted: Mapping[str, int], *, every: bool
) -> dict[str, FileRecord]:
    """Those of the wanted files, with their numbers of rows, that are there and whole, with their records of today.

    Read are files that somebody touched since, those without a record, and a sample of the others, or ``every`` one.
    """
    present = {found.path: found for found in store.walk() if found.path in wanted}
    untouched = [path for path, found in present.items() if _is_untouched(found, records.get(path))]
    sampled = set(untouched if every else random.sample(untouched, min(_SAMPLED, len(untouched))))
    sound = {path: records[path] for path in untouched if path not in sampled}
    for path in (path for path in present if path not in sound):
        if (record := _read(store, present[path], records.get(path), wanted[path])) is not None:
            sound[path] = record
    return sound


def _is_untouched(found: Stored, record: FileRecord | None) -> bool:
    return record is not None and (found.size, found.modified_at.isoformat()) == (record.size, record.modified_at)


def _read(store: Store, found: Stored, record: FileRecord | None, n_rows: int) -> FileRecord | None:
    """The record of a file; None if it is damaged. Without one it must have its rows, which have checksums."""
    try:
        digest = bytes_digest(store.read(found.path))
        if record is None and open_parquet(store, found.path).read().num_rows != n_rows:
            return None
    except (FileNotFoundError, ContractError):
        return None
    is_whole = record is None or digest == record.digest
    return FileRecord(found.size, digest, found.modified_at.isoformat()) if is_whole else None


def recorded(store: Store, sent: Mapping[str, tuple[int, str]]) -> dict[str, FileRecord]:
    """Records of files that were just written, by their sizes and digests."""
    moments = {found.path: found.modified_at.isoformat() for found in store.walk()} if sent else {}
    return {path: FileRecord(size, digest, moments.get(path, "")) for path, (size, digest) in sent.items()}


def changed_rows(store: Store, before: Collection[str], after: Collection[str]) -> tuple[int, int, int]:
    """How many chunks were added, changed and removed between two sets of files; files of both have equal rows.

    Files of before that can't be read count as if they had held nothing.
    """
    gone = _row_digests(store, sorted(set(before) - set(after)))
    come = _row_digests(store, sorted(set(after) - set(before)))
    n_same = sum(gone.get(name) == digest for name, digest in come.items())
    n_both = len(gone.keys() & come.keys())
    return len(come) - n_both, n_both - n_same, len(gone) - n_both


def _row_digests(store: Store, paths: Collection[str]) -> dict[str, int]:
    """A hash of each row by chunk_id."""
    found: dict[str, int] = {}
    for path in paths:
        try:
            rows = open_parquet(store, path).read()
        except (FileNotFoundError, ContractError):
            continue
        found |= zip(rows.column("chunk_id").to_pylist(), _hashes(rows), strict=True)
    return found


def _hashes(rows: pa.Table) -> list[int]:
    """A hash of each row: of equal texts, numbers, lists and vectors it is the same within a process."""
    columns = [column.to_pylist() for column in rows.columns]
    return [hash(repr(row)) for row in zip(*columns, strict=True)]
