"""The only module that knows Great Expectations: checks over tables, plain results come back."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from expectations.verdict import MAX_SAMPLES, Check
from lake.patches.great_expectations import CONFIGURATIONS, lean_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Request:
    """Checks over one table; ``extent`` is Great Expectations' result format."""

    suite: str
    checks: tuple[Check, ...]
    table: pa.Table
    extent: str = "SUMMARY"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check: ``crash`` is why it broke, ``values`` the result of Great Expectations."""

    success: bool
    crash: str
    values: dict[str, Any]


def load(*, lean: bool = False) -> Any:
    """Great Expectations without its output; takes seconds the first time.

    ``lean`` leaves out what no check here needs. For a process that does nothing else, since others would
    find hollow modules.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gx = lean_import() if lean else import_module("great_expectations")
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return gx


def validate(requests: Sequence[Request]) -> list[list[Result]]:
    """For each request the results of its checks, in their order; writes nothing anywhere."""
    keys = [_key(request) for request in requests]
    held = [_KNOWN.get(key) for key in keys]  # looked up once: other threads validate as well
    unknown = [request for request, answer in zip(requests, held, strict=True) if answer is None]
    found = iter(_asked(unknown) if unknown else ())
    answers = [next(found) if answer is None else answer for answer in held]
    for key, answer in zip(keys, answers, strict=True):
        if key and all(result.success and not result.values.get("unexpected_count") for result in answer):
            _KNOWN.pop(key, None)
            _KNOWN[key] = answer
    for oldest in list(_KNOWN)[:-_MOST_KNOWN]:
        _KNOWN.pop(oldest, None)
    return answers


#: What Great Expectations answered about small tables without a fault: it takes 50 ms for each, and most tables of a
#: small run hold what those of the run before held. Rows are named in answers about faults alone, so ids don't matter.
_KNOWN: dict[bytes, list[Result]] = {}
_MOST_KNOWN, _MOST_ROWS = 256, 2_000


def _key(request: Request) -> bytes:
    """Digest of all that an answer without a fault depends on; empty if the table is too large to look it up."""
    if request.table.num_rows > _MOST_ROWS:
        return b""
    looked_at = {check.column for check in request.checks} & {*request.table.column_names}
    columns = {name: request.table.column(name).combine_chunks() for name in sorted(looked_at)}
    facts = (request.suite, request.checks, request.extent, request.table.num_rows, columns)
    return hashlib.blake2b(pickle.dumps(facts), digest_size=16).digest()


def _asked(requests: Sequence[Request]) -> list[list[Result]]:
    gx = load()
    CONFIGURATIONS.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # One for all tables, and no definitions of validations: each is written as YAML, and its results are stored.
        asset = _context(gx).data_sources.add_pandas("release").add_dataframe_asset("table")
        whole = asset.add_batch_definition_whole_dataframe("whole")
        return [_results(gx, whole, request) for request in requests]


def _context(gx: Any) -> Any:
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        # Without a configuration of ours it makes room for a docs site on disk and logs that it did.
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _results(gx: Any, whole: Any, request: Request) -> list[Result]:
    import pandas as pd

    expectations = [_expectation(check, number) for number, check in enumerate(request.checks)]
    batch = whole.get_batch({"dataframe": request.table.to_pandas(types_mapper=pd.ArrowDtype)})
    suite = gx.ExpectationSuite(request.suite, expectations=expectations)
    validated = batch.validate(suite, result_format=_result_format(request))
    # Results come back in an order of their own, crashed checks first.
    found = {result.expectation_config.meta["check"]: result for result in validated.results}
    return [_result(found[number]) for number in range(len(request.checks))]


def _result(found: Any) -> Result:
    return Result(bool(found.success), "" if found.success else _crash(found.exception_info), dict(found.result))


def _result_format(request: Request) -> dict[str, Any]:
    ids = {check.ids for check in request.checks if check.ids}
    named = {"unexpected_index_column_names": sorted(ids)} if ids else {}
    return {"result_format": request.extent, "partial_unexpected_count": MAX_SAMPLES, **named}


def _expectation(check: Check, number: int) -> Any:
    from great_expectations import expectations

    kind = getattr(expectations, "".join(word.title() for word in check.expectation.split("_")))
    arguments = dict(check.kwargs) | ({"column": check.column} if check.column else {})
    return kind(**arguments, severity=check.severity, meta={"check": number})


def _crash(information: Any) -> str:
    """The message of an exception inside Great Expectations: at the top, or below a metric's id."""
    entries = [information] if "raised_exception" in information else list(information.values())
    raised = [entry for entry in entries if entry.get("raised_exception")]
    return str(raised[0].get("exception_message") or "no message").split("\n")[0] if raised else ""
