"""Runs an examination: the checks in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lake.directory import Lake
from lake.errors import ContractError, UsageError
from lake.maintenance.doctor import erasure_checks, parquet, records, row_comparison, versions
from lake.maintenance.doctor.examination import Examination
from lake.maintenance.doctor.findings import CheckResult, Diagnosis
from lake.reporting import Progress, silent

if TYPE_CHECKING:
    pass


class CheckStep(NamedTuple):
    """A check: what it counts, the function that runs it and returns the count, and whether it needs the log."""

    name: str
    unit: str
    run: Callable[[Examination], int]
    needs_log: bool = True


def open_damaged(url: str) -> Lake:
    """Open a lake even if its marker is damaged or lost. Raises UsageError if there is nothing."""
    lake = Lake(url)
    try:
        return Lake.existing(url)
    except ContractError:
        return lake
    except UsageError:
        if lake.exists() or not lake.store.names("log"):
            raise
        return lake


def examine(lake: Lake, *, every: bool = False, parts: int = 1, progress: Progress = silent) -> Diagnosis:
    """Check every invariant of the stored lake. Writes nothing and never raises, whatever is damaged.

    With ``parts``, one part of the files is decoded and of the documents compared each day; that many days check all.

    Each Parquet file is decoded and each of its rows checked against its own digests. Each table version that a kept
    release names is opened and its files decoded. The rows of ``live``, or with ``every`` of all kept releases, are
    compared with those that Parquet makes, texts and vectors included.
    """
    examination, checks = Examination(lake, every=every, parts=parts), []
    steps = _steps()
    progress("checks", 0, len(steps))
    for step in steps:
        checks.append(_made(examination, step))
        progress("checks", 1, None)
    return Diagnosis(lake.url, tuple(checks), tuple(examination.issues), tuple(examination.remarks))


def _made(examination: Examination, step: CheckStep) -> CheckResult:
    examination.check = step.name
    if step.needs_log and any(issue.check == "log" for issue in examination.issues):
        return CheckResult(step.name, 0, step.unit, "the log must be fixed first")
    n = 0
    with examination.noticing(examination.lake.url, "report it with the lake", what="the check itself failed"):
        n = step.run(examination)
    return CheckResult(step.name, n, step.unit)


def _steps() -> list[CheckStep]:
    return [
        CheckStep("format", "file", records.check_format, False),
        CheckStep("configuration", "file", records.check_configuration, False),
        CheckStep("log", "entries", records.check_log, False),
        CheckStep("lease", "files", records.check_lease, False),
        CheckStep("cache", "files", records.check_cache, False),
        CheckStep("audits", "files", records.check_audits, False),
        CheckStep("questions", "questions", records.check_questions, False),
        CheckStep("scores", "files", records.check_scores, False),
        CheckStep("calls", "files", records.check_calls, False),
        CheckStep("feedback", "files", records.check_feedback, False),
        CheckStep("queries", "files", records.check_queries, False),
        CheckStep("rights", "documents", records.check_rights),
        CheckStep("deltas", "releases", parquet.check_deltas),
        CheckStep("contents", "rows", parquet.check_contents, False),
        CheckStep("vectors", "rows", parquet.check_vectors, False),
        CheckStep("denylist", "denied documents", erasure_checks.check_denylist),
        CheckStep("tables", "versions", versions.check_tables),
        CheckStep("digests", "releases", versions.check_digests),
        CheckStep("lance files", "files", versions.check_files),
        CheckStep("indices", "indices", versions.check_indices),
        CheckStep("rows", "rows", row_comparison.check_rows),
        CheckStep("leftovers", "files", records.check_leftovers),
    ]
