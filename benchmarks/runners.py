"""Ingest the same documents under several task runners, and see that the rows are the same.

python benchmarks/runners.py threads processes dask ray [--documents 200] [--lakes URL]

Against the server of PREFECT_API_URL, or one of its own. Prints seconds and a digest of all rows (but times, which are
when and not what); ``--lakes s3://bucket/runners`` puts the lakes where workers on other machines would need them.
Exit status 1 where two differ. dask and ray want the extra of that name.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

import lake
from flows.forms.ingest import IngestParameters, RecipeParameters
from flows.ingest import ingest

_WHEN = ("indexed_at", "modified_at", "first_seen_at")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runners", nargs="+", choices=("threads", "processes", "dask", "ray"))
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--lakes", help="a folder or s3:// URL; a temporary folder unless said")
    asked = parser.parse_args()
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        write(source, asked.documents)
        for runner in asked.runners:
            started = time.monotonic()
            built = build(source, f"{asked.lakes or folder}/{runner}", runner, asked.documents)
            found.add(digest(built))
            print(f"{runner:10} {time.monotonic() - started:6.1f} s  {digest(built)[:16]}", flush=True)
    return 0 if len(found) == 1 else 1


def write(source: Path, n: int) -> None:
    source.mkdir()
    for number in range(n):
        text = " ".join(f"Lamp {number} burns with {number + turn} candles." for turn in range(40))
        (source / f"{number:05}.md").write_text(f"# Lamp {number}\n\n{text}\n")
    (source / "empty.md").touch()


def build(source: Path, url: str, runner: str, n: int) -> str:
    values = {"lake": url, "sources": [f"lamps={source}"], "runner": runner, "workers": 2, "shard_documents": n // 4}
    state = ingest(IngestParameters(**values, recipe=RecipeParameters(embedder="hash")), return_state=True)
    if not state.is_completed():
        raise SystemExit(f"{runner}: {state.message}")
    return url


def digest(url: str) -> str:
    digest = hashlib.sha256()
    for name in ("documents", "parents", "chunks", "quarantine"):
        frame = pl.DataFrame(lake.open_lake(url).dataset(name).to_table()).drop(_WHEN, strict=False)
        digest.update(str(frame.sort(frame.columns[0]).rows()).encode())
    return digest.hexdigest()


# Processes of a pool import this file, and must not run it.
if __name__ == "__main__":
    sys.exit(main())
