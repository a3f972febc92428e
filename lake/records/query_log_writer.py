"""Writes the query log in the background: bounded in memory, and never in the way of a request."""

from __future__ import annotations

import atexit
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lake.endpoints.deadline import within
from lake.errors import ContractError, LakeError, UsageError
from lake.options import QueryLogOptions
from lake.records.query_log import QUERIES, KeptQuestion

if TYPE_CHECKING:
    from lake.directory import Lake

_log = logging.getLogger(__name__)

#: Seconds between two files of a process, hence what a kill loses.
SECONDS = 5.0
#: Maximum weight of rows in memory; a row weighs 1, and 1 for each of its hits and each 100 characters of the question.
MAX_WEIGHT = 50_000
#: Maximum number of rows of one file.
_BATCH = 5_000
#: Maximum seconds that a service waits at its start to see whether the lake can be written to.
_CHECK_SECONDS = 2.0


class QueryLogWriter:
    """Takes rows from any thread and writes them every few seconds. ``options`` reads the lake's configuration.

    Rows that can't be written are tried again; if there are too many of them, the oldest are dropped and counted.
    """

    def __init__(
        self, lake: Lake, options: Callable[[], QueryLogOptions], seconds: float = SECONDS, most: int = MAX_WEIGHT
    ) -> None:
        self._lake, self._options, self._seconds, self._most = lake, options, seconds, most
        self._kept: KeptQuestion | None = None
        self._waiting: deque[tuple[int, dict[str, Any]]] = deque()
        self._weight = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.is_up, self.n_written, self.n_dropped = True, 0, 0

    def check(self) -> None:
        """Raises UsageError if the lake can't be written to, or if its configuration is invalid.

        Waits for 2 seconds only: a lake that can't be reached now may be reached later.
        """
        try:
            within(_CHECK_SECONDS, self._try, "the query log")
        except ContractError as error:
            raise UsageError(f"the query log needs a lake that can be written to: {error}") from error
        except UsageError:
            raise
        except (LakeError, OSError) as error:
            _log.warning("the query log can't be written at the moment (%s); it will be tried again", error)

    def _try(self) -> None:
        probe = f"{QUERIES.folder}/.tmp-{secrets.token_hex(4)}"
        self._kept = KeptQuestion(self._options())
        self._lake.store.write(probe, b"")
        self._lake.store.delete(probe)

    def add(self, row: dict[str, Any]) -> None:
        """Take a QUERIES row with the caller's own question, to be written soon. Never blocks, never raises."""
        weight = 1 + len(row["hits"]) + len(row["question"]) // 100
        with self._changed:
            self._waiting.append((weight, row))
            self._weight += weight
            self._drop()
            if self._thread is None and not self._is_closed:
                self._start()
            if self._weight > self._most // 2:
                self._changed.notify()

    def _drop(self) -> None:
        """Drop the oldest rows until the others fit."""
        while self._weight > self._most and self._waiting:
            self._weight -= self._waiting.popleft()[0]
            self.n_dropped += 1

    def _start(self) -> None:
        """Only now, so that a process forked after the writer was made has its own thread."""
        self._thread = threading.Thread(target=self._run, name="raglake-query-log", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no thread can be started: the next row tries again
            self._thread = None
            return
        atexit.register(self.close)

    def _run(self) -> None:
        while not self._is_closed:
            with self._changed:
                self._changed.wait(self._seconds)
            self.flush()

    def flush(self) -> None:
        """Write all rows that wait. Does not raise: what can't be written now waits for the next time."""
        with self._writing:
            while batch := self._take():
                if not self._write(batch):
                    return

    def _take(self) -> list[tuple[int, dict[str, Any]]]:
        with self._changed:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
            self._weight -= sum(weight for weight, _ in batch)
        return batch

    def _write(self, batch: list[tuple[int, dict[str, Any]]]) -> bool:
        try:
            kept = self._how_to_keep()
            QUERIES.write(self._lake, [kept.row(row) for _, row in batch])
        except Exception as error:  # noqa: BLE001 - whatever fails, requests go on, and the log is tried again
            self._put_back(batch, error)
            return False
        self.n_written += len(batch)
        self.is_up = True
        return True

    def _how_to_keep(self) -> KeptQuestion:
        """As the configuration states now, or as it did when it could last be read."""
        try:
            self._kept = KeptQuestion(self._options())
        except LakeError:
            if self._kept is None:  # nothing is written without knowing what may be
                raise
        return self._kept

    def _put_back(self, batch: list[tuple[int, dict[str, Any]]], error: Exception) -> None:
        if self.is_up:
            _log.warning("the query log can't be written (%s); its rows wait in memory", error)
        self.is_up = False
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._weight += sum(weight for weight, _ in batch)
            self._drop()

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, within some seconds."""
        self._is_closed = True
        with self._changed:
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        atexit.unregister(self.close)
        if self._waiting:
            ending = threading.Thread(target=self.flush, daemon=True)
            ending.start()
            ending.join(seconds)
