"""The nights of benchmarks/year.py: one lake, its documents, and what is done to them from night to night."""

from __future__ import annotations

import argparse
import gc
import os
import random
import subprocess
import sys
import time
from dataclasses import astuple
from pathlib import Path
from statistics import median
from typing import Any

from year_corpus import Corpus
from year_figures import MODES, MONTH, cpu_seconds, digest_of, disk, rss_mb, tables_of
from year_steps import PHASES, QuickSteps, SimulatedClock, TimedSteps

from flows.reindex import Job, Outcome, reindex
from lake.index import Index, open_lake
from lake.ingest.isolation import IsolatedFunction
from lake.maintenance import operate
from lake.options import RecipeOptions, Retention
from lake.storage import clock

#: Where prune goes by the time at which a file was written.
_STAMPED = ("contents", "vectors", "commits", "audits", "texts")
_QUESTIONS = 9
_OPEN = (
    "import sys, time; a = time.perf_counter(); import lake; ix = lake.open_lake(sys.argv[1]); ix.release();"
    "b = time.perf_counter(); ix.search(sys.argv[2], mode='text'); print(b - a, time.perf_counter() - b)"
)


class Year:
    """One lake, its documents, and what every night left in them."""

    def __init__(self, folder: Path, args: argparse.Namespace) -> None:
        self.folder, self.url, self._args = folder, str(folder / "lake"), args
        self._child = IsolatedFunction("lake.ingest.contents:content_step") if args.quick else None
        self._verdict: Any = None
        self.clock = SimulatedClock()
        clock.now = self.clock.now
        self.corpus = Corpus(folder / "documents", args.documents, args.seed)
        self._rng = random.Random(args.seed + 1)
        self._settings = RecipeOptions(embedder="hash", child_tokens=64, overlap_tokens=8)
        self.held: dict[str, str] = {}  # release -> digest of what it held when it was built
        self.was_live: dict[str, str] = {}  # day -> what was live at its end
        self._pinned_until = 0
        first = self.job(self.url)[0].release or ""  # of everything, before the first night
        self.held[first] = digest_of(open_lake(self.url), first)

    def job(self, url: str, **words: Any) -> tuple[Outcome, dict[str, float]]:
        sources = (str(self.folder / "documents"),)
        with QuickSteps(self._child, self._verdict) if self._child else TimedSteps() as steps:
            outcome = reindex(Job(sources, url, settings=self._settings, **words), steps)
        self._verdict = steps.verdict or self._verdict
        return outcome, steps.spent

    def night(self, night: int) -> dict[str, Any]:
        began = time.time()
        changes = self.corpus.night()
        self.clock.set(night, 2)
        words = {}
        if night == 200:
            self._settings, words = (
                RecipeOptions(embedder="hash", child_tokens=56, overlap_tokens=8),
                {"change_recipe": True},
            )
        measured = night % self._args.measure_every == self._args.measure_every - 1
        if measured:
            self._verdict = None
        cpu = cpu_seconds()
        outcome, spent = self.job(self.url, **words)
        row = {"night": night, "ingest": outcome.seconds, "ingest_cpu": cpu_seconds() - cpu}
        index = open_lake(self.url)
        if outcome.release and outcome.release not in self.held:
            self.held[outcome.release] = digest_of(index, outcome.release)
        row |= {"documents": outcome.n_documents, "changed": sum(astuple(changes))}
        row |= {name: spent[name] for name in PHASES if name in spent} | {"published": int(outcome.published)}
        self._stamp(began)
        row |= self._prune(night)
        self._operate(night)
        self.was_live[f"{self.clock.now():%Y-%m-%d}"] = index.release().id
        return row | (self._measured(night) if measured else {})

    def _prune(self, night: int) -> dict[str, float]:
        self.clock.set(night, 4)
        if night % self._args.prune_every:
            return {}
        began, started, cpu = time.time(), time.perf_counter(), cpu_seconds()
        operate.prune(self.url, Retention())
        spent = {"prune": time.perf_counter() - started, "prune_cpu": cpu_seconds() - cpu}
        self._stamp(began)
        return spent

    def _operate(self, night: int) -> None:
        """What people do now and then: a rollback by one release, a pin for four nights."""
        self.clock.set(night, 9)
        if night == self._pinned_until and night:
            operate.unpin(self.url)
        elif night % 61 == 60:
            operate.pin(self.url, why="audit week")
            self._pinned_until = night + 4
        elif night % 47 == 46:
            live = [name for name in self.was_live.values() if name in open_lake(self.url).history().releases]
            operate.rollback(self.url, live[-1], why="complaints")

    def _stamp(self, began: float) -> None:
        """Give files written since ``began`` the simulated time, as if they had been written then."""
        at = self.clock.now().timestamp()
        for folder in _STAMPED:
            for path in Path(self.url, folder).rglob("*"):
                if path.is_file() and began - 1 <= path.stat().st_mtime <= time.time():
                    os.utime(path, (at, at))

    def _measured(self, night: int) -> dict[str, Any]:
        gc.collect()
        started = time.perf_counter()
        index = open_lake(self.url)
        release = index.release()
        row: dict[str, Any] = {"open": time.perf_counter() - started}
        for mode in MODES:
            self._seconds(index, mode)
            cpu = cpu_seconds()
            row[mode] = median(self._seconds(index, mode) for _ in range(_QUESTIONS))
            row[f"{mode}_cpu"] = (cpu_seconds() - cpu) / _QUESTIONS
        history = index.history()
        row |= {"releases": len(history.releases), "entries": len(history.entries), **disk(Path(self.url))}
        row |= tables_of(self.url, release)
        row |= {"rss_mb": rss_mb(), "fds": len(os.listdir("/proc/self/fd"))}
        if night % MONTH == MONTH - 1:
            words = [sys.executable, "-c", _OPEN, self.url, self.corpus.question()]
            done = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
            row |= {"fresh_open": float(done[0]), "fresh_search": float(done[1])}
        return row

    def _seconds(self, index: Index, mode: Any) -> float:
        started = time.perf_counter()
        index.search(self.corpus.question(), mode=mode)
        return time.perf_counter() - started
