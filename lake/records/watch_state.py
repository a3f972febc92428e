"""How soon changes were published: what whoever watches a lake leaves in it, for metrics and people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from lake.ids import value_digest
from lake.storage import clock
from lake.storage.protocol import Store

_FOLDER = "watch"
#: Lags that are kept, newest last.
_KEPT = 1000


@dataclass(frozen=True)
class WatchState:
    """``target`` is the promised lag in seconds, from a change until it is published; ``lags`` are the last ones.

    ``n_changes`` and ``n_late`` (those beyond the target) count since the watch began, and so do ``n_runs`` and
    ``n_failed``; runs that found nothing to publish, and their changes, count nowhere. ``n_waiting`` includes changes
    that a run is at work on. ``waiting_since``: the oldest change that is not published yet. ``failure``: what kind of
    error the last run ended with, "" if it ended well. ``at``: when this was written. ``has_ended``: it was stopped.
    """

    sources: tuple[str, ...]
    target: float
    at: datetime
    lags: tuple[float, ...] = ()
    n_changes: int = 0
    n_late: int = 0
    n_runs: int = 0
    n_failed: int = 0
    n_waiting: int = 0
    waiting_since: datetime | None = None
    failure: str = ""
    has_ended: bool = False

    def published(self, lags: Iterable[float]) -> WatchState:
        """The state after a run that published changes with these lags, in seconds."""
        new = tuple(lags)
        return replace(
            self,
            lags=(*self.lags, *new)[-_KEPT:],
            n_changes=self.n_changes + len(new),
            n_late=self.n_late + sum(lag > self.target for lag in new),
            n_runs=self.n_runs + 1,
            failure="",
        )

    def quantile(self, share: float) -> float | None:
        """The lag that this share of the last changes had at most; None without any.

        >>> WatchState((), 60, datetime(2026, 1, 1), (3.0, 1.0, 2.0)).quantile(0.5)
        2.0
        """
        ordered = sorted(self.lags)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None

    def summary(self) -> dict[str, Any]:
        """What people are shown, JSON-like; lags in seconds."""
        told = {name: value for name, value in asdict(self).items() if name not in ("lags",)}
        lags = {f"p{share * 100:.0f}": self.quantile(share) for share in (0.5, 0.95, 1.0)}
        return {**told, "sources": list(self.sources), "lag": lags}


def write(store: Store, state: WatchState) -> None:
    """Store the state of whoever watches these sources, in place of the earlier one."""
    value = asdict(replace(state, at=clock.now()))
    store.write(f"{_FOLDER}/{value_digest(list(state.sources))}.json", json.dumps(value, default=str).encode())


def states(store: Store) -> Iterator[WatchState]:
    """The states of all that watch, or watched, the lake."""
    for name in store.names(_FOLDER):
        try:
            value = json.loads(store.read(f"{_FOLDER}/{name}"))
            since = value["waiting_since"]
            moments = {
                "at": datetime.fromisoformat(value["at"]),
                "waiting_since": datetime.fromisoformat(since) if since else None,
            }
            lists = {"sources": tuple(value["sources"]), "lags": tuple(map(float, value["lags"]))}
            yield WatchState(**{**value, **moments, **lists})
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            continue
