"""What caches save: seconds of a hit, and calls and cost of a week of skewed questions with nightly publishes.

    python benchmarks/caches.py hits                  # through Index and HTTP, in the process and in Redis
    python benchmarks/caches.py week --questions 10000

Makes a lake of its own and a Redis on 127.0.0.1 (``redis-server`` or ``valkey-server``). The embedding endpoint and the
chat model are stand-ins in the process, which count tokens; costs are list prices of ``--embedder-price`` and
``--chat-price``. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.answer import AnswerOptions, Message, Usage
from lake.answer.chat import Completion
from lake.embed.hash_identity import IDENTITY
from lake.embed.hashing import HashEmbedder
from lake.index import Index
from lake.options import CacheOptions, RecipeOptions

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
_ENGLISH_TOKEN = 4  # characters


@dataclass
class Meter:
    """Calls and tokens of the two paid models."""

    n_embedded: int = 0
    embedded_tokens: int = 0
    n_chats: int = 0
    read_tokens: int = 0
    written_tokens: int = 0


class PaidEmbedder(HashEmbedder):
    """Stands for an embedding endpoint: one call for each question."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def embed_query(self, text: str) -> np.ndarray:
        self._meter.n_embedded += 1
        self._meter.embedded_tokens += 1 + len(text) // _ENGLISH_TOKEN
        return super().embed_query(text)


class PaidChat:
    """Stands for a chat model: an answer of some 60 tokens that cites the first passage."""

    name = "benchmark:chat"

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def complete(self, messages: Sequence[Message], **_: Any) -> Completion:
        text = "The keeper fills the lamp with oil before the storm, as the log of the harbour says [1]. " * 3
        n_read = sum(len(message.text) for message in messages) // _ENGLISH_TOKEN
        n_written = len(text) // _ENGLISH_TOKEN
        self._meter.n_chats += 1
        self._meter.read_tokens += n_read
        self._meter.written_tokens += n_written
        return Completion(text, Usage(1, n_read, n_written, None), self.name, "stop", 0.0)

    def stream(self, messages: Sequence[Message], **how: Any) -> Iterator[str | Completion]:
        made = self.complete(messages, **how)
        yield made.text
        yield made


def written(folder: Path, n: int, night: int, rng: np.random.Generator, share: float) -> None:
    """The source of a night: a share of its documents has changed since the last."""
    folder.mkdir(exist_ok=True)
    changed = range(n) if night == 0 else rng.choice(n, max(1, int(share * n)), replace=False)
    for number in changed:
        paragraphs = [" ".join(rng.choice(_WORDS, 60)) + "." for _ in range(6)]
        text = f"# Lamp {number}\n\nNight {night}. " + "\n\n".join(paragraphs)
        (folder / f"{number}.md").write_text(text)


def ingested(folder: Path) -> str:
    job = Job(
        sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=RecipeOptions(embedder=IDENTITY.name)
    )
    with PlainSteps() as steps:
        release = reindex(job, steps).release
    assert release
    return release


def asked(n: int, n_distinct: int, skew: float, rng: np.random.Generator) -> list[str]:
    """Questions by Zipf's law: the r-th most frequent is asked in proportion to 1 / r ** skew."""
    chances = 1 / np.arange(1, n_distinct + 1) ** skew
    texts = [f"{' '.join(rng.choice(_WORDS, 5))} of lamp {number}?" for number in range(n_distinct)]
    return [texts[number] for number in rng.choice(n_distinct, n, p=chances / chances.sum())]


@contextmanager
def redis() -> Iterator[str | None]:
    """Address of a server of our own, None if there is none to start."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    port = free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--maxmemory", "256mb"]
    words += ["--maxmemory-policy", "allkeys-lru"]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def timed(ask: Callable[[str], str | None], texts: Sequence[str], store: str | None, n: int) -> dict[str, Any]:
    """Milliseconds of the calls that ``store`` answered; a server that was late for once is left out for a moment."""
    took = []
    for number in range(n):
        begun = time.perf_counter()
        found = ask(texts[number % len(texts)])
        if found == store:
            took.append(1000 * (time.perf_counter() - begun))
    cuts = [round(cut, 2) for cut in quantiles(took, n=100)]
    return {
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "n": len(took),
        "others": n - len(took),
    }


def hits(n: int, n_documents: int) -> dict[str, Any]:
    """How long a hit takes, beside a search and an answer that no cache has."""
    rng, found = np.random.default_rng(0), {}
    with tempfile.TemporaryDirectory() as name, redis() as url:
        folder = Path(name)
        written(folder / "source", n_documents, 0, rng, 1)
        ingested(folder)
        texts = [f"lamp {number} in a storm" for number in range(50)]
        place, chat, options = str(folder / "lake"), PaidChat(Meter()), AnswerOptions(min_evidence=0)
        plain = lake.open_lake(place)
        stores: list[tuple[str | None, Index]] = [(None, plain)]
        stores.append(("process", lake.open_lake(place, cache=CacheOptions())))
        if url is not None:
            stores.append(("redis", lake.open_lake(place, cache=CacheOptions(megabytes=0, url=url))))
        for store, index in stores:
            for text in texts:
                index.search(text)
                index.answer(text, chat=chat, options=options)
            if index.caches and index.caches.shared:
                index.caches.shared.flush()
            found[f"search, {store or 'no cache'}"] = timed(lambda text: index.search(text).cached, texts, store, n)  # noqa: B023
            found[f"answer, {store or 'no cache'}"] = timed(
                lambda text: index.answer(text, chat=chat, options=options).cached,  # noqa: B023
                texts,
                store,
                n if store else n // 10,
            )
        found |= over_http(place, texts, n, url)
    return found


def over_http(place: str, texts: Sequence[str], n: int, url: str | None) -> dict[str, Any]:
    """The same through ``raglake serve``, by one client with one connection."""
    found = {}
    kinds: list[tuple[str | None, list[str]]] = [(None, ["--cache-mb", "0"]), ("process", [])]
    if url is not None:
        kinds.append(("redis", ["--cache-mb", "0", "--cache", url]))
    for store, words in kinds:
        with serving(place, words) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port)

            def ask(text: str) -> str | None:
                body = json.dumps({"text": text}).encode()
                connection.request("POST", "/query", body, {"Content-Type": "application/json"})  # noqa: B023
                response = connection.getresponse()  # noqa: B023
                told = json.loads(response.read())
                assert response.status == 200, told
                cached: str | None = told["cached"]
                return cached

            for text in texts:
                ask(text)
            time.sleep(0.5)
            found[f"POST /query, {store or 'no cache'}"] = timed(ask, texts, store, n)
    return found


@contextmanager
def serving(place: str, words: Sequence[str]) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "flows", "serve", "--lake", place, "--port", str(port), "--rate", "100000", *words]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RAGLAKE_")}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=variables)
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens."""

    embedding: float
    read: float
    written: float

    def of(self, meter: Meter) -> float:
        return (
            meter.embedded_tokens * self.embedding + meter.read_tokens * self.read + meter.written_tokens * self.written
        ) / 1e6


def week(args: argparse.Namespace) -> dict[str, Any]:
    """Answers of seven days, a release each night, with and without caches."""
    price = Prices(args.embedder_price, *args.chat_price)
    found: dict[str, Any] = {"questions": args.questions, "distinct": args.distinct, "skew": args.skew}
    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name), np.random.default_rng(1)
        questions = asked(args.questions, args.distinct, args.skew, rng)
        days = np.array_split(np.array(questions, dtype=object), 7)
        meters = {"without": Meter(), "with": Meter()}
        indexes: dict[str, Index] = {}
        options, seconds = AnswerOptions(min_evidence=0), dict.fromkeys(meters, 0.0)
        for night, texts in enumerate(days):
            written(folder / "source", args.documents, night, rng, args.changed)
            ingested(folder)
            for kind, meter in meters.items():
                cache = CacheOptions(megabytes=args.megabytes) if kind == "with" else None
                index = indexes.setdefault(kind, lake.open_lake(str(folder / "lake"), cache=cache))
                begun, embedder, chat = time.monotonic(), PaidEmbedder(meter), PaidChat(meter)
                for text in texts:
                    index.answer(text, chat=chat, options=options, embedder=embedder)
                seconds[kind] += time.monotonic() - begun
        for kind, meter in meters.items():
            found[kind] = {**vars(meter), "usd": round(price.of(meter), 4), "seconds": round(seconds[kind], 1)}
        caches = indexes["with"].caches
        assert caches is not None
        found["lookups"] = {"/".join(labels): n for labels, n in sorted(caches.counts.items())}
        found["process"] = {"bytes": caches.process.n_bytes, "evicted": caches.process.n_evicted}
    return found | shares(meters["without"], meters["with"], price) | {"other skews": others(args)}


def shares(without: Meter, with_: Meter, price: Prices) -> dict[str, float]:
    return {
        "share of embedding calls": round(with_.n_embedded / without.n_embedded, 3),
        "share of chat calls": round(with_.n_chats / without.n_chats, 3),
        "share of cost": round(price.of(with_) / price.of(without), 3),
    }


def others(args: argparse.Namespace) -> list[dict[str, float]]:
    """Shares of calls that other questions would leave, counted without asking them."""
    found = []
    for n_distinct in (1_000, 2_000, 5_000, 20_000):
        for skew in (0.8, 1.0, 1.2):
            texts = asked(args.questions, n_distinct, skew, np.random.default_rng(2))
            a_day = np.array_split(np.array(texts, dtype=object), 7)
            chats = sum(len(set(day)) for day in a_day) / len(texts)
            embedded = len(set(texts)) / len(texts)
            found.append(
                {"distinct": n_distinct, "skew": skew, "chat": round(chats, 3), "embedding": round(embedded, 3)}
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["hits", "week"])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--distinct", type=int, default=2_000)
    parser.add_argument("--skew", type=float, default=1.0)
    parser.add_argument("--changed", type=float, default=0.05, help="share of documents that change each night")
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--embedder-price", type=float, default=0.02, help="USD per million tokens")
    parser.add_argument("--chat-price", type=float, nargs=2, default=(0.15, 0.60), help="the same, read and written")
    args = parser.parse_args()
    print(json.dumps(hits(args.calls, args.documents) if args.what == "hits" else week(args), indent=1))


if __name__ == "__main__":
    main()
