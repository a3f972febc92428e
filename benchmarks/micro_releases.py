"""Thousands of releases of runs over a few documents: what opening, searching, folding and pruning then cost.

    python -m benchmarks.micro_releases N [EVERY] [--at-once]

Makes a lake of 60 documents by real runs, the last twelve over one document each, and gives it N further releases,
EVERY seconds apart (30): the deltas of those twelve in turn, with entries, findings, table versions and tags of
their own. They are folded a hundred at a time, as a watch does, or all ``--at-once``, as if none had watched.
Then prune, ``rebuild`` and a run over everything must find all as it was.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import raglake
from lake.directory import Lake
from lake.maintenance.operate import rebuild
from lake.maintenance.prune import fold, prune
from lake.options import Retention
from lake.releases.values import Action, Entry, Release
from lake.storage import clock

T = TypeVar("T")

_N_DOCUMENTS, _N_REAL, _FOLDED_AT = 60, 12, 100
_HASH = raglake.RecipeOptions(embedder="hash")
#: Nothing is spared because it is young: the files are, although their releases are not.
_NOW = Retention(grace_hours=0)


def told(what: str, step: Callable[[], T]) -> T:
    """Take a step, and print its CPU seconds."""
    started, before = time.perf_counter(), time.process_time()
    result = step()
    print(f"{what:36} {time.process_time() - before:8.2f} CPU s {time.perf_counter() - started:8.2f} s", flush=True)
    return result


def run(place: Path, number: int | None = None) -> raglake.Outcome:
    """Change one document and look at it alone, or look at everything."""
    options = raglake.RunOptions()
    if number is not None:
        name = f"{number:02}.md"
        (place / "docs" / name).write_text(f"# Lamp {number}\n\nThe keeper lights lamp {number} {time.time_ns()}.\n")
        options = raglake.RunOptions(only=(name,))
    return raglake.ingest(f"docs={place / 'docs'}", place / "lake", recipe=_HASH, run=options)


def made(place: Path) -> list[Release]:
    """The lake, and the releases of its runs over one document."""
    (place / "docs").mkdir()
    for number in range(_N_DOCUMENTS):
        (place / "docs" / f"{number:02}.md").write_text(f"# Lamp {number}\n\nThe keeper lights lamp {number}.\n")
    run(place)
    for number in range(_N_REAL):
        run(place, number)
    return [one for one in Lake(str(place / "lake")).log.read().releases.values() if one.is_scoped]


class Maker:
    """Adds releases to a lake that differ from real ones in that their rows are those of before."""

    def __init__(self, lake: Lake, templates: Sequence[Release]) -> None:
        self._lake, self._templates = lake, templates
        tables = lake.tables(templates[-1].generation)
        self._tables = {name: tables._latest(name).to_lance() for name in templates[-1].versions}
        history = lake.log.read()
        assert history.live is not None
        self._n_made, self._head, self._live = 0, history.head, history.live.id

    def follow(self) -> None:
        """Go on after entries of others."""
        self._head = self._lake.log.read().head

    def release(self, moment: datetime) -> None:
        """One release, built, audited and published at this time."""
        template = self._templates[self._n_made % len(self._templates)]
        self._n_made += 1
        name = f"{moment.date()}.{_N_REAL + 10 + self._n_made}"
        commit = f"commits/{self._n_made:016x}-{self._live}"
        for part in ("documents", "quarantine", "deleted"):
            self._copied(f"{template.commit}/{part}.parquet", f"{commit}/{part}.parquet", moment)
        self._copied(f"audits/{template.id}.parquet", f"audits/{name}.parquet", moment)
        versions = {table: self._version(table, name) for table in template.versions}
        made = replace(
            template,
            id=name,
            base=self._live,
            delta_base=self._live,
            commit=commit,
            versions=versions,
            created_at=moment,
        )
        made = replace(made, digest=f"{self._n_made:064x}")
        self._append(moment, made)

    def _copied(self, path: str, new: str, moment: datetime) -> None:
        self._lake.store.write(new, self._lake.store.read(path))
        os.utime(Path(self._lake.url, new), (moment.timestamp(), moment.timestamp()))

    def _version(self, table: str, name: str) -> int:
        dataset = self._tables[table]
        dataset.update_config({"release": name})
        version = int(dataset.version)
        dataset.tags.create(name, version)
        return version

    def _append(self, moment: datetime, release: Release) -> None:
        rest: dict[str, Any] = {"by": "benchmark", "rights": None}
        steps: list[tuple[Action, dict[str, Any]]] = [
            ("build", {"release": release.to_json(), "spent": {"seconds": 0.5}}),
            ("audit", {"verdict": {"passed": True, "n_warnings": 0, "of_sample": True}}),
            ("gate", {"outcome": "off", "against": None}),
            ("publish", {}),
        ]
        for number, (action, facts) in enumerate(steps):
            self._head += 1
            self._live = release.id if action == "publish" else self._live
            at = moment + timedelta(milliseconds=number)
            entry = Entry(self._head, at, action, release.id, self._live, facts=facts, **rest)
            self._lake.store.write(f"log/{self._head:010}.json", entry.to_bytes())


def looked_at(place: Path) -> None:
    """Print what a reader and the next run pay."""
    told("read the log", lambda: Lake(str(place / "lake")).log.read())
    told("open and search", lambda: raglake.open_lake(str(place / "lake")).search("lamp 7", 5, mode="text"))
    told("a run over one document", lambda: run(place, 20))


def rows(place: Path) -> list[Any]:
    """Live's chunks without what a run decides anew."""
    table = raglake.open_lake(str(place / "lake")).dataset("chunks").to_table(columns=["chunk_id", "uri", "text"])
    return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True))


def later(template: Release, lake: Lake, maker: Maker, n: int, every: float, *, at_once: bool) -> list[float]:
    """Add the releases, ``every`` seconds apart; CPU seconds of each fold meanwhile."""
    folds: list[float] = []
    for number in range(1, n + 1):
        moment = template.created_at + timedelta(seconds=every * number)
        maker.release(moment)
        if not at_once and number % _FOLDED_AT == 0:
            set_clock(moment + timedelta(seconds=1) - datetime.now(UTC))
            begun = time.process_time()
            fold(lake, Retention())
            folds.append(time.process_time() - begun)
            maker.follow()
    return folds


def set_clock(ahead: timedelta) -> None:
    """Let the lake's clock differ from the real one."""
    clock.now = lambda: datetime.now(UTC) + ahead  # type: ignore[assignment]


def main(place: Path, n: int, every: float, *, at_once: bool) -> None:
    """All steps."""
    set_clock(-timedelta(seconds=every * n))
    templates = made(place)
    looked_at(place)
    lake, before = Lake(str(place / "lake")), time.process_time()
    folds = later(templates[-1], lake, Maker(lake, templates), n, every, at_once=at_once)
    set_clock(timedelta())
    print(f"{n:,} releases more, in {time.process_time() - before - sum(folds):.1f} CPU s", flush=True)
    if folds:
        ranked = sorted(folds)
        print(f"folds: median {ranked[len(folds) // 2]:.2f}, longest {ranked[-1]:.2f}, last {folds[-1]:.2f} CPU s")
    counted(place)
    looked_at(place)
    wanted = rows(place)
    told("fold", lambda: fold(Lake(str(place / "lake")), Retention()))
    counted(place)
    told("prune", lambda: prune(Lake(str(place / "lake")), _NOW))
    counted(place)
    looked_at(place)
    told("prune again", lambda: prune(Lake(str(place / "lake")), _NOW))
    assert len(rows(place)) == len(wanted)
    wanted = rows(place)
    told("rebuild", lambda: rebuild(str(place / "lake")))
    assert rows(place) == wanted, "the deltas of releases that were folded add up to the same rows"
    outcome = told("a run over everything", lambda: run(place))
    assert not outcome.published, outcome


def counted(place: Path) -> None:
    """Print how many releases and files there are."""
    releases = Lake(str(place / "lake")).log.read().releases
    n_files = sum(1 for path in (place / "lake").rglob("*") if path.is_file())
    print(f"{len(releases):,} releases, {n_files:,} files", flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("n", type=int)
    arguments.add_argument("every", type=float, nargs="?", default=30.0)
    arguments.add_argument("--at-once", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder), given.n, given.every, at_once=given.at_once)
