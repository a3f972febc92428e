"""Remembers what pure functions of the product returned, since they are called with equal values in all histories.

The product's own code makes each result, once. A table is known again by its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from functools import wraps
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa

import lake.ingest.build
import lake.ingest.completeness
import lake.ingest.plan
import lake.releases.copies
import lake.releases.log
import lake.releases.rights
from lake.directory.configuration import Configuration

#: Results that are kept of one function; then it begins anew.
_MOST = 10_000


def remembered(function: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    """The function, called once for each key of its arguments. An error is not remembered."""
    known: dict[Hashable, Any] = {}

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        at = key(*given, **named)
        if at not in known:
            if len(known) >= _MOST:
                known.clear()
            known[at] = function(*given, **named)
        return known[at]

    return call


def _bytes_of(table: pa.Table | pl.DataFrame) -> tuple[bytes, ...]:
    if isinstance(table, pl.DataFrame):
        table = table.to_arrow()
    return tuple(batch.serialize().to_pybytes() for batch in table.to_batches())


split_known = remembered(lake.ingest.plan.split_known, lambda *tables: tuple(map(_bytes_of, tables)))


def _key_of_settled(digests: pa.Table, read_at_us: int) -> Hashable:
    has_stamps = digests.column("modified_at").null_count < digests.num_rows
    return _bytes_of(digests), read_at_us if has_stamps else 0


settled = remembered(lake.ingest.plan.settled, _key_of_settled)


def _key_of_diff(listed: pa.Table, known: pa.Table, recipe: Any, **named: Any) -> Hashable:
    others = (repr(named[name]) for name in ("base", "base_recipe", "completeness"))
    looked_at = named["looked_at"] and tuple(sorted(named["looked_at"]))
    return _bytes_of(listed), _bytes_of(known), repr(recipe), tuple(named["sources"]), looked_at, *others


diff = remembered(lake.ingest.plan.diff, _key_of_diff)


distinct_texts = remembered(lake.ingest.build.distinct_texts, _bytes_of)
exact_groups = remembered(lake.releases.copies.exact_groups, _bytes_of)
revised = remembered(lake.releases.rights.revised, lambda *tables: tuple(map(_bytes_of, tables)))
judged = remembered(lake.ingest.completeness.judged, lambda rows, rules: (_bytes_of(rows), repr(rules)))

_DECODED = lake.releases.log.ReleaseLog._decoded
_ENTRIES: dict[tuple[str, bytes], Any] = {}


def decoded(log: Any, path: str, decode: Callable[[Any], Any]) -> Any:
    """Stands in for the decoding of a log entry or a checkpoint, which every process reads again."""
    data = log._store.read(path)
    if (path, data) not in _ENTRIES:
        if len(_ENTRIES) >= _MOST:
            _ENTRIES.clear()
        here = SimpleNamespace(_store=SimpleNamespace(read=lambda _: data, url=log._store.url))
        _ENTRIES[path, data] = _DECODED(here, path, decode)  # type: ignore[arg-type]
    return _ENTRIES[path, data]


configuration_of = remembered(Configuration.of, lambda settings: json.dumps(settings, sort_keys=True))
