"""The audit of a candidate: every table at the release's version, every suite, one verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.verdict import Verdict

if TYPE_CHECKING:
    from expectations.runner import Suite
    from lake.directory import Lake
    from lake.releases.values import Release


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is too much. Shares lie between 0 and 1.

    No loss of up to ``a_few`` documents, or ``a_few_chunks`` chunks, refuses a release, whatever its
    share of a small lake. ``allow_removed`` raises that for documents whose removal somebody allowed.
    """

    min_documents: int = 1
    min_tokens: int = 1
    norm_tolerance: float = 0.01
    a_few: int = 10
    a_few_chunks: int = 100
    allow_removed: int = 0
    warn_removed_share: float = 0.10
    max_removed_share: float = 0.50
    warn_quarantine_share: float = 0.05
    max_quarantine_share: float = 0.50
    warn_copies_share: float = 0.30


DEFAULTS = Settings()


def audit(lake: Lake, release: Release, settings: Settings = DEFAULTS, *, whole: bool = False) -> Verdict:
    """Judge a release by the rows at its own versions, never by the tables' heads; writes nothing.

    It passes unless a critical check fails or a check breaks. Keys and counts are held against one another over all
    rows; texts and vectors are read where the release's base, if it passed its audit, has not the same rows, or
    ``whole``.
    """
    from expectations import runner

    started = time.perf_counter()
    findings = tuple(runner.run(suites(lake, release, settings, whole=whole)))
    passed = all(finding.success or finding.severity != "critical" for finding in findings)
    return Verdict(release.release, passed, findings, time.perf_counter() - started)


def suites(lake: Lake, release: Release, settings: Settings = DEFAULTS, *, whole: bool = False) -> list[Suite]:
    """Every suite with the frame that it is run over."""
    from expectations import (
        chunks,
        column_metrics,
        cross_table,
        documents,
        parents,
        quarantine,
    )
    from expectations.runner import Suite

    base = lake.log.read().releases.get(release.base) if release.base else None
    readers = column_metrics.Readers.of(lake, release, base, whole=whole)
    frames = column_metrics.frames(readers, release.recipe.embedder.dimensions)
    facts = cross_table.count(lake, release, base, readers, frames)
    return [
        Suite("documents", documents.build(settings), frames.documents),
        Suite("parents", parents.build(settings), frames.new_parents),
        Suite("chunks", chunks.build(settings), frames.new_chunks),
        Suite("quarantine", quarantine.build(settings), frames.quarantine),
        Suite("release_facts", cross_table.build(settings), facts.row, facts.samples),
    ]
