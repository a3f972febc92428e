"""Suites of checks run over frames by Great Expectations; findings come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.validation import Request
from expectations.validator import VALIDATOR
from expectations.verdict import MAX_SAMPLES, Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from expectations.validation import Result


@dataclass(frozen=True)
class Suite:
    """Checks over one frame; ``samples`` names ids behind a count if the frame has only the count."""

    name: str
    checks: Sequence[Check]
    frame: pl.DataFrame
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def of_facts(self) -> bool:
        """Whether the frame is one row of facts, each with a most that it may be."""
        return all(check.total for check in self.checks)


def run(suites: Sequence[Suite]) -> list[Finding]:
    """Findings of all checks in the order of the suites; writes nothing anywhere."""
    results = VALIDATOR.validate([_request(suite) for suite in suites])
    return [finding for suite, found in zip(suites, results, strict=True) for finding in _findings(suite, found)]


def _request(suite: Suite) -> Request:
    """A suite as Great Expectations gets it: its checks over the columns that they look at.

    Facts become rows under one expectation: one for each of dozens of facts costs half a second of machinery.
    """
    if suite.of_facts:
        row = suite.frame.row(0, named=True)
        excess = pa.array([_excess(check, row) for check in suite.checks], pa.float64())
        facts = pa.table({"fact": pa.array(range(len(excess)), pa.int64()), "excess": excess})
        return Request(suite.name, (_NO_EXCESS,), facts, "COMPLETE")
    used = {name for check in suite.checks for name in (check.column, check.ids) if name}
    frame = suite.frame.select(name for name in suite.frame.columns if name in used)
    return Request(suite.name, tuple(suite.checks), frame.to_arrow())


_NO_EXCESS = Check("expect_column_values_to_be_between", "excess", "critical", "", ids="fact", kwargs={"max_value": 0})


def _findings(suite: Suite, results: Sequence[Result]) -> Iterator[Finding]:
    if suite.of_facts:
        yield from _fact_findings(suite, results[0])
        return
    for check, result in zip(suite.checks, results, strict=True):
        yield _finding(suite, check, result.success, result.crash, result.values)


def _fact_findings(suite: Suite, result: Result) -> Iterator[Finding]:
    row = suite.frame.row(0, named=True)
    exceeded = {found["fact"] for found in result.values.get("unexpected_index_list") or ()}
    for number, check in enumerate(suite.checks):
        crash = result.crash if check.column in row else f"there is no fact {check.column!r}"
        success = not crash and number not in exceeded
        yield _finding(suite, check, success, crash, {"unexpected_count": int(not success)})


def _excess(check: Check, row: Mapping[str, Any]) -> float | None:
    """By how much a fact is more than it may be; null if it is not known, or if too few rows are concerned."""
    value = row.get(check.column)
    if value is None or (check.above and row[check.above[0]] <= check.above[1]):
        return None
    return float(value - check.kwargs["max_value"])


def _finding(suite: Suite, check: Check, success: bool, crash: str, result: Mapping[str, Any]) -> Finding:
    n_checked, n_unexpected = _counts(suite, check, result)
    observed = _observed(suite, check, result)
    message = "" if success else _message(check, n_unexpected, n_checked, observed)
    return Finding(
        suite=suite.name,
        expectation=check.expectation,
        column=check.column,
        # A check that broke has shown nothing, which is no reason to publish.
        severity="critical" if crash else check.severity,
        success=success,
        errored=bool(crash),
        n_checked=n_checked,
        n_unexpected=n_unexpected,
        observed=observed,
        sample_ids=() if success else _samples(suite, check, result),
        message=f"the check itself broke ({crash}); the data may be right" if crash else message,
    )


def _counts(suite: Suite, check: Check, result: Mapping[str, Any]) -> tuple[int, int]:
    if not check.total:
        return int(result.get("element_count", suite.frame.height)), int(result.get("unexpected_count", 0))
    row = suite.frame.row(0, named=True)
    n_unexpected = row.get(check.above[0] if check.above else check.column) if result.get("unexpected_count") else 0
    return int(row.get(check.total) or 0), int(n_unexpected or 0)


def _observed(suite: Suite, check: Check, result: Mapping[str, Any]) -> str:
    if check.total:
        return _word(suite.frame.row(0, named=True).get(check.column))
    if "observed_value" in result:
        return _word(result["observed_value"])
    values = dict.fromkeys(map(_word, result.get("partial_unexpected_list", ())))
    return ", ".join(list(values)[:3])


def _word(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _samples(suite: Suite, check: Check, result: Mapping[str, Any]) -> tuple[str, ...]:
    if not check.ids:
        return suite.samples.get(check.column, ())[:MAX_SAMPLES]
    rows = result.get("partial_unexpected_index_list") or ()
    return tuple(str(row[check.ids]) for row in rows[:MAX_SAMPLES])


def _message(check: Check, n: int, total: int, observed: str) -> str:
    told = check.message.format(n=n, total=total, observed=observed)
    return f"{told}; {check.remedy}" if check.remedy else told
