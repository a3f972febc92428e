"""Tells by listings and cursors that a run would find nothing to do: without tables, Parquet and libraries for them.

A run that leaves nothing to do notes digests of what it saw. All else that a plan depends on is in the note's key, so
that equal digests under the same key mean an equal plan, which is empty.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lake.errors import LakeError
from lake.ids import derived_id, value_digest
from lake.ingest.choosing import choose_recipe
from lake.plugins.later import Later
from lake.sources.listing_state import ListingState
from lake.sources.loose_sidecars import STATES_NONE
from lake.sources.protocol import Cursor, is_sidecar
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

    from lake.directory import Lake
    from lake.ingest.scan import Scan
    from lake.options.completeness import Completeness
    from lake.options.recipe import RecipeOptions
    from lake.recipe import Recipe
    from lake.releases.history import History
    from lake.sources.source import Source
else:  # what a quiet night does without
    pa, pc = Later("pyarrow"), Later("pyarrow.compute")

_log = logging.getLogger(__name__)

_FOLDER = "quiet"
#: Raised when notes mean something else.
_FORMAT = 3

#: A file as a listing shows it: uri, size, time of change in microseconds, revision mark.
_Seen = tuple[str, int | None, int | None, str | None]


def recall(
    lake: Lake, sources: Sequence[Source], settings: RecipeOptions, completeness: Completeness
) -> dict[str, Any] | None:
    """The outcome of a run that would find nothing to do; None if it may find something, which only a scan can tell.

    Looks at folders and cursors one after another, and no further than to the first that changed.
    """
    note = _read(lake, sources)
    if note is None:
        return None
    history, denied = lake.log.read(), lake.store.names("denylist")
    try:
        recipe = choose_recipe(history, settings, change_recipe=False)
    except LakeError:  # a scan raises it in its turn
        return None
    key = _key(lake, history, denied, sources, recipe, completeness)
    if note["key"] != key or note["tables"] != _tables(lake, history):
        return None
    cursors = {name: ListingState(**state) for name, state in note["cursors"].items()}
    told = (source for source in sources if not source.is_local)
    if not all(_tells_nothing(source, cursors.get(source.name)) for source in told):
        return None
    known, n_seen = set(note["folders"]), 0
    for digest in _folders_now(sources):
        if digest not in known:
            return None
        n_seen += 1
    return note["outcome"] if n_seen == len(known) else None


def _tells_nothing(source: Source, state: ListingState | None) -> bool:
    """Whether a source has no change since its last listing, and need not be listed in full."""
    if state is None or state.selection != source.selection or not state.is_young(clock.now()):
        return False
    try:
        return next(source.changes(state.position)) == Cursor(state.position, state.version)
    except LakeError:  # a scan raises it in its turn, or lists everything
        return False


def note(lake: Lake, sources: Sequence[Source], scan: Scan, outcome: Mapping[str, Any], history: History) -> None:
    """Remember what a run after the last entry of ``history`` comes to, as long as the sources stay as they are.

    Only of sources whose every file the cache knows, and that are local or have a cursor that costs little. Names of
    documents are never in a note, so that an erasure need not look into it: with remarks, which have some, there is
    none.
    """
    is_plain = scan.is_settled and not scan.plan.lost.height and not scan.remarks
    cursors = {source.name: scan.states.get(source.name) for source in sources if source.tells_cheaply}
    local = [source.name for source in sources if source.is_local]
    if not is_plain or len(local) + len(cursors) < len(sources) or None in cursors.values():
        return
    rows = scan.digests.filter(pc.is_in(scan.digests.column("source"), pa.array(local, pa.string())))
    if _declares(rows):
        return
    value = {
        "key": _key(lake, history, scan.revision[1], sources, scan.plan.recipe, scan.completeness),
        "tables": _tables(lake, history),
        "folders": list(_folders_then(rows)),
        "cursors": {name: asdict(state) for name, state in cursors.items() if state is not None},
        "outcome": dict(outcome),
    }
    if value != _read(lake, sources):
        lake.store.write(_path(sources), json.dumps(value | {"digest": value_digest(value)}).encode())


def _declares(rows: pa.Table) -> bool:
    """Whether a source declares anything of a document, which a listing of folders has not."""
    each = zip(rows.column("uri").to_pylist(), rows.column("states").to_pylist(), strict=True)
    return any(states not in (None, STATES_NONE) and not is_sidecar(uri) for uri, states in each)


def _read(lake: Lake, sources: Sequence[Source]) -> dict[str, Any] | None:
    """The note, if it is as it was written: a scan can tell all that a note can."""
    try:
        found: dict[str, Any] = json.loads(lake.store.read(_path(sources)))
        if found.pop("digest", None) == value_digest(found):
            return found
        _log.warning("%s is damaged or of another version, and not used", _path(sources))
    except FileNotFoundError:
        pass
    except (ValueError, AttributeError, TypeError, RecursionError, LakeError, OSError) as error:
        _log.warning("%s can't be read and is not used: %s", _path(sources), error)
    return None


def _path(sources: Sequence[Source]) -> str:
    return f"{_FOLDER}/{derived_id(*sorted(source.name for source in sources))[:12]}.json"


def _key(
    lake: Lake,
    history: History,
    denied: Sequence[str],
    sources: Sequence[Source],
    recipe: Recipe,
    completeness: Completeness,
) -> str:
    # Not its number alone: a log that was restored from a copy may have reached the same number another way.
    last = [entry.to_json() for entry in history.entries[-1:]]
    chosen = sorted([source.name, source.selection] for source in sources)
    # asdict copies mappings that JSON can't take; their pairs do.
    floors = json.loads(json.dumps(asdict(completeness), default=lambda value: sorted(value.items())))
    # A cursor is of no use without the listing that it belongs to.
    listings = [] if all(source.is_local for source in sources) else sorted(map(list, _sizes(lake, "cache")))
    return value_digest([_FORMAT, _version(), last, list(denied), chosen, recipe.to_json(), floors, listings])


@cache  # as reading a package's metadata takes milliseconds
def _version() -> str:
    return version("raglake")


def _sizes(lake: Lake, folder: str) -> Iterator[tuple[str, int]]:
    return ((one.path, one.size) for one in lake.store.walk(folder))


def _tables(lake: Lake, history: History) -> str:
    """A digest of the files of live's tables: if one is gone, a scan must say so."""
    files = _sizes(lake, f"tables/{history.live.generation}") if history.live else ()
    return derived_id("tables", *sorted(f"{path}\0{size}" for path, size in files))


def _folders_now(sources: Sequence[Source]) -> Iterator[str]:
    for source in (source for source in sources if source.is_local):
        for folder, files in groupby(source.list(), key=lambda file: _folder(file.uri)):
            yield _digest(source.name, folder, [(f.uri, f.size, f.modified_us, f.etag) for f in files])


def _folders_then(rows: pa.Table) -> Iterator[str]:
    rows = rows.set_column(4, "modified_at", rows.column("modified_at").cast(pa.int64()))
    found: dict[tuple[str, str], list[_Seen]] = {}
    for name, *seen in zip(  # not by `tuples`, whose module imports pyarrow
        *(rows.column(name).to_pylist() for name in ("source", "uri", "size", "modified_at", "etag")), strict=True
    ):
        found.setdefault((name, _folder(seen[0])), []).append(tuple(seen))
    for (name, folder), files in found.items():
        yield _digest(name, folder, files)


def _folder(uri: str) -> str:
    return uri.rpartition("/")[0]


def _digest(source: str, folder: str, files: Iterable[_Seen]) -> str:
    lines = sorted(f"{uri}\0{size}\0{modified}\0{mark}" for uri, size, modified, mark in files)
    return derived_id(source, folder, *lines)
