"""Follows sources, so that a change is live within seconds: changes become runs over the documents that changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flows.event_following import EventFollower
from flows.following import Follower, Waiting, WaitingKeys, followers
from flows.reindex import Outcome, reindex
from flows.steps import Steps
from lake.directory import Lake
from lake.errors import BusyError, LakeError, UsageError
from lake.ingest.scoped import FullRunNeededError
from lake.maintenance.prune import fold
from lake.options import Retention
from lake.options.watch import WatchOptions
from lake.records import watch_state
from lake.records.watch_state import WatchState
from lake.reporting import counted
from lake.sources.events.stream import address_of
from lake.storage import clock, inbox
from lake.storage.lease import waiting
from tasks.job import Job

_log = logging.getLogger(__name__)

#: How often, in seconds, notices are looked for, and the state is written although nothing happened.
_LOOK, _BEAT = 0.5, 20.0
#: Longest time in seconds to wait for another run, and after a failure.
_PATIENCE, _BACKOFF = 600.0, 60.0
#: Releases are folded after this many runs, and after this time.
_FOLD_RUNS, _FOLD_SECONDS = 100, 600.0

#: Called with what happened, for a person: one line.
Report = Callable[[str], None]


@dataclass
class SourceWatch:
    """Runs until ``stop`` is set. Runs are made in the thread that calls ``run``, one at a time."""

    job: Job
    options: WatchOptions
    steps: Steps
    report: Report
    stop: threading.Event = field(default_factory=threading.Event)
    retention: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        sources = self.job.open_sources()
        if self.job.only:
            raise UsageError("a watch looks at whatever changes; leave the keys out")
        self._lake = Lake.writable(self.job.lake)
        self._changes = WaitingKeys()
        self._followers: Mapping[str, Follower] = followers(sources, self.options, self._changes, self.stop)
        self._streams = [
            EventFollower(address_of(text), self._followers, self._changes) for text in self.options.events
        ]
        self._addresses = dict(zip(sources, self.job.sources, strict=True))
        self._notices = set[str]()
        self._in_hand: tuple[Waiting, ...] = ()
        self._state = self._written = WatchState(tuple(sources), self.options.lag, clock.now())
        self._n_failures, self._n_runs, self._folded_at, self._beat_at = 0, 0, time.monotonic(), 0.0

    @property
    def state(self) -> WatchState:
        """How it did so far. May be read by other threads."""
        in_hand = [since for one in self._in_hand for since in one.keys.values()]
        oldest = min((since for since in (*in_hand, self._changes.oldest) if since is not None), default=None)
        return replace(self._state, n_waiting=len(self._changes) + len(in_hand), waiting_since=oldest)

    def run(self) -> None:
        """Follow the sources; whatever happened before is found by listing them once.

        Raises UsageError if that can't be done as it is wanted.
        """
        for name, follower in self._followers.items():
            follower.start()
            self.report(f"watching {name}: {follower.what}")
        try:
            self._follow()
        finally:
            for stream in self._streams:
                stream.end()
            self._state = replace(self._state, has_ended=True)
            self._beat(now=True)
        self.report("stopped")

    def _follow(self) -> None:
        for stream in self._streams:
            stream.start()
            self.report(f"following {stream.what}")
        self._whole(at_start=True)
        while not self.stop.is_set():
            self._take_notices()
            self._beat()
            if self._changes.wait(_LOOK) and not self.stop.is_set():
                self._settle()
                self._publish()

    def _take_notices(self) -> None:
        """Add what the inbox holds; it stays there until it is published."""
        try:
            for notice in inbox.waiting(self._lake.store, self._notices):
                if notice.source in self._followers:
                    self._notices.add(notice.path)
                    keys = (*notice.keys, *self._followers[notice.source].keys_of(notice.objects))
                    self._changes.add(notice.source, keys, notice.since, [partial(self._drop_notice, notice.path)])
        except LakeError as error:
            _log.warning("notices can't be read at the moment: %s", error)

    def _settle(self) -> None:
        """Wait until nothing more comes, so that a burst of changes is one run."""
        oldest = self._changes.oldest or clock.now()
        until = oldest + timedelta(seconds=self.options.lag / 3)
        while not self.stop.is_set() and clock.now() < until:
            if self._changes.quiet_for() >= self.options.settle:
                return
            self.stop.wait(min(0.05, self.options.settle or 0.05))

    def _publish(self) -> None:
        """One run for each source that changed; what fails is tried again, with whatever came meanwhile."""
        taken = self._changes.take()
        self._in_hand = tuple(taken.values())
        self._beat()
        for source, changes in taken.items():
            try:
                self._publish_one(source, changes.keys)
            except Exception as error:  # noqa: BLE001 - whatever a run ends with, the next one may end well
                self._in_hand = self._in_hand[1:]
                self._failing(source, changes, error)
            else:
                self._in_hand = self._in_hand[1:]
                for told in changes.receipts:
                    told()
            self._beat()
        self._fold()

    def _publish_one(self, source: str, keys: dict[str, datetime]) -> None:
        if not keys:
            return
        if "" in keys or len(keys) > self.options.burst:
            self._whole(keys)
            return
        try:
            job = replace(self.job, sources=(self._addresses[source],), only=tuple(keys))
            self._ended(self._run(job), keys)
        except FullRunNeededError:
            keys[""] = min(keys.values())  # the next try lists everything
            raise

    def _run(self, job: Job) -> Outcome:
        with waiting(_PATIENCE, lambda text: self.report(text) if text else None, self.stop):
            return reindex(job, self.steps)

    def _whole(self, keys: Mapping[str, datetime] | None = None, *, at_start: bool = False) -> None:
        """A run over everything, which finds what nobody reported."""
        try:
            self._ended(self._run(self.job), keys or {})
        except Exception as error:
            if not at_start or isinstance(error, UsageError):
                raise
            self._failing(next(iter(self._followers)), Waiting({"": clock.now()}), error)

    def _ended(self, outcome: Outcome, keys: Mapping[str, datetime]) -> None:
        if outcome.refused:
            raise _Unpublished(outcome.reason)
        self._n_failures = 0
        self._state = replace(self._state, failure="")
        if not outcome.published:
            self.report(outcome.reason)
            return
        lags = [(clock.now() - since).total_seconds() for since in keys.values()]
        self._n_runs += 1
        self._state = self._state.published(lags)
        told = f"published {outcome.release}"
        longest = f", {max(lags):.1f} s after the first of {counted(len(keys), 'change')}" if lags else ""
        late = sum(lag > self.options.lag for lag in lags)
        missed = f"; {counted(late, 'change')} later than {self.options.lag:g} s" if late else ""
        self.report(told + longest + missed)

    def _failing(self, source: str, changes: Waiting, error: Exception) -> None:
        """Keep the keys, and wait a while: longer with each failure."""
        keys = changes.keys
        for key, since in keys.items():
            self._changes.add(source, [key], since)
        self._changes.add(source, (), clock.now(), changes.receipts)
        if self.stop.is_set() and isinstance(error, BusyError):
            self.report(f"{counted(len(keys), 'change')} left to the next watch: {error}")
            return
        self._n_failures += 1
        kind = type(error).__name__
        self._state = replace(self._state, n_failed=self._state.n_failed + 1, failure=kind)
        seconds = min(_BACKOFF, 2.0 ** min(self._n_failures - 1, 10))
        what = str(error) if isinstance(error, LakeError) else f"{kind}: {error}"
        self.report(f"a run failed, {counted(len(keys), 'change')} wait for the next one in {seconds:g} s: {what}")
        self._beat(now=True)
        self.stop.wait(seconds)

    def _drop_notice(self, path: str) -> None:
        try:
            self._lake.store.delete(path)
            self._notices.discard(path)
        except LakeError as error:  # it stays, and a later run over everything deletes it
            _log.warning("a notice can't be deleted at the moment: %s", error)

    def _fold(self) -> None:
        if self._n_runs < _FOLD_RUNS and time.monotonic() - self._folded_at < _FOLD_SECONDS:
            return
        self._n_runs, self._folded_at = 0, time.monotonic()
        try:
            n = fold(self._lake, self.retention)
        except Exception as error:  # noqa: BLE001 - changes are published all the same
            _log.warning("releases could not be folded: %s", error)
        else:
            if n:
                self.report(f"folded {counted(n, 'release')}")

    def _beat(self, *, now: bool = False) -> None:
        """Write the state, for metrics and people, if anything changed or some time has passed."""
        self._state = self.state
        if not now and time.monotonic() - self._beat_at < _BEAT and self._state == self._written:
            return
        self._beat_at, self._written = time.monotonic(), self._state
        try:
            if self._lake.exists():
                watch_state.write(self._lake.store, self._state)
        except LakeError as error:
            _log.warning("the state of the watch can't be written at the moment: %s", error)


class _Unpublished(LakeError):
    """An audit, a gate or a pin holds back what changed."""


def summary(url: str) -> list[dict[str, Any]]:
    """What all watches of a lake promise and keep, JSON-like."""
    return [state.summary() for state in watch_state.states(Lake.existing(url).store)]
