"""Releases of runs over some documents are folded by age, so that the log stays small."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lake.directory import Lake
from lake.maintenance.prune import fold as fold_releases
from lake.options import Retention
from lake.releases.history import History, collapse, fold
from lake.releases.log import ReleaseLog
from lake.releases.retention import folded, kept
from lake.releases.rows import release_table
from lake.releases.values import LOOKED_AT, Entry, Release
from lake.storage import clock
from lake.storage.store import open_store

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def history(n_scoped: int, every: timedelta, template: Release) -> History:
    """A release of a run over everything, then ``n_scoped`` others, each built, audited and published."""
    entries: list[Entry] = []
    live = None
    for n in range(n_scoped + 1):
        at = NOW - every * (n_scoped - n)
        counts = {**template.counts, **({LOOKED_AT: 1} if n else {})}
        name = f"{at.date()}.{n + 1}"
        release = replace(
            template, id=name, base=live, delta_base=live, created_at=at, counts=counts, commit=f"commits/{n}"
        )
        for action, facts in (
            ("build", {"release": release.to_json()}),
            ("audit", {"verdict": {"passed": True, "n_warnings": 0}}),
            ("publish", {}),
        ):
            live = name if action == "publish" else live
            at += timedelta(microseconds=1)
            entries.append(Entry(len(entries) + 1, at, action, name, live, "me", facts=facts))  # type: ignore[arg-type]
    return fold(entries)


@pytest.fixture(scope="module")
def template() -> Release:
    """A release as the log of version 0.3.0 has it."""
    from lake.embed import identify
    from lake.recipe import ChunkRecipe, Recipe

    recipe = Recipe(identify("hash"), ChunkRecipe(), {})
    counts = dict.fromkeys(("n_documents", "n_parents", "n_chunks", "n_quarantined"), 1)
    return Release("", "d", None, recipe, "1", {"documents": 1}, counts, NOW, "", None)


def test_a_table_of_thousands_of_releases_reads_each_entry_once(template: Release) -> None:
    every = history(2000, timedelta(seconds=2), template)
    begun = time.process_time()
    rows = release_table(every)
    assert time.process_time() - begun < 2.5, "linear in the log"
    assert rows["status"].to_pylist() == ["superseded"] * 2000 + ["live"]
    assert rows["audit"].unique().to_pylist() == ["passed"]
    assert len({id(release.recipe) for release in every.releases.values()}) == 1
    first, second = list(every.releases)[:2]
    built = every.entries[3]
    assert (built.release, built.action) == (second, "build")
    assert every.left_at(first) == every.entries[5].at
    assert every.begun_at(second) == every.releases[second].created_at


def test_all_of_the_last_hour_are_kept_then_one_an_hour_then_one_a_day(template: Release) -> None:
    before = history(10_000, timedelta(seconds=30), template)
    begun = time.process_time()
    reasons = kept(before, Retention(), NOW)
    assert time.process_time() - begun < 2, "linear in the log"
    of_hour = [why for why in reasons.values() if why == "in use less than 1 hour ago"]
    assert len(of_hour) == 120, "one every 30 seconds"
    assert sum("at the end of 2026" in why and ":59" in why for why in reasons.values()) == 23
    assert sum(why.startswith("live at the end of 2026-11-1") for why in reasons.values()) >= 2
    assert len(reasons) < 160
    few = kept(before, Retention(keep_live_hours=0.1, keep_hourly=2, keep_daily=0, keep_monthly=0), NOW)
    assert 12 <= len(few) <= 18
    assert set(folded(before, Retention(), NOW)) == {*reasons, next(iter(before.releases))}


def test_a_nightly_release_is_not_pushed_out_by_those_of_the_day(template: Release) -> None:
    before = history(200, timedelta(hours=1), template)
    nightly = next(iter(before.releases))
    assert kept(before, Retention(keep_last=1, keep_daily=0, keep_monthly=0), NOW)[nightly] == "one of the last 1"


def test_the_log_is_small_again_and_gives_no_id_twice(template: Release, tmp_path: Path) -> None:
    before = history(10_000, timedelta(seconds=5), template)
    reasons = folded(before, Retention(), NOW)
    gone = [name for name in before.releases if name not in reasons]
    dropped = Entry(
        before.head + 1, NOW, "prune", "", before.entries[-1].live, "me", facts={"dropped": gone, "changed": {}}
    )
    after = fold([dropped], before)
    entries = list(collapse(after, NOW))
    assert len(entries) < 3 * len(reasons) + 20
    again = fold(entries)
    assert again.next_id(NOW.date()) == before.next_id(NOW.date())
    assert list(again.releases) == list(reasons)
    assert again.live == before.live
    text = json.dumps({"entries": [entry.to_json() for entry in entries]})
    store = open_store(tmp_path)
    store.write(f"log/{after.head:010}.checkpoint.json", text.encode())
    begun = time.process_time()
    assert len(ReleaseLog(store).read().releases) == len(reasons)
    assert time.process_time() - begun < 0.5


def test_while_all_releases_are_young_their_entries_become_one_object(template: Release, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.create()
    young = history(101, timedelta(seconds=2), template)
    for n, entry in enumerate(young.entries):
        stored = replace(entry, at=clock.now() - timedelta(seconds=len(young.entries) - n))
        lake.store.write(f"log/{entry.seq:010}.json", stored.to_bytes())
    assert fold_releases(lake, Retention()) == 0
    assert lake.store.names("log") == [f"{len(young.entries):010}.checkpoint.json"]
    after = Lake(lake.url).log.read()
    assert (after.live, list(after.releases)) == (young.live, list(young.releases))
