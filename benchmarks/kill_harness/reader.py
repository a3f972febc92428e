"""A reader: one long-lived index, searching and reading all the time; one JSON line per answer.

python -m kill_harness.reader LAKE SEED PAUSE_SECONDS; ends when stdin closes.

Every hit is compared with the tables of the releases that were live while the search ran: all hits of one
answer must come from one of them. Each table read is reported with its release and digest, for
the driver to compare with what it knows.
"""

from __future__ import annotations

import json
import random
import select
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kill_harness.content import content_of, digest_of, read_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.releases.history import History

WORDS = ("pump", "valve", "quay", "tide", "buoy", "winch", "ferry", "crane")


class Overtaken(Exception):
    """A release was pruned, or moved to other versions, while it was being read table by table."""


class Reader:
    """The rows of each release seen so far, and the answers compared with them."""

    def __init__(self, url: str, seed: int) -> None:
        import lake

        self._index, self._rng = lake.open_lake(url), random.Random(seed)
        self._rows: dict[str, Rows] = {}

    def look(self) -> dict[str, Any]:
        """One search of live, or one read of a whole release, live or an older one."""
        started = time.time()
        history = self._index.history()
        seen = {"at": started, "head": history.head, "live": history.live.id}
        choice = self._rng.random()
        name = history.live.id if choice < 0.9 else self._rng.choice(list(history.releases))
        try:
            found = self._search(history) if choice < 0.6 else self._read(name)
        except Overtaken as overtaken:
            found = {"kind": "overtaken", "release": str(overtaken)}
        return seen | found

    def _search(self, before: History) -> dict[str, Any]:
        mode = self._rng.choice(("hybrid", "vector", "text"))
        words = " ".join(self._rng.sample(WORDS, 2))
        possible = [self._known(before, before.live.id)]
        hits = self._index.search(words, 10, mode=mode).to_pylist()
        after = self._index.history()
        lives = {entry.live for entry in after.entries if entry.seq > before.head} | {before.live.id}
        possible += [self._known(after, name) for name in lives if name in after.releases]
        wrong = [_foreign(hits, rows) for rows in possible]
        if hits and not all(wrong):
            return {"kind": "search"}
        return {"kind": "mixed", "error": f"{mode} search for {words!r} while {sorted(lives)} were live: {wrong}"}

    def _read(self, name: str) -> dict[str, Any]:
        return {"kind": "read", "release": name, "digest": digest_of(content_of(self._tables(name)))}

    def _tables(self, name: str) -> dict[str, pa.Table]:
        place = _place(self._index.history(), name)
        try:
            tables = read_tables(self._index, name)
        except Exception as error:
            if _place(self._index.history(), name) != place:
                raise Overtaken(name) from error
            raise
        if _place(self._index.history(), name) != place:
            raise Overtaken(name)
        return tables

    def _known(self, history: History, name: str) -> Rows:
        """Rows of a release as it lay in this history."""
        place = f"{name} {_place(history, name)}"
        if place not in self._rows:
            tables = self._tables(name)
            if f"{name} {_place(self._index.history(), name)}" != place:
                raise Overtaken(name)
            self._rows[place] = Rows.of(tables)
        return self._rows[place]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a hit can come from: chunk_id -> (uri, text, parent_id), parent_id -> text."""

    chunks: dict[str, tuple[str, str, str]]
    parents: dict[str, str]

    @classmethod
    def of(cls, tables: dict[str, pa.Table]) -> Rows:
        columns = [tables["chunks"].column(c).to_pylist() for c in ("chunk_id", "uri", "text", "parent_id")]
        parents = zip(*(tables["parents"].column(c).to_pylist() for c in ("parent_id", "text")), strict=True)
        return cls({row[0]: row[1:] for row in zip(*columns, strict=True)}, dict(parents))


def _place(history: History, name: str) -> str:
    release = history.releases.get(name)
    return f"{release.generation} {sorted(release.versions.items())}" if release else ""


def _foreign(hits: list[dict[str, Any]], rows: Rows) -> list[str]:
    """Hits that the release does not hold just so."""
    return [
        f"{hit['uri']} {hit['chunk_id']}"
        for hit in hits
        if rows.chunks.get(hit["chunk_id"]) != (hit["uri"], hit["chunk_text"], hit["parent_id"])
        or rows.parents.get(hit["parent_id"]) != hit["text"]
    ]


def main() -> None:
    url, seed, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    reader = Reader(url, seed)
    print(json.dumps({"kind": "ready"}), flush=True)
    while not select.select([sys.stdin], [], [], pause)[0]:
        started = time.time()
        try:
            seen = reader.look()
        except Exception:  # noqa: BLE001  a reader must never fail: the driver reports it
            seen = {"at": started, "head": 0, "kind": "failed", "error": traceback.format_exc()}
        print(json.dumps(seen | {"until": time.time()}), flush=True)


if __name__ == "__main__":
    main()
