"""The releases of a lake over time: what became of each, what was done, and how each scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lake.releases.rows import release_row

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.inspect.score_means import ScoreMeans
    from lake.releases.history import History
    from lake.releases.values import Entry, Release

#: Facts of a log entry that are of interest to a reader.
_FACTS = ("forced", "name", "outcome", "against", "proof")
#: Measures that are shown besides those of the gate.
_SHOWN = ("document nDCG@10", "document R@10", "span recall@5", "answer correctness")


def newest_first(history: History, before: str | None, limit: int) -> tuple[list[Release], str | None]:
    """At most ``limit`` releases, built before the release ``before``, and the id to continue from."""
    releases = list(reversed(history.releases.values()))
    if before is not None:
        place = releases.index(history.resolve(before))
        releases = releases[place + 1 :]
    shown = releases[:limit]
    return shown, shown[-1].id if len(releases) > limit else None


def timeline(
    history: History, releases: Sequence[Release], means: ScoreMeans, measures: Iterable[str]
) -> list[dict[str, Any]]:
    """A row for each release: that of RELEASES, with its state and scores by the given measures and a few others."""
    wanted = {*_SHOWN, *measures}
    scores = means.of([release.id for release in releases], history.live.id if history.live else None)
    return [
        release_row(history, release)
        | release_state(history, release)
        | {"scores": [row for row in scores[release.id] if f"{row['level']} {row['measure']}" in wanted]}
        for release in releases
    ]


def release_state(history: History, release: Release) -> dict[str, Any]:
    """What the log knows of a release besides its RELEASES row; times in seconds.

    ``changes``: numbers of documents added, changed, moved and removed since its base.
    """
    spent, lag = history.spent(release.id), history.lag(release.id)
    is_live = history.live is not None and history.live.id == release.id
    return {
        "pinned": history.pinned if is_live else None,
        "live_since": history.live_since if is_live else None,
        "forced": history.was_forced(release.id),
        "rolled_back_because": history.rolled_back_because(release.id),
        "lag_seconds": lag.total_seconds() if lag else None,
        "changes": {name: release.counts.get(name) for name in ("added", "changed", "moved", "removed")},
        "spent": asdict(spent) if spent else None,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry of the log, with those of its facts that are of interest to a reader."""
    named = {name: getattr(entry, name) for name in ("seq", "at", "action", "release", "live", "by", "why", "pinned")}
    return named | {name: entry.facts.get(name) for name in _FACTS}


def entries_about(history: History, release: Release) -> list[dict[str, Any]]:
    """The entries about a release, newest first, including rollbacks away from it."""
    was_live = (None, *(entry.live for entry in history.entries))
    found = [
        entry_json(entry)
        for before, entry in zip(was_live, history.entries, strict=False)
        if entry.release == release.id or (entry.action == "rollback" and before == release.id)
    ]
    return found[::-1]


def checks(lake: Lake, release: Release) -> dict[str, Any]:
    """What the audit and the gate of a release found: numbers, and a row for each check that is worth a look.

    Rows of the audit are those that failed, the gravest first; rows of the gate are all.
    """
    rows = lake.findings(release.id).to_pylist()
    audit = [row for row in rows if row["suite"] != "gate"]
    failed = [row for row in audit if not row["success"]]
    return {
        "n_checks": len(audit),
        "audit": [_check(row) for row in sorted(failed, key=lambda row: row["severity"] != "critical")],
        "gate": [_check(row) for row in rows if row["suite"] == "gate"],
    }


def _check(row: dict[str, Any]) -> dict[str, Any]:
    names = ("suite", "column", "severity", "success", "n_checked", "n_unexpected", "observed", "message", "sample_ids")
    return {name: row[name] for name in names}
