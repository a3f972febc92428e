"""The HTTP service under load, with a rollback in the middle: how fast, which statuses, and whether releases mix.

    python -m benchmarks.service_load --clients 8 --requests 4000 --embedder minilm
    python -m benchmarks.service_load --processes 1,2 --before ../raglake-0.3.0 --connections 1000

Makes a lake of its own with two releases, starts ``raglake serve`` on 127.0.0.1 and asks it. Each response is compared
with what its release holds. Ends after ``--requests``, or after ``--seconds`` at the latest. Prints one JSON object for
each number of ``--processes``, for the code in ``--before``, and for ``--connections`` open at the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import lake
from benchmarks.service_connections import connected
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.maintenance import operate
from lake.options import RecipeOptions
from lake.service.responses import encode

_MOST_REQUESTS, _MOST_SECONDS = 100_000, 600
_WORDS = (
    "harbour",
    "lantern",
    "oil",
    "wick",
    "keeper",
    "storm",
    "rope",
    "anchor",
    "glass",
    "stair",
    "bell",
    "reef",
    "tide",
)
_QUESTIONS = ("which lamp burns oil in a storm?", "who keeps the bell?", "reef signal", "rope and anchor on the stair")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done."""

    url: str
    port: int
    k: int
    n_requests: int
    until: float
    expected: dict[tuple[str, str], list[dict[str, Any]]]
    numbers: Iterator[int] = field(default_factory=count)


@dataclass(slots=True)
class Seen:
    """What one client saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    releases: Counter[str] = field(default_factory=Counter)
    n_mixed: int = 0


def ingested(folder: Path, n_documents: int, turn: int, embedder: str) -> str:
    (folder / "source").mkdir(exist_ok=True)
    for number in range(n_documents):
        words = [_WORDS[(number * step + turn) % len(_WORDS)] for step in range(1, 60)]
        (folder / "source" / f"{number}.md").write_text(f"# Lamp {number}\n\n{' '.join(words)} in turn {turn}.\n")
    job = Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=RecipeOptions(embedder=embedder))
    with PlainSteps() as steps:
        return str(reindex(job, steps).release)


@contextmanager
def serving(url: str, threads: int, processes: int = 1, code: str | None = None) -> Iterator[int]:
    """The port of a service, by the code in this folder or in another one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--threads", str(threads), "--rate", "100000", "--seconds", "60", "--cache-mb", "0"]
    options += ["--processes", str(processes)] if processes > 1 else []
    command = [sys.executable, "-m", "flows", "serve", "--lake", url, "--port", str(port), *options]
    env = {**os.environ, **({"PYTHONPATH": code} if code else {})}
    with subprocess.Popen(command, env=env, cwd=code, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            while "listening" not in process.stderr.readline():
                assert process.poll() is None, "the service did not start"
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield port
        finally:
            process.terminate()


def ask(plan: Plan, seen: Seen) -> None:
    """One client: one connection, one question after the other."""
    line = http.client.HTTPConnection("127.0.0.1", plan.port, timeout=60)
    while (number := next(plan.numbers)) < plan.n_requests and time.monotonic() < plan.until:
        question = _QUESTIONS[number % len(_QUESTIONS)]
        begun = time.monotonic()
        body = json.dumps({"text": question, "k": plan.k})
        line.request("POST", "/query", body, {"Content-Type": "application/json"})
        answer = line.getresponse()
        found = json.loads(answer.read())
        seen.seconds.append(time.monotonic() - begun)
        seen.statuses[answer.status] += 1
        if answer.status == 200:
            seen.releases[found["release"]] += 1
            seen.n_mixed += found["hits"] != plan.expected[found["release"], question]
    line.close()


def under_load(plan: Plan, n_clients: int, before: str) -> tuple[list[Seen], float]:
    """Ask from several clients; take ``live`` back to ``before`` after half of the questions, or of the time."""
    begun, seen = time.monotonic(), [Seen() for _ in range(n_clients)]
    half = (begun + plan.until) / 2
    with ThreadPoolExecutor(n_clients) as clients:
        waiting = [clients.submit(ask, plan, each) for each in seen]
        while sum(len(each.seconds) for each in seen) < plan.n_requests // 2 and time.monotonic() < half:
            time.sleep(0.01)
        operate.rollback(plan.url, before, why="in the middle")
        for client in waiting:
            client.result()
    return seen, time.monotonic() - begun


def figures(seen: list[Seen], seconds: float) -> dict[str, Any]:
    times = sorted(one for each in seen for one in each.seconds)
    at = {f"p{p}_ms": round(times[min(len(times) - 1, len(times) * p // 100)] * 1000, 1) for p in (50, 95, 99)}
    return {
        "n_requests": len(times),
        "per_second": round(len(times) / seconds, 1),
        **at,
        "statuses": dict(sum((each.statuses for each in seen), Counter())),
        "releases": dict(sum((each.releases for each in seen), Counter())),
        "n_mixed": sum(each.n_mixed for each in seen),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("clients", 8), ("requests", 2000), ("seconds", 60), ("documents", 300), ("threads", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--embedder", default="hash")
    parser.add_argument("--processes", default="1")
    parser.add_argument("--before")
    parser.add_argument("--rounds", type=int, default=1, help="The best round of each counts.")
    parser.add_argument("--connections", type=int, default=0)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before, after = (ingested(folder, words.documents, turn, words.embedder) for turn in (0, 1))
        is_good = all([*measured(words, str(folder / "lake"), before, after), *crowded(words, str(folder / "lake"))])
    sys.exit(0 if is_good else 1)


def measured(words: argparse.Namespace, url: str, before: str, after: str) -> Iterator[bool]:
    """Prints the best of the rounds, which alternate between the kinds of services; whether all responses are right."""
    index, rounds = lake.open_lake(url), defaultdict[str, list[dict[str, Any]]](list)
    expected = {
        (release, question): json.loads(encode(index.search(question, words.k, at=release).to_pylist()))
        for release in (before, after)
        for question in _QUESTIONS
    }
    kinds: list[tuple[int, str | None]] = [(int(n), None) for n in words.processes.split(",")]
    kinds += [(1, str(Path(words.before).resolve()))] if words.before else []
    n_requests, seconds = min(words.requests, _MOST_REQUESTS), min(words.seconds, _MOST_SECONDS)
    for processes, code in kinds * words.rounds:
        operate.publish(url, after, force=True)
        with serving(url, words.threads, processes, code) as port:
            plan = Plan(url, port, words.k, n_requests, time.monotonic() + seconds, expected)
            found = figures(*under_load(plan, words.clients, before))
        name = "before" if code else f"{processes} processes"
        rounds[name].append(found)
        yield not found["n_mixed"] and set(found["statuses"]) == {200}
    for name, each in rounds.items():
        best = max(each, key=lambda one: float(one["per_second"]))
        print(json.dumps({"code": name, "clients": words.clients, "embedder": words.embedder, **best}), flush=True)


def crowded(words: argparse.Namespace, url: str) -> Iterator[bool]:
    for processes in map(int, words.processes.split(",")) if words.connections else ():
        with serving(url, words.threads, processes) as port:
            found = asyncio.run(connected(port, words.connections))
        print(json.dumps({"processes": processes, **found}), flush=True)
        yield not found["errors"] and all(set(one["statuses"]) == {200} for one in found["phases"].values())


if __name__ == "__main__":
    main()
