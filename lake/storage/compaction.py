"""Compacts keyed Parquet files: drops rows that nobody needs, merges small files, frees the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lake.storage.keyed_files import KeyedFiles
from lake.storage.lease import check_held
from lake.storage.protocol import Store

#: Files with fewer rows, and fewer bytes, are merged once there are more than this many: each costs a listing and a
#: read at every start.
_SMALL_ROWS, _SMALL_BYTES, _MANY_SMALL = 20_000, 32 << 20, 8
#: Runs over a few documents leave a file of a few rows each.
_TINY_ROWS, _MANY_TINY = 256, 64
#: A file is rewritten once no more than this share of its rows is still wanted.
_WORTH_REWRITING = 0.5
#: Bytes of rows, as they lie in memory, that one new file takes.
_FILE_BYTES = 64 << 20


class Compaction(NamedTuple):
    """Rows dropped, and the net bytes freed on disk."""

    n_rows: int = 0
    n_bytes: int = 0


def compact(
    store: Store,
    files: KeyedFiles,
    wanted: Sequence[str] | pa.Array,
    *,
    spared: Collection[str] = (),
    kept: Collection[str] = (),
    strictly: bool = False,
    dry_run: bool = False,
) -> Compaction:
    """Drop rows under other keys than ``wanted``, and merge small files.

    Files named in ``spared`` stay as they are. Files in ``kept`` lose no row: when they are merged, their unwanted
    rows go into a separate new file, which is not merged again. ``strictly`` drops every unwanted row; otherwise a
    file stays as it is while most of its rows are wanted. New files are written before old ones are deleted, so a
    kill in between may leave a row twice but never loses one.
    """
    files.refresh()
    masks = {name: mask for name, mask in files.rows_of(wanted).items() if name not in spared}
    sizes = {stored.path.rsplit("/", 1)[-1]: stored.size for stored in store.walk(files.folder)}
    chosen = _chosen(masks, kept, sizes, strictly=strictly)
    unwanted = {name: ~masks[name] for name in chosen if name in kept}
    n_rows = sum(int(np.count_nonzero(~masks[name])) for name in chosen if name not in kept)
    before = sum(sizes[name] for name in chosen)
    if dry_run:
        shares = {name: 1.0 if name in kept else masks[name].mean() for name in chosen if len(masks[name])}
        return Compaction(n_rows, before - sum(int(sizes[name] * share) for name, share in shares.items()))
    tables = chain(_merged(files, chosen, masks), _merged(files, list(unwanted), unwanted))
    written = {files.write(table).rsplit("/", 1)[-1] for table in tables}
    _delete(store, files, set(chosen) - written)
    after = sum(stored.size for stored in store.walk(files.folder) if stored.path.rsplit("/", 1)[-1] in written)
    files.refresh()
    return Compaction(n_rows, before - after)


def merge_tiny(store: Store, files: KeyedFiles) -> int:
    """Merge files with a few rows once there are many, and keep every row. Returns the number of files merged."""
    files.refresh()
    tiny = {name: np.ones(n, bool) for name, n in files.sizes().items() if n < _TINY_ROWS}
    if len(tiny) <= _MANY_TINY:
        return 0
    written = {files.write(table).rsplit("/", 1)[-1] for table in _merged(files, list(tiny), tiny)}
    _delete(store, files, tiny.keys() - written)
    files.refresh()
    return len(tiny)


def _delete(store: Store, files: KeyedFiles, names: Collection[str]) -> None:
    """Raises ContractError if the lease was lost since the files were chosen: a run that took over may need them."""
    check_held(store.url)
    for name in names:
        store.delete(f"{files.folder}/{name}")


def _chosen(
    masks: Mapping[str, np.ndarray], kept: Collection[str], sizes: Mapping[str, int], *, strictly: bool
) -> list[str]:
    """Files to rewrite or to delete."""
    idle = {name for name, mask in masks.items() if (not mask.all() if strictly else mask.mean() <= _WORTH_REWRITING)}
    small = {
        name
        for name, mask in masks.items()
        if len(mask) < _SMALL_ROWS and sizes[name] < _SMALL_BYTES and not (name in kept and name in idle)
    }
    return sorted(idle.difference(kept) | (small if len(small) > _MANY_SMALL else set()))


def _merged(files: KeyedFiles, names: Sequence[str], masks: Mapping[str, np.ndarray]) -> Iterator[pa.Table]:
    """The wanted rows of these files, in tables of bounded size."""
    waiting: list[pa.Table] = []
    for name in names:
        offset = 0
        for batch in files.batches(name):
            mask = masks[name][offset : offset + batch.num_rows]
            offset += batch.num_rows
            if not mask.any():
                continue
            waiting.append(pa.table(batch).filter(pa.array(mask)))
            if sum(table.nbytes for table in waiting) > _FILE_BYTES:
                yield pa.concat_tables(waiting)
                waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
