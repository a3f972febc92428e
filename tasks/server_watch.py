"""Whether the Prefect server of this run still answers, so that its loss costs what it shows and never the run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from prefect._internal.concurrency.services import _QueueServiceBase
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

_log = logging.getLogger(__name__)

#: Seconds without an answer after which a server is given up; a restart takes less.
LOST_AFTER = 20.0
_BETWEEN_POLLS, _POLL_SECONDS = 2.0, 10.0
#: What Prefect's engine logs of a server that does not answer.
_NOISY = ("prefect", "EventsWorker", "APILogWorker")
_FIRST_SERVER_ERROR = 500


class ServerWatch:
    """Polls the server while a flow's work runs; a server that never answered is not watched.

    Once it is lost, Prefect's queues of events and logs are emptied unsent, and requests are not repeated.
    """

    def __init__(self) -> None:
        self._giving_up = threading.Lock()
        self._begin("")

    def _begin(self, address: str) -> None:
        self.is_lost = False
        self._failing_since: float | None = None
        self._has_answered = False
        self._address = address
        self._end = threading.Event()

    @property
    def answers(self) -> bool:
        """Whether the last poll was answered."""
        return self._failing_since is None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Poll inside; the end waits until a silent server answers or is lost, so that its client knows which."""
        address = PREFECT_API_URL.value()
        if not address:
            yield
            return
        self._begin(address)
        _install_filter()
        self._poll()
        thread = threading.Thread(target=self._poll_until, args=(self._end,), name="prefect-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._poll()
            while not self.answers and not self.is_lost and thread.is_alive():
                time.sleep(0.1)
            self._end.set()
            if self.is_lost and self._answered():
                self._failing_since, self.is_lost = None, False
                _log.warning("the Prefect server at %s answers again", self._address)

    def _poll_until(self, end: threading.Event) -> None:
        while not end.is_set() and not self.is_lost:
            self._poll()
            end.wait(_BETWEEN_POLLS)

    def _poll(self) -> None:
        if self.is_lost:
            return
        if self._answered():
            self._failing_since, self._has_answered = None, True
        elif self._has_answered:
            logging.raiseExceptions = False  # with it, Prefect's worker for logs prints each failure
            self._failing_since = self._failing_since or time.monotonic()
            if time.monotonic() - self._failing_since > LOST_AFTER:
                self._give_up()

    def _answered(self) -> bool:
        try:
            return httpx.get(f"{self._address}/health", timeout=_POLL_SECONDS).status_code < _FIRST_SERVER_ERROR
        except httpx.HTTPError:
            return False

    def _give_up(self) -> None:
        with self._giving_up:  # the end of the run polls, too, and the loss is told once
            if self.is_lost:
                return
            self.is_lost = True
        empty_queues()
        _log.warning(
            "the Prefect server at %s is lost; the run goes on without it, and states shown there may be out of date",
            self._address,
        )


WATCH = ServerWatch()


def is_of_server(error: BaseException) -> bool:
    """Whether an error means that Prefect's server did not answer, or answered with a failure of its own."""
    if isinstance(error, PrefectHTTPStatusError):
        return bool(error.response.status_code >= _FIRST_SERVER_ERROR)
    return isinstance(error, httpx.TransportError) or (
        isinstance(error, RuntimeError) and "Failed to reach API" in str(error)
    )


@contextmanager
def best_effort() -> Iterator[None]:
    """Around what is only shown in Prefect: a server that does not answer is no reason to end a run."""
    try:
        yield
    except Exception as error:
        if not is_of_server(error):
            raise
        _log.debug("not shown in Prefect: %s", error)


def fail_fast() -> None:
    """Make the client of this flow run send each request once, for some seconds: its server is lost.

    Prefect has no setting for a client that exists. Remove when it has.
    """
    context = FlowRunContext.get()
    client: Any = getattr(context and context.client, "_client", None)
    if client is not None:
        client.timeout = httpx.Timeout(_POLL_SECONDS / 2)
        client._send_with_retry = lambda request, send, send_args, send_kwargs, **_: send(
            request, *send_args, **send_kwargs
        )


def empty_queues() -> None:
    """Drop what Prefect's workers for events and logs hold, which they would try to send one by one at exit.

    Prefect has no public way to end them without sending. Remove when it has.
    """
    services: Any = _QueueServiceBase
    for service in list(services._instances.values()):
        for name in ("_handle", "_handle_batch"):
            if hasattr(service, name):
                setattr(service, name, _unless_lost(getattr(service, name)))


def _unless_lost(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def handle(item: Any) -> None:
        if not WATCH.is_lost:
            await send(item)

    return handle


class _Quiet(logging.Filter):
    """Drops what Prefect logs of a server that does not answer, tracebacks included; raglake says it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return WATCH.answers or not record.name.startswith(_NOISY)


_QUIET = _Quiet()


def _install_filter() -> None:
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    for logger in loggers:
        for handler in logger.handlers:
            handler.addFilter(_QUIET)  # which adds it once
