"""A Redis server of our own, servers that misbehave, and a lake that may be changed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import lake
from lake.cache import server_state
from lake.index import Index
from lake.options import CacheOptions
from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture
from tests.lake.service.conftest import TwoReleases, start, two_releases  # noqa: F401 - fixtures
from tests.waiting import accepts, free_port, until

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")


@dataclass
class RedisServer:
    """A server that keeps nothing on disk; ``kill`` is ``kill -9``."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, more: Sequence[str] = ()) -> None:
        assert SERVER
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *more]
        self.process = subprocess.Popen([SERVER, *words], stdout=subprocess.DEVNULL)
        until(lambda: accepts(self.port), "the server did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def all(self) -> dict[bytes, bytes]:
        """Every key that holds a string, with its value."""
        from redis import Redis

        with Redis.from_url(self.url) as client:
            return {key: client.get(key) for key in client.scan_iter("*")}  # type: ignore[misc]

    def set(self, key: bytes, value: bytes) -> None:
        from redis import Redis

        with Redis.from_url(self.url) as client:
            client.set(key, value)


@pytest.fixture
def redis_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A server that is waited for longer than usual: what these tests are about is not this machine's load."""
    if SERVER is None:
        pytest.skip("needs redis-server or valkey-server: apt-get install redis-server")
    monkeypatch.setattr(server_state, "PATIENCE", 5.0)
    server = RedisServer(free_port())
    server.start()
    yield server
    server.kill()


@dataclass
class BadServer:
    """Accepts connections and treats them as ``behave`` says."""

    behave: Callable[[socket.socket], None]
    port: int = 0
    n_connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._open.append(listening)
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.n_connections += 1
                self._open.append(connection)
                threading.Thread(target=self._treat, args=(connection,), daemon=True).start()

    def _treat(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self.behave(connection)

    def stop(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def bad_server() -> Iterator[Callable[[Callable[[socket.socket], None]], BadServer]]:
    started: list[BadServer] = []

    def run(behave: Callable[[socket.socket], None]) -> BadServer:
        server = BadServer(behave)
        server.start()
        started.append(server)
        return server

    yield run
    for server in started:
        server.stop()


@pytest.fixture
def changing(two_releases: TwoReleases, tmp_path: Path) -> TwoReleases:  # noqa: F811
    """A copy of the lake and its source, for tests that write."""
    shutil.copytree(Path(two_releases.url).parent, tmp_path / "copy")
    return TwoReleases(str(tmp_path / "copy" / "lake"), two_releases.before, two_releases.after)


def opened(place: str, **options: object) -> Index:
    """The lake with caches."""
    return lake.open_lake(place, cache=CacheOptions(**options))  # type: ignore[arg-type]


def settled(index: Index) -> Index:
    """The index, once what it stores is stored."""
    assert index.caches is not None
    if index.caches.shared is not None:
        index.caches.shared.flush()
    return index
