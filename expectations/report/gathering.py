"""What the lake knows, put together for a report: the log, the kept scores, and the worst questions asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.compute as pc

from expectations.profiles import settings_of, way_of
from expectations.report.charts import Chart, Mark, Point, Series, Unit
from expectations.report.questions import MAIN, compared, worst
from expectations.report.values import Report, SetReport
from expectations.series import ANSWERS, health_series
from expectations.summary import HEADLINE, SLICES, means
from lake.errors import UsageError
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index
    from lake.releases.history import History

#: Releases that a report goes back; a plot of more can't be read.
LAST = 30
_MARKS: dict[str, Mark] = {"live": "live", "candidate": "candidate", "refused": "refused", "rolled back": "rolled back"}
_STATE: tuple[tuple[str, str, Unit, float], ...] = (
    ("n_documents", "Documents", "count", 1),
    ("n_chunks", "Chunks", "count", 1),
    ("quarantine_share", "Share in quarantine", "percent", 1),
    ("lag_seconds", "Hours for which its oldest change had waited", "hours", 1 / 3600),
    ("age_seconds", "Hours for which readers saw it", "hours", 1 / 3600),
)


def gather(index: Index, name: str | None = None, last: int = LAST) -> Report:
    """Report on the ``last`` releases, by the questions of one set or of all; UsageError where there is no release."""
    rows = index.releases().to_pylist()
    if not rows:
        raise UsageError("nothing was built in this lake yet, so there is nothing to report; run raglake ingest first")
    asked, shown = index.questions(name), rows[-last:]
    health = pl.DataFrame(health_series(index, last=last))
    names = sorted(set(health["set"].drop_nulls()) & {question.set for question in asked})
    ids = [row["release"] for row in shown]
    state = [_state_chart(health, ids, *one) for one in _STATE]
    sets = [_set_report(index, health.filter(set=one), ids, one) for one in names]
    history = index.history()
    costs = [row | {"cost": _cost(history, row["release"], index.scores(row["release"]))} for row in shown]
    return Report(
        index.status()["lake"], clock.now(), costs, len(rows) - len(shown), state, _changes(index, shown), sets
    )


def _changes(index: Index, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    before = _good([(row["release"], row["status"]) for row in rows[:-1]])
    return index.diff(before, rows[-1]["release"]).to_json() if before else None


def _good(releases: Sequence[tuple[str, str]]) -> str | None:
    """The last of them, of those that readers saw and were not taken off if there are such."""
    kept = [release for release, status in releases if status in ("live", "superseded")]
    return next(iter(reversed(kept or [release for release, _ in releases])), None)


def _cost(history: History, release: str, rows: pa.Table) -> dict[str, Any]:
    """What the lake's records say that a release took; answers are those whose scores are kept."""
    entry = next((entry for entry in history.entries if (entry.action, entry.release) == ("build", release)), None)
    verdict, built = history.verdict(release), history.releases[release].created_at
    spent = history.spent(release)
    paid = dict(pl.DataFrame(rows).filter(level="search").group_by("measure").agg(pl.col("value").sum()).iter_rows())
    return {
        **{name: n for name, n in history.releases[release].counts.items() if not name.startswith("n_")},
        "spent": asdict(spent) if spent else None,
        "commit_seconds": (entry.at - built).total_seconds() if entry else None,
        "audit_seconds": verdict["seconds"] if verdict else None,
        "answer_tokens": paid.get("answer input tokens", 0.0) + paid.get("answer output tokens", 0.0),
        "answer_usd": paid.get("answer USD"),
    }


def _state_chart(health: pl.DataFrame, ids: Sequence[str], column: str, title: str, unit: Unit, factor: float) -> Chart:
    rows = health.unique("release", maintain_order=True).drop_nulls(column)
    points = [Point(ids.index(row["release"]), row[column] * factor, mark=_mark(row)) for row in rows.to_dicts()]
    return Chart(column, title, tuple(ids), (Series(title, tuple(points)),), unit)


def _mark(row: dict[str, Any]) -> Mark:
    return _MARKS.get(row["status"], "published")


def _set_report(index: Index, health: pl.DataFrame, ids: Sequence[str], name: str) -> SetReport:
    measured = [one for one in ids if one in set(health["release"])]
    newest, way = measured[-1], _main_way(health.filter(release=measured[-1]), settings_of(way_of(index, {})))
    before = health.filter(pl.col("release") != newest, settings=way).unique("release", maintain_order=True)
    rows, asked = _rows(index, newest, name, way), {one.question_id: one for one in index.questions(name)}
    against = _good(before.select("release", "status").rows())
    p95 = health.filter(release=newest, settings=way)["p95"][0]
    slices = list(_slices(rows))
    counts = pl.DataFrame(rows).unique("question_id").group_by("status").len().sort("status")
    return SetReport(
        name,
        newest,
        worded(way),
        slices[0]["measure"] if slices else "",
        None if p95 is None else p95 * 1000,
        dict(counts.iter_rows()),
        list(_score_charts(health, ids, name)),
        list(_latency_charts(health, ids, name)),
        slices,
        worst(index, newest, way, rows, asked),
        compared(_rows(index, against, name, way), rows, asked, (against, newest)) if against else None,
    )


def _main_way(health: pl.DataFrame, own: str) -> str:
    """The lake's own if it was measured, else plain hybrid search, else the simplest of the ways."""
    ways: list[str] = health["settings"].unique().to_list()
    plain = '{"mode": "hybrid"}'
    return min(ways, key=lambda way: ("answers" in json.loads(way), way != own, way != plain, len(way), way))


def _rows(index: Index, release: str, name: str, way: str) -> pa.Table:
    rows = index.scores(release)
    return rows.filter(pc.and_(pc.equal(rows.column("set"), name), pc.equal(rows.column("settings"), way)))


def _score_charts(health: pl.DataFrame, ids: Sequence[str], name: str) -> Iterator[Chart]:
    """One chart for each measure, each way of asking in the same colour in all of them."""
    ways = sorted(health["settings"].unique())
    for level, measure in (*HEADLINE, *ANSWERS):
        rows = health.filter(level=level, measure=measure)
        if rows.height:
            series = [Series(worded(way), _points(rows.filter(settings=way), ids), number)
                      for number, way in enumerate(ways) if way in set(rows["settings"])]  # fmt: skip
            words = measure.replace("_", " ")
            title = f"Answers: {words}" if level == "answer" else f"{words} of {level}s"
            yield Chart(f"{name}-{level}-{measure}", title, tuple(ids), tuple(series), "score")


def _points(rows: pl.DataFrame, ids: Sequence[str]) -> tuple[Point, ...]:
    return tuple(
        Point(ids.index(row["release"]), row["mean"], row["low"], row["high"], _mark(row)) for row in rows.to_dicts()
    )


def _latency_charts(health: pl.DataFrame, ids: Sequence[str], name: str) -> Iterator[Chart]:
    times = health.drop_nulls("p50").unique(["release", "settings"], maintain_order=True)
    for number, way in enumerate(sorted(times["settings"].unique())):
        rows = times.filter(settings=way).to_dicts()
        series = [
            Series(time, tuple(Point(ids.index(r["release"]), r[time] * 1000, mark=_mark(r)) for r in rows), colour)
            for colour, time in enumerate(("p50", "p95", "p99"))
        ]
        yield Chart(f"{name}-latency-{number + 1}", f"A search, {worded(way)}", tuple(ids), tuple(series), "ms")


def _slices(rows: pa.Table) -> Iterator[dict[str, Any]]:
    measured = set(zip(rows.column("level").to_pylist(), rows.column("measure").to_pylist(), strict=True))
    main = next((one for one in MAIN if one in measured), None)
    for by in SLICES if main else ():
        for row in means(rows, [by], [main] if main else None):
            yield {"by": by, "slice": row[by] if row[by] is not None else "several", **row}


def worded(settings: str) -> str:
    """A way of asking as a person says it.

    >>> worded('{"mode": "hybrid"}'), worded('{"alpha": 0.3, "mode": "hybrid"}')
    ('hybrid', 'hybrid, alpha 0.3')
    """
    how = json.loads(settings)
    mode, answers = how.pop("mode"), how.pop("answers", None)
    said = [mode, *(f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in how.items())]
    if answers:
        said += [f"answered by {answers['chat']}", *([f"judged by {answers['judge']}"] if "judge" in answers else [])]
    return ", ".join(said)
