"""What a lake can mend of itself: from the tables what Parquet lost, from Parquet what the tables lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.directory import Lake
from lake.errors import ContractError, RefusedError
from lake.maintenance.doctor.checks import examine
from lake.maintenance.doctor.examination import failing
from lake.maintenance.doctor.findings import Diagnosis, Issue, Mend
from lake.progress import Progress, silent
from lake.storage.lease import WriterLease
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    from lake.storage.keyed_files import KeyedFiles


@dataclass(frozen=True)
class _Surgery:
    """A lake under its writer lease."""

    lake: Lake
    lease: WriterLease
    progress: Progress


def repair(lake: Lake, *, every: bool = False, progress: Progress = silent) -> Diagnosis:
    """Examine, mend what the lake itself can mend, and examine again; the last diagnosis and what was mended.

    Nothing that a kept release needs is deleted: a damaged file is set aside in ``damaged``. RefusedError
    where a run is writing.
    """
    try:
        with WriterLease(lake.store, "raglake doctor") as lease:
            first = examine(lake, every=every, progress=progress)
            if not any(ailment.mendable for ailment in first.ailments):
                return first
            complaints = _mend(_Surgery(lake, lease, progress), first.ailments)
            second = examine(Lake(lake.url), every=every, progress=progress)
    except RefusedError:
        raise
    except ContractError:  # the lease itself is damaged, and nobody knows whether a run is at work
        return examine(lake, every=every, progress=progress)
    left = {(ailment.check, ailment.where, ailment.mend) for ailment in second.ailments}
    mended = (a for a in first.ailments if (a.check, a.where, a.mend) not in left)
    return replace(second, mended=tuple(mended), remarks=(*second.remarks, *complaints))


def _mend(surgery: _Surgery, ailments: Sequence[Issue]) -> list[str]:
    """Mend in an order in which each finds what it needs; what could not be mended, and why."""
    complaints: list[str] = []
    for mend, mender in _MENDERS.items():
        chosen = [ailment.where for ailment in ailments if ailment.mend == mend]
        if not chosen:
            continue
        with failing(partial(_complain, complaints, mend)):
            surgery.lease.check()
            mender(surgery, list(dict.fromkeys(chosen)))
    return complaints


def _complain(complaints: list[str], mend: str, reason: str) -> None:
    complaints.append(f"could not mend ({mend}): {reason}")


def _mark(surgery: _Surgery, where: Sequence[str]) -> None:
    surgery.lake.mark()


def _drop(surgery: _Surgery, where: Sequence[str]) -> None:
    for path in where:
        surgery.lake.store.delete(path)


def _salvage(surgery: _Surgery, where: Sequence[str]) -> None:
    """Set damaged files aside and store again what can be read of them."""
    store = surgery.lake.store
    for path in where:
        store.write(f"damaged/{path}", store.read(path))
        folder = path.rsplit("/", 1)[0]
        pile = surgery.lake.contents if folder == "contents" else surgery.lake.vectors_in(folder)
        rows = _readable(surgery.lake, path)
        if rows is None or pile.write(rows) != path:
            store.delete(path)


def _readable(lake: Lake, path: str) -> pa.Table | None:
    """Rows of the row groups that decode, less those that are not what they must be."""
    from lake.maintenance.doctor.parquet import untrue_contents
    from lake.maintenance.doctor.vectors import untrue_vectors

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


def _delta(surgery: _Surgery, where: Sequence[str]) -> None:
    from lake.maintenance.doctor.deltas import made_from_tables

    history = surgery.lake.log.read()
    for release in history.releases.values():
        if release.commit in where:
            made_from_tables(surgery.lake, history, release).write(surgery.lake, release.commit)


def _vectors(surgery: _Surgery, where: Sequence[str]) -> None:
    """Store the vectors that Parquet lacks as the tables have them."""
    from lake.ingest.delta import Delta
    from lake.maintenance.doctor.parquet import missing_vectors
    from lake.maintenance.doctor.vectors import in_tables

    lake, history = surgery.lake, surgery.lake.log.read()
    for folder in where:
        releases = [r for r in history.releases.values() if lake.vectors(r.recipe).folder == folder]
        needed = [Delta.read(lake, release.commit).content_ids() for release in releases]
        found = list(in_tables(lake, history, folder, missing_vectors(lake, needed, folder)))
        if found:
            pile: KeyedFiles = lake.vectors_in(folder)
            pile.write(pa.concat_tables(found))


def _tag(surgery: _Surgery, where: Sequence[str]) -> None:
    for release in surgery.lake.log.read().releases.values():
        for name, version in release.versions.items():
            if f"tables/{release.generation}/{name}.lance" in where:
                surgery.lake.tables(release.generation).protect(name, release.id, version)


def _rebuild(surgery: _Surgery, where: Sequence[str]) -> None:
    from lake.ingest.rebuild import make_again

    make_again(surgery.lake, surgery.lease, surgery.progress)


def _blot(surgery: _Surgery, where: Sequence[str]) -> None:
    from lake.questions.denied import undenied
    from lake.questions.store import change
    from lake.records import feedback

    surgery.lake.blot_out(())
    feedback.blot_out(surgery.lake)
    change(surgery.lake, lambda kept: undenied(surgery.lake, kept))


def _finish(surgery: _Surgery, where: Sequence[str]) -> None:
    from lake.erasure.forget import finish

    finish(surgery.lake, surgery.progress)


_MENDERS: dict[Mend, Callable[[_Surgery, Sequence[str]], None]] = {
    "mark": _mark,
    "drop": _drop,
    "salvage": _salvage,
    "delta": _delta,
    "vectors": _vectors,
    "tag": _tag,
    "rebuild": _rebuild,
    "blot": _blot,
    "finish": _finish,
}
