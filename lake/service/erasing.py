"""Erases documents for callers that may: one erasure at a time, which goes on if the caller leaves, or the service."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lake.directory import Lake
from lake.erasure.forget import forget
from lake.erasure.forget_process import ForgetProcess
from lake.errors import ContractError, RefusedError, TransientError, UsageError
from lake.ids.uris import folded
from lake.service.lake_views import is_read_only
from lake.service.problems import Problem, forbidden, found_document, problem_of
from lake.service.responses import event
from lake.service.workers import Workers

if TYPE_CHECKING:
    from lake.erasure.forget import Forgotten
    from lake.service.erasure_bodies import PlannedErasure
    from lake.service.keys import Key
    from lake.service.service import Service

_log = logging.getLogger(__name__)

#: Seconds that an erasure may take, and between two events of its progress, which also keep its connection.
_SECONDS, _BETWEEN = 24 * 3600.0, 0.5


@dataclass(slots=True)
class ErasureSteps:
    """How far an erasure is: what is counted at the moment, and how many of it are done."""

    step: str = "documents"
    done: int = 0
    total: int | None = None

    def __call__(self, what: str, n_done: int, n_more: int | None) -> None:
        if n_more is None and what != self.step:  # what a step adds once a later one has begun
            return
        self.done = (self.done if what == self.step else 0) + n_done
        self.total = (self.total or 0 if what == self.step else 0) + (n_more or 0) or None
        self.step = what

    def to_json(self) -> dict[str, Any]:
        return {"step": self.step, "done": self.done, "total": self.total}


class Erasing:
    """The erasures of one service. Others are refused while one runs, in this process or in any other."""

    def __init__(self, service: Service) -> None:
        self._service, self._workers = service, Workers(1, 0)
        self._running: set[asyncio.Task[dict[str, Any]]] = set()
        self._process: ForgetProcess | None = None

    async def plan(self, key: Key, doc_id: str, at: str) -> dict[str, Any]:
        """An ErasurePlan."""
        if not (key.operator and key.sees_everything):
            raise forbidden('dry runs of erasures are for API keys with "operator": true and "principals": "*"')
        service = self._service

        def work() -> dict[str, Any]:
            place = found_document(lambda: service.index.documents.place(doc_id, at, "*"))
            url, uri, source = service.index.url, place["uri"], place["source"]
            found = forget(Lake.existing(url), why="dry run", uri=uri, source=source, dry_run=True)
            words = ["raglake", "forget", uri, "--source", source, "--lake", url, "--why", "REASON"]
            shown = {name: found.to_json()[name] for name in ("documents", "releases", "destinations")}
            return {"release": place["release"], **shown, "plan": found.plan, "command": shlex.join(words)}

        return await service.workers.run(work, service.bounds.seconds)

    async def erase(self, key: Key, doc_id: str, asked: PlannedErasure) -> dict[str, Any]:
        """An Erased, when it is proven."""
        return await asyncio.shield(self._begun(key, doc_id, asked, ErasureSteps()))

    async def events(self, key: Key, doc_id: str, asked: PlannedErasure) -> AsyncIterator[bytes]:
        """Server-sent events: ``progress``, last ``erased`` or ``error``. Errors before the first are raised."""
        steps = ErasureSteps()
        running = self._begun(key, doc_id, asked, steps)
        await asyncio.wait({running}, timeout=_BETWEEN)
        if running.done() and (error := running.exception()) is not None:
            raise error
        return _events(running, steps)

    def _begun(self, key: Key, doc_id: str, asked: PlannedErasure, steps: ErasureSteps) -> asyncio.Task[dict[str, Any]]:
        """A task of its own, since a request ends with its connection."""
        if not key.erases:
            raise forbidden('this API key may not erase documents; one that may has "erases": true')
        if self._running:
            raise Problem(409, "refused", "this service is erasing other documents; erase this one when that has ended")
        work = self._workers.run(lambda: self._erased(key, doc_id, asked, steps), _SECONDS)
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self._running.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Problem) and error.status >= 500:
            _log.error("an erasure failed", exc_info=error)  # the caller may have left

    def _erased(self, key: Key, doc_id: str, asked: PlannedErasure, steps: ErasureSteps) -> dict[str, Any]:
        index = self._service.index
        place = found_document(lambda: index.documents.place(doc_id, asked.at, "*"))
        if folded(asked.uri) != folded(place["uri"]):
            raise UsageError("this is not the uri of the document; type it as the dry run shows it")
        chosen = {"uri": place["uri"], "source": place["source"]}
        words = {"why": asked.why, "planned": asked.plan, "by": f"{key.name} over HTTP"}
        try:
            self._process = ForgetProcess(index.url, {**chosen, **words})
            found = self._process.outcome(steps)
        except RefusedError as error:
            raise Problem(409, "refused", str(error)) from error
        except (ContractError, TransientError, OSError) as error:
            raise _unfinished(error) from error
        live = index.history().live
        return {"release": live.id if live else None, **_shown(found)}

    def close(self) -> None:
        if self._process is not None:
            self._process.leave()
        self._workers.close()


def _shown(found: Forgotten) -> dict[str, Any]:
    named = {name: value for name, value in asdict(found).items() if name not in ("dry_run", "plan", "proof")}
    return {**named, "proof": found.proof.counts if found.proof else None}


def _unfinished(error: Exception) -> Problem:
    if is_read_only(error):
        return Problem(403, "read_only", f"nothing was erased, since the lake can't be written to from here: {error}")
    message = f"the erasure is not finished: {error}; erase the document again, or run `raglake prune`"
    return Problem(503, "not_erased", message, {"Retry-After": "60"})


async def _events(running: asyncio.Task[dict[str, Any]], steps: ErasureSteps) -> AsyncIterator[bytes]:
    while not running.done():
        yield event("progress", steps.to_json())
        await asyncio.wait({running}, timeout=_BETWEEN)
    try:
        yield event("erased", running.result())
    except Exception as error:  # noqa: BLE001 - the status is sent already; the stream reports the error
        problem = problem_of(error)
        yield event("error", {"error": problem.error, "message": problem.message})
