"""A lake with two releases, and services that listen on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import lake
from expectations.report.measured import Measurements
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.answer import AnswerOptions, ChatModel
from lake.options import RecipeOptions
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.cross_origin import AllowedOrigins
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing
from lake.service.server import configured
from lake.service.service import Service
from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture
from tests.waiting import free_port

ANONYMOUS = KeyRing(anonymous=Key("anonymous"))


@dataclass(frozen=True, slots=True)
class TwoReleases:
    """In ``after`` every document says it otherwise than in ``before``; ``after`` is live."""

    url: str
    before: str
    after: str


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> TwoReleases:
    folder = tmp_path_factory.mktemp("service")
    (folder / "source").mkdir()
    return TwoReleases(str(folder / "lake"), *(_ingested(folder, oil) for oil in ("whale", "olive")))


def _ingested(folder: Path, oil: str) -> str:
    for number in range(40):
        (folder / "source" / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns {oil} oil, he said.")
    payroll = f"---\nacl: [hr]\n---\n# Payroll\n\nWho fills lamps with {oil} oil earns 7 ducats."
    (folder / "source" / "payroll.md").write_text(payroll)
    job = Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        release = reindex(job, steps).release
    assert release
    return release


@dataclass(frozen=True, slots=True)
class Running:
    """A service at work, and the loop it works in."""

    url: str
    port: int
    service: Service
    loop: asyncio.AbstractEventLoop

    def post(self, path: str = "/query", key: str = "", **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=120)

    def get(self, path: str, key: str = "", **words: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.get(f"{self.url}{path}", headers=headers, params=words, timeout=120)


Start = Callable[..., Running]


@pytest.fixture
def start(two_releases: TwoReleases) -> Iterator[Start]:
    stops: list[Callable[[], None]] = []

    def run(
        keys: KeyRing = ANONYMOUS,
        url: str | None = None,
        chat: ChatModel | None = None,
        origins: AllowedOrigins | None = None,
        hosts: tuple[str, ...] | None = None,
        sources: dict[str, str] | None = None,
        **bounds: Any,
    ) -> Running:
        answers = AnswerOptions(min_evidence=0.0)
        limits = Capacity(**{"rate": 10_000, "burst": 10_000, **bounds})
        words: dict[str, Any] = {"chat": chat, "answers": answers, "origins": origins, "hosts": hosts}
        words["sources"] = sources
        index = lake.open_lake(url or two_releases.url)
        running, stop = _listening(create_app(index, keys, limits, **words, measured=Measurements(index)), limits)
        stops.append(stop)
        return running

    yield run
    for stop in stops:
        stop()


@contextmanager
def listening_service(app: Guard, bounds: Capacity) -> Iterator[Running]:
    """A service of this application, for as long as the context lasts."""
    running, stop = _listening(app, bounds)
    yield running
    stop()


def _listening(app: Guard, bounds: Capacity) -> tuple[Running, Callable[[], None]]:
    port = free_port()
    server, loop = uvicorn.Server(configured(app, bounds, "127.0.0.1", port)), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()))
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    assert server.started

    def stop() -> None:
        server.should_exit = True
        thread.join(30)
        loop.close()

    service: Service = app.app.state.service  # type: ignore[attr-defined]
    return Running(f"http://127.0.0.1:{port}", port, service, loop), stop
