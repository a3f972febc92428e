"""The state that the log's entries add up to: which releases were built, what became of them, which is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from lake.errors import UsageError
from lake.releases.entry_index import EntryIndex
from lake.releases.values import LOOKED_AT, Action, Entry, Release, Spent, Status

#: Names a release: ``live``, an id or a name, or when it was live: a date (its end, UTC) or a time.
At = str | date

#: How long entries of deleted releases stay in the log, so that ids are not assigned twice.
_REMEMBERED = timedelta(days=2)
#: Entries whose reason is not about the state of their release.
_OTHERS = ("rollback", "pin", "unpin", "name", "unname", "rebuild")


class NoReleaseError(UsageError):
    """There is no such release, or there was none at that time."""


@dataclass(frozen=True, slots=True)
class History:
    """The log read up to some entry. ``names`` maps the names that people gave to releases."""

    entries: tuple[Entry, ...] = ()
    releases: dict[str, Release] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    #: The entries and their index, once somebody asked about a release.
    _known: list[tuple[tuple[Entry, ...], EntryIndex]] = field(default_factory=list, compare=False, repr=False)

    @property
    def _index(self) -> EntryIndex:
        if not self._known or self._known[-1][0] is not self.entries:
            self._known[:] = [(self.entries, EntryIndex.of(self.entries))]
        return self._known[-1][1]

    def _about(self, release: str, *actions: Action) -> Iterator[Entry]:
        """Entries that name the release, newest first."""
        return (entry for entry in reversed(self._index.about.get(release, ())) if entry.action in actions)

    @property
    def head(self) -> int:
        return self.entries[-1].seq if self.entries else 0

    @property
    def live(self) -> Release | None:
        name = self.entries[-1].live if self.entries else None
        return self.releases[name] if name else None

    @property
    def pinned(self) -> str | None:
        """Why ``live`` is pinned; None if it isn't."""
        return self.entries[-1].pinned if self.entries else None

    @property
    def rights(self) -> str | None:
        """Path of the current RIGHTS, which hold for every release; None if no document was ever restricted."""
        return self.entries[-1].rights if self.entries else None

    def under(self, rights: str | None) -> History:
        """The same state under other rights."""
        if not self.entries or rights == self.rights:
            return self
        entries = (*self.entries[:-1], replace(self.entries[-1], rights=rights))
        return replace(self, entries=entries, _known=[])

    def candidate(self, digest: str, base: str | None) -> Release | None:
        """The newest release with this digest that was built on ``base``."""
        builds = [r for r in self.releases.values() if r.digest == digest and r.base == base]
        return builds[-1] if builds else None

    def newest_candidate(self) -> Release | None:
        """The newest release built after live that readers never saw; None if there is none."""
        names = list(self.releases)
        after = names[names.index(self.live.id) + 1 :] if self.live else names
        unseen = [name for name in after if self.published(name) is None]
        return self.releases[unseen[-1]] if unseen else None

    def resolve(self, at: At) -> Release:
        """``live``, a release's id or name, a date (what was live at its end, UTC) or a time."""
        if isinstance(at, date):
            at = at.isoformat()
        if at == "live":
            if self.live is None:
                raise NoReleaseError("nothing is published in this lake yet; run `raglake ingest SOURCE` first")
            return self.live
        release = self.releases.get(self.names.get(at, at))
        if release is not None:
            return release
        moment = _moment(at)
        if moment is None:
            gone = " (it was pruned)" if any(entry.release == at for entry in self.entries) else ""
            known = [*self.names, *list(self.releases)[-10:]]
            raise NoReleaseError(f"no release {at!r}{gone}; known releases: {', '.join(known)} (or live, or a date)")
        return self._as_of(moment, at)

    def _as_of(self, moment: datetime, words: str) -> Release:
        before = [entry for entry in self.entries if entry.at <= moment and entry.live]
        if not before:
            first = next((entry.at for entry in self.entries if entry.live), None)
            since = (
                f"the first release was published at {first:%Y-%m-%d %H:%M:%S} UTC" if first else "none was published"
            )
            raise NoReleaseError(f"nothing was live at {words!r}; {since}")
        release = self.releases.get(before[-1].live or "")
        if release is None:
            raise NoReleaseError(
                f"what was live at {words!r} has been pruned; published and kept are {', '.join(self._published())}"
            )
        return release

    def _published(self) -> list[str]:
        return [name for name in self.releases if self.published(name)]

    def published(self, release: str) -> Entry | None:
        """The entry with which readers first saw the release."""
        return self._index.first_live.get(release)

    @property
    def live_since(self) -> datetime | None:
        """When readers began to see the release that is live, without a break; None if the log does not reach back."""
        last = self.entries[-1].live if self.entries else None
        since = list(takewhile(lambda entry: entry.live == last, reversed(self.entries)))
        return since[-1].at if last and len(since) < len(self.entries) else None

    def was_forced(self, release: str) -> bool:
        """Whether anybody published it by force."""
        return any(entry.facts.get("forced") for entry in self._about(release, "publish"))

    def left_at(self, release: str) -> datetime | None:
        """When the release last stopped being live; None if it is live or never was."""
        if self.live is not None and self.live.id == release:
            return None
        return self._index.left_at.get(release)

    def all_published(self) -> set[str]:
        """The ids of all releases that readers ever saw."""
        return set(self._index.first_live)

    def all_left_at(self) -> dict[str, datetime]:
        """When each release last stopped being live, of those that did and are not live."""
        live = self.live.id if self.live is not None else None
        return {release: at for release, at in self._index.left_at.items() if release != live}

    def verdict(self, release: str) -> dict[str, Any] | None:
        """What the release's last audit found; None if it has not been audited."""
        return next((entry.facts["verdict"] for entry in self._about(release, "audit")), None)

    def spent(self, release: str) -> Spent | None:
        """What building the release cost; None if an older raglake built it, which did not record that."""
        found = self._built(release).get("spent")
        return Spent(**found) if found else None

    def _built(self, release: str) -> dict[str, Any]:
        """The facts of the release's build; none if its entry is gone."""
        built = [entry.facts for entry in self._about(release, "build")]
        return built[-1] if built else {}

    def source_versions(self, release: str) -> dict[str, str]:
        """What sources that have versions call the state that a release was built from, such as a commit."""
        return self._built(release).get("sources") or {}

    def begun_at(self, release: str) -> datetime:
        """When the run that built the release began; if that is unknown, when its tables were made."""
        built, spent = next(self._about(release, "build"), None), self.spent(release)
        return built.at - timedelta(seconds=spent.seconds) if built and spent else self.releases[release].created_at

    def lag(self, release: str) -> timedelta | None:
        """How long, at most, readers waited for the oldest document change in the release.

        None if that is unknown: for a first release, one under another recipe, one without changes, or one that
        readers never saw.
        """
        changed_at, published = self._built(release).get("oldest_change_at"), self.published(release)
        return published.at - datetime.fromisoformat(changed_at) if changed_at and published else None

    def gate(self, release: str) -> Entry | None:
        """The entry of the release's last gate; None if no gate was run."""
        return next(self._about(release, "gate"), None)

    @property
    def measured_in_full(self) -> Release | None:
        """Live, or what came before it up to a release that runs over some documents did not publish by a sample.

        What such runs published and a night found to be worse is no measure either.
        """
        one = self.live
        while one is not None and one.is_scoped and not self._is_measure(one.id):
            one = self.releases.get(one.delta_base or "")
        return one or self.live

    def _is_measure(self, release: str) -> bool:
        """Whether a gate of all questions let the release pass, or somebody published it although none did."""
        gate = self.gate(release)
        if gate is None or gate.facts["outcome"] == "off" or gate.facts.get("of_sample"):
            return False
        shown = next(self._about(release, "publish", "rollback"), None)
        return gate.facts["outcome"] != "blocked" or (shown is not None and shown.seq > gate.seq)

    def is_judged_in_full(self, release: str) -> bool:
        """Whether nothing is left to look at: the release had a whole audit, and no gate of a sample or against it."""
        verdict, gate = self.verdict(release), self.gate(release)
        is_open = gate is not None and gate.facts["outcome"] != "off" and not self._is_measure(release)
        return verdict is not None and not verdict.get("of_sample") and not is_open

    def is_blocked(self, release: str) -> bool:
        """Whether the release's last gate blocked it."""
        gate = self.gate(release)
        return gate is not None and gate.facts["outcome"] == "blocked"

    def status(self, release: str) -> Status:
        if self.live is not None and self.live.id == release:
            return "live"
        if self.published(release) is None:
            verdict = self.verdict(release)
            is_refused = (verdict is not None and not verdict["passed"]) or self.is_blocked(release)
            return "refused" if is_refused else "candidate"
        return "superseded" if self.rolled_back_because(release) is None else "rolled back"

    def rolled_back_because(self, release: str) -> str | None:
        """Why the release was rolled back; None if it wasn't, or if that was undone."""
        away = self._index.rolled_back.get(release)
        again = next(self._about(release, "publish", "rollback"), None)  # somebody made it live again on purpose
        return away[-1].why if away and (again is None or again.seq < away[-1].seq) else None

    def why(self, release: str) -> str:
        """The last reason that the log gives for the release's state.

        The reason of a rollback belongs to the release that it moved readers away from.
        """
        if self.status(release) == "rolled back":
            return self.rolled_back_because(release) or ""
        about = (e for e in reversed(self._index.about.get(release, ())) if e.action not in _OTHERS)
        return next((entry.why for entry in about if entry.why), "")

    def next_id(self, today: date) -> str:
        """The next id of the day: date and running number, such as ``2026-11-21.2``."""
        built = (entry.release for entry in self.entries if entry.action == "build")
        numbers = [int(r.rsplit(".", 1)[1]) for r in built if r.startswith(f"{today.isoformat()}.")]
        return f"{today.isoformat()}.{max(numbers, default=0) + 1}"


def _moment(words: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(words), time.max, UTC)
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def fold(entries: Iterable[Entry], history: History | None = None) -> History:
    """Apply entries to ``history``, or to an empty one."""
    history = history or History()
    seen, releases, names = list(history.entries), dict(history.releases), dict(history.names)
    for entry in entries:
        seen.append(entry)
        facts = entry.facts
        if "release" in facts:
            releases[entry.release] = Release.from_json(facts["release"])
        for name, changes in facts.get("changed", {}).items():
            releases[name] = replace(releases[name], **changes)
        for name in facts.get("dropped", ()):
            releases.pop(name, None)
        if entry.action == "name":
            names[facts["name"]] = entry.release
        elif entry.action == "unname":
            names.pop(facts["name"], None)
    return History(tuple(seen), releases, names)


def collapse(history: History, now: datetime) -> Iterator[Entry]:
    """Shorten the log without changing what it records of kept releases, of ``live`` at any time, and of erasures.

    A release that was live before and after a pruned one must not seem to have been live throughout, so the first
    entry of the pruned stretch stays. Rebuilds stay, since prune spares old tables for a while after them.
    """
    was_live: str | None = None
    folded = _folded(history)
    for entry in history.entries:
        kept = entry.release in history.releases
        ours = kept and entry.action != "prune"
        starts = entry.live != was_live and (was_live is None or bool({entry.live, was_live} & history.releases.keys()))
        fresh = entry.at > now - _REMEMBERED and entry.release not in folded
        if ours or starts or fresh or entry.action in ("forget", "proof", "rebuild") or entry.seq == history.head:
            yield replace(entry, facts=_remaining(entry, history))
            was_live = entry.live


def _folded(history: History) -> set[str]:
    """Releases of runs over some documents that are gone, but for each day's last, whose number is not given again."""
    built = (entry.facts.get("release") for entry in history.entries if entry.action == "build")
    scoped = [one["release"] for one in built if one and LOOKED_AT in one["counts"]]
    last = {name.rpartition(".")[0]: name for name in scoped}
    return set(scoped) - set(last.values()) - history.releases.keys()


def _remaining(entry: Entry, history: History) -> dict[str, Any]:
    """The facts that still matter: releases as they are now, without those that are gone."""
    release = history.releases.get(entry.release)
    if entry.action == "build":
        kept = {key: value for key, value in entry.facts.items() if key in ("spent", "oldest_change_at", "sources")}
        return {"release": release.to_json(), **kept} if release else {}
    return {key: value for key, value in entry.facts.items() if key not in ("changed", "dropped")}
