"""Great Expectations in a process of its own: imported beside the run's first steps, and out of its memory."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from expectations.validation import validate
from lake.errors import TransientError
from lake.ingest.isolation import IsolatedFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expectations.validation import Request, Result

#: An audit of so many million rows that it takes longer should be looked at.
_SECONDS = 4 * 3600.0


class Validator:
    """The one validating process of this process; it stays for later audits and ends with its parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._function: IsolatedFunction | None = None
        self._pid = 0

    def warm_up(self) -> None:
        """Start the process, unless it is there; does not wait for it."""
        if "great_expectations" not in sys.modules:
            with self._lock:
                self._isolated().warm_up()

    def validate(self, requests: Sequence[Request]) -> list[list[Result]]:
        """The results of each request's checks; raises TransientError if the process was lost."""
        if "great_expectations" in sys.modules:  # somebody paid for it already
            return validate(requests)
        with self._lock:
            (answer,) = self._isolated().run([requests])
        if isinstance(answer, Exception):
            raise TransientError(f"Great Expectations' process was lost, and with it the audit: {answer}")
        found: list[list[Result]] = answer  # type: ignore[assignment]
        return found

    def _isolated(self) -> IsolatedFunction:
        """The function in the other process; a fork has one of its own."""
        if self._function is None or self._pid != os.getpid():
            target = "expectations.validating_process:validate"
            self._function = IsolatedFunction(target, seconds=_SECONDS, memory_bytes=None)
            self._pid = os.getpid()
        return self._function


VALIDATOR = Validator()
