"""The audit of a candidate: every table at the release's version, every suite, one verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from expectations import chunks, column_metrics, cross_table, documents, parents, quarantine, runner
from expectations.audit_settings import DEFAULTS, AuditSettings
from expectations.runner import Suite
from expectations.verdict import Verdict

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release


def audit(lake: Lake, release: Release, settings: AuditSettings = DEFAULTS, *, whole: bool = False) -> Verdict:
    """Judge a release by the rows at its own versions, never by the tables' heads; writes nothing.

    It passes unless a critical check fails or a check breaks. Keys and counts are held against one another over all
    rows; texts and vectors are read unless the release's base passed its audit with the same rows, or if ``whole``.
    """
    started = time.perf_counter()
    findings = tuple(runner.run(suites(lake, release, settings, whole=whole)))
    passed = all(finding.success or finding.severity != "critical" for finding in findings)
    return Verdict(release.id, passed, findings, time.perf_counter() - started)


def suites(lake: Lake, release: Release, settings: AuditSettings = DEFAULTS, *, whole: bool = False) -> list[Suite]:
    """Every suite with the frame that it is run over."""
    base = lake.log.read().releases.get(release.base) if release.base else None
    readers = column_metrics.Readers.of(lake, release, base, whole=whole)
    frames = column_metrics.frames(readers, release.recipe.embedder.dimensions, settings.completeness)
    facts = cross_table.count(lake, release, base, readers, frames)
    return [
        Suite("documents", documents.build(settings), frames.documents),
        Suite("parents", parents.build(settings), frames.new_parents),
        Suite("chunks", chunks.build(settings), frames.new_chunks),
        Suite("quarantine", quarantine.build(settings), frames.quarantine),
        Suite("release_facts", cross_table.build(settings), facts.row, facts.samples),
    ]
