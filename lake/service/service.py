"""Answers each request; knows the lake and nothing about HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.adapters.access import Access
from lake.answer import AnswerOptions
from lake.embed.query_encoder import load_query_encoder
from lake.embed.registry import family_of
from lake.endpoints.deadline import within
from lake.errors import LakeError, UsageError
from lake.index import Index
from lake.options.search import DEGRADE_AFTER
from lake.releases.history import NoReleaseError
from lake.search.query_ids import searched
from lake.service.budgets import Budgets
from lake.service.capacity import Capacity
from lake.service.health import LakeHealth
from lake.service.hits import hits_of
from lake.service.keys import Key
from lake.service.metrics import Metrics, QueryLogFigures
from lake.service.problems import Problem, found_document, not_stored
from lake.service.profiles import Profile, chosen
from lake.service.rate_limits import DayCount
from lake.service.release_figures import ReleaseFigures
from lake.service.request_bodies import AnswerQuery, BatchedQuery, FeedbackBody, ReleaseChoice, SearchQuery
from lake.service.responses import Sent, encode
from lake.service.traffic_split import Arm
from lake.service.watching import Watch
from lake.service.workers import Workers
from lake.storage import clock

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions, ChatModel
    from lake.recipe import EmbedderIdentity
    from lake.records.query_log_writer import QueryLogWriter
    from lake.schemas.result import SearchResult
    from lake.service.traffic_split import Split
    from lake.service.worker_metrics import WorkerMetrics

#: Maximum seconds to load a model before the service listens without it.
_WARM_UP = 300.0
#: Maximum seconds that the metrics wait for figures of the release.
_LOOK_SECONDS = 1.0
#: Maximum seconds to wait for the lake, and for what is called, before it listens.
_MOMENT = 1.0
#: What a QueryResult has besides its hits.
_NAMED = ("release", "query_id", "degraded", "stale_since", "cached")


class Service:
    """One lake, its threads and its metrics.

    ``options`` are defaults of every search; ``answers`` are defaults of every answer.
    """

    def __init__(
        self,
        index: Index,
        bounds: Capacity,
        options: Mapping[str, Any],
        chat: ChatModel | None = None,
        answers: AnswerOptions | None = None,
        split: Split | None = None,
        log: QueryLogWriter | None = None,
        budgets: Budgets | None = None,
        profiles: Mapping[str, Profile] | None = None,
    ) -> None:
        self.profiles = dict(profiles or {})
        # Outages leave callers what works, in time for an answer.
        usual = {"degrade": True, "degrade_after": min(DEGRADE_AFTER, bounds.seconds / 4)}
        self.index, self.bounds, self.options = index, bounds, usual | dict(options)
        self.chat, self.answers, self.split = chat, answers or AnswerOptions(), split
        self._judged = DayCount(bounds.feedback_a_day)
        self.workers = Workers(bounds.n_threads, bounds.n_waiting, bounds.line_seconds)
        # Health checks must not wait in line behind searches.
        self._looking = Workers(1, 64)
        # Nor wait for figures that are read from a lake that hangs.
        self._measuring = Workers(1, 0)
        # Nor must searches wait behind a chat model, which takes seconds.
        self.answering = Workers(bounds.n_answering, bounds.n_waiting, bounds.line_seconds)
        self.metrics = Metrics(lambda: self.workers.n_taken + self.answering.n_taken, index.caches, index.age)
        self.log, self.watch = log, Watch(self.metrics, log)
        if log is not None:
            self.metrics.register(QueryLogFigures(log))
        self.budgets = budgets or Budgets(())
        self.metrics.register(self.budgets)
        self._release = ReleaseFigures(index)
        self.health = LakeHealth(index, lambda look: self._looking.run(look, bounds.seconds))

    async def warm_up(self) -> None:
        """Loads the model and opens the tables before the first request; requests get the errors of what fails now.

        Waits for a model of this machine, but only for a moment for an endpoint or for the lake.
        """
        for release in ("live", *(self.split.releases if self.split else ())):
            with suppress(LakeError, OSError, Problem):
                for identity in await self.workers.run(partial(self._embedders, release), _MOMENT):
                    load = partial(load_query_encoder, identity.name, identity)
                    await self.workers.run(load, _WARM_UP)
                await self.workers.run(partial(self._search_once, release), _MOMENT)

    def _embedders(self, release: str) -> list[EmbedderIdentity]:
        """The embedders of a release that are not called at an endpoint."""
        embedders = self.index.release(release).recipe.embedders
        return [one for one in embedders if family_of(one.name).connection() is None]

    def _search_once(self, release: str) -> None:
        """Searches for what no cache has."""
        words = {"degrade": True, "degrade_after": _MOMENT / 2}
        Access(self.index, options=self.options).search(f"warm up {secrets.token_hex(4)}", 1, release, **words)

    async def figures(self, processes: WorkerMetrics | None = None) -> bytes:
        """The metrics, of all processes if there are several.

        Waits for the live release's figures for a second only: in an outage those known before hold.
        """
        with suppress(Problem):
            await self._measuring.run(self._release.look, _LOOK_SECONDS)
        live = (await self.health.lake())["release"]
        text = await processes.text(live) if processes else self.metrics.text(live)
        return text + self._release.text()

    async def query(self, key: Key, body: SearchQuery) -> Sent:
        """A QueryResult."""
        how = self.allowed_at(key, body)

        def work() -> Sent:
            arm = self.arm(body)
            words = {**how, **arm.profile.search}
            with self.budgets.searching(key, self.index, {**self.options, **words}) as spent:
                spent.append(found := self.access(key).search(body.text, body.n, arm.at, **words))
            serving.searched(found, arm.variant)
            named = {name: getattr(arm.marked(found, body.text), name) for name in _NAMED}
            result = {**named, "variant": arm.variant, "hits": hits_of(self.access(key), found, body)}
            return Sent(found.release, encode(result), self.headers([found]))

        with self.watch.serving(key, "search", body.text) as serving:
            return await self.workers.run(work, self.bounds.seconds)

    def headers(self, found: Sequence[SearchResult | Answer]) -> dict[str, str]:
        """Whether a cache had all that was found, if there are caches, and what it lacks, if it lacks something."""
        headers = {}
        if missing := sorted({part for one in found for part in one.degraded}):
            headers["X-Raglake-Degraded"] = ",".join(missing)
        if since := [one.stale_since for one in found if one.stale_since]:
            headers["X-Raglake-Stale-Seconds"] = f"{max((clock.now() - min(since)).total_seconds(), 0):.0f}"
        if self.index.caches is not None:
            headers["X-Raglake-Cache"] = "hit" if found and all(one.cached for one in found) else "miss"
        return headers

    async def feedback(self, key: Key, given: FeedbackBody) -> tuple[str, bytes]:
        """The release, and a Judged."""
        self._judged.take()

        def work() -> tuple[str, bytes]:
            release = searched(given.query_id).release
            try:
                name = within(2 * DEGRADE_AFTER, partial(self._judge, key, given), "the lake")
            except UsageError:
                raise
            except (LakeError, OSError) as error:
                raise not_stored(error) from error
            return release, encode({"release": release, "feedback_id": name})

        return await self.workers.run(work, self.bounds.seconds)

    def _judge(self, key: Key, given: FeedbackBody) -> str:
        if given.chunk_id is None:
            return self.index.answer_feedback(given.query_id, given.useful, given.comment, voter=given.session)
        words: dict[str, Any] = {"voter": given.session, "principals": key.principals}
        try:
            return self.index.feedback(given.query_id, given.chunk_id, given.useful, **words)
        except NoReleaseError:
            raise
        except UsageError as error:
            raise Problem(404, "no_passage", str(error)) from error

    async def document(self, key: Key, doc_id: str, at: str, start: int) -> tuple[str, bytes]:
        """The release, and a Document."""
        key.check(["at"] if at != "live" else [])

        def work() -> tuple[str, bytes]:
            characters = self.bounds.document_characters
            read = found_document(lambda: self.access(key).document(doc_id, at, start, characters))
            return read["release"], encode(read)

        return await self.workers.run(work, self.bounds.seconds)

    async def releases(self, key: Key) -> bytes:
        return await self.workers.run(lambda: encode({"releases": self.access(key).releases()}), self.bounds.seconds)

    def access(self, key: Key) -> Access:
        return Access(self.index, key.principals, options=self.options)

    def arm(self, body: ReleaseChoice) -> Arm:
        """What answers a request: in a trial the side of its session, unless it names a release."""
        if self.split is None or body.session is None or body.at != "live":
            return Arm(body.at)
        arm = self.split.arm(body.session)
        with suppress(UsageError):  # a trial ends when its release is dropped, and live answers
            return replace(arm, at=self.index.release(arm.at, degrade=True).id)
        return Arm(body.at)

    def allowed_at(self, key: Key, body: SearchQuery | AnswerQuery) -> dict[str, Any]:
        """Like ``allowed``, of a request that may name a release."""
        how = self.allowed(key, body)
        key.check(["at"] if body.at != "live" else [])
        return how

    def allowed(self, key: Key, body: BatchedQuery | AnswerQuery) -> dict[str, Any]:
        """The options of the search; raises Problem if the key does not allow one."""
        if body.n is not None and body.n > self.bounds.max_k:
            raise UsageError(f"k={body.n} is above this service's maximum of {self.bounds.max_k} passages")
        how = body.how()
        key.check([*how, *(["profile"] if body.profile else [])])
        return {**self.profile(body.profile).search, **how}

    def profile(self, name: str | None) -> Profile:
        """The profile that a request names, one that changes nothing without a name; raises UsageError."""
        return Profile() if name is None else chosen(self.profiles, name)

    def close(self) -> None:
        self.workers.close()
        self.answering.close()
        self._looking.close()
        self._measuring.close()
        if self.log is not None:
            self.log.close()
