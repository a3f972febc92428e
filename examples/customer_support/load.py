"""Many people who ask a service on this machine: each waits for an answer, thinks, and asks again."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Crowd:
    """``users`` who think for ``think`` seconds on average (exponential), for ``seconds`` after all have begun.

    They begin over one ``think``. A question's frequency falls with its rank (Zipf, exponent 1).
    """

    url: str
    key: str
    texts: Sequence[str]
    users: int = 1000
    think: float = 120.0
    seconds: float = 90.0
    seed: int = 7


@dataclass(slots=True)
class Answered:
    """What was seen after all had begun."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    costs: list[float] = field(default_factory=list)
    n_cached: int = 0
    n_declined: int = 0

    def add(self, begun: float, counted_from: float, status: str, answer: dict[str, Any]) -> None:
        if begun < counted_from:
            return
        self.statuses[status] += 1
        self.seconds.append(time.monotonic() - begun)
        if answer:
            self.costs.append(answer["cost_usd"] or 0.0)
            self.n_cached += answer["cached"] is not None
            self.n_declined += not answer["enough"]

    def figures(self, during: float) -> dict[str, Any]:
        times = sorted(self.seconds)
        percentiles = {f"p{p}": round(times[min(len(times) - 1, len(times) * p // 100)], 3) for p in (50, 95, 99)}
        return {
            "answers": len(times),
            "per_second": round(len(times) / during, 1),
            **percentiles,
            "statuses": dict(self.statuses),
            "cached": round(self.n_cached / len(times), 3),
            "declined": round(self.n_declined / len(times), 3),
            "usd_each": round(sum(self.costs) / len(times), 6),
            "seconds": [round(one, 3) for one in times],
        }


async def _user(crowd: Crowd, texts: Sequence[str], number: int, seen: Answered, counted: tuple[float, float]) -> None:
    """One person with one connection, which is closed after a minute without a question."""
    chance = random.Random(crowd.seed * 10_000 + number)
    weights = [1 / rank for rank in range(1, len(texts) + 1)]
    limits = httpx.Limits(max_connections=1, keepalive_expiry=60)
    headers = {"Authorization": f"Bearer {crowd.key}"}
    await asyncio.sleep(chance.uniform(0, crowd.think))
    async with httpx.AsyncClient(base_url=crowd.url, headers=headers, timeout=60, limits=limits, verify=False) as http:
        while (begun := time.monotonic()) < counted[1]:
            [question] = chance.choices(texts, weights)
            try:
                response = await http.post("/answer", json={"question": question})
                status = str(response.status_code) if response.is_success else f"{response.status_code} {response.text}"
                seen.add(begun, counted[0], status, response.json() if response.is_success else {})
            except httpx.HTTPError as error:
                seen.add(begun, counted[0], type(error).__name__, {})
            await asyncio.sleep(min(chance.expovariate(1 / crowd.think), max(0.0, counted[1] - time.monotonic())))


async def _crowd(crowd: Crowd, texts: Sequence[str]) -> dict[str, Any]:
    seen, begun = Answered(), time.monotonic()
    counted = (begun + crowd.think, begun + crowd.think + crowd.seconds)
    async with asyncio.TaskGroup() as group:
        for number in range(crowd.users):
            group.create_task(_user(crowd, texts, number, seen, counted))
    return seen.figures(crowd.seconds)


def measured(crowd: Crowd) -> dict[str, Any]:
    """Figures of the answers that began once everybody had; seconds are those of a whole answer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    texts = random.Random(crowd.seed).sample(crowd.texts, len(crowd.texts))
    return asyncio.run(_crowd(crowd, texts))
