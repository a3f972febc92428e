"""Large sources through a real ``raglake ingest``: CPU seconds, wall seconds and peak memory of the whole run.

    python -m benchmarks.sources_at_scale postgresql URL ROWS   # full, unchanged, 1 % changed, unchanged; by a cursor
    python -m benchmarks.sources_at_scale git FILES COMMITS     # each commit a release, then back to the one half-way

The embedder is ``hash``, so that the figures are those of listing, reading, chunking and tables, without what the
database server uses. The last step of ``git`` compares the release of the commit half-way with an index of a fresh
checkout of it, row by row.
"""

from __future__ import annotations

import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import lake as library
from benchmarks.speed_measures import Cost, cost_of
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions

_MADE = """
DROP TABLE IF EXISTS raglake_benchmark;
CREATE TABLE raglake_benchmark (id bigint PRIMARY KEY, body text, changed timestamptz);
INSERT INTO raglake_benchmark
    SELECT n, 'The paper ' || n || ' is about ballast. ' || md5(n::text) || repeat(' It lifts.', 30),
    now() - interval '2 days' FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON raglake_benchmark (changed);
"""
_CHANGED = "UPDATE raglake_benchmark SET body = body || ' Once more.', changed = now() WHERE id % 100 = 0"
#: Files that a commit changes, adds and removes.
_CHANGES, _ADDED, _REMOVED = 100, 10, 5


def ingested(source: str, folder: Path) -> Cost:
    """One run; its columns are printed by ``told``."""
    command = [sys.executable, "-m", "flows", "ingest", source, "--lake", str(folder), "--embedder", "hash"]
    return cost_of(command, {})[0]


def told(name: str, cost: Cost) -> None:
    print(f"{name:24} {cost.cpu:8.2f} CPU s {cost.wall:8.2f} s {cost.peak_mb:7,.0f} MB", flush=True)


def postgresql(url: str, n_rows: int) -> None:
    """Full, unchanged, 1 % changed, unchanged."""
    import psycopg

    with tempfile.TemporaryDirectory() as folder, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_MADE.format(rows=n_rows).encode())
        address = f"docs={url.partition('?')[0]}?table=raglake_benchmark&text=body&cursor=changed&overlap=0"
        told(f"{n_rows:,} rows, full", ingested(address, Path(folder)))
        told("unchanged", ingested(address, Path(folder)))
        connection.execute(_CHANGED.encode())
        told("1 % changed", ingested(address, Path(folder)))
        told("unchanged", ingested(address, Path(folder)))
        connection.execute("DROP TABLE raglake_benchmark")


def git(n_files: int, n_commits: int) -> None:
    """Ingest each commit of a repository in this process, then publish the release of the one half-way again."""
    with tempfile.TemporaryDirectory() as place:
        folder, lake = Path(place), Path(place, "lake")
        releases, costs = {}, []
        for number, commit in enumerate(commits(folder / "repository", n_files, n_commits), 1):
            started, before = time.perf_counter(), time.process_time()
            releases[commit] = built(f"docs=git:{folder}/repository", lake)
            costs.append(time.process_time() - before)
            if number == 1 or number % 10 == 0:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
                told(f"commit {number}", Cost(time.perf_counter() - started, costs[-1], peak))
        later = costs[1:]
        print(f"commits after the first: median {statistics.median(later):.2f} CPU s, maximum {max(later):.2f}")
        commit = list(releases)[n_commits // 2 - 1]
        library.operate.rollback(str(lake), releases[commit], why="half-way")
        print(f"rolled back to commit {n_commits // 2}, release {releases[commit]}")
        built(f"docs=git:{folder}/repository?ref={commit}", folder / "fresh")
        held, fresh = rows(lake), rows(folder / "fresh")
        print(f"equal to a fresh build: {held == fresh}, {len(held):,} chunks")
        assert held == fresh


def built(source: str, lake: Path) -> str:
    """The release that a run makes; the earlier one if nothing changed."""
    job = Job(sources=(source,), lake=str(lake), settings=RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        outcome = reindex(job, steps)
    assert outcome.release is not None, outcome.reason
    return outcome.release


def rows(lake: Path) -> list[tuple[object, ...]]:
    """Id, address, text and vector of each chunk of live."""
    table = library.open_lake(str(lake)).dataset("chunks").to_table(columns=["chunk_id", "uri", "text", "vector"])
    columns = [table[name].to_pylist() for name in ("chunk_id", "uri", "text")]
    vectors = [tuple(vector) for vector in table["vector"].to_pylist()]
    return sorted(zip(*columns, vectors, strict=True))


def commits(folder: Path, n_files: int, n_commits: int) -> Iterator[str]:
    """Make one commit after the other; yields its id while the repository holds it."""
    from dulwich import porcelain

    random_ = random.Random(50)
    repository = porcelain.init(str(folder))
    names = [f"{number // 500:03}/{number:05}.md" for number in range(n_files)]
    changed = list(names)
    for number in range(n_commits):
        for name in changed:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"# Lamp {name}\n\n{words(random_)}\n\n## Oil\n\n{words(random_)}\n")
        porcelain.add(repository, [str(folder / name) for name in changed])
        yield porcelain.commit(repository, message=b"%d" % number, author=b"a <a@b>", committer=b"a <a@b>").decode()
        gone = random_.sample(names, _REMOVED)
        porcelain.remove(repository, [str(folder / name) for name in gone])
        names = [name for name in names if name not in gone]
        added = [f"new/{number:03}-{one:02}.md" for one in range(_ADDED)]
        changed = [*random_.sample(names, _CHANGES), *added]
        names += added


def words(random_: random.Random) -> str:
    return " ".join(f"{random_.choice(('keeper', 'warden', 'lamp'))}{random_.randrange(10**6)}" for _ in range(40))


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    if kind == "git":
        git(int(rest[0]), int(rest[1]))
    else:
        postgresql(rest[0], int(rest[1]))
