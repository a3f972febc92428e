"""Releases as rows and JSON-like values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lake.releases.history import History
from lake.releases.values import Release
from lake.reporting import counted
from lake.schemas import RELEASES


def release_table(history: History) -> pa.Table:
    """RELEASES rows, oldest first."""
    return pa.Table.from_pylist([release_row(history, r) for r in history.releases.values()], schema=RELEASES)


def release_entries(history: History, release: Release) -> list[dict[str, Any]]:
    """The log's entries about a release, oldest first, including rollbacks away from it."""
    was_live = (None, *(entry.live for entry in history.entries))
    entries = [
        entry
        for before, entry in zip(was_live, history.entries, strict=False)
        if release.id in (entry.release, entry.live, before if entry.action == "rollback" else None)
    ]
    return [{"at": e.at, "action": e.action, "release": e.release, "by": e.by, "why": e.why} for e in entries]


def _audited(verdict: dict[str, Any] | None) -> str | None:
    if verdict is None:
        return None
    if not verdict["passed"]:
        return "refused"
    n = verdict["n_warnings"]
    return f"passed with {counted(n, 'remark')}" if n else "passed"


def _gated(history: History, release: Release) -> str | None:
    entry = history.gate(release.id)
    return None if entry is None or entry.facts["outcome"] == "off" else str(entry.facts["outcome"])


def release_row(history: History, release: Release) -> dict[str, Any]:
    published = history.published(release.id)
    return {
        "release": release.id,
        "created_at": release.created_at,
        "published_at": published.at if published else None,
        "live": history.live is not None and history.live.id == release.id,
        "status": history.status(release.id),
        "names": sorted(name for name, named in history.names.items() if named == release.id),
        "published_by": published.by if published else None,
        "audit": _audited(history.verdict(release.id)),
        "gate": _gated(history, release),
        "why": history.why(release.id),
        "n_documents": release.counts["n_documents"],
        "n_quarantined": release.counts["n_quarantined"],
        "n_parents": release.counts["n_parents"],
        "n_chunks": release.counts["n_chunks"],
        "recipe": release.recipe.digest,
        "embedder": release.recipe.embedder_names,
        "base": release.base,
        "digest": release.digest,
    }
