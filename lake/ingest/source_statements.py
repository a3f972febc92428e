"""What sidecars and sources state of the documents that a listing found, of denied ones as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ingest.scoped import uris_by_source
from lake.ingest.source_reading import mask, read_files
from lake.schemas import tuples
from lake.sources import sidecars
from lake.sources.declared import Statement, joined, statement_json
from lake.sources.listing import are_sidecars
from lake.sources.loose_sidecars import STATES_NONE, STATES_RIGHTS
from lake.sources.protocol import MISNAMED_PATTERN, is_misnamed, is_sidecar
from lake.sources.source import Source

if TYPE_CHECKING:
    from lake.storage.denylist import Denylist


def statements_of(
    documents: pa.Table, states: pa.Table, denylist: Denylist, others: pa.Table, odd: pa.Table
) -> tuple[pa.Array, tuple[str, ...], pa.Table]:
    """What sidecars state of each document, as JSON; remarks; and sidecars whose states may be cached.

    ``others``: sources and uris of documents that are not listed. ``odd``: DIGESTS rows of what may be
    misnamed or loose.
    """
    own = declared_of(documents)
    loose = rights_of_loose(odd)
    sources = {*_sources_of_misnamed(odd), *_sources_of_misnamed(others), *loose}
    if not states.num_rows and not sources:
        return own, tuple(sorted(_problems_of(own))), states
    by_source: dict[str, list[tuple[str, str]]] = {source: [] for source in sources}
    whole = []
    for source, uri, json_text in tuples(states, "source", "uri", "states"):
        left = sidecars.without(json_text, partial(denylist.has_document, source))
        whole.append(left == json_text)  # else the cache would name what was erased, or lack it once that is lifted
        by_source.setdefault(source, []).append((uri, left))
    places = list(tuples(documents, "source", "uri"))
    not_listed = uris_by_source(others, by_source)
    named = [*places, *tuples(odd, "source", "uri")]
    beside = {
        source: sidecars.Stated(
            found, {*not_listed[source], *(uri for of, uri in named if of == source)}, loose.get(source, ())
        )
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
    return pa.array(texts, pa.string()), tuple(sorted(problems)), states.filter(pa.array(whole, pa.bool_()))


def declared_of(rows: pa.Table) -> pa.ChunkedArray:
    """What sources themselves declare of documents (DIGESTS rows), as JSON."""
    states = rows.column("states")
    is_own = pc.is_in(states, pa.array([STATES_RIGHTS, STATES_NONE]))
    return pc.if_else(is_own, pa.scalar(None, pa.string()), states)


def rights_of_loose(rows: pa.Table) -> dict[str, list[str]]:
    """By source, the loose sidecars among DIGESTS rows that state rights."""
    found: dict[str, list[str]] = {}
    for source, uri in tuples(rows.filter(pc.equal(rows.column("states"), STATES_RIGHTS)), "source", "uri"):
        found.setdefault(source, []).append(uri)
    return found


def _sources_of_misnamed(rows: pa.Table) -> Iterator[str]:
    """The sources of files that were meant as sidecars."""
    may_be = rows.filter(pc.match_substring_regex(rows.column("uri"), MISNAMED_PATTERN))
    for source, uri in tuples(may_be, "source", "uri"):
        if is_misnamed(uri):
            yield source


def _joined(declared: str | None, stated: Statement) -> Statement:
    """What a source declares of a document, overridden by sidecars; only who is in both acls may see it."""
    if declared is None:
        return stated
    return joined([json.loads(declared), stated])


def _problems_of(declared: pa.ChunkedArray) -> set[str]:
    odd = declared.filter(pc.match_substring(declared, '"problems"')) if declared.null_count < len(declared) else ()
    return {problem for text in odd for problem in json.loads(text.as_py()).get("problems", ())}


def stated_of_denied(
    documents: pa.Table, kept: pa.Table, states: pa.Table, erased: pa.Table, sources: dict[str, Source]
) -> dict[tuple[str, str], str]:
    """What sidecars state of denied documents, as JSON. Sidecars beside them are read each time, never cached."""
    beside = pa.array(mask(erased, "uri", is_sidecar), pa.bool_())
    read, _, _ = read_files(erased.filter(beside), sources)
    by_source: dict[str, list[tuple[str, str]]] = {}
    for source, uri, json_text in tuples(pa.concat_tables([states, read]), "source", "uri", "states"):
        by_source.setdefault(source, []).append((uri, json_text))
    declared = _declared(documents, declared_of(documents)) | _declared(erased, erased.column("declared"))
    left = set(tuples(kept, "source", "uri"))
    loose, found = rights_of_loose(documents), {}
    for source in sorted({of for of, _ in declared}):
        uris = {uri for of, uri in declared if of == source}
        stated = sidecars.Stated(by_source.get(source, ()), uris, loose.get(source, ()))
        for place in sorted(declared.keys() - left):
            if place[0] == source and (one := _joined(declared[place], stated.of(place[1]))):
                found[place] = statement_json(one)
    return found


def _declared(rows: pa.Table, column: pa.ChunkedArray) -> dict[tuple[str, str], str | None]:
    """What the sources themselves declare of documents, by source and uri."""
    places = zip(tuples(rows, "source", "uri"), column.to_pylist(), are_sidecars(rows).to_pylist(), strict=True)
    return {place: declared for place, declared, is_sidecar in places if not is_sidecar}
