"""Lists what the sources hold now: digests of documents and statements of sidecars; reads only what may be new."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import InputError
from lake.ingest.plan import RACY_MICROSECONDS, settled, split_known
from lake.schemas import DIGESTED, DIGESTS
from lake.sources import sidecars
from lake.sources.readers import is_sidecar
from lake.sources.source import Source, listing
from lake.uris import folded

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist

#: Number of reading threads, and of files per batch: passing a file on costs as much as reading a small one.
_READERS, _AT_A_TIME = 8, 16


@dataclass(frozen=True)
class Digested:
    """``documents`` (DIGESTED), why some can't be read, how many are denied; ``cache`` (DIGESTS) for the next run.

    ``remarks`` are problems of sidecars that a person must fix. A document with a null digest can't be read.
    ``stated_of_denied`` maps source and uri of denied documents to JSON, for rights at releases that still hold them.
    """

    documents: pa.Table
    cache: pa.Table
    unreadable: dict[str, tuple[str, str]]
    n_denied: int
    remarks: tuple[str, ...]
    stated_of_denied: dict[tuple[str, str], str]


def digested(lake: Lake, sources: Sequence[Source], *, verify: bool) -> Digested:
    """List the sources and read what the lake's cache does not know, or with ``verify`` everything."""
    listed, denylist = listing(sources), lake.denylist()
    n_listed = _n_documents(listed)
    listed, erased = _split(listed, denylist)
    cache = lake.cached_digests(source.name for source in sources)
    trusted, to_read = split_known(listed, cache.slice(0, 0) if verify else cache)
    _outwait_stamps(to_read)
    by_name = {source.name: source for source in sources}
    read, unreadable, n_vanished = _read(to_read, by_name)
    files = pa.concat_tables([trusted, read])
    beside = _mask(files, "uri", is_sidecar)
    documents, states = (
        files.filter(pa.array([not is_beside for is_beside in beside], pa.bool_())),
        files.filter(pa.array(beside, pa.bool_())),
    )
    of_denied: dict[tuple[str, str], str] = {}
    if denylist:
        is_kept = pa.array(_mask(documents, "digest", lambda d: not denylist.has_content(d)), pa.bool_())
        of_denied = _of_denied(documents, documents.filter(is_kept), states, erased, by_name)
        documents = documents.filter(is_kept)
    stated, remarks, whole = _stated(documents, states, denylist)
    remarks = (*remarks, *_spelled_twice(documents))
    cached = settled(pa.concat_tables([documents, whole]), time.time_ns() // 1000)
    documents = documents.drop_columns(["states"]).append_column("stated", stated).cast(DIGESTED)
    n_denied = n_listed - n_vanished - documents.num_rows
    return Digested(documents, cached, unreadable, n_denied, remarks, of_denied)


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
    every = _places(documents) | {place for place in _places(erased) if not is_sidecar(place[1])}
    found = {}
    for source, sidecars_of in by_source.items():
        stated = sidecars.Stated(sidecars_of, {uri for of, uri in every if of == source})
        for place in sorted(every - _places(kept)):
            if place[0] == source and (one := stated.of(place[1])):
                found[place] = json.dumps(one, ensure_ascii=False, sort_keys=True)
    return found


def _places(rows: pa.Table) -> set[tuple[str, str]]:
    return set(zip(*(rows.column(name).to_pylist() for name in ("source", "uri")), strict=True))


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


def _n_documents(listed: pa.Table) -> int:
    return sum(not is_sidecar(uri) for uri in listed.column("uri").to_pylist())


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
    rows = list(zip(*(to_read.column(name).to_pylist() for name in ("source", "uri", "size")), strict=True))
    parts = [rows[start : start + _AT_A_TIME] for start in range(0, len(rows), _AT_A_TIME)]
    with ThreadPoolExecutor(_READERS, thread_name_prefix="digest") as pool:
        each = pool.map(lambda part: [_digest(sources[row[0]], *row[1:]) for row in part], parts)
        found = [one for part in each for one in part]
    doc_ids = to_read.column("doc_id").to_pylist()
    errors = {doc_id: error for doc_id, (*_, error) in zip(doc_ids, found, strict=True) if error}
    read = to_read
    for column, values in zip(("digest", "states"), zip(*found, strict=True), strict=False) if found else ():
        read = read.append_column(column, pa.array(values, pa.string()))
    read = read.cast(DIGESTS) if found else DIGESTS.empty_table()
    vanished = {doc_id for doc_id, error in errors.items() if error.error_class == "vanished"}
    read = read.filter(pa.array(_mask(read, "doc_id", lambda doc_id: doc_id not in vanished), pa.bool_()))
    unreadable = {doc_id: (str(error), error.error_class) for doc_id, error in errors.items()}
    return read, unreadable, len(vanished)


def _digest(source: Source, uri: str, size: int | None) -> tuple[str | None, str | None, InputError | None]:
    """A file's digest, what it states if it is a sidecar, and why a document can't be read."""
    if is_sidecar(uri):
        return *sidecars.read(source, uri, size), None
    try:
        return source.digest(uri), None, None
    except InputError as error:
        return None, None, error


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
    if not states.num_rows:
        return pa.nulls(documents.num_rows, pa.string()), (), states
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
    statements = [beside[source].of(uri) if source in beside else {} for source, uri in places]
    problems = {problem for statement in statements for problem in statement.get("problems", ())}
    for stated in beside.values():
        problems |= set(stated.astray())
    texts = [json.dumps(one, ensure_ascii=False, sort_keys=True) if one else None for one in statements]
    return pa.array(texts, pa.string()), tuple(sorted(problems)), states.filter(pa.array(whole))
