"""What a difference costs beside a full copy: 20,000 chunks in each installed store.

Steps: full, 1 % changed, 1 % deleted, rolled back, and the sync after one that was killed half-way. The documents that
change lie apart from one another. After each step the ids and digests of all rows are compared with the release's.

    python benchmarks/destinations.py [--chunks 20000] [--only qdrant,faiss] [--pgvector postgresql://...?table=lamps]

PGPASSWORD is the password of ``--pgvector``. Qdrant and Chroma run inside this process, on a folder in memory if there
is one: their local modes flush each row to a disk.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.destinations.destination import DifferenceStore
from lake.destinations.opening import open_destination
from lake.destinations.parquet import STATE
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.sync import Synced, sync
from lake.directory import Lake
from lake.options import RecipeOptions

_SECTIONS, _CHANGED = 20, 0.01


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--only", default="faiss,parquet,iceberg,milvus,qdrant,chroma,pgvector")
    parser.add_argument("--pgvector")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        releases = build(Path(folder), arguments.chunks)
        lake = Lake.existing(f"{folder}/lake")
        print(f"{'':34} {'method':9} {'added':>7} {'changed':>7} {'removed':>7} {'MB':>7} {'seconds':>7} {'CPU s':>7}")
        for place in places(folder, arguments.only.split(","), arguments.pgvector):
            store = place.partition(":")[0]
            for step, release in [*releases.items(), ("rolled back", releases["full"])]:
                tell(f"{store}, {step}", partial(sync, lake, place, at=release))
                check(lake, place, release)
            kill_half_way(lake, place, releases["1 % changed"], arguments.chunks // 2)
            tell(f"{store}, after a kill half-way", partial(sync, lake, place, at=releases["1 % changed"]))
            check(lake, place, releases["1 % changed"])


def tell(name: str, step: Callable[[], Synced]) -> None:
    """Run one sync and print what it wrote, its seconds and the CPU seconds of this process."""
    before = time.process_time()
    done = step()
    counts = f"{done.n_added:7,} {done.n_changed:7,} {done.n_removed:7,} {done.n_bytes / 1e6:7.2f}"
    print(f"{name:34} {done.method:9} {counts} {done.seconds:7.2f} {time.process_time() - before:7.2f}", flush=True)


def check(lake: Lake, place: str, release: str) -> None:
    """Raises AssertionError unless the destination holds exactly the rows of the release."""
    history = lake.log.read()
    wanted = ReleaseRows(lake, history.resolve(release), history.rights).digests()
    if place.startswith("parquet:"):
        folder = Path(place.removeprefix("parquet:"))
        files = json.loads((folder / STATE).read_text())["tables"]["chunks"]
        ids = [
            one for file in files for one in pq.read_table(folder / file, columns=["chunk_id"])["chunk_id"].to_pylist()
        ]
        assert sorted(ids) == sorted(wanted)
        return
    with closing(open_destination(place)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        store.held()
        assert dict(store.listing()) == wanted


_KILLED = """
import os, sys
from lake.destinations.repeated_calls import RepeatedCalls
from lake.destinations.sync import Synced, sync
from lake.directory import Lake
from lake.storage.store import LocalStore
write, n_files = LocalStore.write, 0
def dying_after_files(self, path, data):
    global n_files
    n_files += path.startswith("chunks/")
    if n_files > 4:
        os.kill(os.getpid(), 9)
    write(self, path, data)
LocalStore.write = dying_after_files
apply, n_rows = RepeatedCalls.apply, 0
def dying(self, rows, removed):
    global n_rows
    n_rows += len(rows.ids) if rows else 0
    if n_rows > int(sys.argv[4]):
        os.kill(os.getpid(), 9)
    apply(self, rows, removed)
RepeatedCalls.apply = dying
sync(Lake.existing(sys.argv[1]), sys.argv[2], at=sys.argv[3], full=True)
"""


def kill_half_way(lake: Lake, place: str, release: str, n_rows: int) -> None:
    """Begin a full copy in a process of its own, which ends by SIGKILL after so many rows."""
    words = [sys.executable, "-c", _KILLED, lake.url, place, release, str(n_rows)]
    assert subprocess.run(words, check=False, stderr=subprocess.DEVNULL).returncode == -signal.SIGKILL


def build(folder: Path, n_chunks: int) -> dict[str, str]:
    """A lake, and its releases by what was changed."""
    source, random_ = folder / "source", random.Random(20)
    source.mkdir()
    names = [f"{number:05}.md" for number in range(n_chunks // _SECTIONS)]
    for name in names:
        (source / name).write_text("\n\n".join(f"## Lamp {part}\n\n{words(random_)}" for part in range(_SECTIONS)))
    releases = {"full": ingest(folder)}
    some = names[:: int(1 / _CHANGED)]
    for name in some:
        (source / name).write_text("\n\n".join(f"## Lamp {part}\n\n{words(random_)}" for part in range(_SECTIONS)))
    releases["1 % changed"] = ingest(folder)
    for name in some:
        (source / name).unlink()
    releases["1 % deleted"] = ingest(folder)
    return releases


def words(random_: random.Random) -> str:
    return " ".join(f"{random_.choice(('keeper', 'warden', 'lamp'))}{random_.randrange(10**6)}" for _ in range(20))


def ingest(folder: Path) -> str:
    settings = RecipeOptions(embedder="hash", child_tokens=128)
    with PlainSteps() as steps:
        job = Job(sources=(f"lamps={folder}/source",), lake=f"{folder}/lake", settings=settings)
        outcome = reindex(job, steps)
    assert outcome.release is not None, outcome.reason
    return outcome.release


def places(folder: str, only: list[str], pgvector: str | None) -> Iterator[str]:
    """Destinations whose clients are installed."""
    local = {
        "faiss": ("faiss", "index"),
        "qdrant": ("qdrant_client", "qdrant/lamps"),
        "chroma": ("chromadb", "c/lamps"),
        "milvus": ("milvus_lite", "milvus.db/lamps"),
        "iceberg": ("pyiceberg", "tables/docs.lamps"),
        "parquet": ("pyarrow", "copy"),
    }
    for name, (module, place) in local.items():
        if name in only and find_spec(module):
            yield f"{name}:{folder}/{place}"
    if pgvector and "pgvector" in only:
        yield f"pgvector:{pgvector}"


if __name__ == "__main__":
    main()
