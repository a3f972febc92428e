"""Repairs a lake from itself: what Parquet lost from the tables, and what the tables lost from Parquet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.directory import Lake
from lake.erasure.forget import finish
from lake.errors import ContractError, RefusedError
from lake.ingest.delta import Delta
from lake.ingest.rebuild import make_again
from lake.maintenance.doctor.checks import examine
from lake.maintenance.doctor.deltas import made_from_tables
from lake.maintenance.doctor.examination import failing
from lake.maintenance.doctor.findings import Diagnosis, Fix, Issue
from lake.maintenance.doctor.parquet import missing_vectors, untrue_contents
from lake.maintenance.doctor.vectors import in_tables, untrue_vectors
from lake.questions.denied import undenied
from lake.questions.store import change
from lake.records.feedback import PASSAGES
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES
from lake.reporting import Progress, silent
from lake.storage.lease import WriterLease
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    from lake.storage.keyed_files import KeyedFiles


@dataclass(frozen=True)
class _Repair:
    """A lake under repair, with its writer lease."""

    lake: Lake
    lease: WriterLease
    progress: Progress


def repair(lake: Lake, *, every: bool = False, progress: Progress = silent) -> Diagnosis:
    """Examine, fix what the lake itself can fix, and examine again. Returns the last diagnosis, with what was fixed.

    Nothing that a kept release needs is deleted: damaged files are moved to ``damaged``. Raises RefusedError if a run
    is writing.
    """
    try:
        with WriterLease(lake.store, "raglake doctor") as lease:
            first = examine(lake, every=every, progress=progress)
            if not any(issue.fixable for issue in first.issues):
                return first
            complaints = _fix(_Repair(lake, lease, progress), first.issues)
            second = examine(Lake(lake.url), every=every, progress=progress)
    except RefusedError:
        raise
    except ContractError:  # the lease itself is damaged, so it is unknown whether a run is active
        return examine(lake, every=every, progress=progress)
    left = {(issue.check, issue.where, issue.fix) for issue in second.issues}
    fixed = (a for a in first.issues if (a.check, a.where, a.fix) not in left)
    return replace(second, fixed=tuple(fixed), remarks=(*second.remarks, *complaints))


def _fix(repairing: _Repair, issues: Sequence[Issue]) -> list[str]:
    """Fix issues in an order in which each fix finds what it needs. Returns what could not be fixed, and why."""
    complaints: list[str] = []
    for fix, fixer in _FIXERS.items():
        chosen = [issue.where for issue in issues if issue.fix == fix]
        if not chosen:
            continue
        with failing(partial(_complain, complaints, fix)):
            repairing.lease.check()
            fixer(repairing, list(dict.fromkeys(chosen)))
    return complaints


def _complain(complaints: list[str], fix: str, reason: str) -> None:
    complaints.append(f"could not fix ({fix}): {reason}")


def _mark(repairing: _Repair, where: Sequence[str]) -> None:
    repairing.lake.mark()


def _drop(repairing: _Repair, where: Sequence[str]) -> None:
    for path in where:
        repairing.lake.store.delete(path)


def _salvage(repairing: _Repair, where: Sequence[str]) -> None:
    """Set damaged files aside and store their readable rows again."""
    store = repairing.lake.store
    for path in where:
        store.write(f"damaged/{path}", store.read(path))
        folder = path.rsplit("/", 1)[0]
        files = repairing.lake.contents if folder == "contents" else repairing.lake.vectors_in(folder)
        rows = _readable(repairing.lake, path)
        if rows is None or files.write(rows) != path:
            store.delete(path)


def _readable(lake: Lake, path: str) -> pa.Table | None:
    """Valid rows of the row groups that decode."""
    parts: list[pa.Table] = []
    with failing(lambda reason: None):  # not even its footer can be read
        file = open_parquet(lake.store, path)
        for number in range(file.metadata.num_row_groups):
            with failing(lambda reason: None):
                rows = file.read_row_group(number)
                batch = rows.combine_chunks().to_batches()[0]
                untrue = untrue_contents(batch) if path.startswith("contents/") else untrue_vectors(batch)
                parts.append(rows.filter(pa.array(np.logical_not(untrue))))
    kept = pa.concat_tables(parts) if parts else None
    return kept if kept is not None and kept.num_rows else None


def _delta(repairing: _Repair, where: Sequence[str]) -> None:
    history = repairing.lake.log.read()
    for release in history.releases.values():
        if release.commit in where:
            made_from_tables(repairing.lake, history, release).write(repairing.lake, release.commit)


def _vectors(repairing: _Repair, where: Sequence[str]) -> None:
    """Store vectors that Parquet lacks, taken from the tables."""
    lake, history = repairing.lake, repairing.lake.log.read()
    for folder in where:
        releases = [r for r in history.releases.values() if folder in lake.vector_folders(r.recipe)]
        needed = [Delta.read(lake, release.commit).content_ids() for release in releases]
        found = list(in_tables(lake, history, folder, missing_vectors(lake, needed, folder)))
        if found:
            files: KeyedFiles = lake.vectors_in(folder)
            files.write(pa.concat_tables(found))


def _tag(repairing: _Repair, where: Sequence[str]) -> None:
    for release in repairing.lake.log.read().releases.values():
        for name, version in release.versions.items():
            if f"tables/{release.generation}/{name}.lance" in where:
                repairing.lake.tables(release.generation).protect(name, release.id, version)


def _rebuild(repairing: _Repair, where: Sequence[str]) -> None:
    make_again(repairing.lake, repairing.lease, repairing.progress)


def _redact(repairing: _Repair, where: Sequence[str]) -> None:
    repairing.lake.redact(())
    for files in (PASSAGES, QUERIES, JUDGED_TRAFFIC):
        files.redact(repairing.lake)
    change(repairing.lake, lambda kept: undenied(repairing.lake, kept))


def _finish(repairing: _Repair, where: Sequence[str]) -> None:
    finish(repairing.lake, repairing.progress)


_FIXERS: dict[Fix, Callable[[_Repair, Sequence[str]], None]] = {
    "mark": _mark,
    "drop": _drop,
    "salvage": _salvage,
    "delta": _delta,
    "vectors": _vectors,
    "tag": _tag,
    "rebuild": _rebuild,
    "redact": _redact,
    "finish": _finish,
}
