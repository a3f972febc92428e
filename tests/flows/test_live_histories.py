"""Random histories of small runs: events lost, doubled and cut short by kills, over a folder and a pushed source.

After each nightly run the lake equals a fresh one. In between nobody sees what was restricted from its beginning, and
nobody finds what was erased. ``RAGLAKE_HISTORIES`` is the number of histories, ``RAGLAKE_SEED`` the first one's seed.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.erasure.forget import forget
from lake.maintenance.prune import fold
from lake.options import RecipeOptions, Retention
from lake.storage import inbox
from lake.storage.pushed import PushedDocuments
from tests.flows.test_state_machine import Crash, Fuse, rows

HISTORIES = int(os.environ.get("RAGLAKE_HISTORIES", "1"))
SEED = int(os.environ.get("RAGLAKE_SEED", "2026"))
_STEPS, _NIGHTS = 12, 2
_NAMES = tuple(f"{folder}{name}.md" for folder in ("", "deep/") for name in "abcdef")


class History:
    """One lake, its folder and its pushed source; ``waiting`` are keys of events that no run has looked at yet."""

    def __init__(self, place: Path, seed: int) -> None:
        self.random, self.place, self.url = random.Random(seed), place, str(place / "lake")
        self.docs, self.told = place / "docs", [f"seed {seed}"]
        self.n, self.secret, self.erased = 0, set[str](), set[str]()
        self.waiting: list[tuple[str, str]] = []
        self.docs.mkdir()
        for name in _NAMES[:8]:
            self._write(self.docs / name)
        self.run()
        for number in range(3):
            self.push(f"p{number}.md")
        self.night()

    @property
    def lake(self) -> Lake:
        return Lake(self.url)

    def run(self, *only: str, sources: tuple[str, ...] = ("docs", "uploads"), url: str | None = None) -> Outcome:
        pushed = "pushed:" if url is None else f"pushed:{self.url}"
        places = {"docs": f"docs={self.docs}", "uploads": f"uploads={pushed}"}
        chosen = tuple(places[name] for name in sources)
        allowed = {"allow_removals": 1000, "allow_opening": 1000}
        with PlainSteps(n_workers=1) as steps:
            job = Job(chosen, url or self.url, RecipeOptions(embedder="hash"), only=only, **allowed)  # type: ignore[arg-type]
            return reindex(job, steps)

    def text(self) -> str:
        """A text that no other document has, with a word by which it is found."""
        self.n += 1
        return f"# Crane {self.n}\n\nThe word of this crane is marker{self.n}x.\n"

    def _write(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        if not path.exists() and self.random.random() < 0.3:  # restricted from its beginning
            self._rights(path).write_text(json.dumps({"acl": ["staff"]}))
            self.secret.add(f"marker{self.n + 1}x")
        path.write_text(self.text())

    @staticmethod
    def _rights(path: Path) -> Path:
        return path.with_name(f"{path.name}.meta.json")

    def tell(self, *names: str) -> None:
        """An event of the folder: it comes, comes twice, or is lost."""
        for name in names:
            self.waiting += [("docs", name)] * self.random.choice((0, 1, 1, 1, 2))

    def edit(self) -> None:
        path = self.docs / self.random.choice(_NAMES)
        is_restricted = self._rights(path).exists() and path.exists()
        self._write(path)
        if is_restricted:
            self.secret.add(f"marker{self.n}x")
        self.tell(str(path.relative_to(self.docs)))

    def rename(self) -> None:
        old, new = (self.docs / name for name in self.random.sample(_NAMES, 2))
        if old.exists() and not self._rights(old).exists() and not self._rights(new).exists():
            new.parent.mkdir(exist_ok=True)
            old.rename(new)
            self.tell(str(old.relative_to(self.docs)), str(new.relative_to(self.docs)))

    def delete(self) -> None:
        path = self.docs / self.random.choice(_NAMES)
        path.unlink(missing_ok=True)
        self.tell(str(path.relative_to(self.docs)))

    def restrict(self) -> None:
        """Rights are taken from everybody; nobody promises anything before a run has looked."""
        path = self.docs / self.random.choice(_NAMES)
        if path.exists():
            self._rights(path).write_text(json.dumps({"acl": ["staff"]}))
            self.tell(f"{path.relative_to(self.docs)}.meta.json")

    def push(self, uri: str | None = None) -> None:
        """What PUT of the service stores, and its notice."""
        uri = uri or f"p{self.random.randrange(5)}.md"
        documents = PushedDocuments(self.lake.store, "uploads")
        found, acl = documents.find(uri), None
        if self.random.random() < 0.3 and (found is None or found.is_deleted or found.acl):
            acl = ["staff"]
            self.secret.add(f"marker{self.n + 1}x")
        data = self.text().encode()
        if not self.lake.denylist().has_document("uploads", uri):
            documents.put(uri, data, by="test", acl=acl, metadata=None, check=lambda _: None)
            inbox.put(self.lake.store, "uploads", [uri])

    def unpush(self) -> None:
        uri = f"p{self.random.randrange(5)}.md"
        found = PushedDocuments(self.lake.store, "uploads").find(uri)
        if found is not None and not found.is_deleted:
            PushedDocuments(self.lake.store, "uploads").delete(uri, "test", lambda _: None)
            inbox.put(self.lake.store, "uploads", [uri])

    def hook(self) -> None:
        """A notification about a folder, or about the whole source."""
        inbox.put(self.lake.store, "docs", [self.random.choice(("", "deep/", "a.md"))])

    def publish(self) -> None:
        """What a watch does with all that waits; it may be killed anywhere."""
        notices = list(inbox.waiting(self.lake.store))
        keys = {name: {key for source, key in self.waiting if source == name} for name in ("docs", "uploads")}
        for notice in notices:
            keys[notice.source] |= set(notice.keys)
        fuse = Fuse(self.random.choice((None, None, self.random.randrange(60))))
        try:
            with fuse.lit():
                for source, named in keys.items():
                    if "" in named:
                        self.run()
                    elif named:
                        self.run(*sorted(named), sources=(source,))
                inbox.done(self.lake.store, notices)
        except Crash:
            return  # events are kept by nobody: what was lost the night finds
        finally:
            self.waiting.clear()

    def erase(self) -> None:
        live = Lake(self.url).log.read().live
        assert live is not None
        held = self.lake.tables(live.generation).at("documents", live.versions["documents"]).scan(["source", "uri"])
        one = self.random.choice(held.to_pylist())
        self.erased |= self.seen("staff", uri=one["uri"])
        forget(self.lake, uri=one["uri"], source=one["source"], why="a test")

    def fold(self) -> None:
        fold(self.lake, Retention(keep_live_hours=0, keep_hourly=0))

    def night(self) -> None:
        self.run()
        self.waiting.clear()
        assert not list(inbox.waiting(self.lake.store))

    def check(self) -> None:
        assert not self.seen() & (self.secret | self.erased), self.told
        assert not self.seen("staff") & self.erased, self.told

    def seen(self, *principals: str, uri: str | None = None) -> set[str]:
        """The markers of all that somebody finds, or of one document."""
        found = lake.open_lake(self.url).search("word of this crane", k=200, principals=list(principals), mode="text")
        hits = found.hits.to_pylist()
        return {word for hit in hits if uri in (None, hit["uri"]) for word in _markers(hit["text"])}

    def equals_a_fresh_one(self) -> None:
        fresh = str(self.place / f"fresh{self.n}")
        if self.lake.denylist():  # what was erased is in the source, and nobody may index it again
            return
        self.run(url=fresh)
        digests = {url: Lake(url).log.read().live.digest for url in (self.url, fresh)}  # type: ignore[union-attr]
        assert len(set(digests.values())) == 1, self.told
        mine, theirs = rows(self.url), rows(fresh)
        for name, frame in mine.items():
            assert frame.equals(theirs[name]), (name, self.told)


def _markers(text: str) -> set[str]:
    return {word.strip(".") for word in text.split() if word.startswith("marker")}


@pytest.mark.parametrize("seed", range(SEED, SEED + HISTORIES))
def test_after_each_night_a_lake_equals_a_fresh_one_and_shows_nobody_too_much(tmp_path: Path, seed: int) -> None:
    history = History(tmp_path, seed)
    deeds: list[Callable[[], Any]] = [
        *([history.edit] * 4),
        *([history.publish] * 4),
        *(history.rename, history.delete, history.restrict, history.push, history.push, history.unpush),
        *(history.hook, history.fold),
    ]
    for night in range(_NIGHTS):
        for _ in range(_STEPS):
            deed = history.random.choice(deeds)
            history.told.append(deed.__name__)
            deed()
            history.check()
        history.told.append("night")
        history.night()
        history.check()
        history.equals_a_fresh_one()
        if night == _NIGHTS - 2:  # in the last night nothing erased comes back
            history.told.append("erase")
            history.erase()
            history.check()
