"""Lists what the sources hold now: digests of documents and statements of sidecars; reads only what may be new."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import InputError
from lake.ids import bytes_digest
from lake.ingest.plan import RACY_MICROSECONDS, settled, split_known
from lake.schemas import DIGESTED, DIGESTS
from lake.sources import sidecars
from lake.sources.declared import Statement, joined, statement_json
from lake.sources.listing import LISTED, are_sidecars, listed
from lake.sources.listing_state import ListingState
from lake.sources.protocol import is_sidecar
from lake.sources.source import READ_AT_ONCE, Source
from lake.storage import clock
from lake.uris import folded

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist

#: Number of reading threads, and of files per batch: passing a file on costs as much as reading a small one.
_READERS, _AT_A_TIME = 8, 16
_TO_READ = ("source", "uri", "size", "declared")
_Row = tuple[str, str, int | None, str | None]


@dataclass(frozen=True)
class Digested:
    """``documents`` (DIGESTED), why some can't be read, how many are denied; ``cache`` (DIGESTS) for the next run.

    ``remarks`` are problems of sidecars that a person must fix. A document with a null digest can't be read.
    ``stated_of_denied`` maps source and uri of denied documents to JSON, for rights at releases that still hold them.
    ``states``: of sources whose next listing may continue from this one.
    """

    documents: pa.Table
    cache: pa.Table
    unreadable: dict[str, tuple[str, str]]
    n_denied: int
    remarks: tuple[str, ...]
    stated_of_denied: dict[tuple[str, str], str]
    states: dict[str, ListingState]


def digested(lake: Lake, sources: Sequence[Source], *, verify: bool, full: bool = False) -> Digested:
    """List the sources and read what the lake's cache does not know, or with ``verify`` everything.

    With ``full``, sources that know what changed list everything as well.
    """
    denylist, cache = lake.denylist(), lake.cached_digests(source.name for source in sources)
    every, cursors = _listed(lake, sources, cache, full=full or verify)
    n_listed = pc.sum(pc.invert(are_sidecars(every))).as_py() or 0
    kept, erased = _split(every, denylist)
    trusted, to_read = split_known(kept, cache.slice(0, 0) if verify else cache)
    _outwait_stamps(to_read)
    by_name = {source.name: source for source in sources}
    read, unreadable, n_vanished = _read(to_read, by_name)
    files = pa.concat_tables([trusted, read])
    beside = are_sidecars(files)
    documents, states = files.filter(pc.invert(beside)), files.filter(beside)
    of_denied: dict[tuple[str, str], str] = {}
    if denylist:
        is_kept = pa.array(_mask(documents, "digest", lambda d: not denylist.has_content(d)), pa.bool_())
        of_denied = _of_denied(documents, documents.filter(is_kept), states, erased, by_name)
        documents = documents.filter(is_kept)
    stated, remarks, whole = _stated(documents, states, denylist)
    remarks = (*remarks, *_spelled_twice(documents))
    cached = settled(pa.concat_tables([documents, whole]), time.time_ns() // 1000)
    n_denied = n_listed - n_vanished - documents.num_rows
    cursors = {} if n_denied else cursors  # what is denied may be stored nowhere, so it must be listed again
    cached = _with_unread(cached, kept, cursors)
    documents = documents.drop_columns(["states"]).append_column("stated", stated).cast(DIGESTED)
    return Digested(documents, cached, unreadable, n_denied, remarks, of_denied, cursors)


def _listed(
    lake: Lake, sources: Sequence[Source], cache: pa.Table, *, full: bool
) -> tuple[pa.Table, dict[str, ListingState]]:
    """LISTED rows of the sources, and where the next listing of each may continue."""
    parts, states = [LISTED.empty_table()], {}
    for source in sorted(sources, key=lambda source: source.name):
        last = cache.filter(pc.equal(cache.column("source"), source.name)) if source.has_cursor else cache.slice(0, 0)
        state = lake.listing_state(source.name) if source.has_cursor else None
        found = listed(source, _as_listed(last), state, clock.now(), full=full)
        parts.append(found.rows)
        if found.state is not None:
            states[source.name] = found.state
    return pa.concat_tables(parts), states


def _as_listed(last: pa.Table) -> pa.Table:
    """DIGESTS rows as LISTED ones: ``states`` of a document is what its source declared of it."""
    declared = pc.if_else(are_sidecars(last), pa.scalar(None, pa.string()), last.column("states"))
    return last.append_column("declared", declared).select(LISTED.names).cast(LISTED)


def _with_unread(cached: pa.Table, kept: pa.Table, states: Mapping[str, ListingState]) -> pa.Table:
    """DIGESTS rows and, of sources whose next listing continues, those without a digest: they exist as well."""
    ours = kept.filter(pc.is_in(kept.column("source"), pa.array(states, pa.string())))
    ours = ours.filter(pc.invert(pc.is_in(ours.column("doc_id"), cached.column("doc_id").combine_chunks())))
    if not ours.num_rows:
        return cached
    unread = ours.append_column("digest", pa.nulls(ours.num_rows, pa.string()))
    unread = unread.append_column("states", unread.column("declared"))
    return pa.concat_tables([cached, unread.select(DIGESTS.names).cast(DIGESTS)])


def _of_denied(
    documents: pa.Table, kept: pa.Table, states: pa.Table, erased: pa.Table, sources: dict[str, Source]
) -> dict[tuple[str, str], str]:
    """What sidecars state of denied documents, as JSON. Sidecars beside them are read each time, never cached."""
    beside = pa.array(_mask(erased, "uri", is_sidecar), pa.bool_())
    read, _, _ = _read(erased.filter(beside), sources)
    by_source: dict[str, list[tuple[str, str]]] = {}
    for source, uri, json_text in zip(
        *(pa.concat_tables([states, read]).column(n).to_pylist() for n in ("source", "uri", "states")), strict=True
    ):
        by_source.setdefault(source, []).append((uri, json_text))
    declared = _declared(documents, "states") | _declared(erased, "declared")
    found = {}
    for source in sorted({of for of, _ in declared}):
        stated = sidecars.Stated(by_source.get(source, ()), {uri for of, uri in declared if of == source})
        for place in sorted(declared.keys() - _declared(kept, "states").keys()):
            if place[0] == source and (one := _joined(declared[place], stated.of(place[1]))):
                found[place] = statement_json(one)
    return found


def _declared(rows: pa.Table, column: str) -> dict[tuple[str, str], str | None]:
    """What the sources themselves declare of documents, by source and uri."""
    rows = rows.filter(pc.invert(are_sidecars(rows)))
    sources, uris, declared = (rows.column(name).to_pylist() for name in ("source", "uri", column))
    return dict(zip(zip(sources, uris, strict=True), declared, strict=True))


def _spelled_twice(documents: pa.Table) -> list[str]:
    """Remarks on documents whose names differ only in their Unicode form, since whoever names one names all."""
    found: dict[tuple[str, str], list[str]] = {}
    for source, uri in zip(*(documents.column(name).to_pylist() for name in ("source", "uri")), strict=True):
        if not uri.isascii():
            found.setdefault((source, folded(uri)), []).append(uri)
    return [
        f"{name} is the name of {len(uris)} files, spelled {' and '.join(map(ascii, sorted(uris)))}; all are "
        "indexed, and filters, rights and erasures that name one hold for all: rename or delete the others"
        for (_, name), uris in sorted(found.items())
        if len(uris) > 1
    ]


def _mask(rows: pa.Table, column: str, test: Callable[[Any], bool]) -> list[bool]:
    """Which rows pass the test; nulls always pass."""
    return [value is None or test(value) for value in rows.column(column).to_pylist()]


def _split(listed: pa.Table, denylist: Denylist) -> tuple[pa.Table, pa.Table]:
    """Split off places that were erased for good, and their sidecars."""
    if not denylist:
        return listed, listed.slice(0, 0)
    places = zip(*(listed.column(name).to_pylist() for name in ("source", "uri")), strict=True)
    kept = [not _is_denied(denylist, source, sidecars.document_of(uri) or uri) for source, uri in places]
    mask = pa.array(kept, pa.bool_())
    return listed.filter(mask), listed.filter(pc.invert(mask))


def _read(to_read: pa.Table, sources: dict[str, Source]) -> tuple[pa.Table, dict[str, tuple[str, str]], int]:
    """DIGESTS rows of files that exist, why documents among them can't be read, and the number that vanished."""
    rows = list(zip(*(to_read.column(name).to_pylist() for name in _TO_READ), strict=True))
    with ThreadPoolExecutor(_READERS, thread_name_prefix="digest") as pool:
        each = pool.map(lambda part: list(_digests(sources[part[0][0]], part)), _parts(rows, sources))
        found = [one for part in each for one in part]
    doc_ids = to_read.column("doc_id").to_pylist()
    errors = {doc_id: error for doc_id, (*_, error) in zip(doc_ids, found, strict=True) if error}
    read = to_read.drop_columns(["declared"])
    for column, values in zip(("digest", "states"), zip(*found, strict=True), strict=False) if found else ():
        read = read.append_column(column, pa.array(values, pa.string()))
    read = read.cast(DIGESTS) if found else DIGESTS.empty_table()
    vanished = {doc_id for doc_id, error in errors.items() if error.error_class == "vanished"}
    read = read.filter(pa.array(_mask(read, "doc_id", lambda doc_id: doc_id not in vanished), pa.bool_()))
    unreadable = {doc_id: (str(error), error.error_class) for doc_id, error in errors.items()}
    return read, unreadable, len(vanished)


def _parts(rows: list[_Row], sources: Mapping[str, Source]) -> Iterator[list[_Row]]:
    """Rows in parts, each of one source."""
    for name, each in groupby(rows, key=itemgetter(0)):
        n_at_once = READ_AT_ONCE if sources[name].reads_many else _AT_A_TIME
        while part := list(islice(each, n_at_once)):
            yield part


def _digests(source: Source, rows: list[_Row]) -> Iterator[tuple[str | None, str | None, InputError | None]]:
    """Each file's digest, what it states, and why a document can't be read; a document states what was declared."""
    if not source.reads_many:
        for _, uri, size, declared in rows:
            yield _digest(source, uri, size, declared)
        return
    documents = [uri for _, uri, *_ in rows if not is_sidecar(uri)]
    read = dict(zip(documents, source.read_each(documents), strict=True))
    for _, uri, size, declared in rows:
        found = read.get(uri)
        if found is None:
            yield _digest(source, uri, size, declared)
        elif isinstance(found, InputError):
            yield None, declared, found
        else:
            yield bytes_digest(found), declared, None


def _digest(
    source: Source, uri: str, size: int | None, declared: str | None
) -> tuple[str | None, str | None, InputError | None]:
    if is_sidecar(uri):
        return *sidecars.read(source, uri, size), None
    try:
        return source.digest(uri), declared, None
    except InputError as error:
        return None, declared, error


def _outwait_stamps(to_read: pa.Table) -> None:
    """Wait until the clock passes the newest time stamp, so that a later change of that file gets another one."""
    now = time.time_ns() // 1000
    stamps: list[Any] = to_read.column("modified_at").cast(pa.int64()).drop_null().to_pylist()
    age = now - max((stamp for stamp in stamps if stamp <= now), default=0)
    if age <= RACY_MICROSECONDS:
        time.sleep((RACY_MICROSECONDS - age) / 1e6 + 0.001)


def _is_denied(denylist: Denylist, source: str, uri: str) -> bool:
    return denylist.has_document(source, uri)


def _stated(documents: pa.Table, states: pa.Table, denylist: Denylist) -> tuple[pa.Array, tuple[str, ...], pa.Table]:
    """What sidecars state of each document, as JSON; remarks; and sidecars whose states may be cached."""
    own = documents.column("states")
    if not states.num_rows:
        return own, tuple(sorted(_problems_of(own))), states
    by_source: dict[str, list[tuple[str, str]]] = {}
    whole = []
    for source, uri, json_text in zip(
        *(states.column(n).to_pylist() for n in ("source", "uri", "states")), strict=True
    ):
        left = sidecars.without(json_text, partial(_is_denied, denylist, source))
        whole.append(left == json_text)  # else the cache would name what was erased, or lack it once that is lifted
        by_source.setdefault(source, []).append((uri, left))
    places = list(zip(*(documents.column(name).to_pylist() for name in ("source", "uri")), strict=True))
    beside = {
        source: sidecars.Stated(found, {uri for of, uri in places if of == source})
        for source, found in by_source.items()
    }
    statements = [
        _joined(declared, beside[source].of(uri) if source in beside else {})
        for (source, uri), declared in zip(places, own.to_pylist(), strict=True)
    ]
    problems = {problem for statement in statements for problem in statement.get("problems", ())}
    for stated in beside.values():
        problems |= set(stated.astray())
    texts = [statement_json(one) if one else None for one in statements]
    return pa.array(texts, pa.string()), tuple(sorted(problems)), states.filter(pa.array(whole))


def _joined(declared: str | None, stated: Statement) -> Statement:
    """What a source declares of a document, overridden by sidecars; only who is in both acls may see it."""
    if declared is None:
        return stated
    return joined([json.loads(declared), stated])


def _problems_of(declared: pa.ChunkedArray) -> set[str]:
    odd = declared.filter(pc.match_substring(declared, '"problems"')) if declared.null_count < len(declared) else ()
    return {problem for text in odd for problem in json.loads(text.as_py()).get("problems", ())}
