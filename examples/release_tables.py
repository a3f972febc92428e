"""Read the tables of a release with Polars and DuckDB; both read only the columns and rows that a query needs."""

import sys

import duckdb
import polars as pl

from raglake import open_lake


def main(lake: str, at: str = "live") -> None:
    index = open_lake(lake)
    documents, chunks = index.dataset("documents", at=at), index.dataset("chunks", at=at)

    by_type = pl.scan_pyarrow_dataset(documents).group_by("media_type").agg(pl.len().alias("documents"))
    print(by_type.sort("documents", descending=True).collect())

    with duckdb.connect() as connection:
        connection.register("chunks", chunks)
        longest = "SELECT uri, max(n_tokens) AS tokens FROM chunks GROUP BY uri ORDER BY tokens DESC, uri LIMIT 5"
        print(connection.sql(longest))


if __name__ == "__main__":
    main(*sys.argv[1:])
