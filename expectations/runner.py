"""The only module that knows Great Expectations: suites of checks run over frames, findings come back."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expectations.verdict import MAX_SAMPLES, Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl


@dataclass(frozen=True)
class Suite:
    """Checks over one frame; ``samples`` names ids behind a count where the frame has only the count."""

    name: str
    checks: Sequence[Check]
    frame: pl.DataFrame
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def of_facts(self) -> bool:
        """Whether the frame is one row of facts, each with a most that it may be."""
        return all(check.total for check in self.checks)


def load() -> Any:
    """Great Expectations, told to be quiet; takes seconds the first time, so call it early in a thread."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return great_expectations


def run(suites: Sequence[Suite]) -> list[Finding]:
    """Findings of all checks in the order of the suites; writes nothing anywhere."""
    gx = load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = _context(gx)
        source = context.data_sources.add_pandas("release")
        return [finding for suite in suites for finding in _findings(gx, context, source, suite)]


def _context(gx: Any) -> Any:
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        # Without a configuration of ours it makes room for a docs site on disk and logs that it did.
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _findings(gx: Any, context: Any, source: Any, suite: Suite) -> Iterator[Finding]:
    if suite.of_facts:
        yield from _fact_findings(gx, context, source, suite)
        return
    # Results come back in an order of their own, crashed checks first.
    validated = _validate(gx, context, source, suite)
    results = {result.expectation_config.meta["check"]: result for result in validated.results}
    for number, check in enumerate(suite.checks):
        result = results[number]
        crash = "" if result.success else _crash(result.exception_info)
        yield _finding(suite, check, result.success, crash, result.result)


def _fact_findings(gx: Any, context: Any, source: Any, suite: Suite) -> Iterator[Finding]:
    """Facts as rows under one expectation: one for each of dozens of facts costs half a second of machinery."""
    import polars as pl

    row = suite.frame.row(0, named=True)
    excess = [_excess(check, row) for check in suite.checks]
    frame = pl.DataFrame(
        {"fact": range(len(excess)), "excess": excess}, schema={"fact": pl.Int64, "excess": pl.Float64}
    )
    limit = Check("expect_column_values_to_be_between", "excess", "critical", "", ids="fact", kwargs={"max_value": 0})
    (result,) = _validate(gx, context, source, Suite(suite.name, [limit], frame), "COMPLETE").results
    broken = "" if result.success else _crash(result.exception_info)
    exceeded = {found["fact"] for found in result.result.get("unexpected_index_list") or ()}
    for number, check in enumerate(suite.checks):
        crash = broken if check.column in row else f"there is no fact {check.column!r}"
        success = not crash and number not in exceeded
        yield _finding(suite, check, success, crash, {"unexpected_count": int(not success)})


def _excess(check: Check, row: Mapping[str, Any]) -> float | None:
    """By how much a fact is more than it may be; null where it is not known, or where too few rows are concerned."""
    value = row.get(check.column)
    if value is None or (check.above and row[check.above[0]] <= check.above[1]):
        return None
    return float(value - check.kwargs["max_value"])


def _validate(gx: Any, context: Any, source: Any, suite: Suite, extent: str = "SUMMARY") -> Any:
    batch = source.add_dataframe_asset(suite.name).add_batch_definition_whole_dataframe("whole")
    expectations = [_expectation(check, number) for number, check in enumerate(suite.checks)]
    added = context.suites.add(gx.ExpectationSuite(suite.name, expectations=expectations))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name=suite.name, data=batch, suite=added))
    used = {name for check in suite.checks for name in (check.column, check.ids) if name}
    frame = suite.frame.select(name for name in suite.frame.columns if name in used)
    return validation.run(
        batch_parameters={"dataframe": frame.to_pandas(use_pyarrow_extension_array=True)},
        result_format=_result_format(suite, extent),
    )


def _result_format(suite: Suite, extent: str) -> dict[str, Any]:
    ids = {check.ids for check in suite.checks if check.ids}
    named = {"unexpected_index_column_names": sorted(ids)} if ids else {}
    return {"result_format": extent, "partial_unexpected_count": MAX_SAMPLES, **named}


def _expectation(check: Check, number: int) -> Any:
    from great_expectations import expectations

    kind = getattr(expectations, "".join(word.title() for word in check.expectation.split("_")))
    arguments = dict(check.kwargs) | ({"column": check.column} if check.column else {})
    return kind(**arguments, severity=check.severity, meta={"check": number})


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


def _crash(information: Any) -> str:
    """The message of an exception inside Great Expectations: at the top, or below a metric's id."""
    entries = [information] if "raised_exception" in information else list(information.values())
    raised = [entry for entry in entries if entry.get("raised_exception")]
    return str(raised[0].get("exception_message") or "no message").split("\n")[0] if raised else ""


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
