"""Releases, and what the entries of the log say of them: values without any reading or writing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from lake.errors import UsageError
from lake.recipe import Recipe

Action = Literal["build", "publish", "refuse", "rollback", "pin", "unpin", "rebuild"]
Status = Literal["live", "candidate", "refused", "superseded", "rolled back"]


@dataclass(frozen=True, slots=True)
class Release:
    """A consistent set of table versions and what is known of it.

    ``digest`` is a function of documents and recipe alone: two releases with one digest hold the same
    rows. ``versions`` maps table to LanceDB version inside the ``generation`` folder of tables.
    ``commit`` names the Parquet delta against ``base`` from which the tables can be made again.
    """

    release: str
    digest: str
    base: str | None
    recipe: Recipe
    generation: str
    versions: dict[str, int]
    counts: dict[str, int]
    created_at: datetime
    commit: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "recipe": self.recipe.to_json(), "created_at": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Release:
        return cls(
            **{
                **value,
                "recipe": Recipe.from_json(value["recipe"]),
                "created_at": datetime.fromisoformat(value["created_at"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. ``live`` and ``pinned`` state what holds after it, so the last entry is the truth.

    ``facts`` carries a build's release, a verdict's findings, or a rebuild's new versions by release.
    """

    seq: int
    at: datetime
    action: Action
    release: str
    live: str | None
    by: str
    pinned: str | None = None
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        value = {**asdict(self), "at": self.at.isoformat()}
        return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """ValueError where the bytes are no entry."""
        value = json.loads(data)
        return cls(**{**value, "at": datetime.fromisoformat(value["at"])})


@dataclass(frozen=True, slots=True)
class History:
    """The log read up to some entry: what was built, what became of it, what is live."""

    entries: tuple[Entry, ...]
    releases: dict[str, Release]

    @property
    def head(self) -> int:
        return self.entries[-1].seq if self.entries else 0

    @property
    def live(self) -> Release | None:
        name = self.entries[-1].live if self.entries else None
        return self.releases[name] if name else None

    @property
    def pinned(self) -> str | None:
        """Why ``live`` is held where it is; None where it isn't."""
        return self.entries[-1].pinned if self.entries else None

    def candidate(self, digest: str, base: str | None) -> Release | None:
        """The newest release built on ``base`` that holds just what ``digest`` stands for."""
        builds = [r for r in self.releases.values() if r.digest == digest and r.base == base]
        return builds[-1] if builds else None

    def resolve(self, at: str) -> Release:
        """``live``, a release's id, a date (what was live at its end, UTC) or a time."""
        if at in self.releases:
            return self.releases[at]
        if at == "live":
            if self.live is None:
                raise UsageError("nothing is published in this lake yet; run raglake ingest first")
            return self.live
        moment = _moment(at)
        if moment is None:
            raise UsageError(f"no release {at!r}; known releases: {list(self.releases)[-10:]} (or 'live', or a date)")
        return self._as_of(moment, at)

    def _as_of(self, moment: datetime, words: str) -> Release:
        before = [entry for entry in self.entries if entry.at <= moment and entry.live]
        if not before:
            first = next((entry.at for entry in self.entries if entry.live), None)
            since = (
                f"the first release was published at {first:%Y-%m-%d %H:%M:%S} UTC" if first else "none was published"
            )
            raise UsageError(f"nothing was live at {words!r}; {since}")
        return self.releases[before[-1].live or ""]

    def published_at(self, release: str) -> datetime | None:
        """When readers first saw the release."""
        return next((e.at for e in self.entries if e.live == release), None)

    def status(self, release: str) -> Status:
        if self.live is not None and self.live.release == release:
            return "live"
        actions = [e.action for e in self.entries if e.release == release]
        if self.published_at(release) is None:
            return "refused" if "refuse" in actions else "candidate"
        return "superseded" if self.rolled_back_because(release) is None else "rolled back"

    def rolled_back_because(self, release: str) -> str | None:
        """Why readers were last taken off this release, None where they never were."""
        because, was_live = None, None
        for entry in self.entries:
            if entry.action == "rollback" and was_live == release:
                because = entry.why
            if entry.action == "publish" and entry.release == release:
                because = None  # somebody took it back on purpose
            was_live = entry.live
        return because

    def why(self, release: str) -> str:
        """The last thing the log says about the release."""
        if self.status(release) == "rolled back":
            return self.rolled_back_because(release) or ""
        return next((e.why for e in reversed(self.entries) if e.release == release and e.why), "")

    def next_id(self, today: date) -> str:
        """The day and a running number: ``2026-11-21.2``."""
        numbers = [int(r.rsplit(".", 1)[1]) for r in self.releases if r.startswith(f"{today.isoformat()}.")]
        return f"{today.isoformat()}.{max(numbers, default=0) + 1}"


def _moment(words: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(words), time.max, UTC)
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def fold(entries: Iterable[Entry]) -> History:
    """Read a log from its first entry on."""
    releases: dict[str, Release] = {}
    seen = []
    for entry in entries:
        seen.append(entry)
        if entry.action == "build":
            releases[entry.release] = Release.from_json(entry.facts["release"])
        elif entry.action == "rebuild":
            for name, versions in entry.facts["versions"].items():
                moved = replace(releases[name], generation=entry.facts["generation"], versions=versions)
                releases[name] = moved
    return History(tuple(seen), releases)
