"""The audit of a candidate: every table at the release's version, every suite, one verdict."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations import chunks, column_metrics, cross_table, documents, parents, quarantine, runner
from expectations.audit_settings import DEFAULTS, AuditSettings
from expectations.runner import Suite
from expectations.verdict import Verdict
from lake.ingest.delta import Delta

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe
    from lake.releases.values import Release


def audit(lake: Lake, release: Release, settings: AuditSettings = DEFAULTS, *, whole: bool = False) -> Verdict:
    """Judge a release by the rows at its own versions, never by the tables' heads; writes nothing.

    It passes unless a critical check fails or a check breaks. Keys and counts are held against one another over all
    rows; texts and vectors are read unless the release's base passed its audit with the same rows, or if ``whole``.
    A release of a run over some documents has only their rows read, and all rows counted, unless ``whole``.
    """
    started = time.perf_counter()
    is_sample = release.is_scoped and not whole
    chosen = sample_suites(lake, release, settings) if is_sample else suites(lake, release, settings, whole=whole)
    findings = tuple(runner.run(chosen))
    passed = all(finding.success or finding.severity != "critical" for finding in findings)
    return Verdict(release.id, passed, findings, time.perf_counter() - started, is_sample)


def suites(lake: Lake, release: Release, settings: AuditSettings = DEFAULTS, *, whole: bool = False) -> list[Suite]:
    """Every suite with the frame that it is run over."""
    base = lake.log.read().releases.get(release.base) if release.base else None
    readers = column_metrics.Readers.of(lake, release, base, whole=whole)
    frames = column_metrics.frames(readers, release.recipe, settings.completeness)
    return _suites(settings, release.recipe, frames, cross_table.count(lake, release, base, readers, frames))


def sample_suites(lake: Lake, release: Release, settings: AuditSettings) -> list[Suite]:
    """Every suite over the rows of the documents that the release wrote or deleted; all others are its base's."""
    base = lake.log.read().releases.get(release.base or "")
    readers = column_metrics.Readers.of(lake, release, base, whole=True)
    delta = Delta.read(lake, release.commit)
    sample = sorted({*delta.doc_ids(), *delta.deleted})
    frames = column_metrics.sample_frames(readers, sample, release.recipe, settings.completeness)
    facts = cross_table.count(lake, release, base, readers, frames, sample)
    return _suites(replace(settings, min_documents=0), release.recipe, frames, facts)


def _suites(
    settings: AuditSettings, recipe: Recipe, frames: column_metrics.Frames, facts: cross_table.Facts
) -> list[Suite]:
    return [
        Suite("documents", documents.build(settings), frames.documents),
        Suite("parents", parents.build(settings), frames.new_parents),
        Suite("chunks", chunks.build(settings, recipe), frames.new_chunks),
        Suite("quarantine", quarantine.build(settings), frames.quarantine),
        Suite("release_facts", cross_table.build(settings), facts.row, facts.samples),
    ]
