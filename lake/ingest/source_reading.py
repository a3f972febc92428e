"""Reads files of a listing: digests of documents, and what sidecars state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import pyarrow as pa

from lake.errors import InputError
from lake.ids import bytes_digest
from lake.ingest.answers import SourceAnswers
from lake.ingest.plan import RACY_MICROSECONDS
from lake.schemas import DIGESTS, tuples
from lake.sources import loose_sidecars, sidecars
from lake.sources.protocol import is_misnamed, is_sidecar
from lake.sources.source import READ_AT_ONCE, Source

#: Number of reading threads, and of files per batch: passing a file on costs as much as reading a small one.
_READERS, _AT_A_TIME = 8, 16
_TO_READ = ("source", "uri", "size", "declared")
_Row = tuple[str, str, int | None, str | None]


def mask(rows: pa.Table, column: str, test: Callable[[Any], bool]) -> list[bool]:
    """Which rows pass the test; nulls always pass."""
    return [value is None or test(value) for value in rows.column(column).to_pylist()]


def read_files(
    to_read: pa.Table, sources: dict[str, Source], others: pa.Table | None = None
) -> tuple[pa.Table, dict[str, tuple[str, str]], int]:
    """DIGESTS rows of files that exist, why documents among them can't be read, and the number that vanished.

    A link to nothing whose name is nearly that of a sidecar counts as existing: it may be meant to restrict something.
    A document of which the source gives nothing, although it gives others (of ``to_read``, or else of ``others``), is
    of the class UNANSWERED. Raises TransientError if the source answers for none, or fails too often.
    """
    rows = list(tuples(to_read, *_TO_READ))
    listed = Counter(name for part in (to_read, others) if part is not None for name in part["source"].to_pylist())
    answers = {name: SourceAnswers(source, listed[name]) for name, source in sources.items()}
    with ThreadPoolExecutor(_READERS, thread_name_prefix="digest") as pool:
        each = pool.map(lambda part: list(_digests(answers[part[0][0]], part)), _parts(rows, sources))
        found = [one for part in each for one in part]
    for each_source in answers.values():
        each_source.check(others)
    doc_ids = to_read.column("doc_id").to_pylist()
    errors = {doc_id: error for doc_id, (*_, error) in zip(doc_ids, found, strict=True) if error}
    read = to_read.drop_columns(["declared"])
    for column, values in zip(("digest", "states"), zip(*found, strict=True), strict=False) if found else ():
        read = read.append_column(column, pa.array(values, pa.string()))
    read = read.cast(DIGESTS) if found else DIGESTS.empty_table()
    vanished = {
        doc_id
        for doc_id, (_, uri, *_) in zip(doc_ids, rows, strict=True)
        if doc_id in errors and errors[doc_id].error_class == "vanished" and not is_misnamed(uri)
    }
    read = read.filter(pa.array(mask(read, "doc_id", lambda doc_id: doc_id not in vanished), pa.bool_()))
    unreadable = {doc_id: (str(error), error.error_class) for doc_id, error in errors.items()}
    return read, unreadable, len(vanished)


def _parts(rows: list[_Row], sources: Mapping[str, Source]) -> Iterator[list[_Row]]:
    """Rows in parts, each of one source."""
    for name, each in groupby(rows, key=itemgetter(0)):
        n_at_once = READ_AT_ONCE if sources[name].reads_many else _AT_A_TIME
        while part := list(islice(each, n_at_once)):
            yield part


def _digests(answers: SourceAnswers, rows: list[_Row]) -> Iterator[tuple[str | None, str | None, InputError | None]]:
    """Each file's digest, what it states, and why a document can't be read; a document states what was declared."""
    plain = [uri for _, uri, _, declared in rows if not is_sidecar(uri) and not _may_state(uri, declared)]
    read = answers.many(plain) if answers.source.reads_many else {}
    for _, uri, size, declared in rows:
        if is_sidecar(uri):
            yield *sidecars.read(answers.source, uri, size), None
        elif _may_state(uri, declared):
            yield _loose(answers.source, uri, size)
        else:
            found = read.get(uri) or answers.digest(uri)
            yield (None, declared, found) if isinstance(found, InputError) else (found, declared, None)


def _may_state(uri: str, declared: str | None) -> bool:
    """Whether a document may be a sidecar as well, so that a run that can't read it for now knows too little."""
    return declared is None and loose_sidecars.is_loose(uri)


def _loose(source: Source, uri: str, size: int | None) -> tuple[str | None, str | None, InputError | None]:
    """The same of what may be a loose sidecar; one that can't be read is taken to state rights."""
    try:
        if (size or 0) > loose_sidecars.MOST_BYTES:
            return source.digest(uri), _declared(source, uri, b"", None), None
        data = source.read(uri)
        return bytes_digest(data), _declared(source, uri, data, None), None
    except InputError as error:
        return None, loose_sidecars.STATES_NONE if source.states_rights else loose_sidecars.STATES_RIGHTS, error


def _declared(source: Source, uri: str, data: bytes, declared: str | None) -> str | None:
    """What a source declares of a document; of a loose sidecar that has nothing declared, whether it states rights."""
    if declared is not None or not loose_sidecars.is_loose(uri):
        return declared
    if source.states_rights:
        return loose_sidecars.STATES_NONE
    return loose_sidecars.STATES_RIGHTS if loose_sidecars.states_rights(uri, data) else loose_sidecars.STATES_NONE


def outwait_stamps(to_read: pa.Table) -> None:
    """Wait until the clock passes the newest time stamp, so that a later change of that file gets another one."""
    now = time.time_ns() // 1000
    stamps: list[Any] = to_read.column("modified_at").cast(pa.int64()).drop_null().to_pylist()
    age = now - max((stamp for stamp in stamps if stamp <= now), default=0)
    if age <= RACY_MICROSECONDS:
        time.sleep((RACY_MICROSECONDS - age) / 1e6 + 0.001)
