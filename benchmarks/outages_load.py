"""Steady load on a service, and what each answer must be."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from typing import Any

#: Seconds within which an answer must come: four parts of 2 seconds for a search; and those of the chat model.
DEADLINES = {"/query": 10.0, "/answer": 25.0}
#: Seconds after which a caller gives up: more than a chat model may be silent.
_PATIENCE = 90
WORDS = ("harbour", "lantern", "oil", "wick", "keeper", "storm", "rope", "anchor", "glass", "stair", "bell", "reef")
_COMMON = ("which lamp burns oil in a storm?", "who keeps the bell?", "rope and anchor on the stair")


@dataclass(frozen=True, slots=True)
class Answered:
    """One request; ``begun`` and ``ended`` by the clock of ``time.time``."""

    path: str
    key: str
    begun: float
    ended: float
    status: int
    found: dict[str, Any]

    @property
    def degraded(self) -> set[str]:
        return set(self.found.get("degraded", ()))

    @property
    def hits(self) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = self.found.get("hits" if self.path == "/query" else "passages", [])
        return hits

    @property
    def is_in_time(self) -> bool:
        return self.status == 200 and self.ended - self.begun <= DEADLINES[self.path]

    @property
    def known_at(self) -> float:
        """When what it says of rights and erasures was true."""
        since = self.found.get("stale_since")
        return datetime.fromisoformat(since).timestamp() if since else self.begun


@dataclass(slots=True)
class Seen:
    """All answers so far; ``limits`` are sentences on what no answer may hold from a time on."""

    answers: list[Answered] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    erased: dict[str, float] = field(default_factory=dict)
    closed: dict[str, float] = field(default_factory=dict)
    lock: Any = field(default_factory=Lock)

    def faults_of(self, one: Answered) -> list[str]:
        """What is wrong with the contents of an answer."""
        release, wrong = one.found.get("release"), []
        texts = [hit["text"] for hit in one.hits]
        turns = {int(text.rsplit("turn ", 1)[1].split(".")[0]) for text in texts if "turn " in text}
        if turns - {self.turns.get(str(release), -1)}:
            wrong.append("mixed")
        for hit in one.hits:
            if one.key == "public" and (hit["uri"].startswith("staff") or self._is_closed(hit["uri"], one)):
                wrong.append("beyond rights")
            if self.erased.get(hit["uri"], float("inf")) < one.known_at:
                wrong.append("erased")
        return wrong

    def _is_closed(self, uri: str, one: Answered) -> bool:
        return self.closed.get(uri, float("inf")) < one.known_at


def _client(seen: Seen, port: int, path: str, pause: float, number: int, stopped: Event) -> None:
    """One caller: every third question is one of a few, the others are new."""
    choose, key = random.Random(number), ("public", "staff")[number % 2]
    while not stopped.wait(pause * choose.uniform(0.7, 1.3)):
        text = choose.choice(_COMMON) if choose.random() < 0.3 else " ".join(choose.sample(WORDS, 4)) + f" {number}"
        body = {"text": text, "k": 5} if path == "/query" else {"question": text, "k": 3}
        seen.answers.append(_asked(port, path, key, body))


def _asked(port: int, path: str, key: str, body: dict[str, Any]) -> Answered:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key * 4}"}
    line, begun = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE), time.time()
    try:
        line.request("POST", path, json.dumps(body), headers)
        response = line.getresponse()
        status, found = response.status, json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        status, found = 0, {"error": repr(error)}
    finally:
        line.close()
    return Answered(path, key, begun, time.time(), status, found)


@contextmanager
def load(seen: Seen, port: int, n_searching: int, n_answering: int, pause: float) -> Iterator[None]:
    """Callers that send one request after the other, each ``pause`` seconds after the last answer."""
    stopped, n = Event(), n_searching + n_answering
    with ThreadPoolExecutor(n) as pool:
        for number in range(n):
            path = "/query" if number < n_searching else "/answer"
            pool.submit(_client, seen, port, path, pause, number, stopped)
        try:
            yield
        finally:
            stopped.set()


def chosen(answers: Sequence[Answered], start: float, end: float) -> list[Answered]:
    """Those that began and ended within these times."""
    return [one for one in answers if one.begun >= start and one.ended <= end]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def recovery(answers: Sequence[Answered], cleared: float, is_degraded: Callable[[Answered], bool]) -> float:
    """Seconds from the end of a fault until requests got whole answers for good."""
    late = [one.begun - cleared for one in answers if one.begun > cleared and is_degraded(one)]
    return max(late, default=0.0)
