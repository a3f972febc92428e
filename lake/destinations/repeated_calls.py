"""Repeats the calls of a store that does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from lake.destinations.failures import seconds_to_wait, store_failures
from lake.errors import TransientError

if TYPE_CHECKING:
    import numpy as np

    from lake.destinations.destination import DifferenceStore, HeldState, VectorRows

T = TypeVar("T")

#: Attempts of one call, and the first pause between two of them in seconds, doubled each time.
ATTEMPTS, PAUSE_SECONDS = 5, 0.5


class RepeatedCalls:
    """A DifferenceStore whose errors are raglake's, and whose calls are repeated while it does not answer.

    ``check`` is called before each attempt to write, and raises if this run may not write any more.
    """

    def __init__(self, store: DifferenceStore, name: str, check: Callable[[], None]) -> None:
        self._store, self._name, self._check = store, name, check
        self.switch, self.batch_rows, self.recall = store.switch, store.batch_rows, store.recall
        # A transaction is lost with its connection, so that only the whole sync can be repeated.
        self._attempts = 1 if store.switch == "transaction" else ATTEMPTS

    def held(self) -> HeldState | None:
        return self._insist(self._store.held)

    def begin(self, target: HeldState, *, anew: bool) -> None:
        self._write(lambda: self._store.begin(target, anew=anew))

    def listing(self) -> Iterator[tuple[str, str]]:
        return iter(self._insist(lambda: list(self._store.listing())))

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        self._write(lambda: self._store.apply(rows, removed))

    def count(self) -> int:
        return self._insist(self._store.count)

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        return self._insist(lambda: self._store.fetch(ids))

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        return self._insist(lambda: self._store.nearest(vectors, k))

    def finish(self, state: HeldState) -> None:
        self._write(lambda: self._store.finish(state))

    def close(self) -> None:
        self._store.close()

    def _write(self, call: Callable[[], None]) -> None:
        def checked() -> None:
            self._check()
            call()

        self._insist(checked)

    def _insist(self, call: Callable[[], T]) -> T:
        for attempt in range(self._attempts):
            try:
                with store_failures(self._name):
                    return call()
            except TransientError as error:
                if attempt == self._attempts - 1:
                    raise
                time.sleep(max(PAUSE_SECONDS * 2**attempt, seconds_to_wait(error)))
        raise AssertionError("unreachable")
