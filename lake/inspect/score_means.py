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
    frame = pl.DataFrame(rows).filter(pl.col("value").is_not_null() & (pl.col("level") != "search"))
    frame = frame.with_columns(is_answer=pl.col("level") == "answer")  # evaluated apart from searches
    newest = frame.filter(pl.col("evaluated_at") == pl.col("evaluated_at").max().over("set", "is_answer"))
    return frame.join(newest.select("set", "settings", "is_answer").unique(), on=["set", "settings", "is_answer"])


class ScoreMeans:
    """The means of a lake's releases. One listing shows which of them changed, so that many releases cost few reads."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._lock = lake, Lock()
        self._known: dict[str, tuple[_Files, list[dict[str, Any]]]] = {}

    def of(self, releases: Collection[str]) -> Mapping[str, list[dict[str, Any]]]:
        """For each release, rows with ``set``, ``settings``, ``level``, ``measure``, ``mean``, ``n``, ``questions`` and
        ``evaluated_at``. Two means with equal ``questions`` are over the same questions with the same evidence.
        """
        files: dict[str, list[tuple[str, int, float]]] = {release: [] for release in releases}
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


def _means(rows: pa.Table) -> list[dict[str, Any]]:
    grouped = last_evaluated(rows).sort("question_id").group_by(list(_KEY), maintain_order=True)
    found = grouped.agg(
        mean=pl.col("value").mean(),
        n=pl.len(),
        questions=pl.concat_str("question_id", "question_digest", ignore_nulls=True),
        evaluated_at=pl.col("evaluated_at").max(),
    )
    shown = found.sort(list(_KEY)).to_dicts()
    return [row | {"questions": value_digest(row["questions"])[:16]} for row in shown]
