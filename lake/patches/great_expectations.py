"""Imports Great Expectations without the modules that our checks don't use, and without its slowest detours.

The first halves its import time or better, the second the time of an audit. Remove when ``import great_expectations``
takes under a second.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from contextlib import suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


#: Libraries that Great Expectations does without if they are not installed.
_ABSENT = re.compile(r"(boto3|botocore|pyspark|sqlalchemy|google|azure)(\..*)?")


#: What it imports for plots, distributions, pages, servers and sources that our checks don't use: most of its import
#: time.
_HOLLOW = re.compile(
    r"(altair|scipy|requests|great_expectations\.render\.view|great_expectations\.experimental\.metric_repository"
    r"|great_expectations\.datasource\.fluent\.("
    r"(spark|sql|fabric|bigquery|databricks_sql|postgres|redshift|snowflake|sql_server|sqlite)\w*"
    r"|pandas_(azure_blob_storage|dbfs|google_cloud_storage|s3|file_path|filesystem)_datasource"
    r"|data_asset\.path\.\w+)"
    # every expectation but ours
    r"|great_expectations\.expectations\.core\.(unexpected_rows_expectation|expect_(?!column_values_to_be_between"
    r"|column_values_to_be_in_set|column_values_to_not_be_null|table_row_count_to_be_between)\w+)"
    # every metric but those of ours
    r"|great_expectations\.expectations\.metrics\.(((query|multicolumn_map|column_pair_map)_metrics"
    r"|column_aggregate_metrics)\.\w+|column_map_metrics\.(?!column_values_(between|in_set|non_null|null)\b)\w+)"
    r")(\..*)?"
)


def lean_import() -> Any:
    """Import Great Expectations in part, or all of it if a new version needs more."""
    finder = _Hollow()
    sys.meta_path.insert(0, finder)
    try:
        import great_expectations as gx

        _keep_configurations()
        _identify_quickly()
        return gx
    except Exception:  # noqa: BLE001  a version that needs more of them
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith("great_expectations") or _HOLLOW.fullmatch(name)]:
            del sys.modules[name]
        import great_expectations

        return great_expectations


#: id -> each expectation of an audit under way (held so that its id stays unique) and its configuration.
CONFIGURATIONS: dict[int, tuple[Any, Any]] = {}


def _keep_configurations() -> None:
    """Cache configurations, which an expectation rebuilds at each of a hundred accesses: half of an audit's time."""
    from great_expectations.expectations import expectation as module

    base: Any = module.Expectation
    make = base.configuration.fget

    def configuration(expectation: Any) -> Any:
        key = id(expectation)
        if key not in CONFIGURATIONS:
            CONFIGURATIONS[key] = (expectation, make(expectation))
        return CONFIGURATIONS[key][1]

    base.configuration = property(configuration)


def _identify_quickly() -> None:
    """Hash metrics of plain values as JSON at once: a fifth of an audit.

    Great Expectations first copies each value, whose type it compares with those of NumPy, thousands of times.
    """
    from great_expectations.core.id_dict import IDDict

    identify: Any = IDDict.to_id

    def to_id(values: Any, id_keys: Any = None, id_ignore_keys: Any = None) -> Any:
        ignored = values._id_ignore_keys if id_ignore_keys is None else id_ignore_keys
        keys = set(values if id_keys is None else id_keys) - set(ignored)
        if len(keys) > 1:
            with suppress(TypeError, ValueError):  # of values that JSON has not
                text = json.dumps({key: values[key] for key in keys}, sort_keys=True, allow_nan=False)
                return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return identify(values, id_keys, id_ignore_keys)

    IDDict.to_id = to_id


class _Hollow(Loader):
    """Provides modules that hold an empty class under any name, and refuses optional ones."""

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
