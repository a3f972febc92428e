"""Brings a destination to a release: writes what differs in batches, verifies it and records it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.destinations import registry
from lake.destinations.destination import (
    Destination,
    DifferenceStore,
    HeldState,
    OwnedDestination,
    VectorRows,
    Written,
)
from lake.destinations.difference import Method, SyncPlan, against_listing, in_full, plan_sync, release_held
from lake.destinations.failures import store_failures
from lake.destinations.opening import open_destination
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.release_tables import release_tables, rows_digest
from lake.destinations.repeated_calls import RepeatedCalls
from lake.destinations.tightening import close_first, narrow_copy_first, restricted_first
from lake.destinations.verification import Verification, verify
from lake.errors import ContractError, RefusedError
from lake.reporting import Progress, silent
from lake.storage.lease import Lease

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did, or would do if ``planned``. ``was`` is the release that the destination held before.

    ``n_rows`` counts the rows that it holds, by table. ``n_bytes`` is the size of the rows that were sent.
    """

    destination: str
    release: str
    mark: str
    was: str | None
    planned: bool
    method: Method
    anew: bool
    n_rows: Mapping[str, int]
    n_added: int = 0
    n_changed: int = 0
    n_removed: int = 0
    n_bytes: int = 0
    seconds: float = 0.0
    verified: Verification | None = field(default=None)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "seconds": round(self.seconds, 3)}


def sync(
    lake: Lake,
    destination: str,
    *,
    at: str = "live",
    plan: bool = False,
    full: bool = False,
    n_checks: int = 50,
    progress: Progress = silent,
) -> Synced:
    """Make a destination hold exactly the rows of a release, with today's rights, and verify it.

    ``plan`` only reads. ``full`` writes all rows anew. ``n_checks``: rows and questions to compare at the end.
    Raises UsageError for a foreign collection or a refused login; RefusedError if another lake's copy is there;
    BusyError if another run of this lake writes there; TransientError if the store is gone; ContractError if the
    result differs, or if another run took over. Safe to kill and to repeat.
    """
    started = time.monotonic()
    with nullcontext() if plan else registry.writing(lake, destination) as lease:
        check = partial(_check, lake, destination, lease)
        # Read once the lease is held: a run that waited for another one must not write what was erased meanwhile.
        history = lake.log.read()
        release = history.resolve(at)
        with store_failures(destination):
            place = open_destination(destination)
        if isinstance(place, DifferenceStore):
            with closing(RepeatedCalls(place, destination, check)) as store:
                work = _Sync(lake, history, release, store, destination, check, n_checks, progress)
                done = work.planned(full=full) if plan else work.carried_out(full=full)
        else:
            with store_failures(destination):
                done = _copied(lake, history, release, place, destination, check, plan=plan, full=full)
    return replace(done, seconds=time.monotonic() - started)


def _check(lake: Lake, destination: str, lease: Lease | None) -> None:
    """Raises ContractError if another run took over; the next sync looks for what this one left."""
    try:
        if lease:
            lease.check()
    except ContractError:
        registry.doubt(lake, destination)
        raise


def _of_another_lake(destination: str, release: str = "") -> RefusedError:
    held = f"release {release}" if release else "a release"
    return RefusedError(
        f"{destination} holds {held} of another lake, so it is left alone; choose another name, or delete it"
    )


def _copied(
    lake: Lake,
    history: History,
    release: Release,
    place: Destination,
    name: str,
    check: Callable[[], None],
    *,
    plan: bool,
    full: bool,
) -> Synced:
    """For a destination that takes no differences: all tables, unless a whole sync left them there."""
    lake_id, erasures = registry.lake_identity(lake, make=not plan), registry.last_erasure(history)
    if isinstance(place, OwnedDestination) and place.owner() not in (None, lake_id):
        raise _of_another_lake(name)
    tables = release_tables(lake, history, release, lake_id, check)
    is_old = full or place.held() != tables.mark or not registry.is_complete(lake, name, tables.mark)
    words: dict[str, Any] = {"release": release.id, "mark": tables.mark, "erasures": erasures}
    written: Written | int | None = None
    first: Written | None = None
    if is_old and not plan:
        if isinstance(place, OwnedDestination):
            first = narrow_copy_first(lake, history, release, name, check)
        registry.remember(lake, name, **words, complete=False)
        written = (_reopened(name, full=full) if first else place).sync(tables)
    if not plan:
        check()
        registry.remember(lake, name, **words, complete=True)
    method: Method = "copy" if is_old else "none"
    if not isinstance(written, Written):  # what it held before is not known
        written = Written(written or 0, tables.n_rows["chunks"] if is_old else 0, 0, 0)
    parts = [written, first] if first else [written]
    counts = {one.name: sum(getattr(part, one.name) for part in parts) for one in fields(Written) if one.name != "was"}
    was, is_anew = written.was, is_old and written.was is None
    return Synced(name, release.id, tables.mark, was, plan, method, is_anew, dict(tables.n_rows), **counts)


def _reopened(name: str, *, full: bool) -> Destination:
    """The destination as it is now; ``held`` comes first, unless everything is to be looked at."""
    place = open_destination(name)
    assert isinstance(place, Destination)
    if not full:
        place.held()
    return place


@dataclass(frozen=True, slots=True)
class _Sync:
    """One sync of one store that takes differences."""

    lake: Lake
    history: History
    release: Release
    store: RepeatedCalls
    destination: str
    check: Callable[[], None]
    n_checks: int
    progress: Progress

    def planned(self, *, full: bool) -> Synced:
        target, rows = self._target(make=False), self._rows()
        held = self._held(target)
        return self._synced(held, target, self._plan(held, target, rows, full=full), planned=True)

    def carried_out(self, *, full: bool) -> Synced:
        target, rows = self._target(), self._rows()
        held = self._held(target)
        plan = self._plan(held, target, rows, full=full)
        if plan.method == "none":
            return self._synced(held, target, plan)
        self._close_first(held, target, rows, plan)
        # Known to the lake before the first row leaves it, so that an erasure reports it.
        self._remember(target, complete=False)
        n_bytes, verified = self._written(target, rows, plan)
        self.store.finish(target)
        self._remember(target, complete=True)
        return self._synced(held, target, plan, n_bytes=n_bytes, verified=verified)

    def _plan(self, held: HeldState | None, target: HeldState, rows: ReleaseRows, *, full: bool) -> SyncPlan:
        if full:
            return in_full(target)
        is_known = self._is_known(held)
        return plan_sync(self.lake, self.history, self.store, held, target, rows, is_known=is_known)

    def _is_known(self, held: HeldState | None) -> bool:
        return held is not None and registry.is_complete(self.lake, self.destination, str(held.mark))

    def _close_first(self, held: HeldState | None, target: HeldState, rows: ReleaseRows, plan: SyncPlan) -> None:
        """Where readers see what is written only at the end, close first what is open to too many."""
        is_late = (plan.anew and self.store.switch == "full") or self.store.switch == "transaction"
        if held is None or not is_late:
            return
        before = release_held(self.lake, self.history, held) if self._is_known(held) else None
        self._remember(target, complete=False)
        close_first(self.store, held, target, before, rows)

    def _written(self, target: HeldState, rows: ReleaseRows, plan: SyncPlan) -> tuple[int, Verification]:
        """The bytes sent, and what was verified. Raises ContractError if the store holds anything else."""
        self.store.begin(replace(target, mark=None), anew=plan.anew)
        n_bytes = self._write(rows, against_listing(self.store, rows, plan) if plan.anew else plan)
        verified = verify(self.store, rows, self.n_checks)
        if verified.problem and plan.method == "releases":  # somebody else wrote there
            _log.warning("%s: %s; comparing every row", self.destination, verified.problem)
            n_bytes += self._write(rows, against_listing(self.store, rows, plan))
            verified = verify(self.store, rows, self.n_checks)
        if verified.problem:
            raise ContractError(
                f"{self.destination} does not hold {self.release.id} after the sync: {verified.problem}; "
                "does anything else write there? Run `raglake sync` with --full"
            )
        return n_bytes, verified

    def _rows(self) -> ReleaseRows:
        return ReleaseRows(self.lake, self.release, self.history.rights)

    def _target(self, *, make: bool = True) -> HeldState:
        lake_id, identity = registry.lake_identity(self.lake, make=make), self.release.recipe.embedder
        tables = release_tables(self.lake, self.history, self.release, lake_id)
        return HeldState(
            lake=lake_id,
            release=self.release.id,
            mark=tables.mark,
            rows=rows_digest(self.release),
            rights=self.history.rights,
            erasures=registry.last_erasure(self.history),
            embedder=identity.digest,
            dimensions=identity.dimensions,
            n_chunks=self._rows().count(),
        )

    def _held(self, target: HeldState) -> HeldState | None:
        held = self.store.held()
        if held is not None and held.lake != target.lake:
            raise _of_another_lake(self.destination, held.release)
        return held

    def _write(self, rows: ReleaseRows, plan: SyncPlan) -> int:
        """Remove first, then write what not everybody may read, so that rights are narrowed before all else.

        Returns the bytes of rows sent.
        """
        size, n_bytes = self.store.batch_rows, 0
        n_rows = rows.count() if plan.written is None else len(plan.written)
        self.progress("chunks", 0, n_rows + len(plan.removed))
        for start in range(0, len(plan.removed), size):
            some = plan.removed[start : start + size]
            self.store.apply(None, some)
            self.progress("chunks", len(some), None)
        for part in (None,) if plan.written is None else restricted_first(rows, plan.written):
            for stored in rows.rows(part, size):
                self.store.apply(stored, ())
                n_bytes += _size(stored)
                self.progress("chunks", len(stored.ids), None)
        return n_bytes

    def _remember(self, target: HeldState, *, complete: bool) -> None:
        self.check()
        words = {"release": target.release, "mark": str(target.mark), "erasures": target.erasures}
        registry.remember(self.lake, self.destination, **words, complete=complete)  # type: ignore[arg-type]

    def _synced(
        self, held: HeldState | None, target: HeldState, plan: SyncPlan, *, planned: bool = False, **words: Any
    ) -> Synced:
        return Synced(
            destination=self.destination,
            release=target.release,
            mark=str(target.mark),
            was=held.release if held else None,
            planned=planned,
            method=plan.method,
            anew=plan.anew,
            n_rows={"chunks": target.n_chunks},
            n_added=plan.n_added,
            n_changed=plan.n_changed,
            n_removed=len(plan.removed),
            **words,
        )


def _size(rows: VectorRows) -> int:
    texts = sum(len(str(value)) for payload in rows.payloads for value in payload.values())
    return int(rows.vectors.nbytes) + texts
