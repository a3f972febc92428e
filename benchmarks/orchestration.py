"""What Prefect adds to an ingest: seconds of the same work by plain steps and as a flow run, taking turns.

python -m benchmarks.orchestration --scifact FOLDER [--rounds 3] [--embedders hash,minilm] [--documents 1500]

``server``: a flow run against a server that is running already, whose own CPU seconds are told apart. ``embedded``: a
flow run that starts a server of its own, as where PREFECT_API_URL names none; what that costs is in its CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.speed import write_abstracts
from benchmarks.speed_contestants import RAGLAKE
from benchmarks.speed_measures import Cost, cost_of

_TICK = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 120
#: A server goes on writing down what a run told it.
_SETTLE_SECONDS = 5.0
_WAYS = ("plain", "server", "embedded")


@dataclass(frozen=True, slots=True)
class Server:
    """A Prefect server of the benchmark's own."""

    url: str
    pid: int

    def cpu(self) -> float:
        """CPU seconds of the server so far, with its children that ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / _TICK

    def idle(self) -> float:
        """CPU seconds per second that it takes for nothing."""
        before = self.cpu()
        time.sleep(_SETTLE_SECONDS)
        return (self.cpu() - before) / _SETTLE_SECONDS


def main() -> None:
    args = _parsed()
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        documents = Path(work, "documents")
        write_abstracts(documents, args.scifact, args.documents)
        with running(Path(work, "server")) as server:
            for embedder in args.embedders:
                found = [_round(Path(work), documents, server, embedder) for _ in range(args.rounds)]
                _tell(embedder, found)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scifact", type=Path, required=True, help="the folder of BEIR's SciFact, with corpus.jsonl")
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embedders", type=lambda text: text.split(","), default=["hash", "minilm"])
    parser.add_argument("--work", type=Path, help="where documents and lakes are kept meanwhile")
    return parser.parse_args()


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """A server on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    words = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | _environment(home) | {"PREFECT_API_URL": url}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(url)
        time.sleep(_SETTLE_SECONDS)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def _environment(home: Path) -> dict[str, str]:
    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "LANCE_LOG": "error"}
    return {"PREFECT_HOME": str(home), "HF_HUB_OFFLINE": "1", **quiet}


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            urlopen(f"{url}/health", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"no Prefect server came up at {url} within {_START_SECONDS} s")


def _round(work: Path, documents: Path, server: Server, embedder: str) -> dict[str, tuple[Cost, float]]:
    """Each way once: its own cost, and the CPU seconds of the server that was running already."""
    found = {}
    for way in _WAYS:
        lake = work / "lake"
        words = RAGLAKE.ingest(documents, lake, embedder) + ([] if way == "plain" else ["--prefect"])
        address = {"PREFECT_API_URL": server.url if way == "server" else ""}
        idle, before, started = server.idle(), server.cpu(), time.perf_counter()
        cost, _ = cost_of(words, _environment(work / "home") | address)
        time.sleep(_SETTLE_SECONDS)
        taken = server.cpu() - before - idle * (time.perf_counter() - started)
        found[way] = cost, taken if way == "server" else 0.0
        print(f"{embedder:8} {way:9} {cost.wall:7.2f} s wall {cost.cpu:7.2f} s CPU, server {taken:5.2f}", flush=True)
        shutil.rmtree(lake)
    return found


def _tell(embedder: str, rounds: list[dict[str, tuple[Cost, float]]]) -> None:
    """Medians over the rounds, and what each way takes over plain steps."""
    for way in _WAYS:
        walls, cpus = ([getattr(one[way][0], name) for one in rounds] for name in ("wall", "cpu"))
        more = median(one[way][0].cpu / one["plain"][0].cpu - 1 for one in rounds)
        longer = median(one[way][0].wall / one["plain"][0].wall - 1 for one in rounds)
        served = median(one[way][1] for one in rounds)
        print(
            f"{embedder:8} {way:9} median: {median(walls):7.2f} s wall ({longer:+.1%}), {median(cpus):7.2f} s CPU "
            f"({more:+.1%}), server {served:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
