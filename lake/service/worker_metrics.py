"""Metrics of all processes of one service, whichever of them is read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two copies of a process's metrics, for the time after it died; and to wait for another process.
_KEPT, _PATIENCE = 1.0, 1.0


class WorkerMetrics:
    """This process answers the others on a socket in ``folder``, and leaves a copy there for when it is dead."""

    def __init__(self, folder: str, own: Callable[[str | None], bytes]) -> None:
        self._folder, self._own = Path(folder), own
        self._socket, self._copy = (self._folder / f"{os.getpid()}.{kind}" for kind in ("sock", "prom"))
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        server = await asyncio.start_unix_server(self._tell, self._socket)
        self._tasks = [asyncio.create_task(server.serve_forever()), asyncio.create_task(self._keep())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._write()

    async def text(self, live: str | None) -> bytes:
        """The metrics of all processes together; only this one states the live release."""
        others = [path for path in sorted(self._folder.glob("*.prom")) if path != self._copy]
        return summed([self._own(live).decode(), *await asyncio.gather(*map(self._of, others))])

    async def _of(self, copy: Path) -> str:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_unix_connection(copy.with_suffix(".sock"))
                try:
                    return (await reader.read()).decode()
                finally:
                    writer.close()
        return "\n".join(_without_gauges(copy.read_text()))

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._own(None))
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async def _keep(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(_KEPT)

    def _write(self) -> None:
        beside = self._copy.with_suffix(".new")
        with suppress(OSError):  # the folder is gone with the service
            beside.write_bytes(self._own(None))
            beside.replace(self._copy)


def _without_gauges(text: str) -> Iterator[str]:
    """What a dead process counted; what it had open, cached or in work is gone with it."""
    is_gauge = False
    for line in text.split("\n"):  # labels may hold other signs that end a line
        if line.startswith("# TYPE "):
            is_gauge = line.endswith(" gauge")
        if not is_gauge:
            yield line


def summed(texts: Iterable[str]) -> bytes:
    """Metrics of several processes as one: sums, but a part is up only if it is for all, and of budgets the largest."""
    merged: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            merged.setdefault(family.name, family)
            held = values.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                held[key] = _both(family.name, held[key], sample.value) if key in held else sample.value
    for name, family in merged.items():
        family.samples = []
        for (sample_name, labels), value in values[name].items():
            family.add_sample(sample_name, dict(labels), value)
    registry = CollectorRegistry()
    registry.register(_Together(merged.values()))
    return generate_latest(registry)


def _both(name: str, one: float, other: float) -> float:
    if name in ("raglake_budget_limit", "raglake_budget_used"):  # each process knows the whole sum, or only its own
        return max(one, other)
    return min(one, other) if name.endswith(("_up", "_created", "_age_seconds", "_prices")) else one + other


class _Together(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
