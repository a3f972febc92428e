"""Ingests reported to a lineage server as OpenLineage events, if its own configuration switches that on.

Nothing of a run depends on it: what can't be reported is a warning, and no run waits long for a server that is away.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.reindex import Job, Outcome
    from flows.runtime.lineage_events import Run

_log = logging.getLogger(__name__)

#: Seconds that a finished run waits for events that are not sent yet.
_PATIENCE = 10.0
_FILES = ("openlineage.yml", "~/.openlineage/openlineage.yml")


def is_on() -> bool:
    """Whether OpenLineage's own variables or files name a destination of events."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    variables = any(os.environ.get(name) for name in named) or any(n.startswith("OPENLINEAGE__") for n in os.environ)
    # In a home that we may not enter there is nothing for us.
    return variables or any(os.path.exists(Path(file).expanduser()) for file in _FILES)


def observed(job: Job, work: Callable[[], Outcome]) -> Outcome:
    """What ``work``, the ingest of ``job``, comes to; reports its start and end if lineage is on."""
    run = _run(job) if is_on() else None
    if run is None:
        return work()
    sender = _Sender()
    sender.tell(run.started)
    try:
        outcome = work()
    except BaseException as error:
        sender.tell(partial(run.failed, error))
        sender.close()
        raise
    sender.tell(partial(run.ended, outcome))
    sender.close()
    return outcome


def _run(job: Job) -> Run | None:
    try:
        from flows.runtime.lineage_events import Run

        return Run(job)
    except ImportError as error:
        _log.warning("lineage is configured, but %s; pip install 'raglake[lineage]'", error)
    except Exception as error:  # noqa: BLE001 - lineage must not cost a run
        _log.warning("lineage is not told: %s: %s", type(error).__name__, error)
    return None


class _Sender:
    """Sends events in order from a thread of its own; the first that fails is the last."""

    def __init__(self) -> None:
        self._events: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="lineage", daemon=True)
        self._thread.start()

    def tell(self, event: Callable[[], Any]) -> None:
        self._events.put(event)

    def close(self) -> None:
        self._events.put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            _log.warning("the lineage server has not answered for %g s; the run's end may be missing there", _PATIENCE)

    def _send(self) -> None:
        from flows.runtime.lineage_events import client

        try:
            to = client()
            while (event := self._events.get()) is not None:
                to.emit(event())
            to.close()
        except Exception as error:  # noqa: BLE001 - lineage must not cost a run
            _log.warning("lineage is not told: %s: %s", type(error).__name__, str(error).split("\n")[0])
