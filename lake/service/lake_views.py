"""What operators see of a lake, and what they do to it; knows the lake and nothing about HTTP."""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake.directory import Lake, configuration
from lake.errors import ContractError, RefusedError, StorageError, UsageError
from lake.ids import document_id
from lake.inspect import lake_state, quarantine, timeline
from lake.inspect.score_means import ScoreMeans
from lake.maintenance import operate
from lake.questions import reviewed
from lake.releases.history import NoReleaseError
from lake.releases.rows import release_row
from lake.service.problems import Problem, forbidden
from lake.service.responses import encode
from lake.storage import clock
from lake.storage.denylist import erasure_is_unfinished

if TYPE_CHECKING:
    from lake.directory.configuration import Configuration
    from lake.index import Index
    from lake.inspect.diff import DocumentChange, Quarantined
    from lake.options.completeness import Completeness
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.service.keys import Key
    from lake.service.service import Service
    from lake.tables.reader import TableReader

T = TypeVar("T")

#: Seconds for which figures that take long to collect are repeated.
_FRESH = 60.0
#: Texts of questions that a check of the gate names.
_QUESTIONS = 5
#: Addresses of Prefect's pages, and of its API, from which the former follows.
_PAGES, _API = "PREFECT_UI_URL", "PREFECT_API_URL"


class LakeViews:
    """The views of one service. Each needs a key that sees all documents, since its figures are about all of them."""

    def __init__(self, service: Service) -> None:
        self._service, self._lock = service, Lock()
        self._kept: dict[Any, tuple[float, Any]] = {}
        self._days: dict[str, dict[str, Any]] = {}

    @property
    def _index(self) -> Index:
        return self._service.index

    @cached_property
    def _lake(self) -> Lake:
        return Lake.existing(self._index.url)

    @cached_property
    def _means(self) -> ScoreMeans:
        return ScoreMeans(self._lake)

    async def _look(self, key: Key, work: Callable[[], Any]) -> bytes:
        if not key.sees_everything:
            raise forbidden(
                "this is about all documents of the lake, and this API key does not see all of them; an operator can "
                'give it "principals": "*" (without keys: start with --as "*")'
            )
        return await self._service.workers.run(lambda: encode(work()), self._service.bounds.seconds)

    async def timeline(self, key: Key, before: str | None, limit: int) -> bytes:
        """A Timeline."""

        def work() -> dict[str, Any]:
            history = self._index.history()
            shown, following = timeline.newest_first(history, before, limit)
            measures = (f"{level} {name}" for level, name in self._configured().gate.measures)
            rows = timeline.timeline(history, shown, self._means, measures)
            return {**_now(history), "n_releases": len(history.releases), "releases": rows, "next_before": following}

        return await self._look(key, work)

    async def log(self, key: Key, before: int | None, limit: int) -> bytes:
        """A LogPage."""

        def work() -> dict[str, Any]:
            entries = [one for one in self._index.history().entries if before is None or one.seq < before]
            shown = [timeline.entry_json(entry) for entry in entries[::-1][:limit]]
            return {"entries": shown, "next_before": shown[-1]["seq"] if len(entries) > limit else None}

        return await self._look(key, work)

    async def release(self, key: Key, at: str) -> bytes:
        """A ReleaseDescription."""

        def work() -> dict[str, Any]:
            history = self._index.history()
            release = history.resolve(at)
            checks = timeline.checks(self._lake, release)
            return {
                **release_row(history, release),
                **timeline.release_state(history, release),
                "recipe_fields": release.recipe.to_json(),
                "scores": self._means.of([release.id], history.live.id if history.live else None)[release.id],
                "checks": checks | {"gate": self._with_questions(checks["gate"])},
                "entries": timeline.entries_about(history, release),
                "hindrances": operate.hindrances(self._lake.url, release.id),
                "refusal": operate.refusal(self._lake.url, release.id),
                "was_live": history.published(release.id) is not None,
            }

        return await self._look(key, work)

    def _with_questions(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        wanted = {name for row in rows for name in row["sample_ids"][:_QUESTIONS]}
        questions = self._index.questions() if wanted else []
        texts = {one.question_id: one.text for one in questions if one.question_id in wanted}
        return [row | {"questions": [texts[name] for name in row["sample_ids"] if name in texts]} for row in rows]

    async def difference(self, key: Key, a: str | None, b: str, kind: str, start: int, limit: int) -> bytes:
        """A DifferencePage."""

        def work() -> dict[str, Any]:
            history = self._index.history()
            newer = history.resolve(b)
            found = self._index.diff(a or _before(history, newer), newer.id)
            of: dict[str, Sequence[DocumentChange | Quarantined]] = {**found.documents, **found.quarantine}
            rows = of[kind]
            page = rows[start : start + limit]
            shown = [{"doc_id": document_id(row.source, row.uri), **row.to_json()} for row in page]
            return found.summary() | {
                "counts": {name: len(listed) for name, listed in of.items()},
                "kind": kind,
                "rows": shown,
                "next_start": start + limit if start + limit < len(rows) else None,
            }

        return await self._look(key, work)

    async def quarantine(self, key: Key, at: str, kind: str | None, start: int, limit: int, name: str) -> bytes:
        """A QuarantinePage."""

        def work() -> dict[str, Any]:
            release = self._index.release(at)
            table = self._table(release, "quarantine")
            rows, n = quarantine.quarantined(table, kind, start, limit, name)
            following = start + limit if start + limit < n else None
            kinds = quarantine.kinds(table)
            return {"release": release.id, "kinds": kinds, "n": n, "documents": rows, "next_start": following}

        return await self._look(key, work)

    async def state(self, key: Key) -> bytes:
        """A LakeState."""

        def work() -> dict[str, Any]:
            history, configured = self._index.history(), self._configured()
            live = history.live
            scores = self._index.scores(live.id) if live else None
            sources = lake_state.sources(self._lake)
            listed = {row["source"]: row["listed_at"] for row in sources}
            asked = (configured.alarms, history, scores, self._n_questions, listed)
            alarms = lake_state.alarms(*asked) if live else None
            return {
                "lake": self._lake.url,
                **_now(history),
                "n_releases": len(history.releases),
                "counts": dict(live.counts) if live else {},
                "freshness": lake_state.freshness(history),
                "alarms": alarms or {"limits": {}, "raised": []},
                "sources": sources,
                "words": self._words(live, configured.completeness) if live else [],
                "quarantine": quarantine.kinds(self._table(live, "quarantine")) if live else [],
                "is_erasing": erasure_is_unfinished(self._lake.store),
                "runs_url": runs_url(os.environ),
            }

        return await self._look(key, work)

    def _n_questions(self) -> dict[str, int]:
        return Counter(question.set for question in reviewed(self._lake))

    def _words(self, live: Release, rules: Completeness) -> list[dict[str, Any]]:
        place = ("words", live.id, live.generation, repr(rules))
        return self._once(place, lambda: lake_state.words_by_format(self._table(live, "documents"), rules))

    async def disk(self, key: Key) -> bytes:
        """A Disk, at most a minute old."""
        return await self._look(key, lambda: self._once("disk", lambda: lake_state.disk(self._lake)))

    async def costs(self, key: Key, days: int) -> bytes:
        """Costs, at most a minute old. Days that are over are read once."""

        def work() -> dict[str, Any]:
            today = clock.now().date()
            since = today - timedelta(days=days - 1)
            logged = self._once(("answers", days), lambda: lake_state.logged_days(self._lake, since, self._days))
            over = {day: sums for day, sums in logged.items() if day < today.isoformat()}
            self._days = self._days | over
            return {"days": lake_state.costs(self._index.history(), self._days | logged, since)}

        return await self._look(key, work)

    def _once(self, place: Any, collect: Callable[[], T]) -> T:
        """What was collected in the last minute, or is collected now."""
        with self._lock:
            at, found = self._kept.get(place, (float("-inf"), None))
        if time.monotonic() - at > _FRESH:
            found = collect()
            with self._lock:
                fresh = {name: one for name, one in self._kept.items() if time.monotonic() - one[0] <= _FRESH}
                self._kept = {**fresh, place: (time.monotonic(), found)}
        kept: T = found
        return kept

    def _table(self, release: Release, name: str) -> TableReader:
        return self._lake.tables(release.generation).at(name, release.versions[name])

    def _configured(self) -> Configuration:
        return configuration.read(self._lake.store)

    async def act(self, key: Key, act: Callable[..., History], release: str, **words: Any) -> tuple[str, bytes]:
        """What an operator does to a release, one function of ``operate``; returns live and an Acted.

        The log records the key and the reason.
        """
        if not key.operator:
            raise forbidden('this API key may not change what is live; an operator\'s key has "operator": true')

        def work() -> tuple[str, bytes]:
            named = self._index.release(release).id
            history = _done(lambda: act(self._index.url, named, by=f"{key.name} over HTTP", **words))
            shown = {**_now(history), "release": named, "names": history.names, "seq": history.head}
            return shown["live"] or named, encode(shown)

        return await self._service.workers.run(work, self._service.bounds.seconds)


def _now(history: History) -> dict[str, Any]:
    return {"live": history.live.id if history.live else None, "pinned": history.pinned}


def _before(history: History, release: Release) -> str:
    """The release that one is compared with by default: the one it was built on, else the one before it."""
    names = list(history.releases)
    if release.base in history.releases:
        return str(release.base)
    return names[max(names.index(release.id) - 1, 0)]


def _done(act: Callable[[], History]) -> History:
    """Raises Problem for a refusal, with its reason, and for a lake that can't be written to."""
    try:
        return act()
    except NoReleaseError:
        raise
    except RefusedError as error:
        raise Problem(409, "refused", str(error)) from error
    except UsageError as error:
        raise Problem(400, "usage", str(error)) from error
    except (StorageError, ContractError, OSError) as error:
        message = f"nothing was changed, since the lake can't be written to from here: {error}"
        if is_read_only(error):
            raise Problem(403, "read_only", message) from error
        raise Problem(503, "not_stored", message, {"Retry-After": "60"}) from error


def is_read_only(error: BaseException) -> bool:
    """Whether somebody has to grant or mount something before the lake can be written to."""
    cause = error.__cause__ or error
    return isinstance(cause, PermissionError) or getattr(cause, "errno", None) == errno.EROFS


def runs_url(environment: Mapping[str, str]) -> str | None:
    """Prefect's page of runs; None unless the environment names a server.

    >>> runs_url({"PREFECT_API_URL": "http://127.0.0.1:4200/api"})
    'http://127.0.0.1:4200/runs'
    """
    api = environment.get(_API, "")
    base = environment.get(_PAGES) or (api.removesuffix("/api") if api.endswith("/api") else "")
    return f"{base.rstrip('/')}/runs" if base.startswith(("http://", "https://")) else None
