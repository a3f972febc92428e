"""What should take no time whatever the size of a lake: to open a release, to roll back, to publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from lake.index import open_lake
from lake.maintenance import operate

_TIMES = 7


def instants(lake: Path) -> Iterator[tuple[str, float]]:
    """Median seconds of each, of a lake with two releases or more; live is afterwards what it was."""
    url = str(lake)
    before, live = [release.id for release in open_lake(url).history().releases.values()][-2:]
    spent: dict[str, list[float]] = {"open at a release": [], "rollback": [], "publish": []}
    for _ in range(_TIMES):
        spent["open at a release"].append(_seconds(lambda: open_lake(url).dataset("chunks", at=before)))
        spent["rollback"].append(_seconds(lambda: operate.rollback(url, before, why="benchmark")))
        spent["publish"].append(_seconds(lambda: operate.publish(url, live, why="benchmark", force=True)))
    yield from ((name, median(seconds)) for name, seconds in spent.items())


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
