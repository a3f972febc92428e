"""Which releases are kept: a rule over the log and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lake.embed import identify
from lake.errors import UsageError
from lake.options import Retention
from lake.recipe import Recipe
from lake.releases.history import History, collapse, fold
from lake.releases.retention import kept
from lake.releases.values import Action, Entry, Release

RECIPE = Recipe(identify("hash"), parsers={"text": "1"})
NONE = Retention(0, 0, 0, 0, 0)
START = datetime(2026, 1, 1, 2, tzinfo=UTC)


class Nights:
    """A log written night by night, two o'clock each."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = START

    def sleep(self, days: float = 1) -> None:
        self.now += timedelta(days=days)

    def add(self, action: Action, release: str, **words: object) -> None:
        last = self.entries[-1] if self.entries else None
        self.now += timedelta(seconds=1)
        values = {"live": last.live if last else None, "pinned": None, "by": "cron", **words}
        self.entries.append(Entry(seq=len(self.entries) + 1, at=self.now, action=action, release=release, **values))

    def build(self, *, publish: bool = True) -> str:
        name = self.history.next_id(self.now.date())
        base = self.history.live.id if self.history.live else None
        made = Release(name, f"d{name}", base, RECIPE, "1", {}, {}, self.now, f"commits/{name}", base)
        self.add("build", name, facts={"release": made.to_json()})
        self.add("audit", name, facts={"verdict": {"passed": True, "n_warnings": 0}})
        if publish:
            self.add("publish", name, live=name)
        return name

    @property
    def history(self) -> History:
        return fold(self.entries)


def test_live_and_named_releases_are_kept_whatever_is_asked() -> None:
    nights = Nights()
    first, _, third = (nights.build() for _ in range(3))
    nights.add("name", first, facts={"name": "golden"})
    assert kept(nights.history, NONE, nights.now) == {first: "named golden", third: "live"}
    nights.add("unname", first, facts={"name": "golden"})
    assert list(kept(nights.history, NONE, nights.now)) == [third]


def test_the_last_published_and_the_candidates_after_them_are_kept() -> None:
    nights = Nights()
    published = [nights.build() for _ in range(4)]
    waiting = [nights.build(publish=False) for _ in range(3)]
    assert list(kept(nights.history, Retention(2, 0, 0, 0), nights.now)) == [*published[-2:], *waiting[-2:]]


def test_days_and_months_keep_what_was_live_at_their_end() -> None:
    nights, by_day = Nights(), {}
    for _ in range(100):
        if nights.now.day % 3:  # nothing changed on the other days
            by_day[nights.now.date()] = nights.build()
        nights.sleep()
    history = nights.history
    daily = kept(history, Retention(0, 10, 0, 0), nights.now)
    for back in range(10):
        day = (nights.now - timedelta(days=back)).date()
        assert history.resolve(day.isoformat()).id in daily
    monthly = kept(history, Retention(0, 0, 3, 0), nights.now)
    ends = [history.resolve(f"2026-{month}").id for month in ("02-28", "03-31")]
    assert set(monthly) == {*ends, history.resolve("live").id}


def test_what_was_in_use_a_moment_ago_is_spared() -> None:
    nights = Nights()
    first = nights.build()
    nights.sleep(10)
    second = nights.build()
    nights.sleep(0.5)
    third = nights.build()
    day = Retention(0, 0, 0, 24)
    assert list(kept(nights.history, day, nights.now)) == [first, second, third]
    nights.sleep(0.6)
    assert list(kept(nights.history, day, nights.now)) == [second, third]


def test_what_was_rolled_back_is_kept_until_something_is_published_after() -> None:
    nights = Nights()
    good, bad = nights.build(), nights.build()
    nights.add("rollback", good, live=good, why="broken tables")
    assert kept(nights.history, NONE, nights.now) == {good: "live", bad: "rolled back, and nothing published since"}
    better = nights.build()
    assert list(kept(nights.history, NONE, nights.now)) == [better]


def test_nonsense_is_refused() -> None:
    with pytest.raises(UsageError, match="keep_last=-1 must be a whole number, at least 0"):
        Retention(-1)


def test_a_collapsed_log_says_the_same_of_all_that_is_kept() -> None:
    nights = Nights()
    for _ in range(40):
        nights.build()
        nights.sleep()
    golden = nights.build()
    nights.add("name", golden, facts={"name": "golden"})
    for _ in range(20):
        nights.sleep()
        nights.build()
    reasons = kept(nights.history, Retention(3, 0, 2, 0), nights.now)
    dropped = [name for name in nights.history.releases if name not in reasons]
    nights.add("prune", "", facts={"dropped": dropped})
    whole = nights.history
    short = fold(collapse(whole, nights.now))
    assert (short.releases, short.names, short.live, short.head) == (
        whole.releases,
        whole.names,
        whole.live,
        whole.head,
    )
    assert len(short.entries) < 40 < len(whole.entries)
    for name in whole.releases:
        assert short.status(name) == whole.status(name)
        assert short.published(name) == whole.published(name)
    for back in range(62):
        moment = (nights.now - timedelta(days=back)).isoformat()
        assert told(short, moment) == told(whole, moment)
    assert short.next_id(nights.now.date()) == whole.next_id(nights.now.date())


def told(history: History, moment: str) -> str:
    try:
        return history.resolve(moment).id
    except UsageError as error:
        return str(error).split(";")[0]
