"""The service's metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lake.endpoints.breaker import states
from lake.endpoints.prices import list_of_prices

if TYPE_CHECKING:
    from lake.cache.caches import Caches
    from lake.records.query_log_writer import QueryLogWriter

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
#: Maximum number of chat models with a label of their own; others count as ``other``.
_MOST_MODELS = 20


class Metrics:
    """Metrics of one service, in its own registry. Labels are few: routes by pattern, keys of the keys file, models."""

    def __init__(
        self, n_taken: Callable[[], int], caches: Caches | None = None, age: Callable[[], float] | None = None
    ) -> None:
        self._registry = CollectorRegistry()
        requests = ("raglake_requests", "Requests by route, status and API key.", ["route", "status", "key"])
        self._requests = Counter(*requests, registry=self._registry)
        seconds = ("raglake_request_seconds", "Time from a request's head to the end of its response.", ["route"])
        self._seconds = Histogram(*seconds, buckets=_SECONDS, registry=self._registry)
        self._quality = QualityMetrics(self._registry)
        self._registry.register(PartFigures())
        work = Gauge("raglake_work", "Requests in progress or in line.", registry=self._registry)
        work.set_function(n_taken)
        if age is not None:
            last = Gauge("raglake_lake_age_seconds", "Seconds since the lake was last read.", registry=self._registry)
            last.set_function(age)
        if caches is not None:
            self._registry.register(CacheFigures(caches))
        self._live = Gauge("raglake_live_release", "1 for the live release.", ["release"], registry=self._registry)

    def register(self, figures: Collector) -> None:
        """Add what is collected when Prometheus reads the metrics."""
        self._registry.register(figures)

    def requested(self, route: str, status: int, key: str, seconds: float) -> None:
        self._requests.labels(route, str(status), key).inc()
        self._seconds.labels(route).observe(seconds)

    def served(self, row: Mapping[str, Any]) -> None:
        """Count a QUERIES row."""
        self._quality.served(row)

    def text(self, live: str | None) -> bytes:
        """Metrics in the exposition format."""
        self._live.clear()
        if live:
            self._live.labels(live).set(1)
        return generate_latest(self._registry)


class QualityMetrics:
    """How good searches and answers are, and what they cost."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"raglake_{name}", what, labels, registry=registry)

        def shares(name: str, what: str) -> Histogram:
            return Histogram(f"raglake_answer_{name}", what, buckets=_SHARES, registry=registry)

        self._questions = counter(
            "questions",
            "Searches and answers by outcome: ok, empty, declined, degraded, error.",
            "kind",
            "outcome",
            "key",
        )
        self._cached = counter("cached", "Searches and answers that a cache had.", "kind", "store")
        self._degraded = counter("degraded", "Results and answers without a part that could not be reached.", "part")
        self._evidence = shares("evidence", "How likely the passages contain the answer.")
        self._confidence = shares("confidence", "How likely the answer of a chat model is right.")
        self._claims = counter("answer_claims", "Claims in answers: supported by sources, or flagged.", "state")
        self._tokens = counter("answer_tokens", "Tokens read and written by the chat model.", "direction")
        self._model_tokens = counter(
            "model_tokens", "Tokens by chat model, API key and direction.", "model", "key", "direction"
        )
        self._usd = counter("model_usd", "USD by chat model and API key, if a price is known.", "model", "key")
        prices = Info("raglake_prices", "List prices that USD are by, with the newest date in them.", registry=registry)
        prices.info({"list": list_of_prices()})
        self._unpriced = counter("model_unpriced", "Answers whose price is unknown.", "model")
        self._models: set[str] = set()

    def served(self, row: Mapping[str, Any]) -> None:
        self._questions.labels(row["kind"], row["outcome"], row["api_key"]).inc()
        if row["cached"]:
            self._cached.labels(row["kind"], row["cached"]).inc()
        for part in row["degraded"]:
            self._degraded.labels(part).inc()
        if row["evidence"] is None:
            return
        self._evidence.observe(row["evidence"])
        if row["chat_model"] is not None:
            self._answered(row)

    def _answered(self, row: Mapping[str, Any]) -> None:
        """Count what a model wrote; what a cache had cost nothing."""
        self._confidence.observe(row["confidence"])
        self._claims.labels("flagged").inc(row["n_flagged"])
        self._claims.labels("supported").inc(row["n_claims"] - row["n_flagged"])
        model, key = self._named(row["chat_model"]), row["api_key"]
        for direction, n in (("input", row["n_input"]), ("output", row["n_output"])):
            self._tokens.labels(direction).inc(n)
            self._model_tokens.labels(model, key, direction).inc(n)
        if row["cost_usd"] is None:
            self._unpriced.labels(model).inc()
        else:
            self._usd.labels(model, key).inc(row["cost_usd"])

    def _named(self, model: str) -> str:
        if model not in self._models and len(self._models) >= _MOST_MODELS:
            return "other"
        self._models.add(model)
        return model


class QueryLogFigures(Collector):
    """What became of the rows of the query log."""

    def __init__(self, log: QueryLogWriter) -> None:
        self._log = log

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("raglake_query_log_rows", "Rows of the query log written.", self._log.n_written)
        dropped = "Rows dropped, as the lake could not be written to for too long."
        yield CounterMetricFamily("raglake_query_log_dropped", dropped, self._log.n_dropped)
        up = "1 while the query log can be written, else 0."
        yield GaugeMetricFamily("raglake_query_log_up", up, float(self._log.is_up))


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
