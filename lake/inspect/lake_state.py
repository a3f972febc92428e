"""The state of a lake for its operators: how fresh it is, what it costs, what it occupies, and where it comes from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.directory.configuration import Alarms
from lake.ids import derived_id
from lake.ingest.completeness import judged
from lake.ingest.plan import parser_and_suffix
from lake.inspect.alarms import Watched, raised
from lake.inspect.score_means import last_evaluated
from lake.inspect.sources import held
from lake.records.query_log import QUERIES
from lake.schemas import ACCOUNT
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory import Lake
    from lake.options.completeness import Completeness
    from lake.releases.history import History
    from lake.releases.values import Entry, Release
    from lake.tables.reader import TableReader

_WORDS = ("n_words_source", "n_words_kept", "n_words_omitted", "n_words_lost")
#: What a day of the query log is added up to.
_SPENT = ("n_answers", "n_tokens", "usd", "n_unpriced")


def freshness(history: History) -> dict[str, Any]:
    """How old live and its newest documents are, in seconds, and what was built last."""
    built = next((entry for entry in reversed(history.entries) if entry.action == "build"), None)
    found: dict[str, Any] = {"newest_build": None, "published_at": None, "age_seconds": None, "lag_seconds": None}
    if built is not None and built.release in history.releases:
        status = history.status(built.release)
        found["newest_build"] = {"release": built.release, "at": built.at, "status": status}
    if history.live is not None:
        published, lag = _published(history, history.live), history.lag(history.live.id)
        found |= {"published_at": published.at, "age_seconds": (clock.now() - published.at).total_seconds()}
        found["lag_seconds"] = lag.total_seconds() if lag else None
    return found


def _published(history: History, release: Release) -> Entry:
    published = history.published(release.id)
    assert published is not None
    return published


def alarms(
    settings: Alarms,
    history: History,
    rows: pa.Table,
    n_questions: Callable[[], Mapping[str, int]],
    listed: Mapping[str, datetime | None],
) -> dict[str, Any]:
    """The alarms that live raises by its kept SCORES ``rows``, and the limits that are set; searches nothing.

    A sample that a run over some documents measured raises none about scores: many of its questions are about what
    changed. ``n_questions``: how many each set has. ``listed``: when each source was listed last.
    """
    limits = {name: value for name, value in asdict(settings).items() if value not in (None, {})}
    if history.live is None or not limits:
        return {"limits": limits, "raised": []}
    live, profiles = history.live, last_evaluated(rows).select("set", "settings").unique()
    newest = pl.DataFrame(rows).join(profiles, on=["set", "settings"], how="semi").to_arrow()
    gate = history.gate(live.id)
    if gate is not None and gate.facts.get("of_sample") and not _are_whole(newest, n_questions()):
        settings = replace(settings, scores={})
    watched = Watched.of(history, live, newest, listed)
    return {"limits": limits, "raised": raised(settings, watched, clock.now())}


def _are_whole(rows: pa.Table, n_questions: Mapping[str, int]) -> bool:
    """Whether all questions of all sets were measured."""
    measured = pl.DataFrame(rows).group_by("set").agg(pl.col("question_id").n_unique())
    found = dict(measured.iter_rows())
    return all(found.get(name, 0) >= n for name, n in n_questions.items())


def words_by_format(documents: TableReader, rules: Completeness) -> list[dict[str, Any]]:
    """For each parser the words of its documents and what became of them, most words first.

    ``n_unknown`` counts documents that a release before 0.4 indexed, which have no account.
    """
    frame = judged(documents.scan(["source", "uri", "media_type", *ACCOUNT.names]), rules)
    parsers = [parser_and_suffix(uri)[0] or "unknown" for uri in frame["uri"]]
    grouped = frame.with_columns(format=pl.Series(parsers, dtype=pl.String)).group_by("format")
    sums = grouped.agg(
        pl.len().alias("n_documents"),
        *(pl.col(name).cast(pl.Int64).sum() for name in _WORDS),
        n_remarked=(pl.col("is_short") | pl.col("has_unread")).sum(),
        n_unknown=pl.col("n_words_source").is_null().sum(),
    )
    return sums.sort(["n_words_source", "format"], descending=[True, False]).to_dicts()


def sources(lake: Lake) -> list[dict[str, Any]]:
    """The sources of live with ``changed_at``, when a run last found a listing that differs from the one before."""
    times = {stored.path: stored.modified_at for stored in lake.store.walk("cache")}
    return [row | {"changed_at": times.get(_digests_path(row["source"]))} for row in held(lake)]


def _digests_path(source: str) -> str:
    return f"cache/digests-{derived_id('source', source)[:12]}.parquet"


def disk(lake: Lake) -> dict[str, Any]:
    """Files and bytes by folder, the largest first, and the bytes that are free; None in an object store."""
    folders: dict[str, list[int]] = {}
    for stored in lake.store.walk():
        name = stored.path.split("/", 1)[0] if "/" in stored.path else "."
        sums = folders.setdefault(name, [0, 0])
        sums[0] += 1
        sums[1] += stored.size
    rows = [{"folder": name, "n_files": n, "n_bytes": size} for name, (n, size) in folders.items()]
    free = None if "://" in lake.url else shutil.disk_usage(lake.url).free
    return {
        "folders": sorted(rows, key=lambda row: (-int(str(row["n_bytes"])), str(row["folder"]))),
        "n_bytes": sum(size for _, size in folders.values()),
        "n_bytes_free": free,
    }


def logged_days(lake: Lake, since: date, known: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """What answers cost by day, from the query log, from ``since`` on and without the ``known`` days."""
    known, by_day = set(known), dict[str, list[str]]()
    for path in QUERIES.paths(lake, since):
        by_day.setdefault(path.split("/")[1], []).append(path)
    return {day: _answers(lake, paths) for day, paths in by_day.items() if day not in known}


def _answers(lake: Lake, paths: Sequence[str]) -> dict[str, Any]:
    columns = ["log_id", "kind", "n_input", "n_output", "cost_usd"]
    parts = [pl.DataFrame(QUERIES.read_file(lake, path).select(columns)) for path in paths]
    answers = pl.concat(parts).unique("log_id").filter(kind="answer")
    tokens = int(answers["n_input"].sum()) + int(answers["n_output"].sum())
    unpriced = answers.filter(pl.col("cost_usd").is_null() & (pl.col("n_input") > 0)).height
    return dict(zip(_SPENT, (answers.height, tokens, answers["cost_usd"].sum(), unpriced), strict=True))


def costs(history: History, answers: dict[str, dict[str, Any]], since: date) -> list[dict[str, Any]]:
    """What each day (UTC) from ``since`` on cost, oldest first: embedding by its builds, and answers (``logged_days``).

    An unknown price is null; ``n_unpriced`` counts answers without one.
    """
    today = clock.now().date()
    days = [(since + timedelta(days=n)).isoformat() for n in range((today - since).days + 1)]
    builds: dict[str, list[Entry]] = {day: [] for day in days}
    for entry in history.entries:
        if entry.action == "build" and f"{entry.at:%Y-%m-%d}" in builds:
            builds[f"{entry.at:%Y-%m-%d}"].append(entry)
    nothing = dict.fromkeys(_SPENT, 0)
    return [{"day": day, "embedding": _built(builds[day]), "answers": dict(answers.get(day, nothing))} for day in days]


def _built(entries: Sequence[Entry]) -> dict[str, Any]:
    spent = [entry.facts.get("spent") or {} for entry in entries]
    usd = [one.get("cost_usd") for one in spent]
    return {
        "n_builds": len(entries),
        "n_texts": sum(one.get("n_texts_embedded", 0) for one in spent),
        "n_tokens": sum(one.get("n_tokens_embedded", 0) for one in spent),
        "usd": None if None in usd else sum(one for one in usd if one is not None),
        "seconds": sum(one.get("seconds", 0.0) for one in spent),
    }
