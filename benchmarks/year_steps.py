"""How benchmarks/year.py runs a night: a clock of its own, and the steps of an ingest with a stopwatch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.reindex import Job
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.ingest.build import index_shard
from lake.ingest.isolation import IsolatedFunction
from lake.releases.publishing import record_audit
from lake.releases.values import Release

PHASES = ("scan", "index", "commit", "audit", "publish")


class SimulatedClock:
    """Goes on from whatever it was set to."""

    def __init__(self) -> None:
        self.midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.set(0, 0)

    def set(self, night: int, hour: int) -> None:
        self._at, self._since = self.midnight + timedelta(days=night, hours=hour), time.monotonic()

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._since)


class TimedSteps(PlainSteps):
    """PlainSteps that note how long each step took."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: dict[str, float] = {}
        self.verdict: Any = None

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] = time.perf_counter() - started

    def scan(self, job: Job) -> Any:
        with self._timed("scan"):
            found = super().scan(job)
        self._scanned_at = time.perf_counter()
        return found

    def commit(self, job: Job, found: Any, spent: Any = None) -> Release:
        self.spent["index"] = time.perf_counter() - self._scanned_at
        with self._timed("commit"):
            return super().commit(job, found, spent)

    def audit(self, job: Job, candidate: Release) -> Any:
        with self._timed("audit"):
            self.verdict = super().audit(job, candidate)
        return self.verdict

    def publish(self, job: Job, candidate: Release) -> None:
        with self._timed("publish"):
            super().publish(job, candidate)


class QuickSteps(TimedSteps):
    """Steps without what costs the same every night: the start of a child, and the audit where ``verdict`` is given."""

    def __init__(self, child: IsolatedFunction, verdict: Any) -> None:
        super().__init__()
        self._child, self.verdict = child, verdict

    def each_indexed(self, job: Job, shards: Sequence[Any], recipe: Any) -> Iterator[Any]:
        for shard in shards:
            index_shard(Lake(job.lake), shard, job.open_sources(), recipe, self._child)
            yield shard

    def audit(self, job: Job, candidate: Release) -> Any:
        if self.verdict is None:
            return super().audit(job, candidate)
        lake = Lake(job.lake)
        lake.keep_findings(candidate.id, self.verdict.to_arrow())
        record_audit(lake.log, candidate, verdict=self.verdict.to_json(), why="")
        return self.verdict
