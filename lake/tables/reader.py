"""One table of a release: counted, scanned and searched at the version that the release names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import GoneError, UsageError
from lake.patches.lazy_pandas import pandas_later
from lake.recipe import VectorIndex
from lake.schemas import LATER, completed
from lake.storage.failures import table_failures
from lake.tables.full_text_legs import DEPTH, DEPTH_OF_SHARED, Leg, added, full_text_query, legs
from lake.tables.sql import first_line, in_brief, one_of
from lake.tables.table_indices import searched_by

if TYPE_CHECKING:
    import numpy as np

    from lake.schemas import RowsT
    from lake.tables.text_query import TextQuery

#: How a vector index is searched: candidates to rank again by exact distance (at least two per wanted row), the minimum
#: of partitions to probe, and the rows per partition that Lance makes. Approximate searches probe half of the
#: partitions. Of 200,000 rows this finds all of the ten nearest and 99 % of the first two hundred.
_REFINED, _PROBES, _ROWS_OF_PARTITION = 50, 20, 8192
#: Maximum error of the middle one of an index's distances. Of eight bits half are within 0.003, and a few beyond 0.01:
#: by the farthest one, the first question of a process would decide how all others are answered.
_ROUGH = 0.01

_AUTO = VectorIndex()

#: Rows of a batch, and how far a scan reads ahead.
_BATCH_ROWS, _ROWS_AHEAD = 8192, 32_768

#: How Lance reports a deleted version, file or table; columns, too, are "not found".
_GONE = re.compile(r"no longer exists|not found: \S*/|(dataset at path|table) \S+ was not found|no such file", re.I)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Translate Lance's errors about something that was cleaned away into GoneError."""
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        if _GONE.search(str(error)):
            raise GoneError(f"{what} is no longer there ({first_line(error)}); open the release again") from error
        raise


@dataclass(frozen=True, slots=True)
class Passing:
    """Rows that a search may find: their ids, sorted, and the same ids serialised for Lance."""

    row_ids: np.ndarray
    allowlist: bytes

    @classmethod
    def of(cls, row_ids: np.ndarray) -> Passing:
        """``row_ids`` are sorted."""
        from lance.dataset import serialize_row_addrs

        return cls(row_ids, serialize_row_addrs(row_ids.tolist()))


#: Which rows a search may find: SQL, or the rows that passed it; None means all.
Where = Passing | str | None


class TableReader:
    """One table at one version, read through Lance itself: ``lancedb`` takes a second to import."""

    def __init__(self, url: str, name: str, version: int) -> None:
        self.name, self.version = name, version
        self._url = f"{url}/{name}.lance"
        self._scales: dict[str, float] = {}
        with table_failures(self._url), reading(f"{name} at version {version}"):
            self._dataset = lance().dataset(self._url, version=version, storage_options=storage_options(url) or None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Translate errors of the disk, the store and Lance while something of this version is read."""
        with table_failures(self._url), reading(f"{self.name} at version {self.version}"):
            yield

    def count(self, where: str | None = None) -> int:
        with self.reading():
            return int(self._dataset.count_rows(where))

    @property
    def schema(self) -> pa.Schema:
        return self._dataset.schema

    def dataset(self) -> Any:
        """A pyarrow dataset that Polars and DuckDB scan with column and filter push-down."""
        return self._dataset

    def scan(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        with self.reading():
            return self._completed(self._dataset.to_table(columns=self._present(columns), filter=where), columns)

    def _present(self, columns: Sequence[str]) -> list[str]:
        """Those of the columns that this version of the table has."""
        return [name for name in columns if name not in LATER or name in self._dataset.schema.names]

    def _completed(self, rows: RowsT, columns: Sequence[str]) -> RowsT:
        """The rows with nulls in the columns that this version of the table lacks."""
        return completed(rows, columns).select(list(columns)) if rows.num_columns < len(columns) else rows

    def batches(
        self, columns: Sequence[str], where: str | None = None, fragments: Sequence[Any] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows in order, thousands at a time; without ``where`` little more is held in memory."""
        for batch in self._batches(self._present(columns), where, fragments):
            yield self._completed(batch, columns)

    def _batches(
        self, columns: list[str], where: str | None, fragments: Sequence[Any] | None
    ) -> Iterator[pa.RecordBatch]:
        scan = partial(self._dataset.scanner, columns=columns, batch_size=_BATCH_ROWS)
        with self.reading():
            if where is not None:
                yield from scan(filter=where).to_batches()
                return
            chosen = self._dataset.get_fragments() if fragments is None else fragments
            # Lance reads ahead as far as a scan goes, whatever its buffer settings.
            for start in range(0, sum(fragment.count_rows() for fragment in chosen), _ROWS_AHEAD):
                yield from scan(offset=start, limit=_ROWS_AHEAD, fragments=list(chosen)).to_batches()

    def fragments(self, earlier: TableReader | None) -> tuple[list[Any], list[Any]]:
        """The table's fragments: those that an earlier version has as well, and those that are new."""
        with self.reading():
            known = set(map(files_of, earlier.dataset().get_fragments())) if earlier else set()
            every = self._dataset.get_fragments()
        return [f for f in every if files_of(f) in known], [f for f in every if files_of(f) not in known]

    def take(self, key: str, values: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Rows whose ``key`` is among ``values``, in any order."""
        return self.scan(columns, one_of(key, values))

    def rows(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """The rows with these ids, in that order."""
        with self.reading():
            # Not public, but twice as fast as a filter on _rowid; pylance is pinned.
            rows = self._dataset._take_rows(list(row_ids), columns=self._present(columns))
        return self._completed(rows, columns)

    def passing(self, where: str) -> Passing:
        """The rows that pass the filter; searching them costs no more than searching all."""
        found = self._table(where, columns=["_rowid"]).column("_rowid").combine_chunks().sort()
        return Passing.of(found.to_numpy(zero_copy_only=False))

    def nearest(
        self,
        vector: np.ndarray,
        k: int,
        where: Where = None,
        columns: Sequence[str] = ("_rowid",),
        column: str = "vector",
        index: VectorIndex = _AUTO,
    ) -> pa.Table:
        """The ``k`` rows whose vectors in ``column`` are nearest by cosine, with ``_distance``."""
        near = {"column": column, "q": vector, "k": k, "metric": "cosine", "minimum_nprobes": _PROBES}
        near |= searched_by(index, k, max(2, -(-_REFINED // k)))
        return self._table(where, columns=[*columns, "_distance"], nearest=near)

    def nearest_roughly(self, vector: np.ndarray, k: int, where: Where = None, column: str = "vector") -> pa.Table:
        """Like ``nearest``, with the index's own distances: most within a hundredth, in half the time.

        For unit vectors these may be squared distances, twice the cosine's; the first result reveals the scale.
        """
        scale = self._scales.get(column)
        if scale is None:
            exact = self.nearest(vector, _REFINED, column=column)
            scale = self._scale_of(exact, self._nearest_indexed(vector, _REFINED, column=column))
            self._scales[column] = scale
        found = self._nearest_indexed(vector, k, where, column) if scale else None
        if found is None or found.num_rows < k:
            return self.nearest(vector, k, where, column=column)
        distances = pc.divide(found.column("_distance"), pa.scalar(scale, pa.float32()))
        return found.set_column(found.schema.get_field_index("_distance"), "_distance", distances)

    @cached_property
    def _probes(self) -> int:
        return max(_PROBES, self.count() // (2 * _ROWS_OF_PARTITION))

    def _nearest_indexed(self, vector: np.ndarray, k: int, where: Where = None, column: str = "vector") -> pa.Table:
        near = {"column": column, "q": vector, "k": k, "metric": "cosine", "nprobes": self._probes}
        return self._table(where, columns=["_rowid", "_distance"], nearest=near)

    def _scale_of(self, exact: pa.Table, rough: pa.Table) -> float:
        """Ratio of approximate to exact distances; 0 if they are not proportional."""
        both = exact.join(rough, "_rowid", right_suffix="_rough", join_type="inner")
        wanted, found = (both.column(name).to_numpy() for name in ("_distance", "_distance_rough"))
        fits = (s for s in (1.0, 2.0) if len(found) and sorted(abs(found / s - wanted))[len(found) // 2] < _ROUGH)
        return next(fits, 0.0)

    def matching(self, query: TextQuery, k: int, where: Where = None, key: str = "_rowid") -> pa.Table:
        """The ``k`` rows whose text and heading match best by BM25: their keys, and ``_score``.

        Plain words are searched in each column separately, so that Lance skips rows that can't be among the best: ten
        times as fast as one query over both. A row outside the first matches of a column scores nothing for it.
        """
        if not query.is_words:
            return self._matching(full_text_query(query), k, where, key)
        first, *others = legs(query.clauses[0], query)
        deep = max(k, DEPTH_OF_SHARED)
        beside = [_pool().submit(self._matching, leg, deep, where, key) for leg in others]
        found = [self._matching(first, max(k, DEPTH), where, key), *(leg.result() for leg in beside)]
        return added(pa.concat_tables(found), key, k)

    def computed(self, columns: Mapping[str, str], condition: str, where: Where = None) -> pa.Table:
        """The rows that pass SQL: their ``_rowid``, and columns by SQL expressions. Each row of ``where`` is read."""
        both = f"({where}) AND ({condition})" if isinstance(where, str) and where else condition
        only = {"row_addr_allowlist": where.allowlist, "prefilter": True} if isinstance(where, Passing) else {}
        with self.reading():
            return self._dataset.scanner(columns=dict(columns), filter=both, with_row_id=True, **only).to_table()

    def matching_leg(self, leg: Leg, k: int) -> pa.Table:
        """The ``k`` rows that match one leg best: ``_rowid`` and ``_score``."""
        return self._matching(leg.by_lance, k, None, "_rowid")

    def _matching(self, full_text: Any, k: int, where: Where, key: str) -> pa.Table:
        return self._table(where, columns=[key, "_score"], full_text_query=full_text, limit=k)

    def _table(self, where: Where, **query: Any) -> pa.Table:
        with self.reading():
            if not where:
                return self._dataset.to_table(**query)
            if isinstance(where, Passing):
                return self._dataset.scanner(**query, row_addr_allowlist=where.allowlist, prefilter=True).to_table()
            try:
                return self._dataset.to_table(**query, filter=where, prefilter=True)
            except (ValueError, RuntimeError, OSError):
                self.check_filter(where)
                raise

    def check_filter(self, where: str) -> None:
        """Raises UsageError if the filter alone fails."""
        try:
            with reading(self.name):
                self._dataset.count_rows(where)
        except (ValueError, RuntimeError, OSError) as error:
            raise UsageError(f"the filter can't be used: {in_brief(error)}") from error

    def prewarm(self) -> bool:
        """Loads full-text indices of an object store into memory, with the positions that phrases need; True."""
        if "://" in self._url:
            with self.reading():
                for index in self._dataset.describe_indices():
                    if index.index_type == "Inverted":
                        self._dataset.prewarm_index(index.name, with_position=True)
        return True

    def vector_index_type(self) -> str | None:
        """Lance's name of the index of the vectors; None without one."""
        with self.reading():
            found = (one.index_type for one in self._dataset.describe_indices() if one.field_names == ["vector"])
            return next(found, None)

    def counted_words(self) -> dict[str, int]:
        """Rows that BM25 counts, by column; without columns of which rows are in several segments, or in none."""
        counted = {}
        with self.reading():
            for index in self._dataset.describe_indices():
                if index.index_type == "Inverted":
                    statistics = self._dataset.stats.index_stats(index.name)
                    if statistics["num_indices"] == 1 and not statistics["num_unindexed_rows"]:
                        counted[index.field_names[0]] = int(statistics["indices"][0].get("num_docs", 0))
        return counted

    def stored_rows(self, columns: Sequence[str], known: set[tuple[str, ...]]) -> Iterator[pa.Table]:
        """All rows in the files of this version that are not ``known``, thousands at a time, deleted ones too.

        Its files are ``known`` from then on. Columns that are not stored are null.
        """
        with self.reading():
            new = [one for one in self._dataset.get_fragments() if files_of(one) not in known]
            known.update(map(files_of, new))
            if not new:
                return
            present = [name for name in columns if name in self.schema.names]
            scan = dict[str, Any](columns=present, fragments=new, batch_size=_BATCH_ROWS)
            for batch in self._dataset.scanner(**scan, include_deleted_rows=True, with_row_id=True).to_batches():
                yield completed(pa.table(batch).drop_columns("_rowid"), columns).select(list(columns))

    def unindexed(self) -> dict[str, int]:
        """Rows that each index does not cover yet, by column."""
        with self.reading():
            statistics = self._dataset.stats
            return {
                index.field_names[0]: int(statistics.index_stats(index.name)["num_unindexed_rows"])
                for index in self._dataset.describe_indices()
            }


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Threads of their own, so that no search waits for one that waits for it."""
    return ThreadPoolExecutor(thread_name_prefix="raglake-words")


@lru_cache(maxsize=1)
def lance() -> Any:
    """Import the module without pandas, which would take most of the time."""
    with pandas_later():
        import lance
    return lance


def files_of(fragment: Any) -> tuple[str, ...]:
    """Names of a fragment's files. They are never reused, unlike its number, which may be after a run that died."""
    return tuple(sorted(file.path for file in fragment.data_files()))


def storage_options(url: str) -> dict[str, str]:
    """S3 settings that LanceDB does not read from the environment, such as the permission to use http."""
    if not url.startswith("s3://"):
        return {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = {"aws_region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"}
    # Seconds after which it stops retrying, by default 180, in which a store that hangs is tried six times.
    options["client_retry_timeout"] = os.environ.get("OBJECT_STORE_CLIENT_RETRY_TIMEOUT", "30")
    if endpoint:
        options |= {"aws_endpoint": endpoint, "allow_http": str(endpoint.startswith("http://")).lower()}
    return options
