"""What must hold of the lake of benchmarks/year.py when the year is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from year_figures import MODES, digest_of, size_of
from year_nights import Year

from lake.index import open_lake
from lake.maintenance import operate


def check(year: Year) -> None:
    """AssertionError where the lake is not what it should be after all these nights."""
    index = open_lake(year.url)
    history = index.history()
    for name, release in history.releases.items():
        assert digest_of(index, name) == year.held[name], f"{name} holds something else than when it was built"
        assert index.dataset("chunks", name).count_rows() == release.counts["n_chunks"]
    days = [day for day, live in year.was_live.items() if live in history.releases]
    for day in days:
        assert history.resolve(day).id == year.was_live[day], f"{day} resolves to another release"
        assert index.search(year.corpus.question(), at=day).num_rows
    last = list(year.was_live)[-1]
    wanted = [
        f"{datetime.fromisoformat(last) - timedelta(days=n):%Y-%m-%d}" for n in range(min(30, len(year.was_live)))
    ]
    assert set(wanted) <= set(days), f"days without a release: {sorted(set(wanted) - set(days))}"
    print(f"{len(history.releases)} kept releases hold what they held; {len(days)} days answer as they did")


def check_from_scratch(year: Year) -> None:
    """The last night again without a change, then a lake of its own from the documents that are there."""
    if open_lake(year.url).history().pinned:
        operate.unpin(year.url)
    year.clock.set(1000, 2)
    outcome, _ = year.job(year.url)
    scratch = str(year.folder / "scratch")
    year.job(scratch)
    ours, theirs = (digest_of(open_lake(url), "live") for url in (year.url, scratch))
    assert ours == theirs, f"live ({outcome.reason or outcome.release}) is not what a lake from scratch holds"
    rows = [open_lake(url).dataset("chunks").count_rows() for url in (year.url, scratch)]
    print(f"live equals a lake from scratch ({rows[0]:,} chunks)")
    questions = [year.corpus.question() for _ in range(50)]
    for mode in MODES:
        hits = [
            [open_lake(url).search(q, mode=mode).column("chunk_id").to_pylist() for q in questions]
            for url in (year.url, scratch)
        ]
        same = sum(a == b for a, b in zip(*hits, strict=True))
        print(f"{mode}: {same} of {len(questions)} questions have the same ten hits in the same order")
    print(f"bytes: {size_of(Path(year.url)):,} and {size_of(Path(scratch)):,}")


def check_rebuild(year: Year) -> None:
    """The tables again from Parquet alone, after a year in which deltas were put together and contents moved."""
    operate.rebuild(year.url)
    check(year)
