"""Random histories of a lake, beside a model in memory: whatever is done or cut short, the lake equals the model.

The short form runs with the other tests. The long one tries other histories each time it is run:

    RAGLAKE_HISTORIES=200 python -m pytest -q tests/flows/test_state_machine.py

``RAGLAKE_SEED`` takes the seed of an earlier run, which each failure prints. A crash is an error at the n-th thing
that a call does to a file or a table, before or after it was done; from there on nothing can be written.
"""

from __future__ import annotations

import copy
import hashlib
import os
import random
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import lake
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake
from lake.embed import load_embedder
from lake.errors import LakeError, RefusedError, UsageError
from lake.ids import document_id
from lake.index import Index
from lake.options import RecipeOptions, Retention
from lake.releases.history import History
from lake.storage import clock
from lake.storage.store import LocalStore
from lake.tables.writer import Tables

HISTORIES = int(os.environ.get("RAGLAKE_HISTORIES", "0"))
SEED = int(os.environ.get("RAGLAKE_SEED", random.SystemRandom().getrandbits(32) if HISTORIES else 2026))
TABLES = ("documents", "parents", "chunks", "quarantine")
Rows = dict[str, list[dict[str, Any]]]
WHEN = {"indexed_at", "modified_at", "first_seen_at"}
URIS = ("a.txt", "b.md", "c/d.txt", "c/e.md", "f g.txt", "ü.md")
PARAGRAPHS = (
    "The north crane lifts ballast at dawn.",
    "Readings of the tide gauge are taken twice.",
    "A reading of the barometer is taken once, and every pilot of the harbour signs for it before noon bells.",
    "# Ropes\n\nHawsers and winches are checked on Friday.",
    "Café Zürich closes at 22:30.",
    "Ok.",
)
USUAL = {"embedder": "hash", "parent_tokens": 24, "overlap_tokens": 0, "heading_tokens": 0}
SETTINGS = tuple(
    RecipeOptions(**USUAL, child_tokens=tokens, vector_dtype=dtype, text_tokenizer=tokenizer)  # type: ignore[arg-type]
    for tokens, dtype, tokenizer in (
        (12, "float32", "simple"),
        (20, "float32", "simple"),
        (12, "float16", "simple"),
        (12, "float32", "icu"),
    )
)


@dataclass
class Kept:
    """A release as the model has it; a text of "" is a document in quarantine."""

    docs: dict[str, str]
    settings: RecipeOptions
    base: str | None
    audited: bool = False
    published: bool = False
    rolled_back: str | None = None

    def equals(self, docs: dict[str, str], settings: RecipeOptions) -> bool:
        return (self.docs, self.settings) == (docs, settings)


@dataclass
class State:
    """What a lake should say. ``rolled_back``: whether nothing was published since the last rollback."""

    releases: dict[str, Kept] = field(default_factory=dict)
    live: str | None = None
    pinned: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    denied: dict[str, set[str]] = field(default_factory=dict)
    rolled_back: bool = False
    n_built: Counter[date] = field(default_factory=Counter)

    def next(self) -> State:
        return copy.deepcopy(self)

    def pick(self, n: int) -> str:
        """The newest release that is not live for 0, for others any that ever was, or a name."""
        kept = [name for name in self.releases if name != self.live]
        known = [*self.names, *sorted(self.dropped), *filter(None, [self.live]), *kept]
        return known[-1 - n % len(known)] if known else "2039-01-01.1"

    def resolve(self, at: str) -> str:
        release = self.names.get(at, at)
        if release not in self.releases:
            raise UsageError(at)
        return release

    def allowed(self, source: dict[str, str]) -> dict[str, str]:
        gone = {text for texts in self.denied.values() for text in texts}
        return {uri: text for uri, text in source.items() if uri not in self.denied and text not in gone}

    def show(self, release: str) -> State:
        self.live, self.releases[release].published, self.releases[release].rolled_back = release, True, None
        return self

    def bars(self, release: str) -> bool:
        """Whether publishing it would bring back what was rolled back, or move what is pinned."""
        mine = self.releases[release]
        equal = [kept for kept in self.releases.values() if kept.equals(mine.docs, mine.settings)]
        return self.pinned is not None or any(kept.rolled_back is not None for kept in equal)

    def seen(self) -> dict[str, Any]:
        """What tells the stages of a call that was cut short from one another."""
        releases = {name: (kept.base, kept.audited, len(kept.docs)) for name, kept in self.releases.items()}
        texts = {text for texts in self.denied.values() for text in texts}
        return {"releases": releases, "live": self.live, "pinned": self.pinned, "names": self.names} | {
            "denied": (set(self.denied), texts)
        }


def after_ingest(
    state: State, source: dict[str, str], wanted: RecipeOptions, today: date, *, change: bool, allow: int, publish: bool
) -> list[State]:
    """Nothing done, built, audited, published: as far as it should come."""
    live = state.releases.get(state.live or "")
    newest = live or next(reversed(state.releases.values()), None)
    if newest and newest.settings != wanted and not change:
        raise UsageError("recipe")
    docs = state.allowed(source)
    before = live.docs if live else {}
    if not docs and len(before) > max(allow, len(source)):
        raise RefusedError("guard")
    if docs == before and (not live or _same_rows(live.settings, wanted, bool(docs))):
        return [state]
    equal = [name for name, kept in state.releases.items() if kept.equals(docs, wanted) and kept.base == state.live]
    built = state.next()
    if not equal:
        built.n_built[today] += 1
        equal = [f"{today}.{built.n_built[today]}"]
        built.releases[equal[0]] = Kept(docs, wanted, state.live)
    audited = built.next()
    audited.releases[equal[-1]].audited = True
    stages = [state, built, audited]
    if publish and not audited.bars(equal[-1]):
        shown = audited.next().show(equal[-1])
        shown.rolled_back = False
        stages.append(shown)
    return stages


def _same_rows(was: RecipeOptions, wanted: RecipeOptions, any_documents: bool) -> bool:
    rows = [(s.child_tokens, s.vector_dtype) for s in (was, wanted)]
    return was.text_tokenizer == wanted.text_tokenizer and (rows[0] == rows[1] or not any_documents)


def after_publish(state: State, at: str, *, force: bool) -> list[State]:
    release = state.resolve(at)
    if release == state.live:
        return [state]
    kept = state.releases[release]
    if not force and (kept.base != state.live or not kept.audited or state.bars(release)):
        raise RefusedError("publish")
    shown = state.next().show(release)
    shown.rolled_back = False
    return [state, shown]


def after_rollback(state: State, release: str, why: str) -> list[State]:
    if release == state.live:
        return [state]
    if not state.releases[release].published:
        raise UsageError("never live")
    back, was_live = state.next(), state.live
    back.show(release).rolled_back = True
    if was_live:
        back.releases[was_live].rolled_back = why
    return [state, back]


def after_prune(state: State, n: int) -> list[State]:
    names = list(state.releases)
    published = [name for name in names if state.releases[name].published]
    newer = names[names.index(published[-1]) + 1 :] if published else names
    kept = {state.live, *state.names.values(), *(published[-n:] if n else ()), *(newer[-n:] if n else ())}
    if state.rolled_back:
        kept |= {name for name in names if state.releases[name].rolled_back is not None}
    pruned = state.next()
    pruned.releases = {name: pruned.releases[name] for name in names if name in kept}
    pruned.dropped |= set(names) - kept
    return [state, pruned]


def after_forget(state: State, uri: str, *, source_named: bool) -> list[State]:
    """Nothing done, denied, gone from every release."""
    texts = {kept.docs[uri] for kept in state.releases.values() if uri in kept.docs}
    known = source_named or any(kept.docs for kept in state.releases.values())
    if not texts and not (uri in state.denied and known):
        raise UsageError("no such document")
    denied = state.next()
    denied.denied[uri] = denied.denied.get(uri, set()) | texts
    gone = denied.next()
    for kept in gone.releases.values():
        kept.docs = {u: text for u, text in kept.docs.items() if u != uri and text not in texts}
    return [state, denied, gone]


class Crash(BaseException):
    """The process is gone."""


class Fuse:
    """Lets ``n`` things be done and then nothing more; None lets everything."""

    def __init__(self, n: int | None) -> None:
        self._left, self._lock = n, threading.Lock()
        self.blown = False

    def burn(self, *_: object) -> None:
        with self._lock:
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self.blown = True
                    raise Crash

    def around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(this: object, *args: Any, **kwargs: Any) -> Any:
            if args and str(args[0]).startswith("lease/"):  # a dead process holds no lease; this one lives on
                return method(this, *args, **kwargs)
            self.burn()
            result = method(this, *args, **kwargs)
            self.burn()
            return result

        return guarded

    @contextmanager
    def lit(self) -> Iterator[None]:
        writes = {
            LocalStore: ("write", "put_if_absent", "delete", "delete_folder", "flush"),
            Tables: ("reset", "apply", "index", "maintain", "protect", "vacuum"),
        }
        with pytest.MonkeyPatch.context() as patch:
            for owner, names in writes.items():
                for name in names:
                    patch.setattr(owner, name, self.around(getattr(owner, name)))
            yield


class DyingEmbedder:
    """The hash embedder, one text at a time."""

    def __init__(self, fuse: Fuse) -> None:
        self._inner, self._fuse = load_embedder("hash"), fuse
        self.identity = self._inner.identity

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for position, text in enumerate(texts):
            self._fuse.burn()
            for _, vectors in self._inner.embed([text]):
                yield [position], vectors

    def embed_query(self, text: str) -> np.ndarray:
        return self._inner.embed_query(text)


class StepByStep(PlainSteps):
    """Embeds a request before it does anything else, so that a history happens the same way each time."""

    def embed(self, *args: Any) -> Any:
        future = super().embed(*args)
        future.exception()
        return future


@cache
def vector(text: str, dtype: str) -> bytes:
    return next(vectors for _, vectors in load_embedder("hash").embed([text]))[0].astype(dtype).tobytes()


def rows(url: str) -> dict[str, pl.DataFrame]:
    """All rows of ``live``, vectors included, without the columns that say when."""
    index = lake.open_lake(url)
    frames = {table: pl.DataFrame(index.dataset(table).to_table()) for table in TABLES}
    return {name: frame.drop(WHEN & set(frame.columns)).sort(frame.columns[0]) for name, frame in frames.items()}


class LakeMachine(RuleBasedStateMachine):
    """``source`` and ``state`` are the model; ``url`` is the lake."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder, self.url = self.root / "docs", str(self.root / "lake")
        self.folder.mkdir()
        Lake(self.url).create()
        self.index = lake.open_lake(self.url)
        self.source: dict[str, str] = {}
        self.settings, self.state = SETTINGS[0], State()
        self.moments: list[tuple[str, str | None]] = []
        self._ticks, self._patch = 0, pytest.MonkeyPatch()
        self._patch.setattr(clock, "now", self._now)
        self._sound = True

    def _now(self) -> datetime:
        """Later than any file, a moment after the last time it was asked."""
        self._ticks += 1
        return datetime(2040, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self._ticks)

    # What happens to the sources.

    uris = st.sampled_from(URIS)
    texts = st.lists(st.sampled_from(PARAGRAPHS), max_size=3)

    @rule(uri=uris, paragraphs=texts)
    def write(self, uri: str, paragraphs: list[str]) -> None:
        path = self.folder / uri
        path.parent.mkdir(exist_ok=True)
        self.source[uri] = "\n\n".join(paragraphs)
        path.write_text(self.source[uri])

    @rule(a=uris, b=uris, copied=st.booleans())
    def move(self, a: str, b: str, copied: bool) -> None:
        if a in self.source and a != b:
            self.write(b, [self.source[a]])
            if not copied:
                self.delete(a)

    @rule(uri=uris)
    def delete(self, uri: str) -> None:
        if self.source.pop(uri, None) is not None:
            (self.folder / uri).unlink()

    @rule(days=st.sampled_from([1, 3]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            self.moments.append((f"{self._now():%Y-%m-%d}", self.state.live))
            self._ticks += 86_400_000

    # What happens to the lake.

    # A night does some 60 to 80 things, the last dozen after its tables are written; an erasure does 150.
    fuses = st.one_of(st.none(), st.none(), st.integers(1, 150))
    night_fuses = st.one_of(st.integers(1, 75), st.integers(50, 75))
    picks = st.integers(0, 5)
    edited = st.dictionaries(uris, texts, max_size=2)

    @initialize(first=st.lists(texts, min_size=3, max_size=4))
    def first_night(self, first: list[list[str]]) -> None:
        self._night(dict(zip(URIS, first, strict=False)))

    @rule(edits=edited)
    def night(self, edits: dict[str, list[str]]) -> None:
        self._night(edits)

    @rule(edits=edited, fuse=night_fuses)
    def night_cut_short(self, edits: dict[str, list[str]], fuse: int) -> None:
        self._night(edits, fuse)

    @rule(edits=edited, settings=st.sampled_from(SETTINGS), change=st.booleans())
    def night_of_another_recipe(self, edits: dict[str, list[str]], settings: RecipeOptions, change: bool) -> None:
        before, self.settings = self.settings, settings
        self._night(edits, change=change)
        self.settings = settings if change else before

    @rule(edits=edited, allow=st.sampled_from([0, 9]))
    def night_without_publishing(self, edits: dict[str, list[str]], allow: int) -> None:
        self._night(edits, publish=False, allow=allow)

    def _night(self, edits: dict[str, list[str]], fuse: int | None = None, **said: Any) -> None:
        words = {"change": True, "allow": 0, "publish": True, **said}
        for uri, paragraphs in edits.items():
            self.write(uri, paragraphs)
        today = (datetime(2040, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self._ticks)).date()
        was_live = self.state.live
        outcome = self._do(
            lambda state: after_ingest(state, self.source, self.settings, today, **words),
            lambda fuse: self._ingest(fuse, **words),
            fuse,
        )
        if outcome is not None:
            assert outcome.published is (self.state.live != was_live)
            assert outcome.n_documents + outcome.n_quarantined == len(self.state.allowed(self.source))

    def _ingest(self, fuse: Fuse, *, change: bool, allow: int, publish: bool, url: str | None = None) -> Outcome:
        job = Job(
            (f"docs={self.folder}",), url or self.url, settings=self.settings, change_recipe=change,
            allow_removals=allow, publish=publish,
        )  # fmt: skip
        embedder = DyingEmbedder(fuse)
        with StepByStep(n_workers=1, embedder=embedder, progress=fuse.burn) as steps:
            return reindex(job, steps)

    @rule(n=picks, force=st.booleans(), fuse=fuses)
    def publish(self, n: int, force: bool, fuse: int | None) -> None:
        at = self.state.pick(n)
        self._do(
            lambda state: after_publish(state, at, force=force),
            lambda _: operate.publish(self.url, at, why="by hand", force=force),
            fuse,
        )

    @rule(n=picks, fuse=fuses)
    def roll_back(self, n: int, fuse: int | None) -> None:
        at, why = self.state.pick(n), f"bad night {n}"
        self._do(
            lambda state: after_rollback(state, state.resolve(at), why),
            lambda _: operate.rollback(self.url, at, why=why),
            fuse,
        )

    @precondition(lambda self: self.moments)
    @rule(n=picks)
    def roll_back_in_time(self, n: int) -> None:
        at, live = self.moments[-1 - n % len(self.moments)]

        def expected(state: State) -> list[State]:
            return after_rollback(state, state.resolve(live or "nothing"), "as it was then")

        self._do(expected, lambda _: operate.rollback(self.url, at, why="as it was then"))

    @rule(pinned=st.booleans())
    def pin(self, pinned: bool) -> None:
        def expected(state: State) -> list[State]:
            if state.live is None and pinned:
                raise UsageError("nothing to pin")
            held = state.next()
            held.pinned = "audit week" if pinned else None
            return [state, held]

        self._do(expected, lambda _: operate.pin(self.url, why="audit week") if pinned else operate.unpin(self.url))

    @rule(n=picks, name=st.sampled_from(["gold", "q3"]))
    def name(self, n: int, name: str) -> None:
        at = self.state.pick(n)

        def expected(state: State) -> list[State]:
            release, named = state.resolve(at), state.next()
            if named.names.setdefault(name, release) != release:
                raise UsageError("another release's name")
            return [state, named]

        self._do(expected, lambda _: operate.name(self.url, at, name))

    @precondition(lambda self: self.state.names)
    @rule(name=st.sampled_from(["gold", "q3"]))
    def unname(self, name: str) -> None:
        def expected(state: State) -> list[State]:
            left = state.next()
            if left.names.pop(name, None) is None:
                raise UsageError("no such name")
            return [state, left]

        self._do(expected, lambda _: operate.unname(self.url, name))

    @rule(n=st.integers(0, 3), fuse=fuses)
    def prune(self, n: int, fuse: int | None) -> None:
        retention = Retention(keep_last=n, keep_daily=0, keep_monthly=0, grace_hours=0, keep_vectors_days=0)
        before = list(self.state.releases)
        pruned = self._do(
            lambda state: after_prune(state, n),
            lambda fuse: operate.prune(self.url, retention, progress=fuse.burn),
            fuse,
        )
        if pruned is not None:
            assert list(pruned.kept) == list(self.state.releases)
            assert list(pruned.dropped) == [name for name in before if name not in self.state.releases]
            self._check_nothing_is_left()

    @rule(uri=uris, named=st.booleans(), fuse=fuses)
    def forget(self, uri: str, named: bool, fuse: int | None) -> None:
        source = "docs" if named else None
        forgotten = self._do(
            lambda state: after_forget(state, uri, source_named=named),
            lambda fuse: operate.forget(self.url, why="a request", uri=uri, source=source, progress=fuse.burn),
            fuse,
        )
        if forgotten is not None:
            assert forgotten.proof.holds
            self._check_nothing_is_left()

    @precondition(lambda self: self.state.denied)
    @rule(uri=uris)
    def lift(self, uri: str) -> None:
        def expected(state: State) -> list[State]:
            lifted = state.next()
            lifted.denied.pop(uri, None)
            return [state, lifted]

        self._do(expected, lambda _: operate.lift(self.url, uri, source="docs"))

    @rule(fuse=fuses)
    def rebuild(self, fuse: int | None) -> None:
        def expected(state: State) -> list[State]:
            if not state.releases:
                raise UsageError("nothing to rebuild")
            return [state]

        self._do(expected, lambda fuse: operate.rebuild(self.url, progress=fuse.burn), fuse)

    def _do(self, expected: Callable[[State], list[State]], call: Callable[[Fuse], Any], n: int | None = None) -> Any:
        """What the call returns, None where it was refused, as expected, or cut short; the model follows."""
        self._sound, fuse, result = False, Fuse(n), None
        try:
            stages = expected(self.state)
        except LakeError as refusal:
            with pytest.raises(type(refusal)):
                call(Fuse(None))
        else:
            try:
                with fuse.lit():
                    result = call(fuse)
                self.state = stages[-1]
            except BaseException:
                if not fuse.blown:
                    raise
                self.state = self._stage(stages)
        self.moments.append((self._now().isoformat(), self.state.live))
        self._check()
        self._sound = True
        return result

    def _stage(self, stages: list[State]) -> State:
        """How far a call came that was cut short."""
        seen = self._seen()
        assert seen in [stage.seen() for stage in stages]
        return next(stage for stage in stages if stage.seen() == seen)

    def _seen(self) -> dict[str, Any]:
        history, denylist = lake.open_lake(self.url).history(), Lake(self.url).denylist()
        releases = {
            name: (r.base, history.verdict(name) is not None, r.counts["n_documents"] + r.counts["n_quarantined"])
            for name, r in history.releases.items()
        }
        texts = {text for _, kept in self._every_document() for text in kept}
        denied_texts = {text for text in texts if denylist.has_content(hashlib.sha256(text.encode()).hexdigest())}
        denied = {uri for uri in URIS if denylist.has_place(document_id("docs", uri))}
        live = history.live.id if history.live else None
        return {"releases": releases, "live": live, "pinned": history.pinned, "names": history.names} | {
            "denied": (denied, denied_texts)
        }

    def _every_document(self) -> Iterator[tuple[str, set[str]]]:
        yield "source", set(self.source.values())
        yield from self.state.denied.items()
        yield from ((name, set(kept.docs.values())) for name, kept in self.state.releases.items())

    # The lake equals the model.

    def _check(self) -> None:
        assert self._seen() == self.state.seen()
        fresh = lake.open_lake(self.url)
        for index in (fresh, self.index):
            self._check_log(index)
            self._check_status(index)
        for release in self.state.releases:
            self._check_release(fresh, release)
        for release in {*list(self.state.releases)[:1], *filter(None, [self.state.live])}:
            self._check_release(self.index, release)

    def _check_log(self, index: Index) -> None:
        state, history, listed = self.state, index.history(), index.releases().to_pylist()
        assert [row["release"] for row in listed] == list(state.releases)
        for row, (name, kept) in zip(listed, state.releases.items(), strict=True):
            names = sorted(given for given, named in state.names.items() if named == name)
            expected = (self._status(name, kept), names, kept.published)
            assert (row["status"], row["names"], row["published_at"] is not None) == expected, name
            assert row["why"] == kept.rolled_back or row["status"] != "rolled back", name
            assert history.rolled_back_because(name) == kept.rolled_back, name
        for at, live in self.moments:
            if live in state.releases:
                assert history.resolve(at).id == live, at
            else:
                _check_gone(history, at)
        for name in state.dropped:
            _check_gone(history, name)

    def _check_status(self, index: Index) -> None:
        status, live = index.status(), self.state.releases.get(self.state.live or "")
        assert (status["pinned"], status["n_releases"]) == (self.state.pinned, len(self.state.releases))
        assert (status["live"] or {}).get("release") == self.state.live
        broken = [uri for uri, text in live.docs.items() if not text] if live else []
        assert [row["uri"] for row in status["quarantine"]] == sorted(broken)

    def _status(self, name: str, kept: Kept) -> str:
        if name == self.state.live:
            return "live"
        if not kept.published:
            return "candidate"
        return "superseded" if kept.rolled_back is None else "rolled back"

    def _check_release(self, index: Index, release: str) -> None:
        kept = self.state.releases[release]
        tables = {table: index.dataset(table, release).to_table().to_pylist() for table in TABLES}
        _check_documents(tables, kept)
        _check_texts(tables, kept)
        counts = index.release(release).counts
        for name, table in zip(("documents", "parents", "chunks", "quarantined"), TABLES, strict=True):
            assert counts[f"n_{name}"] == len(tables[table]), (release, table)

    def _check_nothing_is_left(self) -> None:
        """What a prune or an erasure that came to its end leaves is what the releases need."""
        store, history = Lake(self.url).store, lake.open_lake(self.url).history()
        releases = history.releases.values()
        assert set(store.names("commits")) == {release.commit.split("/")[1] for release in releases}
        assert set(store.names("tables")) <= {release.generation for release in releases}
        assert not store.names("texts")
        assert {name.removesuffix(".parquet") for name in store.names("audits")} <= set(history.releases)
        assert not [file.path for file in store.walk() if file.path.rsplit("/", 1)[-1].startswith(".tmp")]

    def teardown(self) -> None:
        try:
            if self._sound:
                self._compare_with_a_fresh_lake()
        finally:
            self._patch.undo()
            shutil.rmtree(self.root)

    def _compare_with_a_fresh_lake(self) -> None:
        """What the last of many nights leaves live is what one night makes of the same sources."""
        operate.unpin(self.url)
        outcome = self._ingest(Fuse(None), change=True, allow=9, publish=True)
        if outcome.refused:
            operate.publish(self.url, outcome.release or "", why="after all", force=True)
        for uri in set(self.source) - set(self.state.allowed(self.source)):
            self.delete(uri)
        if not self.source:
            return
        fresh = str(self.root / "fresh")
        self._ingest(Fuse(None), change=True, allow=0, publish=True, url=fresh)
        made, wanted = rows(self.url), rows(fresh)
        for table, frame in wanted.items():
            assert made[table].schema == frame.schema
            assert made[table].equals(frame), table
        ours, theirs = lake.open_lake(self.url), lake.open_lake(fresh)
        assert ours.release().digest == theirs.release().digest
        for question in ("the reading of the barometer", "ropes and winches"):
            assert ours.search(question, 5)["chunk_id"].equals(theirs.search(question, 5)["chunk_id"])


def _check_documents(tables: Rows, kept: Kept) -> None:
    digests = {uri: hashlib.sha256(text.encode()).hexdigest() for uri, text in kept.docs.items()}
    for table, indexed in (("documents", True), ("quarantine", False)):
        expected = {uri: digest for uri, digest in digests.items() if bool(kept.docs[uri]) is indexed}
        assert {row["uri"]: row["digest"] for row in tables[table]} == expected, table
        assert len(tables[table]) == len(expected), table


def _check_texts(tables: Rows, kept: Kept) -> None:
    uris = {row["doc_id"]: row["uri"] for row in tables["documents"]}
    parents = {row["parent_id"]: row["doc_id"] for row in tables["parents"]}
    for table, key in (("parents", "parent_id"), ("chunks", "chunk_id")):
        assert len({row[key] for row in tables[table]}) == len(tables[table])
        assert {row["doc_id"] for row in tables[table]} == set(uris)
        for doc_id, uri in uris.items():
            _check_spans([row for row in tables[table] if row["doc_id"] == doc_id], kept.docs[uri])
    for row in tables["chunks"]:
        assert (row["uri"], parents[row["parent_id"]]) == (uris[row["doc_id"]], row["doc_id"])
        dtype = kept.settings.vector_dtype or ""
        assert np.array(row["vector"], dtype).tobytes() == vector(row["text"], dtype), row["uri"]


def _check_spans(spans: list[dict[str, Any]], text: str) -> None:
    """Each lies in the document's text where it says, and together they are all of it."""
    whole = [" "] * len(text)
    for span in spans:
        assert text[span["start"] : span["end"]] == span["text"]
        whole[span["start"] : span["end"]] = span["text"]
    assert "".join(whole).split() == text.split()
    assert sorted(span["ordinal"] for span in spans) == list(range(len(spans)))


def _check_gone(history: History, at: str) -> None:
    with pytest.raises(UsageError):
        history.resolve(at)


def test_whatever_happens_to_a_lake_it_equals_the_model() -> None:
    chosen = settings(
        max_examples=HISTORIES or 4,
        stateful_step_count=40 if HISTORIES else 15,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if HISTORIES else [])],
    )
    run_state_machine_as_test(seed(SEED)(LakeMachine), settings=chosen)
