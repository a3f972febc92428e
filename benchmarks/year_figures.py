"""What benchmarks/year.py measures besides the ingest: processes, disk and tables; and its table by month."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from year_steps import PHASES

from lake.index import Index
from lake.releases.values import Release

MODES = ("text", "vector", "hybrid")
MONTH = 30
_FOLDERS = ("contents", "vectors", "commits", "audits", "log", "tables")
#: What is shown, in which unit: (name, factor, unit).
_SECONDS = ("ingest", *PHASES, "ingest_cpu", "prune", "prune_cpu", "fresh_open", "fresh_search")
_MILLISECONDS = ("open", *MODES, *(f"{mode}_cpu" for mode in MODES))
_COUNTS = ("releases", "entries", "fragments", "segments", "n_files", "fds", "rss_mb")
_BYTES = ("indices", "live_indices", "data", "manifests", "contents", "vectors", "commits", "audits", "log")
_SHOWN = (
    *((name, 1.0, "s") for name in _SECONDS),
    *((name, 1e3, "ms") for name in _MILLISECONDS),
    *((name, 1.0, "") for name in _COUNTS),
    *((name, 1e-6, "MB") for name in _BYTES),
)
_TIMES = ("indexed_at", "modified_at", "first_seen_at")
_TABLES = ("documents", "parents", "chunks", "quarantine")


def cpu_seconds() -> float:
    """Of this process and of its children that are done; unlike wall time hardly moved by what else runs."""
    return sum(os.times()[:4])


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def disk(lake: Path) -> dict[str, Any]:
    """Bytes below each folder, those of the tables also by kind, and the number of files."""
    found: dict[str, Any] = dict.fromkeys((*_FOLDERS, "indices", "data", "manifests", "n_files"), 0)
    for parent, _, names in os.walk(lake):
        parts = Path(parent).relative_to(lake).parts
        for name in names:
            size = os.stat(os.path.join(parent, name)).st_size
            found["n_files"] += 1
            kinds = {"_indices": "indices", "data": "data", "_deletions": "data"}
            kind = next((kinds[part] for part in parts if part in kinds), "manifests")
            for folder in {*parts[:1], kind if parts[:1] == ("tables",) else ""} & found.keys():
                found[folder] += size
    return found


def tables_of(url: str, release: Release) -> dict[str, Any]:
    """How live's tables are made up: fragments and index segments of chunks, bytes that live alone needs."""
    import lance

    table = release.recipe.embedder.table
    folder = f"{url}/tables/{release.generation}/{table}.lance"
    dataset = lance.dataset(folder, version=release.versions[table])
    segments = {index.field_names[0]: len(index.segments) for index in dataset.describe_indices()}
    return {
        "chunks": dataset.count_rows(),
        "fragments": len(dataset.get_fragments()),
        "segments": max(segments.values(), default=0),
        "vector_segments": segments.get("vector", 0),
        "live_indices": sum(
            size_of(Path(folder, "_indices", s.uuid)) for i in dataset.describe_indices() for s in i.segments
        ),
    }


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def show(rows: Sequence[dict[str, Any]]) -> None:
    """One line per figure, one column per month: the median of its nights, of those that published for the times."""
    months = [rows[start : start + MONTH] for start in range(0, len(rows), MONTH)]
    print(f"{'':>16}" + "".join(f"{number:>8}" for number in range(1, len(months) + 1)))
    for name, factor, unit in _SHOWN:
        cells = [median_of(month, name) for month in months]
        print(
            f"{name + (' ' + unit if unit else ''):>16}"
            + "".join(f"{factor * cell:8.3g}" if cell is not None else f"{'-':>8}" for cell in cells)
        )


def median_of(nights: Sequence[dict[str, Any]], name: str) -> float | None:
    timed = [n for n in nights if n["published"]] if name in ("ingest", "ingest_cpu", *PHASES) else list(nights)
    values = [night[name] for night in timed if night.get(name) not in (None, "")]
    return median(values) if values else None


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def digest_of(index: Index, release: str) -> str:
    """What all tables of a release hold, in no order, without the times at which it was written."""
    found = hashlib.sha256()
    for table in _TABLES:
        rows = index.dataset(table, release).to_table()
        rows = rows.drop_columns([name for name in _TIMES if name in rows.column_names]).sort_by(rows.column_names[0])
        for column in rows.combine_chunks().columns:
            found.update(repr(column.type).encode())
            found.update(repr(column.to_pylist()).encode())
    return found.hexdigest()
