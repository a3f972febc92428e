"""Collects a report from the log, the kept scores, and new searches for the worst questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.compute as pc

from expectations.profiles import profile_of, profile_text
from expectations.report.questions import MAIN, compared, worst
from expectations.report.values import Report, SetReport
from expectations.series import ANSWERS, health_series
from expectations.summary import HEADLINE, SLICES, means
from lake.errors import UsageError
from lake.reporting.plots import Plot, Point, Series, Unit, label_axis, release_plot, value_axis
from lake.reporting.words import profile_label
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index
    from lake.releases.history import History

#: Releases in a report unless told otherwise; a plot of more is hard to read.
LAST = 30
_STATE: tuple[tuple[str, str, Unit, float], ...] = (
    ("n_documents", "Documents", "count", 1),
    ("n_chunks", "Chunks", "count", 1),
    ("quarantine_share", "Share of documents in quarantine", "percent", 1),
    ("lag_seconds", "Age of the oldest change when published", "hours", 1 / 3600),
    ("age_seconds", "Time live", "hours", 1 / 3600),
)


def gather(index: Index, name: str | None = None, last: int = LAST) -> Report:
    """Reports on the ``last`` releases, by the questions of one set or of all; UsageError if there is no release."""
    rows = index.releases().to_pylist()
    if not rows:
        raise UsageError("nothing was built in this lake yet; run `raglake ingest SOURCE` first")
    questions, shown = index.questions(name), rows[-last:]
    health = pl.DataFrame(health_series(index, last=last))
    names = sorted(set(health["set"].drop_nulls()) & {question.set for question in questions})
    ids, history = [row["release"] for row in shown], index.history()
    sets = [_set_report(index, health.filter(set=one), ids, one) for one in names]
    releases = [row | {"cost": _cost(history, row["release"], index.scores(row["release"]))} for row in shown]
    lake, state, changes = index.status()["lake"], list(_state_plots(health, ids)), _changes(index, shown)
    return Report(lake, clock.now(), releases, len(rows) - len(shown), state, changes, sets)


def _changes(index: Index, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    before = _last_good([(row["release"], row["status"]) for row in rows[:-1]])
    return index.diff(before, rows[-1]["release"]).to_json() if before else None


def _last_good(releases: Sequence[tuple[str, str]]) -> str | None:
    """The last release that readers saw and that was not rolled back; failing that, the last one."""
    kept = [release for release, status in releases if status in ("live", "superseded")]
    return next(iter(reversed(kept or [release for release, _ in releases])), None)


def _cost(history: History, release: str, rows: pa.Table) -> dict[str, Any]:
    """Recorded cost of a release; answers count if their scores are kept."""
    entry = next((entry for entry in history.entries if (entry.action, entry.release) == ("build", release)), None)
    verdict, built = history.verdict(release), history.releases[release].created_at
    spent = history.spent(release)
    paid = dict(pl.DataFrame(rows).filter(level="search").group_by("measure").agg(pl.col("value").sum()).iter_rows())
    return {
        **{name: history.releases[release].counts.get(name, 0) for name in ("added", "changed", "moved", "removed")},
        **(asdict(spent) if spent else dict.fromkeys(("seconds", "n_texts_embedded", "n_tokens_embedded", "cost_usd"))),
        "commit_seconds": (entry.at - built).total_seconds() if entry else None,
        "audit_seconds": verdict["seconds"] if verdict else None,
        "answer_tokens": paid.get("answer input tokens", 0.0) + paid.get("answer output tokens", 0.0) or None,
        "answer_usd": paid.get("answer USD"),
    }


def _state_plots(health: pl.DataFrame, ids: Sequence[str]) -> Iterator[Plot]:
    for column, title, unit, factor in _STATE:
        rows = health.unique("release", maintain_order=True).drop_nulls(column)
        yield release_plot(column, title, ids, unit, {title: _values(rows, column, factor)})


def _values(rows: pl.DataFrame, column: str, factor: float = 1) -> list[dict[str, Any]]:
    return rows.select("release", "status", value=pl.col(column) * factor).to_dicts()


def _set_report(index: Index, health: pl.DataFrame, ids: Sequence[str], name: str) -> SetReport:
    measured = [one for one in ids if one in set(health["release"])]
    newest, own = measured[-1], profile_text(profile_of(index, {}))
    profile = _main_profile(health.filter(release=newest), own)
    before = health.filter(pl.col("release") != newest, settings=profile).unique("release", maintain_order=True)
    rows, questions = _rows(index, newest, name, profile), {one.question_id: one for one in index.questions(name)}
    against = _last_good(before.select("release", "status").rows())
    p95 = health.filter(release=newest, settings=profile)["p95"][0]
    slices = list(_slices(rows))
    measure = slices[0]["measure"] if slices else ""
    return SetReport(
        name,
        newest,
        profile_label(profile),
        measure,
        None if p95 is None else p95 * 1000,
        dict(pl.DataFrame(rows).unique("question_id").group_by("status").len().sort("status").iter_rows()),
        list(_score_plots(health, ids, name)),
        list(_latency_plots(health, ids, name)),
        slices,
        _slice_plot(f"{name}-slices", f"{measure} by slice, {newest}", slices) if slices else None,
        worst(index, newest, profile, rows, questions),
        compared(_rows(index, against, name, profile), rows, questions, (against, newest)) if against else None,
    )


def _main_profile(health: pl.DataFrame, own: str) -> str:
    """The lake's own profile if it was measured, else plain hybrid search, else the simplest profile."""
    profiles: list[str] = health["settings"].unique().to_list()
    plain = '{"mode": "hybrid"}'
    return min(profiles, key=lambda one: ("answers" in json.loads(one), one != own, one != plain, len(one), one))


def _rows(index: Index, release: str, name: str, profile: str) -> pa.Table:
    rows = index.scores(release)
    return rows.filter(pc.and_(pc.equal(rows.column("set"), name), pc.equal(rows.column("settings"), profile)))


def _score_plots(health: pl.DataFrame, ids: Sequence[str], name: str) -> Iterator[Plot]:
    """One plot for each measure; a search profile has the same colour in all of them."""
    labels = {one: profile_label(one) for one in sorted(health["settings"].unique())}
    for level, measure in (*HEADLINE, *ANSWERS):
        rows = health.filter(level=level, measure=measure)
        if rows.height:
            means = rows.select("release", "status", "settings", "low", "high", value="mean")
            of = {labels[one]: means.filter(settings=one).to_dicts() for one in labels if one in set(rows["settings"])}
            title = f"{level.capitalize()} {measure.replace('_', ' ')}"
            yield release_plot(f"{name}-{level}-{measure}", title, ids, "score", of, list(labels.values()))


def _latency_plots(health: pl.DataFrame, ids: Sequence[str], name: str) -> Iterator[Plot]:
    times = health.drop_nulls("p50").unique(["release", "settings"], maintain_order=True)
    for number, profile in enumerate(sorted(times["settings"].unique()), 1):
        rows = {time: _values(times.filter(settings=profile), time, 1000) for time in ("p50", "p95", "p99")}
        yield release_plot(f"{name}-latency-{number}", f"Search latency, {profile_label(profile)}", ids, "ms", rows)


def _slices(rows: pa.Table) -> Iterator[dict[str, Any]]:
    measured = set(zip(rows.column("level").to_pylist(), rows.column("measure").to_pylist(), strict=True))
    main = next((one for one in MAIN if one in measured), None)
    for by in SLICES if main else ():
        for row in means(rows, [by], [main] if main else None):
            yield {"by": by, "slice": row[by] if row[by] is not None else "several", **row}


def _slice_plot(name: str, title: str, slices: Sequence[dict[str, Any]]) -> Plot:
    points = tuple(Point(n, row["mean"], row["low"], row["high"]) for n, row in enumerate(slices))
    series = [Series(title, points, line="")]
    return Plot(name, title, label_axis([str(row["slice"]) for row in slices]), value_axis(series, "score"), series)
