"""What is expected of a release, what was found, and the verdict that decides whether it is published."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from lake.reporting import counted, markdown_cell, markdown_message
from lake.schemas import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Severity = Literal["critical", "warning", "info"]

#: Ids that a finding names at most.
MAX_SAMPLES = 20
_RANK: dict[str, int] = {"critical": 0, "warning": 1, "info": 2}
#: What a failed check of each severity does to the release: only the first keeps it back.
_STATES: dict[str, str] = {"critical": "BLOCKS", "warning": "remark", "info": "note"}


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation as data; ``expectations.runner`` makes a Great Expectations object of it.

    ``message`` may use ``{n}`` (rows that failed), ``{total}`` and ``{observed}``; ``remedy`` is what to
    do next. ``ids`` is the column whose values name failing rows. ``total`` is the fact with
    the number of rows a count was taken over; ``above`` (column, value) limits the check to rows with more than value.
    """

    expectation: str
    column: str
    severity: Severity
    message: str
    ids: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    remedy: str = ""
    total: str = ""
    above: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``sample_ids`` holds up to 20 keys of rows that failed it."""

    suite: str
    expectation: str
    column: str
    severity: Severity
    success: bool
    errored: bool
    n_checked: int
    n_unexpected: int
    observed: str
    sample_ids: tuple[str, ...]
    message: str

    @property
    def name(self) -> str:
        """Where the check stands, as in ``chunks.norm``."""
        return f"{self.suite}.{self.column or 'rows'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a release may be published, and why not; ``of_sample``: only rows that it wrote were read."""

    release: str
    passed: bool
    findings: tuple[Finding, ...]
    seconds: float
    of_sample: bool = False

    @property
    def n_checks(self) -> int:
        return len(self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that failed: critical first, and broken checks before bad data."""
        failed = (finding for finding in self.findings if not finding.success)
        return tuple(sorted(failed, key=lambda f: (_RANK[f.severity], not f.errored)))

    def summary(self) -> str:
        """One or two sentences for a person: what failed, how many rows, which first, what to do."""
        failures = self.failures
        if not failures:
            return f"{self.release} passed all {self.n_checks} checks."
        first, more = failures[0], len(failures) - 1
        others = f" ({_others(failures[1:])})" if more else ""
        if self.passed:
            return f"{self.release} passed with {counted(len(failures), 'remark')}: {_told(first)}{others}."
        return f"{self.release} failed its audit and is kept unpublished: {_told(first)}{others}."

    def to_json(self) -> dict[str, Any]:
        """What the release log keeps: how it ended, and how many checks failed."""
        failed = Counter(finding.severity for finding in self.failures)
        return {
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "n_checks": self.n_checks,
            "n_critical": failed["critical"],
            "n_warnings": failed["warning"],
            **({"of_sample": True} if self.of_sample else {}),
        }

    def to_arrow(self) -> pa.Table:
        """FINDINGS rows, in the order of the suites."""
        return findings_table(self.release, self.findings)

    def to_markdown(self) -> str:
        """The summary, each further failure in full, and a table of all findings, failures first."""
        passes = [finding for finding in self.findings if finding.success]
        # Cells don't wrap, and a page of 1,400 pixels cuts off what does not fit: sentences stand above the table.
        further = [f"- {markdown_message(_told(finding))}" for finding in self.failures[1:]]
        table = ["| | check | failed | found |", "|---|---|--:|---|", *map(_row, [*self.failures, *passes])]
        return "\n".join([f"{markdown_message(self.summary())}\n", *further, *([""] if further else []), *table]) + "\n"


def findings_table(release: str, findings: Iterable[Finding]) -> pa.Table:
    """FINDINGS rows of a release."""
    found = list(findings)
    columns = {name: [getattr(finding, name) for finding in found] for name in FINDINGS.names if name != "release"}
    return pa.Table.from_pydict({"release": [release] * len(found), **columns}, schema=FINDINGS)


def _told(finding: Finding) -> str:
    ids = f" [{', '.join(finding.sample_ids[:3])}]" if finding.sample_ids else ""
    return f"{finding.name}: {finding.message or finding.expectation}{ids}"


def _others(findings: tuple[Finding, ...]) -> str:
    named = ", ".join(f.name for f in findings[:3])
    return f"and {named}{f' and {len(findings) - 3} more' if len(findings) > 3 else ''}"


def _row(finding: Finding) -> str:
    cells = (_state(finding), finding.name, f"{finding.n_unexpected:,} of {finding.n_checked:,}", finding.observed)
    return "| " + " | ".join(map(markdown_cell, cells)) + " |"


def _state(finding: Finding) -> str:
    """What the finding means for the release, in a word."""
    return "ok" if finding.success else "broken" if finding.errored else _STATES[finding.severity]
