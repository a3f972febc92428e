"""The parts of a service, each real or a stand-in of its protocol, behind a proxy that misbehaves on request."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from benchmarks.kill_harness.object_store import serving
from benchmarks.speed_measures import compiled_in
from tests.faulty_proxy import FaultyProxy

LAKE = "s3://outages/lake"
DIMENSIONS = 32
#: Keys of the callers: one sees what is open to all, the other one what the staff sees.
KEYS = {"public": (), "staff": ("hr",)}
#: Seconds that each stand-in takes for an answer.
_TAKES = {"embeddings": 0.03, "rerank": 0.05, "completions": 0.3}


class Models(BaseHTTPRequestHandler):
    """Embeddings, scores and chat completions by OpenAI's protocol: functions of the request, at no cost."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        kind = self.path.rsplit("/", 1)[-1]
        time.sleep(_TAKES[kind])
        body = json.dumps(getattr(self, kind)(request)).encode()
        with suppress(OSError):
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def embeddings(self, request: dict[str, Any]) -> dict[str, Any]:
        data = [{"object": "embedding", "index": n, "embedding": _coded(text, request)} for n, text in _inputs(request)]
        usage = {"prompt_tokens": 10, "total_tokens": 10}
        return {"object": "list", "data": data, "model": request["model"], "usage": usage}

    def rerank(self, request: dict[str, Any]) -> dict[str, Any]:
        texts = request.get("documents") or request.get("texts") or []
        scores = (len(set(text.split()) & set(request["query"].split())) for text in texts)
        return {"results": [{"index": n, "relevance_score": score / 10} for n, score in enumerate(scores)]}

    def completions(self, request: dict[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": "The keeper fills the lamp [1]."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _inputs(request: dict[str, Any]) -> Iterator[tuple[int, str]]:
    texts = request["input"]
    return enumerate([texts] if isinstance(texts, str) else texts)


def _coded(text: str, request: dict[str, Any]) -> str | list[float]:
    """The sum of vectors of the words, so that texts with common words are near one another."""
    vector = np.zeros(DIMENSIONS, "<f4")
    for word in text.split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector += np.random.default_rng(seed).normal(size=DIMENSIONS).astype("<f4")
    is_text = request.get("encoding_format") == "base64"
    return base64.b64encode(vector.tobytes()).decode() if is_text else vector.tolist()


@dataclass(frozen=True, slots=True)
class Parts:
    """``proxies`` by part, as the service sees them; ``direct``: the environment of what must not fail with them."""

    proxies: dict[str, FaultyProxy]
    direct: dict[str, str]
    folder: Path

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs raglake beside the service, on the same lake."""
        line = [sys.executable, "-m", "raglake", *words, "--lake", LAKE]
        return subprocess.run(line, env=self.direct, capture_output=True, text=True, timeout=300)

    def environment(self) -> dict[str, str]:
        """That of the service."""
        addresses = _addresses({name: proxy.port for name, proxy in self.proxies.items()})
        return {**self.direct, **addresses, **compiled_in(self.folder / "compiled")}


def _addresses(ports: dict[str, int]) -> dict[str, str]:
    own = {f"RAGLAKE_{role}_URL": f"http://127.0.0.1:{ports[part]}/v1" for role, part in _ROLES.items()}
    redis = {"RAGLAKE_CACHE_URL": f"redis://127.0.0.1:{ports['redis']}/0"}
    return {**own, **redis, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['lake']}"}


_ROLES = {"EMBED": "vector", "RERANK": "rerank", "CHAT": "answer"}


@contextmanager
def parts(folder: Path) -> Iterator[Parts]:
    """All parts at work."""
    with ExitStack() as stack:
        bucket = stack.enter_context(serving(LAKE))
        models = ThreadingHTTPServer(("127.0.0.1", 0), Models)
        models.daemon_threads = True
        Thread(target=models.serve_forever, daemon=True).start()
        stack.callback(models.shutdown)
        ports = dict.fromkeys(_ROLES.values(), int(models.server_port))
        ports |= {"redis": stack.enter_context(_redis()), "lake": int(bucket["AWS_ENDPOINT_URL"].rsplit(":", 1)[1])}
        proxies = {name: FaultyProxy(port) for name, port in ports.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
        direct = {**os.environ, **bucket, **_addresses(ports), "OPENAI_API_KEY": "none"}
        yield Parts(proxies, direct, folder)


@contextmanager
def _redis() -> Iterator[int]:
    server, port = shutil.which("redis-server") or shutil.which("valkey-server"), free_port()
    if server is None:
        raise SystemExit("needs redis-server or valkey-server")
    words = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen([*words, "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"], stdout=-3) as process:
        try:
            yield port
        finally:
            process.terminate()


@contextmanager
def service(of: Parts, log: Path) -> Iterator[tuple[int, float]]:
    """``raglake serve``; yields its port, and the seconds until it answered."""
    keys = [{"name": name, "key": name * 4, "principals": principals} for name, principals in KEYS.items()]
    (of.folder / "keys.json").write_text(json.dumps(keys))
    port, begun = free_port(), time.monotonic()
    words = ["serve", "--lake", LAKE, "--port", str(port), "--keys", str(of.folder / "keys.json"), "--rate", "100000"]
    words += ["--model", "openai:stub", "--rerank", "openai:stub"]
    with log.open("ab") as file:
        process = subprocess.Popen([sys.executable, "-m", "raglake", *words], env=of.environment(), stderr=file)
    try:
        while not _listens(port):
            if process.poll() is not None or time.monotonic() - begun > 120:
                raise SystemExit(f"the service does not listen; see {log}")
            time.sleep(0.02)
        yield port, time.monotonic() - begun
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
