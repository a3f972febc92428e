"""The destination ``parquet:FOLDER``: a release as Parquet files, at a local path or an s3:// URL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.destinations.destination import TABLES, Written, foreign
from lake.destinations.parquet_files import FileRecord, changed_rows, recorded, sound_files
from lake.errors import ContractError, UsageError
from lake.ids import bytes_digest, value_digest
from lake.storage.store import open_store, parquet_bytes

if TYPE_CHECKING:
    from lake.destinations.destination import ReleaseTables

#: Names the release that the folder holds, and the files of each of its tables.
STATE = "raglake-export.json"
#: Of the state and of the files that it names; another one is replaced as a whole.
_FORMAT = 2
#: Documents of one file on average, and the number of files per table from which on they hold more.
_DOCUMENTS, _FILES = 16, 1024
#: Rows that are read at once, and rows of a row group.
_READ_ROWS, _GROUP_ROWS = 8192, 8192
#: What a sync may delete: its own files, and those of folders that an earlier format wrote for each release.
_OURS = re.compile(rf"(?:{'|'.join(TABLES)})/[0-9a-f]{{32}}\.parquet|[^/]+/(?:{'|'.join(TABLES)})/\d{{5}}\.parquet")


@dataclass(frozen=True, slots=True)
class _FilePart:
    """Documents whose rows lie in one file of each table."""

    doc_ids: tuple[str, ...]
    paths: dict[str, str]
    n_rows: dict[str, int]


class ParquetFolder:
    """A file holds the rows of some documents, and is named by a digest of what they depend on.

    A sync writes the files that are not there yet, then the state, which names all files of the release: a reader that
    opens the state first, then the files that it names, sees one release. The state also has each file's size, digest
    and time: a file that was changed since, or lost, is noticed by the next sync and written again. Files of the
    release before stay until the next sync, for readers in the middle, unless rights changed or something was erased.
    """

    def __init__(self, place: str) -> None:
        self._store = open_store(place)
        #: Of files that are whole, once somebody asked what is held.
        self._sound: dict[str, FileRecord] | None = None
        #: Size and digest of files that were written.
        self._sent: dict[str, tuple[int, str]] = {}

    def held(self) -> str | None:
        state = self._state()
        mark, records = state.get("mark") if state.get("format") == _FORMAT else None, _records(state)
        self._sound = sound_files(self._store, records, dict.fromkeys(records, 0), every=False)
        is_whole = _named(state) <= self._sound.keys()
        return str(mark) if mark and is_whole else None

    def owner(self) -> str | None:
        lake = self._state().get("lake")
        return str(lake) if lake else None

    def sync(self, tables: ReleaseTables) -> Written:
        before = self._state()
        if not before:
            self._store.write(STATE, json.dumps({"mark": None, "lake": tables.lake}).encode())
        parts = list(_parts(tables))
        files = {table: [part.paths[table] for part in parts if part.n_rows[table]] for table in TABLES}
        for table in TABLES:  # one that shows the columns, if there is no row
            files[table] = files[table] or [part.paths[table] for part in parts[:1]]
        wanted = {part.paths[table]: part.n_rows[table] for part in parts for table in TABLES}
        sound = self._whole(_records(before), wanted)
        n_bytes = sum(self._written(tables, table, parts, set(files[table]) - sound.keys()) for table in TABLES)
        kept, held = {path for paths in files.values() for path in paths}, _named(before)
        records = sound | recorded(self._store, self._sent)
        n_all = tables.n_rows["chunks"]
        counts = changed_rows(self._store, _chunks(held), _chunks(kept)) if held else (n_all, 0, 0)
        earlier = [] if before.get("readable") != tables.readable else sorted(_named(before) - kept)
        state = {
            "format": _FORMAT,
            "lake": tables.lake,
            "release": tables.release,
            "mark": tables.mark,
            "tables": files,
            "rows": dict(tables.n_rows),
            "readable": tables.readable,
            "earlier": earlier,
            "files": {path: asdict(records[path]) for path in sorted(kept)},
        }
        self._store.flush()
        tables.check()
        self._store.write(STATE, json.dumps(state, indent=1).encode())
        self._delete(kept.union(earlier))
        return Written(n_bytes, *counts, was=before["release"] if held else None)

    def _whole(self, records: Mapping[str, FileRecord], wanted: Mapping[str, int]) -> dict[str, FileRecord]:
        """The files that need not be written, those that an interrupted sync left included."""
        if self._sound is None:
            return sound_files(self._store, records, wanted, every=True)
        unknown = {path: n_rows for path, n_rows in wanted.items() if path not in records}
        return self._sound | sound_files(self._store, records, unknown, every=False)

    def _delete(self, kept: set[str]) -> None:
        """Delete files of ours that are not kept, and the folders that this leaves empty."""
        gone = {found.path for found in self._store.walk() if _OURS.fullmatch(found.path)} - kept
        for path in gone:
            self._store.delete(path)
        # The root comes last: a folder in it may have become empty.
        for folder in (*{path.partition("/")[0] for path in gone}, ""):
            self._store.delete_empty_folders(folder)

    def _written(self, tables: ReleaseTables, table: str, parts: Sequence[_FilePart], missing: set[str]) -> int:
        """Write the missing files of a table, reading some thousand rows at a time. Returns their bytes."""
        n_bytes = 0
        for group in _groups([part for part in parts if part.paths[table] in missing], table):
            places = {doc_id: place for place, doc_id in enumerate(one for part in group for one in part.doc_ids)}
            rows = tables.read_of(table, list(places)).read_all()
            order = pa.array([places[doc_id] for doc_id in rows.column("doc_id").to_pylist()], pa.int64())
            rows, start = rows.take(pc.sort_indices(order)), 0
            if rows.num_rows != sum(part.n_rows[table] for part in group):
                raise ContractError(
                    f"{tables.release} has other {table} than its documents state; run `raglake doctor`"
                )
            for part in group:
                data = parquet_bytes(rows.slice(start, part.n_rows[table]), _GROUP_ROWS)
                tables.check()
                self._store.write(part.paths[table], data)
                self._sent[part.paths[table]] = len(data), bytes_digest(data)
                start, n_bytes = start + part.n_rows[table], n_bytes + len(data)
        return n_bytes

    def _state(self) -> dict[str, Any]:
        """Empty for a new folder. Raises UsageError if it has other contents."""
        names = self._store.names("")
        if names and STATE not in names:
            raise UsageError(f"{self._store.url} holds {', '.join(names[:3])} and no {STATE}; choose an empty folder")
        state: dict[str, Any] = _decoded(self._store.read(STATE)) if names else {}
        if names and not _is_sound(state):
            raise foreign(f"{self._store.url}/{STATE}")
        if state.get("format", 1) > _FORMAT:
            raise UsageError(f"{self._store.url} was written by a later version of raglake; install that one")
        return state


def _decoded(data: bytes) -> dict[str, Any]:
    """Empty if the bytes are no state."""
    try:
        state = json.loads(data)
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def _is_sound(state: dict[str, Any]) -> bool:
    """Whether it is a state that a sync wrote, of this format as a whole."""
    number = state.get("format", 1)
    if "mark" not in state or not isinstance(number, int):
        return False
    try:
        return number != _FORMAT or (bool(state["release"]) and {*_named(state)} <= {*_records(state)})
    except (KeyError, TypeError, AttributeError):
        return False


def _named(state: dict[str, Any]) -> set[str]:
    """The files of the release that a state names."""
    return {path for paths in state["tables"].values() for path in paths} if state.get("format") == _FORMAT else set()


def _chunks(paths: Iterable[str]) -> set[str]:
    return {path for path in paths if path.startswith("chunks/")}


def _records(state: dict[str, Any]) -> dict[str, FileRecord]:
    """The files of a state as they were written; none of one that an earlier version left."""
    return {path: FileRecord(**record) for path, record in state.get("files", {}).items()}


def _parts(tables: ReleaseTables) -> Iterator[_FilePart]:
    """The documents by source and uri, cut behind some of them.

    Where they are cut depends on the documents there alone, so that a change concerns one file or two, and neighbours
    in the source share one.
    """
    rows = tables.documents()
    every = max(_DOCUMENTS, 1 << max(0, rows.num_rows // _FILES - 1).bit_length())
    ids = rows.column("doc_id").to_pylist()
    starts = [0, *(place + 1 for place, one in enumerate(ids[:-1]) if int(one[:8], 16) % every == 0)]
    for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        some = rows.slice(start, end - start)
        named = [
            tables.columns,
            *zip(some.column("doc_id").to_pylist(), some.column("digest").to_pylist(), strict=True),
        ]
        n_rows = {table: sum(some.column(f"n_{table}").to_pylist()) for table in TABLES}
        paths = {table: f"{table}/{value_digest([table, *named])[:32]}.parquet" for table in TABLES}
        yield _FilePart(tuple(some.column("doc_id").to_pylist()), paths, n_rows)


def _groups(parts: Sequence[_FilePart], table: str) -> Iterator[list[_FilePart]]:
    """Parts whose rows are read at once."""
    group: list[_FilePart] = []
    n_rows = 0
    for part in parts:
        group.append(part)
        n_rows += part.n_rows[table]
        if n_rows >= _READ_ROWS:
            yield group
            group, n_rows = [], 0
    if group:
        yield group
