"""Gauges of the live release: its age, its documents, and the scores of its last evaluation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lake.errors import LakeError
from lake.inspect.score_means import last_evaluated
from lake.service.watch_figures import WatchFigures
from lake.storage import clock

if TYPE_CHECKING:
    from lake.index import Index
    from lake.releases.history import History
    from lake.releases.values import Release

#: Seconds between two readings of the scores; those between, which a new release ends, repeat the last one.
_FRESH = 60.0
#: Maximum number of sets that are shown, by name, and of measures of each.
_MOST_SETS, _MOST_MEASURES = 10, 60


@dataclass(frozen=True, slots=True)
class _Score:
    set: str
    level: str
    measure: str
    mean: float


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a release."""

    release: str
    published_at: datetime
    n_documents: int
    n_quarantined: int
    scores: tuple[_Score, ...]
    evaluated_at: tuple[tuple[str, datetime], ...]  # by set


class ReleaseFigures(Collector):
    """``look`` reads the lake, so that ``collect`` never waits for it; what was read last holds through an outage."""

    def __init__(self, index: Index) -> None:
        self._index, self._facts, self._read_at = index, list[_Facts](), float("-inf")
        self._watches = WatchFigures(index)

    def look(self) -> None:
        """Read what is stored of the live release, if that is due, and of those who watch the lake."""
        self._watches.look()
        try:
            history = self._index.history()
            live = history.live
            known = self._facts[0].release if self._facts else None
            if live is None or (live.id == known and time.monotonic() - self._read_at < _FRESH):
                return
            published = history.published(live.id)
            scores, evaluated_at = _scores(self._measured(history, live))
            counts = live.counts["n_documents"], live.counts["n_quarantined"]
            at = published.at if published else live.created_at
            self._facts = [_Facts(live.id, at, *counts, scores, evaluated_at)]
            self._read_at = time.monotonic()
        except (LakeError, OSError):  # the health of the lake shows it
            return

    def _measured(self, history: History, live: Release) -> pa.Table:
        """SCORES rows of live; of a set of which small runs measured a sample, those of the last whole measurement."""
        rows, whole = self._index.scores(live.id), history.measured_in_full
        if whole is None or whole.id == live.id:
            return rows
        before = self._index.scores(whole.id)
        n_now, n_before = _questions(rows), _questions(before)
        sampled = pa.array([name for name, n in n_before.items() if n > n_now.get(name, 0)], pa.string())
        now, then = (pc.is_in(table.column("set"), sampled) for table in (rows, before))
        return pa.concat_tables([rows.filter(pc.invert(now)), before.filter(then)])

    def text(self) -> bytes:
        """The gauges in the exposition format, apart from the metrics that are added up over processes."""
        registry = CollectorRegistry()
        registry.register(self)
        registry.register(self._watches)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        age = GaugeMetricFamily("raglake_live_age_seconds", "Seconds since the live release was published.")
        documents = GaugeMetricFamily("raglake_live_documents", "Documents of the live release.")
        quarantined = GaugeMetricFamily("raglake_live_quarantined", "Documents that are not in it, as they failed.")
        score = GaugeMetricFamily(
            "raglake_evaluation_score",
            "Mean over the questions of a set in the last evaluation of all of them.",
            labels=["set", "level", "measure"],
        )
        evaluated = GaugeMetricFamily(
            "raglake_evaluation_age_seconds",
            "Seconds since a set's last evaluation of all its questions.",
            labels=["set"],
        )
        now = clock.now()
        for facts in self._facts:
            age.add_metric([], (now - facts.published_at).total_seconds())
            documents.add_metric([], facts.n_documents)
            quarantined.add_metric([], facts.n_quarantined)
            for one in facts.scores:
                score.add_metric([one.set, one.level, one.measure], one.mean)
            for name, at in facts.evaluated_at:
                evaluated.add_metric([name], (now - at).total_seconds())
        yield from (age, documents, quarantined, score, evaluated)


def _questions(rows: pa.Table) -> dict[str, int]:
    """How many questions of each set have rows."""
    counted = pl.DataFrame(rows.select(["set", "question_id"])).group_by("set").agg(pl.col("question_id").n_unique())
    return dict(counted.iter_rows())


def _scores(rows: pa.Table) -> tuple[tuple[_Score, ...], tuple[tuple[str, datetime], ...]]:
    """Means of each set under the search profile that was evaluated last; failures count as 0, as everywhere."""
    last = last_evaluated(rows)
    sets = sorted(last["set"].unique())[:_MOST_SETS]
    means = last.group_by("set", "level", "measure").agg(pl.col("value").mean()).sort("set", "level", "measure")
    found: list[_Score] = []
    for name in sets:
        mine = means.filter(pl.col("set") == name).head(_MOST_MEASURES)
        found += [_Score(*row) for row in mine.iter_rows()]
    times = last.group_by("set").agg(pl.col("evaluated_at").max()).sort("set")
    return tuple(found), tuple((name, at) for name, at in times.iter_rows() if name in sets)
