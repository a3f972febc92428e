"""The only module that knows Great Expectations: checks over tables, plain results come back."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from dataclasses import dataclass
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expectations.verdict import MAX_SAMPLES, Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

#: Libraries that Great Expectations does without if they are not installed.
_ABSENT = re.compile(r"(boto3|botocore|pyspark|sqlalchemy|google|azure)(\..*)?")
#: What it imports for plots, distributions and sources that no check of ours has to do with: half of its seconds.
_HOLLOW = re.compile(
    r"(altair|scipy|great_expectations\.experimental\.metric_repository|great_expectations\.datasource\.fluent\.("
    r"(spark|sql|fabric|bigquery|databricks_sql|postgres|redshift|snowflake|sql_server|sqlite)\w*"
    r"|pandas_(azure_blob_storage|dbfs|google_cloud_storage|s3|file_path|filesystem)_datasource"
    r"|data_asset\.path\.\w+)"
    # every expectation but ours
    r"|great_expectations\.expectations\.core\.(unexpected_rows_expectation|expect_(?!column_values_to_be_between"
    r"|column_values_to_be_in_set|column_values_to_not_be_null|table_row_count_to_be_between)\w+))(\..*)?"
)


@dataclass(frozen=True, slots=True)
class Request:
    """Checks over one table; ``extent`` is Great Expectations' result format."""

    suite: str
    checks: tuple[Check, ...]
    table: pa.Table
    extent: str = "SUMMARY"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check: ``crash`` is why it broke, ``values`` what Great Expectations says of the rows."""

    success: bool
    crash: str
    values: dict[str, Any]


def load(*, lean: bool = False) -> Any:
    """Great Expectations, told to be quiet; takes seconds the first time.

    ``lean`` leaves out what no check here needs. For a process that does nothing else, since others would
    find hollow modules.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gx = _lean() if lean else _whole()
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return gx


def _whole() -> Any:
    import great_expectations

    return great_expectations


def _lean() -> Any:
    finder = _Hollow()
    sys.meta_path.insert(0, finder)
    try:
        gx = _whole()
        _keep_configurations()
        return gx
    except Exception:  # noqa: BLE001  a version that needs more of them
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith("great_expectations") or _HOLLOW.fullmatch(name)]:
            del sys.modules[name]
        return _whole()


#: Of the expectations of an audit under way, by their ids: themselves, which keeps the ids theirs, and what they made.
_CONFIGURATIONS: dict[int, tuple[Any, Any]] = {}


def _keep_configurations() -> None:
    """An expectation makes its configuration anew at each of a hundred looks at it: half of an audit's time."""
    from great_expectations.expectations import expectation as module

    base: Any = module.Expectation
    make = base.configuration.fget

    def configuration(expectation: Any) -> Any:
        key = id(expectation)
        if key not in _CONFIGURATIONS:
            _CONFIGURATIONS[key] = (expectation, make(expectation))
        return _CONFIGURATIONS[key][1]

    base.configuration = property(configuration)


class _Hollow(Loader):
    """Finds modules that hold an empty class under any name, and refuses optional ones."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if _ABSENT.fullmatch(name):
            raise ModuleNotFoundError("left out", name=name)
        return ModuleSpec(name, self, is_package=True) if _HOLLOW.fullmatch(name) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _HollowModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _HollowModule(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        hollow = type(name, (), {})
        setattr(self, name, hollow)
        return hollow


def validate(requests: Sequence[Request]) -> list[list[Result]]:
    """For each request the results of its checks, in their order; writes nothing anywhere."""
    gx = load()
    _CONFIGURATIONS.clear()
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
