"""A release's description and contents as JSON-like values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lake.releases.rows import release_entries, release_row

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.options.completeness import Completeness
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.search.snapshot import Snapshot


def description(lake: Lake, history: History, release: Release) -> dict[str, Any]:
    """Its RELEASES row, recipe, failed checks, cost, and log entries."""
    spent = history.spent(release.id)
    return release_row(history, release) | {
        "recipe_fields": release.recipe.to_json(),
        "findings": [finding for finding in lake.findings(release.id).to_pylist() if not finding["success"]],
        "entries": release_entries(history, release),
        "spent": asdict(spent) if spent else None,
    }


def contents(history: History, live: Release, snapshot: Snapshot, rules: Completeness) -> dict[str, Any]:
    """Its RELEASES row as ``live``, documents by source, recipe, quarantined documents, and how much was read."""
    from lake.inspect.completeness import completeness

    quarantine = snapshot.table("quarantine").scan(["source", "uri", "error_class", "reason", "first_seen_at"])
    sources = snapshot.table("documents").scan(["source"]).column("source").value_counts()
    return {
        "live": release_row(history, live),
        "sources": {count["values"].as_py(): count["counts"].as_py() for count in sources},
        "n_copies": live.counts.get("n_copies", 0),
        "recipe": live.recipe.to_json(),
        "quarantine": sorted(quarantine.to_pylist(), key=lambda row: (row["source"], row["uri"])),
        "completeness": completeness(snapshot.table("documents"), snapshot.table("quarantine"), rules),
    }
