"""What a nightly listing of a PostgreSQL table costs by its cursor: ``python -m benchmarks.cursor_listing URL ROWS``.

Makes a table ``raglake_benchmark`` in the database, and lists it in full, unchanged, with 1 % changed, and unchanged
again. Prints CPU seconds of this process (the server's are not in them), seconds, documents read and peak memory.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time

import psycopg

from lake.directory import Lake
from lake.ingest.source_listing import Digested, digested
from lake.sources.source import parse_source

_MADE = """
DROP TABLE IF EXISTS raglake_benchmark;
CREATE TABLE raglake_benchmark (id bigint PRIMARY KEY, body text, changed timestamptz);
INSERT INTO raglake_benchmark SELECT n, 'The paper ' || n || ' is about ballast. ' || repeat('It lifts. ', 50),
    now() - interval '2 days' FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON raglake_benchmark (changed);
"""
_CHANGED = "UPDATE raglake_benchmark SET body = body || ' Once more.', changed = now() WHERE id % 100 = 0"


def main(url: str, n_rows: int) -> None:
    """Run all four listings."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_MADE.format(rows=n_rows).encode())
        address = f"docs={url.partition('?')[0]}?table=raglake_benchmark&text=body&cursor=changed&overlap=0"
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(folder)
            _listed("full", lake, address)
            _listed("unchanged", lake, address)
            connection.execute(_CHANGED.encode())
            _listed("1 % changed", lake, address)
            _listed("unchanged", lake, address)
        connection.execute("DROP TABLE raglake_benchmark")


def _listed(what: str, lake: Lake, address: str) -> Digested:
    started, before = time.perf_counter(), time.process_time()
    source = parse_source(address)
    found = digested(lake, [source], verify=False)
    lake.remember(found.cache, [source.name], found.states)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what:12} {found.documents.num_rows:9,} documents  {time.process_time() - before:7.2f} CPU s "
        f"{time.perf_counter() - started:7.2f} s  peak {peak:,.0f} MB",
        flush=True,
    )
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
    os._exit(0)
