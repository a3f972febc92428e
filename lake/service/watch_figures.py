"""Gauges of who watches the lake: how soon changes were published, and what still waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lake.errors import LakeError
from lake.storage import clock

if TYPE_CHECKING:
    from lake.index import Index
    from lake.records.watch_state import WatchState

_QUANTILES = (0.5, 0.95, 1.0)
#: Maximum number of watches that are shown.
_MOST = 20


class WatchFigures(Collector):
    """``look`` reads the lake, so that ``collect`` never waits for it; what was read last holds through an outage."""

    def __init__(self, index: Index) -> None:
        self._index, self._states = index, tuple["WatchState", ...]()

    def look(self) -> None:
        """Read what those who watch the lake have left."""
        try:
            self._states = tuple(self._index.watches())[:_MOST]
        except (LakeError, OSError):  # the health of the lake shows it
            return

    def collect(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "raglake_watch_lag_seconds", "Lag of the last 1,000 changes by quantile.", labels=["watch", "quantile"]
        )
        for state in self._states:
            for share in _QUANTILES:
                if (value := state.quantile(share)) is not None:
                    lag.add_metric([_name(state), f"{share:g}"], value)
        yield lag
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        now = clock.now()
        target = GaugeMetricFamily("raglake_watch_target_seconds", "The promised lag.", labels=["watch"])
        waiting = GaugeMetricFamily("raglake_watch_waiting", "Changes that are not published yet.", labels=["watch"])
        since = GaugeMetricFamily("raglake_watch_waiting_seconds", "For how long the oldest waits.", labels=["watch"])
        age = GaugeMetricFamily("raglake_watch_age_seconds", "Seconds since it was last alive.", labels=["watch"])
        for state in self._states:
            name = [_name(state)]
            target.add_metric(name, state.target)
            waiting.add_metric(name, state.n_waiting)
            since.add_metric(name, (now - state.waiting_since).total_seconds() if state.waiting_since else 0)
            age.add_metric(name, (now - state.at).total_seconds())
        yield from (target, waiting, since, age)

    def _counters(self) -> Iterator[Metric]:
        changes = CounterMetricFamily("raglake_watch_changes", "Changes that were published.", labels=["watch"])
        late = CounterMetricFamily("raglake_watch_late", "Those that took longer than promised.", labels=["watch"])
        failed = CounterMetricFamily("raglake_watch_failed", "Runs that failed.", labels=["watch"])
        for state in self._states:
            name = [_name(state)]
            changes.add_metric(name, state.n_changes)
            late.add_metric(name, state.n_late)
            failed.add_metric(name, state.n_failed)
        yield from (changes, late, failed)


def _name(state: WatchState) -> str:
    return ", ".join(state.sources)
