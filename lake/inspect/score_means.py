"""Mean scores of releases by set and measure, read again only if they were evaluated again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.ids import value_digest
from lake.records import scores

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory import Lake

#: Files of scores of a release with their size and time: what a reading of them depends on.
_Files = tuple[tuple[str, int, float], ...]
_KEY = ("set", "settings", "level", "measure")
#: Releases whose means are remembered.
_REMEMBERED = 500


def last_evaluated(rows: pa.Table) -> pl.DataFrame:
    """Scores of each set under the search profile that was evaluated last; answers have a profile of their own."""
    return _marked(rows).filter("is_last")


def _marked(rows: pa.Table) -> pl.DataFrame:
    """Scores, of which those of the last evaluation of their set are marked."""
    frame = pl.DataFrame(rows).filter(pl.col("value").is_not_null() & (pl.col("level") != "search"))
    frame = frame.with_columns(is_answer=pl.col("level") == "answer")  # evaluated apart from searches
    is_newest = pl.col("evaluated_at") == pl.col("evaluated_at").max().over("set", "is_answer")
    frame = frame.with_columns(is_last=is_newest.any().over("set", "settings", "is_answer"))
    # One evaluation may be by several modes: that of most searches stands for it.
    rank = pl.concat_str((~pl.col("settings").str.contains('"mode": "hybrid"', literal=True)).cast(pl.Int8), "settings")
    is_first = rank == rank.filter(pl.col("is_last")).min().over("set", "is_answer")
    return frame.with_columns(is_last=pl.col("is_last") & is_first)


class ScoreMeans:
    """The means of a lake's releases. One listing shows which of them changed, so that many releases cost few reads."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._lock = lake, Lock()
        self._known: dict[str, tuple[_Files, list[dict[str, Any]]]] = {}

    def of(self, releases: Collection[str], like: str | None = None) -> Mapping[str, list[dict[str, Any]]]:
        """For each release, rows with ``set``, ``settings``, ``level``, ``measure``, ``mean``, ``n``, ``questions`` and
        ``evaluated_at``, of one search profile for each set: that of the last evaluation, or if possible the one by
        which the release ``like`` was evaluated last. Two means with equal ``questions`` are over the same questions
        with the same evidence.
        """
        found = self._all({*releases, like} - {None})
        wanted = {_set_of(row): row["settings"] for row in found.get(like or "", []) if row["is_last"]}
        return {release: _of_one_profile(found[release], wanted) for release in releases}

    def _all(self, releases: Collection[str | None]) -> dict[str, list[dict[str, Any]]]:
        files: dict[str, list[tuple[str, int, float]]] = {release: [] for release in releases if release is not None}
        for stored in self._lake.store.walk(scores.FOLDER):
            _, release, _ = stored.path.split("/", 2)
            if release in files:
                files[release].append((stored.path, stored.size, stored.modified_at.timestamp()))
        return {release: self._means(release, tuple(sorted(of))) for release, of in files.items()}

    def _means(self, release: str, files: _Files) -> list[dict[str, Any]]:
        with self._lock:
            known = self._known.get(release)
        if known is not None and known[0] == files:
            return known[1]
        found = _means(scores.read(self._lake, release)) if files else []
        with self._lock:
            self._known = {**dict(list(self._known.items())[-_REMEMBERED:]), release: (files, found)}
        return found


def _set_of(row: Mapping[str, Any]) -> tuple[str, bool]:
    return row["set"], row["level"] == "answer"


def _of_one_profile(rows: list[dict[str, Any]], wanted: Mapping[tuple[str, bool], str]) -> list[dict[str, Any]]:
    """The rows under the wanted profile of their set if there are any, else those of its last evaluation."""
    has = {_set_of(row) for row in rows if wanted.get(_set_of(row)) == row["settings"]}
    chosen = [
        row for row in rows if (row["settings"] == wanted[_set_of(row)] if _set_of(row) in has else row["is_last"])
    ]
    return [{name: value for name, value in row.items() if name != "is_last"} for row in chosen]


def _means(rows: pa.Table) -> list[dict[str, Any]]:
    grouped = _marked(rows).sort("question_id").group_by(list(_KEY), maintain_order=True)
    found = grouped.agg(
        mean=pl.col("value").mean(),
        n=pl.len(),
        questions=pl.concat_str("question_id", "question_digest", ignore_nulls=True),
        evaluated_at=pl.col("evaluated_at").max(),
        is_last=pl.col("is_last").first(),
    )
    shown = found.sort(list(_KEY)).to_dicts()
    return [row | {"questions": value_digest(row["questions"])[:16]} for row in shown]
