"""One table of a release: counted, scanned and searched at the version that the release names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.errors import GoneError, UsageError
from lake.failures import table_failures

if TYPE_CHECKING:
    import numpy as np

#: Candidates per wanted row that an approximate index fetches and ranks again by exact distance.
REFINE_FACTOR = 5
#: Weight of a match in the heading path beside one in the text; adding it beats taking the better of both.
HEADING_BOOST = 0.3

#: What Lance says of a version, a file of it or a table that is there no more; columns, too, are "not found".
_GONE = re.compile(r"no longer exists|not found: \S*/|(dataset at path|table) \S+ was not found|no such file", re.I)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """GoneError where Lance stumbles over something that was cleaned away."""
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        if _GONE.search(str(error)):
            raise GoneError(f"{what} is no longer there ({first_line(error)}); open the release again") from error
        raise


class TableReader:
    """One table at one version."""

    def __init__(self, table: Any, name: str) -> None:
        self._table, self.name = table, name

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with table_failures(str(self._table.uri)), reading(f"{self.name} at version {self._table.version}"):
            yield

    def count(self, where: str | None = None) -> int:
        with self._reading():
            return int(self._table.count_rows(where))

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    @property
    def version(self) -> int:
        return int(self._table.version)

    def dataset(self) -> Any:
        """A pyarrow dataset that Polars and DuckDB scan with column and filter push-down."""
        import lance

        options = storage_options(str(self._table.uri)) or None
        with self._reading():
            return lance.dataset(self._table.uri, version=self.version, storage_options=options)

    def scan(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        with self._reading():
            return self.dataset().to_table(columns=list(columns), filter=where)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with self._reading():
            yield from self.dataset().to_batches(columns=list(columns), batch_size=8192)

    def take(self, key: str, values: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Rows whose ``key`` is among ``values``, in any order."""
        query = self._table.search().where(one_of(key, values)).limit(len(values)).select([*columns])
        with self._reading():
            return query.to_arrow()

    def nearest(self, vector: np.ndarray, k: int, columns: Sequence[str], where: str | None) -> pa.Table:
        """The ``k`` rows nearest by cosine, with ``_distance``."""
        query = self._table.search(vector, vector_column_name="vector").distance_type("cosine")
        query = query.refine_factor(REFINE_FACTOR).limit(k).select([*columns, "_distance"])
        return self._answer(query, where)

    def matching(self, text: str, k: int, columns: Sequence[str], where: str | None) -> pa.Table:
        """The ``k`` rows whose text and heading match best by BM25, with ``_score``."""
        from lancedb.query import BooleanQuery, MatchQuery, Occur

        # The stubs know the fields and none of their defaults.
        legs = [MatchQuery(text, "text"), MatchQuery(text, "heading", boost=HEADING_BOOST)]  # type: ignore[call-arg]
        query = self._table.search(BooleanQuery([(Occur.SHOULD, leg) for leg in legs]), query_type="fts")
        query = query.limit(k).select([*columns, "_score"])
        return self._answer(query, where)

    def _answer(self, query: Any, where: str | None) -> pa.Table:
        if not where:
            with self._reading():
                return query.to_arrow()
        with self._reading():
            try:
                return query.where(where, prefilter=True).to_arrow()
            except (ValueError, RuntimeError):
                self.check_filter(where)
                raise

    def check_filter(self, where: str) -> None:
        """UsageError where the filter alone fails."""
        try:
            with reading(self.name):
                self._table.count_rows(where)
        except (ValueError, RuntimeError) as error:
            columns = [name for name in self.schema.names if name != "vector"]
            reason = (
                first_line(error).replace("Invalid input, ", "").replace("Error parsing function: ", "").rstrip(".")
            )
            raise UsageError(f"the filter can't be used: {reason}. Columns to filter on: {columns}") from error

    def unindexed(self) -> dict[str, int]:
        """Rows that each index does not cover yet, by column."""
        with self._reading():
            return {index.columns[0]: int(index.num_unindexed_rows or 0) for index in self._table.list_indices()}


def first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def one_of(column: str, values: Sequence[str]) -> str:
    # Only our own hex ids ever get here, so there is nothing to escape.
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def storage_options(url: str) -> dict[str, str]:
    """LanceDB takes S3 settings by name; it reads keys from the environment, but not leave to use http."""
    if not url.startswith("s3://"):
        return {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = {"aws_region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"}
    # Seconds after which it does not try again, 180 by itself: a store that hangs is asked six times over.
    options["client_retry_timeout"] = os.environ.get("OBJECT_STORE_CLIENT_RETRY_TIMEOUT", "30")
    if endpoint:
        options |= {"aws_endpoint": endpoint, "allow_http": str(endpoint.startswith("http://")).lower()}
    return options
