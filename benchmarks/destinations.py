"""What a difference costs beside a full copy: 20,000 chunks in each installed store, 1 % changed, deleted, rolled back.

    python benchmarks/destinations.py [--chunks 20000] [--only qdrant,faiss] [--pgvector postgresql://...?table=lamps]

PGPASSWORD is the password of ``--pgvector``. Qdrant and Chroma run inside this process, on a folder in memory if there
is one: their local modes flush each row to a disk.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.options import RecipeOptions

_SECTIONS, _CHANGED = 20, 0.01


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--only", default="faiss,qdrant,chroma,pgvector")
    parser.add_argument("--pgvector")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        releases = build(Path(folder), arguments.chunks)
        lake = Lake.existing(f"{folder}/lake")
        print(f"{'':32} {'method':9} {'added':>7} {'changed':>7} {'removed':>7} {'MB':>7} {'seconds':>7}")
        for place in places(folder, arguments.only.split(","), arguments.pgvector):
            for step, release in [*releases.items(), ("rolled back", releases["full"])]:
                done = sync(lake, place, at=release)
                name = f"{place.partition(':')[0]}, {step}"
                counts = f"{done.n_added:7,} {done.n_changed:7,} {done.n_removed:7,}"
                print(f"{name:32} {done.method:9} {counts} {done.n_bytes / 1e6:7.2f} {done.seconds:7.2f}", flush=True)


def build(folder: Path, n_chunks: int) -> dict[str, str]:
    """A lake, and its releases by what was changed."""
    source, random_ = folder / "source", random.Random(20)
    source.mkdir()
    names = [f"{number:05}.md" for number in range(n_chunks // _SECTIONS)]
    for name in names:
        (source / name).write_text("\n\n".join(f"## Lamp {part}\n\n{words(random_)}" for part in range(_SECTIONS)))
    releases = {"full": ingest(folder)}
    some = names[: max(1, int(len(names) * _CHANGED))]
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
    }
    for name, (module, place) in local.items():
        if name in only and find_spec(module):
            yield f"{name}:{folder}/{place}"
    if pgvector and "pgvector" in only:
        yield f"pgvector:{pgvector}"


if __name__ == "__main__":
    main()
