"""Which rows of records speak of what is erased for good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lake.erasure.verification import Terms, occurring

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope
    from lake.records.daily_files import DailyFiles

Row = dict[str, Any]
#: The documents (doc_ids, digests of bytes) that a row names.
Named = Callable[[Row], Collection[str]]


def erase_rows(lake: Lake, erased: ErasureScope, files: DailyFiles, named: Named, columns: Collection[str]) -> None:
    """Remove each row that names an erased document, or in whose ``columns`` the proof would find a trace."""
    documents = {*erased.choice.rows["doc_id"], *erased.choice.digests}

    def gone(rows: list[Row]) -> list[bool]:
        found = occurring(erased.terms, (string for row in rows for string in _strings(row, columns)))
        few = Terms(found.ids, found.texts, found.words)
        is_any = bool(few.ids or few.texts or few.words)
        return [not documents.isdisjoint(named(row)) or (is_any and _speaks_of(few, row, columns)) for row in rows]

    for path in files.paths(lake):
        files.remove(lake, path, gone)


def _speaks_of(terms: Terms, row: Row, columns: Collection[str]) -> bool:
    found = occurring(terms, _strings(row, columns))
    return bool(found.ids or found.texts or found.words)


def _strings(row: Row, columns: Iterable[str]) -> Iterator[str]:
    for name in columns:
        yield from _texts(row[name])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)
