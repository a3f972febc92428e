"""Large sources through a real ``raglake ingest``: CPU seconds, wall seconds and peak memory of the whole run.

    python -m benchmarks.sources_at_scale postgresql URL ROWS [SENTENCES]   # full, unchanged, 1 % changed, unchanged
    python -m benchmarks.sources_at_scale git FILES COMMITS [CHANGED]   # each a release, then back to the one half-way

Rows have 30 short sentences unless SENTENCES says otherwise, and a cursor. The embedder is ``hash``, so that the
figures are those of listing, reading, chunking and tables, without what the database server uses. A commit changes
CHANGED files, 10 unless stated, adds a tenth as many and removes a twentieth. The last step of ``git`` compares the
release of the commit half-way with an index of a fresh checkout of it, row by row, and the BM25 scores of questions
made of its words.
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
from lake.directory import Lake
from lake.options import RecipeOptions
from lake.tables.reader import TableReader
from lake.tables.text_query import plain

_MADE = """
DROP TABLE IF EXISTS raglake_benchmark;
CREATE TABLE raglake_benchmark (id bigint PRIMARY KEY, body text, changed timestamptz);
INSERT INTO raglake_benchmark
    SELECT n, 'The paper ' || n || ' is about ballast. ' || md5(n::text) || repeat(' It lifts.', {repeats}),
    now() - interval '2 days' FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON raglake_benchmark (changed);
"""
_CHANGED = "UPDATE raglake_benchmark SET body = body || ' Once more.', changed = now() WHERE id % 100 = 0"
_N_QUESTIONS, _N_FOUND = 60, 100


def ingested(source: str, folder: Path) -> Cost:
    """One run; its columns are printed by ``told``."""
    command = [sys.executable, "-m", "flows", "ingest", source, "--lake", str(folder), "--embedder", "hash"]
    return cost_of(command, {})[0]


def told(name: str, cost: Cost) -> None:
    print(f"{name:24} {cost.cpu:8.2f} CPU s {cost.wall:8.2f} s {cost.peak_mb:7,.0f} MB", flush=True)


def postgresql(url: str, n_rows: int, n_sentences: int = 30) -> None:
    """Full, unchanged, 1 % changed, unchanged."""
    import psycopg

    with tempfile.TemporaryDirectory() as folder, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_MADE.format(rows=n_rows, repeats=n_sentences).encode())
        address = f"docs={url.partition('?')[0]}?table=raglake_benchmark&text=body&cursor=changed&overlap=0"
        told(f"{n_rows:,} rows, full", ingested(address, Path(folder)))
        told("unchanged", ingested(address, Path(folder)))
        connection.execute(_CHANGED.encode())
        told("1 % changed", ingested(address, Path(folder)))
        told("unchanged", ingested(address, Path(folder)))
        connection.execute("DROP TABLE raglake_benchmark")


def git(n_files: int, n_commits: int, n_changed: int = 10) -> None:
    """Ingest each commit of a repository in this process, then publish the release of the one half-way again."""
    with tempfile.TemporaryDirectory() as place:
        folder, lake = Path(place), Path(place, "lake")
        releases, costs = {}, []
        for number, commit in enumerate(commits(folder / "repository", n_files, n_commits, n_changed), 1):
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
        print(f"largest difference of a BM25 score: {score_difference(lake, folder / 'fresh'):.5f}")


def score_difference(lake: Path, fresh: Path) -> float:
    """The largest among the first rows of questions, in shares of the score that a fresh index gives."""
    random_, texts = random.Random(3), [str(row[2]) for row in rows(fresh)]
    questions = [" ".join(random_.sample(text.split(), 3)) for text in random_.sample(texts, _N_QUESTIONS)]
    readers = [chunks_of(one) for one in (lake, fresh)]
    worst = 0.0
    for question in questions:
        found = [reader.matching(plain(question), _N_FOUND, key="chunk_id") for reader in readers]
        held, wanted = (
            dict(zip(*(one[name].to_pylist() for name in ("chunk_id", "_score")), strict=True)) for one in found
        )
        worst = max(worst, *(abs(held[key] - wanted[key]) / wanted[key] for key in held.keys() & wanted.keys()))
    return worst


def chunks_of(lake: Path) -> TableReader:
    opened = Lake.existing(str(lake))
    live = opened.log.read().live
    assert live is not None
    table = live.recipe.embedder.table
    return opened.tables(live.generation).at(table, live.versions[table])


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


def commits(folder: Path, n_files: int, n_commits: int, n_changed: int) -> Iterator[str]:
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
        gone = random_.sample(names, n_changed // 20)
        porcelain.remove(repository, [str(folder / name) for name in gone])
        names = [name for name in names if name not in gone]
        added = [f"new/{number:03}-{one:02}.md" for one in range(n_changed // 10)]
        changed = [*random_.sample(names, n_changed), *added]
        names += added


def words(random_: random.Random) -> str:
    return " ".join(f"{random_.choice(('keeper', 'warden', 'lamp'))}{random_.randrange(10**6)}" for _ in range(40))


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    if kind == "git":
        git(*map(int, rest))
    else:
        postgresql(rest[0], *map(int, rest[1:]))
