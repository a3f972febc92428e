"""Frees disk space: removes what no kept release needs and what dead runs left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import pyarrow as pa

from lake.directory import Lake, configuration
from lake.ingest.delta import Delta, read_deltas, text_digests
from lake.options import Retention
from lake.questions.store import newest
from lake.records.calls import FOLDER, FOR_INDEX, is_about_none, is_obsolete
from lake.records.feedback import ANSWERS, PASSAGES
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES
from lake.releases.history import History
from lake.reporting import Progress, silent
from lake.storage import clock, pushed
from lake.storage.compaction import Compaction, compact
from lake.storage.keyed_files import KeyedFiles
from lake.storage.lease import check_held, held_for

#: No provider keeps the results of a batch any longer.
_BATCHES_LAST = timedelta(days=30)
#: For an erasure.
NOTHING_SPARED = Retention(grace_hours=0, keep_vectors_days=0)
#: Folders of files that belong to one release each.
_OF_RELEASES = ("commits", "audits", "scores")


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What a vacuum removed. ``n_bytes`` is the net disk space freed."""

    n_generations: int = 0
    n_tables: int = 0
    n_contents: int = 0
    n_vectors: int = 0
    n_files: int = 0
    n_bytes: int = 0

    def __add__(self, other: Vacuumed) -> Vacuumed:
        return Vacuumed(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def vacuum(
    lake: Lake,
    history: History,
    retention: Retention,
    *,
    strictly: bool = False,
    dry_run: Mapping[str, Delta] | None = None,
    progress: Progress = silent,
) -> Vacuumed:
    """Remove what none of ``history``'s releases needs. Call it only with the writer lease.

    Files younger than ``retention.grace`` may belong to a run that died and will be resumed, so they stay, unless
    ``strictly``. A dry run takes the deltas that the releases would have. It counts the space of Parquet files and
    whole tables, but not that of single versions of tables.
    """
    vacuumed, now, dry = Vacuumed(), clock.now(), dry_run is not None
    deltas = dry_run or read_deltas(lake, history)
    steps: list[Callable[[], Vacuumed]] = [
        lambda: _generations(lake, history, retention, now, dry_run=dry),
        lambda: _versions(lake, history, dry_run=dry),
        lambda: _files(lake, history, now - retention.grace, dry_run=dry, strictly=strictly),
        lambda: _calls(lake, deltas, now - retention.keep_vectors, dry_run=dry, strictly=strictly),
        lambda: _feedback(lake, now - retention.grace, dry_run=dry),
        lambda: _pushed(lake, now - retention.grace, dry_run=dry),
        lambda: _queries(lake, now, dry_run=dry),
        lambda: _contents(lake, deltas, now - retention.grace, dry_run=dry, strictly=strictly),
        lambda: _vectors(lake, history, deltas, retention, now, dry_run=dry, strictly=strictly),
    ]
    progress("vacuum", 0, len(steps))
    for step in steps:
        check_held(lake.url)  # without the lease another run's half-written files would go as well
        vacuumed += step()
        progress("vacuum", 1, None)
    return vacuumed


def _generations(lake: Lake, history: History, retention: Retention, now: datetime, *, dry_run: bool) -> Vacuumed:
    """Remove whole generations: those that a rebuild replaced, once nobody may still read them, and unfinished ones."""
    used = {release.generation for release in history.releases.values()}
    newest = max((int(generation) for generation in used), default=0)
    switched_at = max((e.at for e in history.entries if e.action in ("rebuild", "forget")), default=None)
    in_use = switched_at is not None and switched_at > now - retention.grace
    vacuumed = Vacuumed()
    for name in lake.store.names("tables"):
        if name in used or (in_use and name.isdigit() and int(name) < newest):
            continue
        n_bytes = sum(stored.size for stored in lake.store.walk(f"tables/{name}"))
        if not dry_run:
            check_held(lake.url)
            lake.store.delete_folder(f"tables/{name}")
        vacuumed += Vacuumed(n_generations=1, n_bytes=n_bytes)
    return vacuumed


def free_versions(lake: Lake, history: History) -> Vacuumed:
    """Remove versions of tables, deltas, findings and scores that no release needs, under the writer lease."""
    freed = _versions(lake, history, dry_run=False)
    return freed + _files(lake, history, clock.now(), dry_run=False, strictly=False, below=_OF_RELEASES)


def _versions(lake: Lake, history: History, *, dry_run: bool) -> Vacuumed:
    """Remove table versions that no release names, and tables without any named version."""
    wanted: dict[str, dict[str, dict[str, int]]] = {}
    for release in history.releases.values():
        for table, version in release.versions.items():
            wanted.setdefault(release.generation, {}).setdefault(table, {})[release.id] = version
    vacuumed = Vacuumed()
    for generation, versions in wanted.items():
        tables = lake.tables(generation)
        for name in lake.store.names(f"tables/{generation}"):
            table = name.removesuffix(".lance")
            if table not in versions:
                folder = f"tables/{generation}/{name}"
                n_bytes = sum(stored.size for stored in lake.store.walk(folder))
                if not dry_run:
                    check_held(lake.url)
                    lake.store.delete_folder(folder)
                vacuumed += Vacuumed(n_tables=1, n_bytes=n_bytes)
            elif not dry_run:
                n_bytes = tables.vacuum(
                    table, versions[table], check=lambda: check_held(lake.url), spared=lambda: held_for(lake.url)
                )
                vacuumed += Vacuumed(n_bytes=n_bytes)
    return vacuumed


def _files(
    lake: Lake,
    history: History,
    before: datetime,
    *,
    dry_run: bool,
    strictly: bool,
    below: Sequence[str] = ("",),
) -> Vacuumed:
    """Remove deltas, findings and scores of deleted releases, outdated rights and questions, requests to embed,
    half-written files, and what a repair set aside; only in the folders ``below``."""
    commits = {release.commit for release in history.releases.values()}
    audits = {f"audits/{name}.parquet" for name in history.releases}
    questions = newest(lake.store)
    vacuumed = Vacuumed()
    for stored in chain.from_iterable(map(lake.store.walk, below)):
        name = stored.path.rsplit("/", 1)[-1]
        is_left = (
            name.startswith(".tmp")
            or stored.path.startswith(("texts/", "damaged/"))
            or (stored.path.startswith("batches/") and (strictly or stored.modified_at <= before - _BATCHES_LAST))
            or (stored.path.startswith("commits/") and stored.path.rsplit("/", 1)[0] not in commits)
            or (stored.path.startswith("audits/") and stored.path not in audits)
            or (stored.path.startswith("rights/") and stored.path != history.rights)
            or (stored.path.startswith("scores/") and stored.path.split("/")[1] not in history.releases)
            or (stored.path.startswith("questions/") and questions is not None and stored.path < questions)
        )
        if is_left and (strictly or stored.modified_at <= before):
            if not dry_run:
                lake.store.delete(stored.path)
            vacuumed += Vacuumed(n_files=1, n_bytes=stored.size)
    if not dry_run:
        lake.store.delete_empty_folders("commits")
        lake.store.delete_empty_folders("scores")
    return vacuumed


def _calls(lake: Lake, deltas: Mapping[str, Delta], before: datetime, *, dry_run: bool, strictly: bool) -> Vacuumed:
    """Remove old replies of chat models, which cost money as vectors do; an erasure removes its own.

    It also removes what was written about bytes that no release holds: they may be earlier ones of an erased document.
    """
    vacuumed = Vacuumed()
    held = {one for delta in deltas.values() for one in delta.documents.column("digest").to_pylist()}
    folders = [f"{FOLDER}/{kind}" for kind in FOR_INDEX] if strictly else [FOLDER]
    for stored in chain.from_iterable(map(lake.store.walk, folders)):
        is_left = is_obsolete(stored.path, stored.modified_at, before)
        if is_about_none(lake, stored.path, held) if strictly else is_left:
            if not dry_run:
                lake.store.delete(stored.path)
            vacuumed += Vacuumed(n_files=1, n_bytes=stored.size)
    return vacuumed


def _feedback(lake: Lake, before: datetime, *, dry_run: bool) -> Vacuumed:
    """Merge the judgements of each past day into one file; all are kept."""
    kept = (PASSAGES, ANSWERS, JUDGED_TRAFFIC)
    return Vacuumed(n_files=sum(files.merge(lake, before, dry_run=dry_run) for files in kept))


def _pushed(lake: Lake, before: datetime, *, dry_run: bool) -> Vacuumed:
    """Remove earlier versions of documents that the service was given, old deletions, and what dead requests left."""
    vacuumed = Vacuumed()
    for documents in pushed.sources(lake.store):
        for path, n_bytes in list(documents.leftovers(before)):
            if not dry_run:
                lake.store.delete(path)
            vacuumed += Vacuumed(n_files=1, n_bytes=n_bytes)
    return vacuumed


def _queries(lake: Lake, now: datetime, *, dry_run: bool) -> Vacuumed:
    """Delete days of the query log that are older than the lake's configuration keeps; merge those of yesterday."""
    days = configuration.read(lake.store).query_log.days
    n_files, n_bytes = QUERIES.drop(lake, (now - timedelta(days=days)).date(), dry_run=dry_run)
    # Rows wait in memory for seconds before they are written.
    merged = QUERIES.merge(lake, now - timedelta(hours=1), dry_run=dry_run)
    return Vacuumed(n_files=n_files + merged, n_bytes=n_bytes)


def _contents(lake: Lake, deltas: Mapping[str, Delta], before: datetime, *, dry_run: bool, strictly: bool) -> Vacuumed:
    wanted = _concatenated([delta.content_ids() for delta in deltas.values()])
    found = _compacted(lake, lake.contents, wanted, before, before, dry_run=dry_run, strictly=strictly)
    return Vacuumed(n_contents=found.n_rows, n_bytes=found.n_bytes)


def _vectors(
    lake: Lake,
    history: History,
    deltas: Mapping[str, Delta],
    retention: Retention,
    now: datetime,
    *,
    dry_run: bool,
    strictly: bool,
) -> Vacuumed:
    """Remove each embedder's vectors of texts that no release holds."""
    before = now - retention.keep_vectors
    wanted: dict[str, list[pa.Array]] = {}
    for name, release in history.releases.items():
        needed = [text_digests(lake, deltas[name].content_ids(), column) for column in ("chunks", "sentences")]
        for folder in lake.vector_folders(release.recipe):
            wanted.setdefault(folder, []).extend(needed)
    vacuumed = Vacuumed()
    for name in lake.store.names("vectors"):
        files = lake.vectors_in(f"vectors/{name}")
        texts = _concatenated(wanted.get(files.folder, ()))
        found = _compacted(
            lake, files, texts, before, max(before, now - retention.grace), dry_run=dry_run, strictly=strictly
        )
        vacuumed += Vacuumed(n_vectors=found.n_rows, n_bytes=found.n_bytes)
    return vacuumed


def _compacted(
    lake: Lake,
    files: KeyedFiles,
    wanted: pa.Array,
    before: datetime,
    settled: datetime,
    *,
    dry_run: bool,
    strictly: bool,
) -> Compaction:
    """Compact, but keep every row of files written after ``before`` and don't touch those written after ``settled``."""
    ages = {} if strictly else {s.path.rsplit("/", 1)[-1]: s.modified_at for s in lake.store.walk(files.folder)}
    kept = {name for name, modified_at in ages.items() if modified_at > before}
    spared = {name for name, modified_at in ages.items() if modified_at > settled}
    return compact(lake.store, files, wanted, spared=spared, kept=kept, strictly=strictly, dry_run=dry_run)


def _concatenated(arrays: Sequence[pa.Array]) -> pa.Array:
    return pa.concat_arrays([pa.array([], pa.string()), *arrays])
