"""The service's metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lake.endpoints.breaker import states

if TYPE_CHECKING:
    from lake.cache.caches import Caches

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Metrics of one service, in its own registry. Routes are labelled by pattern, to keep labels few."""

    def __init__(self, n_taken: Callable[[], int], caches: Caches | None = None) -> None:
        self._registry = CollectorRegistry()
        requests = ("raglake_requests", "Requests by route, status and API key.", ["route", "status", "key"])
        self._requests = Counter(*requests, registry=self._registry)
        seconds = ("raglake_request_seconds", "Time from a request's head to the end of its response.", ["route"])
        self._seconds = Histogram(*seconds, buckets=_SECONDS, registry=self._registry)
        tokens = ("raglake_answer_tokens", "Tokens read and written by the chat model.", ["direction"])
        self._tokens = Counter(*tokens, registry=self._registry)
        degraded = ("raglake_degraded", "Results and answers without a part that could not be reached.", ["part"])
        self._degraded = Counter(*degraded, registry=self._registry)
        self._registry.register(PartFigures())
        work = Gauge("raglake_work", "Requests in progress or in line.", registry=self._registry)
        work.set_function(n_taken)
        if caches is not None:
            self._registry.register(CacheFigures(caches))
        self._live = Gauge("raglake_live_release", "1 for the live release.", ["release"], registry=self._registry)

    def requested(self, route: str, status: int, key: str, seconds: float) -> None:
        self._requests.labels(route, str(status), key).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, n_input: int, n_output: int) -> None:
        self._tokens.labels("input").inc(n_input)
        self._tokens.labels("output").inc(n_output)

    def degraded(self, parts: Sequence[str]) -> None:
        for part in parts:
            self._degraded.labels(part).inc()

    def text(self, live: str | None) -> bytes:
        """Metrics in the exposition format."""
        self._live.clear()
        if live:
            self._live.labels(live).set(1)
        return generate_latest(self._registry)


class PartFigures(Collector):
    """Whether the parts that were called so far work."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "raglake_part_up", "1 while the part works, 0 while its breaker is open.", labels=["part"]
        )
        for part, state in states().items():
            up.add_metric([part], float(state["works"]))
        yield up


class CacheFigures(Collector):
    """Look-ups of the caches by level, store and outcome, and what the process holds."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    def collect(self) -> Iterator[Metric]:
        found = "Look-ups by level (vectors, results, answers), store and outcome (hit, miss, failed, similar)."
        lookups = CounterMetricFamily("raglake_cache_lookups", found, labels=["level", "store", "outcome"])
        for labels, n in sorted(self._caches.counted().items()):
            lookups.add_metric(labels, n)
        yield lookups
        process = self._caches.process
        yield GaugeMetricFamily("raglake_cache_bytes", "Bytes of cached entries in this process.", process.n_bytes)
        yield GaugeMetricFamily("raglake_cache_entries", "Cached entries in this process.", len(process))
        yield CounterMetricFamily("raglake_cache_evicted", "Entries that made room for others.", process.n_evicted)
        if self._caches.shared is not None:
            up = float(self._caches.shared.is_up)
            yield GaugeMetricFamily("raglake_cache_up", "1 while the shared cache answers in time, else 0.", up)
