"""What is wrong with the release that readers see, by the limits that its lake was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from lake.options.checks import split_measure
from lake.releases.values import quarantine_share
from lake.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory.configuration import Alarms
    from lake.releases.history import History
    from lake.releases.values import Release


@dataclass(frozen=True)
class Watched:
    """What is known of live: SCORES ``rows`` of today, its counts, and since when readers see it.

    ``lag``: how long at most the oldest change that it brought had waited then. ``listed``: when the last complete
    listing of each of its sources began. None is unknown in both.
    """

    release: str
    rows: pa.Table
    n_documents: int
    n_quarantined: int
    published_at: datetime
    lag: timedelta | None = None
    listed: Mapping[str, datetime | None] = field(default_factory=dict)

    @classmethod
    def of(cls, history: History, live: Release, rows: pa.Table, listed: Mapping[str, datetime | None]) -> Watched:
        """What the log knows of live, beside its SCORES ``rows`` and when its sources were ``listed``."""
        published = history.published(live.id)
        assert published is not None
        counts = (live.counts["n_documents"], live.counts["n_quarantined"])
        return cls(live.id, rows, *counts, published.at, history.lag(live.id), listed)


def raised(alarms: Alarms, live: Watched, now: datetime) -> list[str]:
    """One sentence for each limit that is passed; what can't be measured passes every limit that is about it."""
    found = [*_scores(alarms, live), *_seconds(alarms, live)]
    found += too_much_in_quarantine(alarms, live.n_quarantined, live.n_documents)
    age = now - live.published_at
    if alarms.age_hours is not None and age > timedelta(hours=alarms.age_hours):
        hours = age / timedelta(hours=1)
        found.append(f"{live.release} was published {hours:,.1f} hours ago, more than {alarms.age_hours:g}")
    if alarms.lag_hours is not None and live.lag is not None and live.lag > timedelta(hours=alarms.lag_hours):
        hours = live.lag / timedelta(hours=1)
        found.append(f"a change had waited {hours:,.1f} hours for {live.release}, more than {alarms.lag_hours:g}")
    if alarms.listed_hours is not None:
        found += _unlisted(alarms.listed_hours, live.listed, now)
    return found


def _unlisted(limit: float, listed: Mapping[str, datetime | None], now: datetime) -> Iterator[str]:
    for source, at in listed.items():
        if at is None:
            yield f"when {source} was last listed is unknown: no run has noted it yet, and the next one does"
        elif now - at > timedelta(hours=limit):
            yield f"{source} was last listed {(now - at) / timedelta(hours=1):,.1f} hours ago, more than {limit:g}"


def too_much_in_quarantine(alarms: Alarms, n_quarantined: int, n_documents: int) -> list[str]:
    """The sentence of the alarm, if it is raised."""
    limit, listed = alarms.quarantine_share, counted(n_quarantined + n_documents, "document")
    if limit is None or quarantine_share(n_quarantined, n_documents) <= limit:
        return []
    return [f"{n_quarantined:,} of {listed} are in quarantine, more than {limit:.1%}"]


def _scores(alarms: Alarms, live: Watched) -> Iterator[str]:
    frame = pl.DataFrame(live.rows)
    for wanted, least in alarms.scores.items():
        level, measure = split_measure(wanted)
        values = frame.filter((pl.col("level") == level) & (pl.col("measure") == measure))
        means = values.group_by("set").agg(pl.col("value").mean(), pl.len()).sort("set")
        if not means.height:
            yield f"{wanted} can't be measured: no question of the lake has evidence for it"
        for name, mean, n in means.iter_rows():
            if mean < least:
                yield f"{wanted} of {name} is {mean:.4f} over {counted(n, 'question')}, less than {least:g}"


def _seconds(alarms: Alarms, live: Watched) -> Iterator[str]:
    if alarms.p95_seconds is None:
        return
    seconds = pl.DataFrame(live.rows).filter(pl.col("measure") == "seconds")
    found = seconds.group_by("set", "settings", maintain_order=True).agg(p95=pl.col("value").quantile(0.95, "linear"))
    if not found.height:
        yield "the time that a search takes can't be measured: the lake has no questions to ask"
    for row in found.iter_rows(named=True):
        if row["p95"] > alarms.p95_seconds:
            limit = f"the limit is {alarms.p95_seconds:g}"
            yield f"1 of 20 searches for {row['set']} takes {row['p95']:.3f} s or more, {limit}"
