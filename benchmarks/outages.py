"""The service in outages: each of its parts killed, slowed and garbled in turn, under steady load.

    python -m benchmarks.outages --seconds 60 --starts

Makes a lake in an S3 server of its own and starts ``raglake serve`` with an embedder, a reranker and a chat model
(stand-ins of 30, 50 and 300 ms), Redis and that lake, each behind a proxy. While a part fails, something happens in the
lake, beside the proxy: a publication, a rollback, a change of rights, an erasure or a pruning. Every answer is checked.
Prints one JSON object, and ends with 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.outages_load import WORDS, Answered, Seen, chosen, load, percentile, recovery
from benchmarks.outages_servers import Parts, parts, service

PARTS = ("vector", "rerank", "answer", "redis", "lake")
FAULTS: dict[str, tuple[Any, float]] = {"killed": ("dead", 0.0), "slowed": ("none", 3.0), "garbled": ("garbled", 0.0)}
#: Seconds after a fault within which all must be whole again, and how long it is watched.
RECOVERY, WATCHED = 10.0, 12.0
#: A request under way when a fault begins may still be whole.
_MARGIN = 0.5
_N_DOCUMENTS, _N_STAFF = 120, 20


@dataclass(slots=True)
class Lake:
    """What happens in the lake while a part fails."""

    of: Parts
    seen: Seen
    turn: int = 0
    releases: list[str] = field(default_factory=list)
    n_erased: int = 0
    failures: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Each document states the turn, so that an answer shows which releases it is from."""
        source = self.of.folder / "source"
        for number in range(_N_DOCUMENTS):
            folder = source / ("staff" if number < _N_STAFF else "open")
            folder.mkdir(parents=True, exist_ok=True)
            words = " ".join(WORDS[(number * step + self.turn) % len(WORDS)] for step in range(1, 30))
            (folder / f"{number}.md").write_text(f"# Lamp {number}\n\n{words} in turn {self.turn}.\n")
        (source / "staff" / "_metadata.csv").write_text("path,acl\n" + "".join(f"{n}.md,hr\n" for n in range(_N_STAFF)))

    def publish(self) -> None:
        self.turn += 1
        self.write()
        made = self._run("ingest", str(self.of.folder / "source"), "--embedder", "openai:stub@32", "--json")
        if made is not None:
            release = json.loads(made)["release"]
            self.seen.turns[release] = self.turn
            self.releases.append(release)

    def rollback(self) -> None:
        self._run("rollback", self.releases[-2], "--why", "in an outage")

    def close(self) -> None:
        """Restricts one more document, with the next publication."""
        number = _N_DOCUMENTS - 1 - len(self.seen.closed)
        uri = f"open/{number}.md"
        (self.of.folder / "source" / f"{uri}.meta.json").write_text('{"acl": ["hr"]}')
        self.publish()
        self.seen.closed[uri] = time.time()

    def erase(self) -> None:
        uri = f"open/{_N_STAFF + self.n_erased}.md"
        self.n_erased += 1
        if self._run("forget", uri, "--why", "asked for") is not None:
            self.seen.erased[uri] = time.time()

    def prune(self) -> None:
        self._run("prune", "--keep-last", "2", "--keep-daily", "0", "--keep-monthly", "0", "--grace-hours", "0")

    def _run(self, *words: str) -> str | None:
        done = self.of.command(*words)
        if done.returncode:
            self.failures.append(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")
            return None
        return done.stdout

    def events(self) -> Iterator[Callable[[], None]]:
        return cycle([self.publish, self.erase, self.rollback, self.close, self.prune])


def nothing() -> None:
    """Leaves the lake as it is."""


def failing(lake: Lake, part: str, kind: str, seconds: float, event: Callable[[], None]) -> dict[str, Any]:
    """What callers saw of one fault of one part."""
    proxy, answers = lake.of.proxies[part], lake.seen.answers
    fault, delay = FAULTS[kind]
    first, begun = len(answers), time.time()
    proxy.become(fault, delay)
    time.sleep(seconds / 4)
    event()
    time.sleep(max(0.0, begun + seconds - time.time()))
    cleared = time.time()
    proxy.become("none")
    time.sleep(WATCHED)
    mine = answers[first:]
    during = chosen(mine, begun + _MARGIN, cleared)
    slow = sorted(mine, key=lambda one: one.begun - one.ended)[:1]
    times = [one.ended - one.begun for one in during if one.path == "/query"]
    return {
        "part": part,
        "fault": kind,
        "event": event.__name__,
        "seconds": round(cleared - begun, 1),
        "n": len(mine),
        "not_in_time": sum(not one.is_in_time for one in mine),
        "statuses": dict(Counter(f"{one.path} {one.status}" for one in mine if one.status != 200)),
        "query_ms": {f"p{share}": round(1000 * percentile(times, share / 100)) for share in (50, 95, 99)},
        "longest_s": round(slow[0].ended - slow[0].begun, 2) if slow else 0.0,
        "not_marked": sum(not _is_marked(one, part) for one in during if one.status == 200),
        "marked_wrongly": sum(bool(one.degraded - {part}) for one in during),
        # Stand-ins that share few cores with an ingest are late: then the mark is true, though no fault was planted.
        "others_marked": dict(Counter(other for one in during for other in one.degraded - {part})),
        "recovered_s": round(recovery(mine, cleared, lambda one: bool(one.degraded) or not one.is_in_time), 2),
    }


def _is_marked(one: Answered, part: str) -> bool:
    """Whether an answer names the part if it lacked it: what a cache has needs no model."""
    if part == "redis" or part in one.degraded or (part == "answer" and one.path == "/query"):
        return True
    # The passages of an answer may come from a cache, too, and be too weak for a model to be called.
    is_weak = "no model was called" in one.found.get("notice", "")
    # A slow model answers late, and nothing is missing.
    is_written = part == "answer" and bool(one.found.get("text"))
    is_cached = (
        one.found.get("cached")
        or is_weak
        or is_written
        or part == "vector"
        or (part == "rerank" and one.path == "/answer")
    )
    return part != "lake" and bool(is_cached)


def quiet(lake: Lake, seconds: float) -> dict[str, Any]:
    """Answers without a fault."""
    first = len(lake.seen.answers)
    time.sleep(seconds)
    mine = lake.seen.answers[first:]
    times = [one.ended - one.begun for one in mine if one.path == "/query"]
    ms = {f"p{share}": round(1000 * percentile(times, share / 100)) for share in (50, 95, 99)}
    return {"n": len(mine), "degraded": sum(bool(one.degraded) for one in mine), "query_ms": ms}


def verdict(lake: Lake, rows: list[dict[str, Any]]) -> dict[str, Any]:
    answers = lake.seen.answers
    wrong = Counter(fault for one in answers for fault in lake.seen.faults_of(one))
    in_time = sum(one.is_in_time for one in answers) / max(1, len(answers))
    return {
        "n_answers": len(answers),
        "in_time": round(in_time, 5),
        "mixed": wrong["mixed"],
        "beyond_rights": wrong["beyond rights"],
        "erased": wrong["erased"],
        "not_marked": sum(row["not_marked"] for row in rows),
        "marked_wrongly": sum(row["marked_wrongly"] for row in rows),
        "recovered_s": max((row["recovered_s"] for row in rows), default=0.0),
        "failed_events": lake.failures,
    }


def is_kept(found: dict[str, Any]) -> bool:
    broken = ("mixed", "beyond_rights", "erased", "not_marked", "marked_wrongly", "failed_events")
    return found["in_time"] >= 0.999 and found["recovered_s"] <= RECOVERY and not any(found[name] for name in broken)


def started_without(of: Parts, log: Path) -> dict[str, float]:
    """Seconds until the service listens while one part, and then all, are dead."""
    found = {}
    for names in (("none",), *((name,) for name in PARTS), PARTS):
        for name in set(names) & of.proxies.keys():
            of.proxies[name].become("dead")
        with service(of, log) as (_, seconds):
            found["+".join(names) if len(names) == 1 else "all"] = round(seconds, 2)
        for proxy in of.proxies.values():
            proxy.become("none")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time of each fault")
    parser.add_argument("--searching", type=int, default=6, help="callers of /query")
    parser.add_argument("--answering", type=int, default=2, help="callers of /answer")
    parser.add_argument("--pause", type=float, default=0.5, help="mean seconds between an answer and the next request")
    parser.add_argument(
        "--event-every", type=int, default=1, help="something happens in the lake during each N-th fault"
    )
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--faults", nargs="*", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--starts", action="store_true", help="also measure starts while parts are dead")
    parser.add_argument("--log", type=Path, help="where the service's own log is kept")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, parts(Path(name)) as of:
        lake, log = Lake(of, Seen()), Path(name) / "service.log"
        lake.publish()
        lake.publish()
        starts = started_without(of, log) if words.starts else {}
        events, rows = lake.events(), []
        with service(of, log) as (port, _), load(lake.seen, port, words.searching, words.answering, words.pause):
            before = quiet(lake, 10.0)
            for part in words.parts:
                for kind in words.faults:
                    event = nothing if len(rows) % words.event_every else next(events)
                    rows.append(failing(lake, part, kind, words.seconds, event))
                    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        found = verdict(lake, rows)
        if words.log:
            shutil.copy(log, words.log)
    print(json.dumps({"starts_s": starts, "without_fault": before, "faults": rows, **found}, indent=1))
    sys.exit(0 if is_kept(found) else 1)


if __name__ == "__main__":
    main()
